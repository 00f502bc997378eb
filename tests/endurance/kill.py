"""A process that is killed again and again, with everything kept on disk before it is sent, and a flaky server.

What must hold: a report that was logged more than a second before its process was killed arrives; and nothing arrives
under two uuids.

Run: ``python -m tests.endurance.kill --times 50 --seed 1``
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.endurance.stage import Verdict, child, environment, last_word, spooled, told
from tests.endurance.weather import FAIR, FLAKY, ChangingServer, Weather

PROMISED = 1.0
"""Seconds after which a report must be on disk: a ``flush_interval`` of half a second, as much for a busy machine."""

_RATES = (20.0, 200.0, 200.0, 500.0)
"""Reports per second: fewer than make a batch in a ``flush_interval``, about as many, and more."""

_WEATHERS = (FAIR, FLAKY, FLAKY, Weather("closed", is_closed=True), Weather("limit 50/1", limit=(50, 1.0)))


class Life(NamedTuple):
    """What is known of one process.

    Attributes:
        killed: When it was, in monotonic seconds.
        begun: By number, when the log call began.
        done: By number, when it had returned.
    """

    killed: float
    begun: dict[int, float]
    done: dict[int, float]


def kill(times: int, seed: int, together: int = 1, longest: float = 3.0, patience: float = 300.0) -> Verdict:
    """Kill processes, and let a last one deliver what they left.

    Args:
        times: How many.
        seed: Decides on the moments and the weather.
        together: How many run at once, with one spool.
        longest: Seconds of logging before a kill, at most.
        patience: Seconds that the last one has.
    """
    verdict = Verdict()
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be guessed
    with tempfile.TemporaryDirectory(prefix="kill-") as name, ChangingServer(chance) as server:
        folder = Path(name)
        environ = environment(
            server.endpoint, spool_dir=folder / "spool", spool="always", flush_interval=0.5, timeout=2
        )
        with ThreadPoolExecutor(together) as pool:
            futures = [pool.submit(_live, folder, environ, i, f"{seed} {i}", longest) for i in range(times)]
            while not all(future.done() for future in futures):
                server.become(chance.choice(_WEATHERS))
                time.sleep(chance.uniform(0.2, longest / 2))
        lives = [future.result() for future in futures]
        server.become(FAIR)
        before = len(spooled(folder / "spool"))
        with child("kill_program", environ, folder / "journal", times * 10**6, 1.0, 1, patience) as process:
            last = last_word(process, patience + 60)
        verdict.must(bool(last), "the last process did not end well")
        verdict.must(last.get("left") == 0, "the spool was not empty in the end")
        verdict.say(f"after the last kill on disk: {before}; the last process: {last}")
        left = spooled(folder / "spool")
        verdict.must(not left, f"still on disk: {len(left)}")
        _judge(verdict, server, lives)
        for line, number in told(folder).most_common(20):
            verdict.say(f"  said {number} times: {line[:160]}")
    return verdict


def _live(folder: Path, environ: dict[str, str], i: int, seed: str, longest: float) -> Life:
    """Start the process of that number, and kill it some seconds after its first report."""
    chance = random.Random(seed)  # noqa: S311 - likewise
    journal = folder / f"journal {i}"
    with child("kill_program", environ, journal, i * 10**6, chance.choice(_RATES), 10**6) as process:
        end = time.monotonic() + 120
        while not journal.exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(chance.uniform(0.1, longest))
        killed = time.monotonic()
        process.kill()
        process.wait()
    begun: dict[int, float] = {}
    done: dict[int, float] = {}
    for line in journal.read_text(encoding="ascii").splitlines():
        kind, number, moment = line.split()
        (begun if kind == "B" else done)[int(number)] = float(moment)
    return Life(killed, begun, done)


def _judge(verdict: Verdict, server: ChangingServer, lives: list[Life]) -> None:
    delivered = {int(number) for number in server.arrivals.delivered}
    lost = {number: life.killed - at for life in lives for number, at in life.done.items() if number not in delivered}
    logged = sum(len(life.done) for life in lives)
    unknown = sum(len(life.begun.keys() - life.done.keys()) for life in lives)
    broken = {number: age for number, age in lost.items() if age > PROMISED}
    verdict.say(
        f"{len(lives)} kills; logged {logged} (in the middle of the call: {unknown}), delivered {len(delivered)},"
        f" repeated successes {server.arrivals.repeated}, requests {len(server.arrivals.all)}"
    )
    ages = sorted(lost.values())
    verdict.say(
        f"lost: {len(lost)}, of these older than {PROMISED:g} s: {len(broken)};"
        f" oldest of the lost {ages[-1] if ages else 0.0:.3f} s, median {ages[len(ages) // 2] if ages else 0.0:.3f} s"
    )
    verdict.say("weather: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in server.seconds.items()))
    verdict.must(logged > 0, "nothing was logged")
    verdict.must(not broken, f"lost {len(broken)} that were old enough, such as {sorted(broken.items())[:5]}")
    verdict.must(not server.arrivals.twice, f"delivered under several uuids: {server.arrivals.twice[:5]}")


def main() -> int:
    """Run as the arguments say; the exit status tells whether all holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.kill", description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--together", type=int, default=1, help="how many run at once")
    parser.add_argument("--longest", type=float, default=3.0, help="seconds of logging before a kill, at most")
    asked = parser.parse_args()
    return kill(asked.times, asked.seed, asked.together, asked.longest).end()


if __name__ == "__main__":
    sys.exit(main())
