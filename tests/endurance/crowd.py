"""Many processes that share a spool and an access token, and a server with a tight rate limit.

What must hold: everything arrives, once; and the limit costs hardly more than one refused request a window, for all
processes together.

Run: ``python -m tests.endurance.crowd --processes 16 --limit 100``
"""

from __future__ import annotations

import argparse
import contextlib
import math
import random
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from tests.endurance.stage import Arrivals, Verdict, child, environment, last_word, spooled, told
from tests.endurance.weather import ChangingServer, Weather

_PATIENCE = 240.0
_MOST_REFUSED = 2
"""Requests refused per window on average. One is promised; the rest is for windows that begin when requests are out."""


class Crowd:
    """How many do how much.

    Args:
        processes: That log at once.
        reports: Of each.
        rate: Reports per second of each; 0: as fast as it can.
        limit: Requests that the server takes in a window.
        window: Seconds of it.
    """

    def __init__(self, processes: int, reports: int, rate: float, limit: int, window: float) -> None:
        self.processes = processes
        self.reports = reports
        self.rate = rate
        self.limit = limit
        self.window = window

    def run(self) -> Verdict:
        """Let them log, let another one take up what they left, and look at what has arrived."""
        verdict = Verdict()
        with tempfile.TemporaryDirectory(prefix="crowd-") as name, ChangingServer(random.Random(0)) as server:  # noqa: S311 - likewise
            folder = Path(name)
            server.become(Weather("limited", limit=(self.limit, self.window)))
            environ = environment(server.endpoint, spool_dir=folder / "spool", shutdown_timeout=_PATIENCE)
            ends = self._together(environ)
            left = len(spooled(folder / "spool"))
            with child("kill_program", environ, folder / "journal", 0, 1000, 1, _PATIENCE) as process:
                last = last_word(process, _PATIENCE + 60)
            verdict.say(f"left on disk by the crowd: {left}; the process after it: {last.get('stats')}")
            verdict.must(bool(last) and not spooled(folder / "spool"), "the process after it did not deliver the rest")
            self._judge(verdict, server.arrivals, ends)
            for line, number in told(folder).most_common(20):
                verdict.say(f"  said {number} times: {line[:160]}")
        return verdict

    def _together(self, environ: dict[str, str]) -> list[dict[str, Any]]:
        """Run all processes, which begin to log at one moment; returns their last words."""
        ends: list[dict[str, Any]] = []
        with contextlib.ExitStack() as stack:
            processes = [
                stack.enter_context(child("crowd_program", environ, f"process {i}", self.reports, self.rate))
                for i in range(self.processes)
            ]
            for process in processes:
                assert process.stdout is not None
                process.stdout.readline()
            waiting = [
                threading.Thread(target=lambda one=process: ends.append(last_word(one, _PATIENCE + 60)))
                for process in processes
            ]
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("now\n")
                process.stdin.flush()
            for thread in waiting:
                thread.start()
            for thread in waiting:
                thread.join()
        return ends

    def _judge(self, verdict: Verdict, arrivals: Arrivals, ends: list[dict[str, Any]]) -> None:
        expected = {f"process {i}-{j}" for i in range(self.processes) for j in range(self.reports)}
        missing = expected - arrivals.delivered.keys()
        dropped = sum((Counter(end["stats"]["dropped"]) for end in ends if end), Counter[str]())
        pace = f"at {self.processes * self.rate:g} a second" if self.rate else "at once"
        verdict.say(
            f"logged {len(expected)} by {self.processes} processes {pace}, delivered {len(expected) - len(missing)},"
            f" repeated successes {arrivals.repeated}, dropped {dict(dropped)},"
            f" longest close {max((end['closing'] for end in ends if end), default=0.0):.1f} s"
        )
        verdict.must(all(ends), f"{ends.count({})} processes did not end well")
        verdict.must(not missing, f"{len(missing)} did not arrive, such as {sorted(missing)[:3]}")
        verdict.must(not arrivals.twice, f"delivered under several uuids: {arrivals.twice[:5]}")
        verdict.must(not arrivals.repeated, f"{arrivals.repeated} were sent again although they had arrived")
        self._judge_windows(verdict, arrivals)

    def _judge_windows(self, verdict: Verdict, arrivals: Arrivals) -> None:
        refused = Counter(arrival.window for arrival in arrivals.all if arrival.status == 429)
        windows = Counter(arrival.window for arrival in arrivals.all)
        moments = [arrival.moment for arrival in arrivals.all if arrival.number and arrival.status == 200]
        took = max(moments) - min(moments) if moments else 0.0
        share = len(moments) / (self.limit * max(1, math.ceil(took / self.window)))
        verdict.say(
            f"{len(windows)} windows of {self.limit} requests in {self.window:g} s; refused {refused.total()}, at most"
            f" {max(refused.values(), default=0)} in one; {took:.1f} s from the first to the last success:"
            f" {len(moments) / took if took else 0.0:.1f} a second, {share:.0%} of what the limit allows"
        )
        used = sorted(number - refused[window] for window, number in windows.items())
        verdict.say(f"successes by window: least {used[:3]}, median {used[len(used) // 2]}, most {used[-1]}")
        most = _MOST_REFUSED * len(windows)
        verdict.must(refused.total() <= most, f"{refused.total()} requests were refused in {len(windows)} windows")


def main() -> int:
    """Run as the arguments say; the exit status tells whether all holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.crowd", description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--reports", type=int, default=200, help="of each process")
    parser.add_argument("--rate", type=float, default=0.0, help="reports per second of each process; 0: all at once")
    parser.add_argument("--limit", type=int, default=100, help="requests in a window")
    parser.add_argument("--window", type=float, default=1.0, help="seconds")
    asked = parser.parse_args()
    return Crowd(asked.processes, asked.reports, asked.rate, asked.limit, asked.window).run().end()


if __name__ == "__main__":
    sys.exit(main())
