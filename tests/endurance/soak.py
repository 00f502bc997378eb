"""One process that logs for a long time while its server has every fault there is.

What must hold: every report is delivered, on disk or counted as dropped; the counts add up at every moment; and the
process does not grow: not its memory, not its threads, not its open files.

Run: ``python -m tests.endurance.soak --minutes 10 --seed 1``
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.endurance.stage import Verdict, child, environment, last_word, spooled, told
from tests.endurance.weather import FAIR, ChangingServer

MOST_GROWTH = 8 * 1024 * 1024
"""Bytes by which the process may grow after its first fifth: as many as the queue may hold (`_QUEUE_BYTES`).

What waits in memory depends on the weather of the moment, and so does the number of reports on disk, each of which the
handler remembers with some 130 bytes: 5 MB for 40,000. All else is there after the first seconds.
"""

_QUEUE_BYTES = 8 * 1024 * 1024
_CONNECTIONS = 4
_THREADS = 2 + _CONNECTIONS
"""The main one, the handler's, and a sender for each connection."""

_FILES = 3 + 2 * _CONNECTIONS
"""The spool's file with its two companions, and for each connection one that is being replaced."""

_SPAN = (1.0, 6.0)
_PATIENCE = 120.0


def soak(
    seconds: float,
    seed: int,
    rate: float = 100.0,
    mode: str = "overflow",
    span: tuple[float, float] = _SPAN,
    patience: float = _PATIENCE,
) -> Verdict:
    """Let a process log in changing weather, then deliver the rest in fair weather.

    Args:
        seconds: Of changing weather.
        seed: Decides on the weather.
        rate: Reports per second.
        mode: The option ``spool``.
        span: Seconds that each weather lasts, at least and at most.
        patience: Seconds of fair weather before the process ends, if it has not delivered all before.
    """
    verdict = Verdict()
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be guessed
    with tempfile.TemporaryDirectory(prefix="soak-") as name, ChangingServer(chance) as server:
        folder = Path(name)
        environ = environment(
            server.endpoint,
            spool_dir=folder / "spool",
            spool=mode,
            timeout=1,
            queue_bytes=_QUEUE_BYTES,
            max_connections=_CONNECTIONS,
            shutdown_timeout=10,
        )
        with child("soak_program", environ, seconds, rate, folder / "uuids", patience) as process:
            _change(server, process, seconds, lambda: chance.uniform(*span))
            found = last_word(process, patience + 60)
        verdict.must(bool(found), "the process did not end well")
        if found:
            uuids = (folder / "uuids").read_text(encoding="ascii").split()
            _judge_reports(verdict, server, found, uuids, set(spooled(folder / "spool")))
            _judge_process(verdict, found["samples"])
        for line, number in told(folder).most_common(30):
            verdict.say(f"  said {number} times: {line[:160]}")
    return verdict


def _change(server: ChangingServer, process: subprocess.Popen[str], seconds: float, lasts: Callable[[], float]) -> None:
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and process.poll() is None:
        server.change()
        time.sleep(min(left, lasts()))
    server.become(FAIR)
    process.stdin.write("the weather is fair\n")
    process.stdin.flush()


def _judge_reports(
    verdict: Verdict, server: ChangingServer, found: dict[str, Any], uuids: list[str], on_disk: set[str]
) -> None:
    arrivals, stats = server.arrivals, found["stats"]
    delivered = set().union(*arrivals.delivered.values())
    missing = [uuid for uuid in uuids if uuid not in delivered and uuid not in on_disk]
    dropped = Counter(stats["dropped"])
    too_large = sum(arrivals.last_status.get(uuid) == 413 for uuid in missing)
    verdict.say("weather: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in server.seconds.items()))
    verdict.say(
        f"logged {found['logged']}: delivered {len(delivered)}, on disk {len(on_disk)}, neither {len(missing)}"
        f" (of these answered 413 last: {too_large}); requests {len(arrivals.all)},"
        f" repeated successes {arrivals.repeated}"
    )
    verdict.say(f"the handler says: {stats}; drained in {found['drained']:.1f} s, closed in {found['closed']:.1f} s")
    verdict.must(len(uuids) == len(set(uuids)) == found["logged"], "uuids are not as many as records")
    verdict.must(not arrivals.twice, f"delivered under several uuids: {arrivals.twice[:5]}")
    verdict.must(stats["accepted"] == found["logged"], f"accepted {stats['accepted']} of {found['logged']}")
    verdict.must(stats["sent"] <= len(delivered), "more counted as sent than the server has seen")
    late = len(delivered) - stats["sent"]  # their answers were lost, or came after the end
    gone = stats["spooled"] - len(on_disk)
    verdict.must(0 <= gone <= late, f"counted as spooled: {stats['spooled']}, on disk: {len(on_disk)}")
    others = dropped.total() - dropped["too_large"]
    verdict.must(too_large <= dropped["too_large"], "more refused as too large than counted")
    verdict.must(len(missing) - too_large <= others, f"lost and not counted, such as {missing[:3]}")
    verdict.must(len(missing) <= dropped.total(), f"{len(missing)} lost, {dropped.total()} counted")
    both = len(delivered & on_disk)
    verdict.must(both <= late, f"{both} on disk that have arrived, {late} of them without an answer")
    verdict.must(not found["wrong"], f"counts that do not add up: {found['wrong'][:2]} (of {len(found['wrong'])})")
    final = stats["sent"] + dropped.total() + stats["spooled"] + stats["queued"]
    verdict.must(stats["accepted"] == final, f"the last counts do not add up: {final}")


def _judge_process(verdict: Verdict, samples: list[list[float]]) -> None:
    fifth = max(1, len(samples) // 5)
    parts = [samples[i * fifth : (i + 1) * fifth] for i in range(5)]
    resident = [statistics.median(sample[1] for sample in part) for part in parts]
    growth = resident[-1] - resident[1]
    threads, files = (max(sample[i] for sample in samples) for i in (2, 3))
    last_threads, last_files, first_files = samples[-1][2], samples[-1][3], samples[0][3]
    verdict.say(
        f"{len(samples)} samples: memory in MB by fifths {', '.join(f'{part / 2**20:.1f}' for part in resident)},"
        f" peak {max(sample[1] for sample in samples) / 2**20:.1f}; threads at most {threads:.0f}, in the end"
        f" {last_threads:.0f}; files at first {first_files:.0f}, at most {files:.0f}, in the end {last_files:.0f};"
        f" queued at most {max(sample[4] for sample in samples):.0f}, spooled {max(s[5] for s in samples):.0f}"
    )
    verdict.must(growth <= MOST_GROWTH, f"memory grew by {growth / 2**20:.1f} MB")
    verdict.must(threads <= _THREADS, f"{threads:.0f} threads")
    verdict.must(files <= first_files + _FILES, f"{files - first_files:.0f} more open files than at first")


def main() -> int:
    """Run as the arguments say; the exit status tells whether all holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=100.0, help="reports per second")
    parser.add_argument("--spool", choices=("overflow", "always"), default="overflow", help="what is kept on disk")
    parser.add_argument("--patience", type=float, default=_PATIENCE, help="seconds of fair weather in the end, at most")
    asked = parser.parse_args()
    return soak(asked.minutes * 60, asked.seed, asked.rate, asked.spool, patience=asked.patience).end()


if __name__ == "__main__":
    sys.exit(main())
