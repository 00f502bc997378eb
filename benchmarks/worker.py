"""The process of one contestant: does what a line of JSON asks for, and answers with what it measured.

Started as ``worker.py NAME BASE [--roomy] [--storms]``. Answers ``{"trouble": …}`` when it cannot.
"""

from __future__ import annotations

import atexit
import json
import os
import sys

# The pipe to the one who asks; what a library prints goes to standard error.
_answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="ascii")
os.dup2(2, 1)
_last: list = []


def _farewell() -> None:
    for figures in _last:
        _answers.write(json.dumps(figures()) + "\n")


# Before `logging` is loaded: what is registered first is called last, after all handlers are closed.
atexit.register(_farewell)

import array  # noqa: E402
import faulthandler  # noqa: E402
import resource  # noqa: E402
from pathlib import Path  # noqa: E402
from time import monotonic, sleep  # noqa: E402
from typing import Any  # noqa: E402

import failures  # noqa: E402
from contestants import CLASSES, STORM_LIMIT, TOKEN, Contestant, Ours, Requests  # noqa: E402
from crew import LONGEST  # noqa: E402
from figures import spread  # noqa: E402

_SETTLING = 60.0
_PAUSE = 0.002
"""Seconds between two paced calls, so that each finds an idle process: without it a contestant with threads would be
timed just after they ran, against one whose code has never left the processor's cache."""


def peak_memory() -> int:
    """Return the most bytes of memory that this process has had resident so far."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024  # ru_maxrss would include the parent's, by the fork
    except (OSError, ValueError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def cpu_seconds() -> float:
    """Return the processor's time of all threads so far, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Measuring:
    """What can be asked of a contestant; each public method is a question, its arguments are the question's."""

    def __init__(self, contestant: Contestant) -> None:
        self._contestant = contestant
        self._timers = {"exception": failures.time_exception, "message": failures.time_message}
        self._body = b""

    def caller(self, case: str, count: int, *, is_paced: bool = True) -> dict[str, Any]:
        """Time *count* calls of the logger: with all delivered in between, or one after the other."""
        if case not in self._timers:
            self._timers[case] = failures.chain_timer()
        timer, logger, settle = self._timers[case], self._contestant.logger, self._contestant.settle
        settle(_SETTLING)
        before, samples = peak_memory(), []
        for _ in range(count):
            samples.append(timer(logger))
            if is_paced:
                settle(_SETTLING)
                sleep(_PAUSE)
        settle(_SETTLING)
        return {"ns": samples, "memory": peak_memory() - before}

    def deliver(self, count: int) -> dict[str, Any]:
        """Deliver *count* reports; tells the time from the first call until all were answered, and the processor's."""
        contestant = self._contestant
        if isinstance(contestant, Requests):
            body = self._body = self._body or ready_body()
            begin, used = monotonic(), cpu_seconds()
            for _ in range(count):
                contestant.post(body)
        else:
            begin, used = monotonic(), cpu_seconds()
            for _ in range(count):
                failures.time_exception(contestant.logger)
            contestant.settle(_SETTLING)
        return {"seconds": monotonic() - begin, "cpu": cpu_seconds() - used}

    def outage(self, count: int) -> dict[str, Any]:
        """Report *count* exceptions one after the other, whatever becomes of them."""
        logger = self._contestant.logger
        samples = array.array("q", bytes(8 * count))
        before, begin = peak_memory(), monotonic()
        for at in range(count):
            samples[at] = failures.time_exception(logger)
        seconds, memory = monotonic() - begin, peak_memory() - before
        return {**spread(samples), "seconds": seconds, "memory": memory, "stats": self._contestant.stats()}

    def steady(self, count: int, rate: float, timeout: float) -> dict[str, Any]:
        """Report *count* messages, all different, *rate* per second, and wait until they are delivered."""
        logger, begin = self._contestant.logger, monotonic()
        for at in range(count):
            sleep(max(0.0, begin + at / rate - monotonic()))
            logger.error(f"report number {at}")  # noqa: G004 - each is to have a template of its own
        is_settled = self._contestant.settle(timeout)
        return {"seconds": monotonic() - begin, "settled": is_settled, "stats": self._contestant.stats()}

    def leave(self) -> dict[str, Any]:
        """Tell the time; the process ends after this answer, and its last word are the final counts."""
        _last.append(lambda: {"stats": self._contestant.stats()})
        return {"at": monotonic()}


def ready_body() -> bytes:
    """Return the body that ours makes of the exception."""
    import logging  # noqa: PLC0415

    from rollbar_logging import Answer, RollbarHandler  # noqa: PLC0415

    bodies: list[bytes] = []

    class Keeper:
        def send(self, body: bytes, _timeout: float) -> Answer:
            bodies.append(body)
            return Answer(200)

        def close(self) -> None:
            """Nothing is open."""

    logger, handler = logging.getLogger("bodies"), RollbarHandler(access_token=TOKEN, transport=Keeper())
    logger.propagate = False
    logger.addHandler(handler)
    failures.time_exception(logger)
    handler.close()
    return bodies[0]


def main() -> None:
    """Answer until there are no more questions."""
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    name, base, *flags = sys.argv[1:]
    if "--storms" in flags:
        Ours.storm_limit = STORM_LIMIT
    measuring = Measuring(CLASSES[name](base, is_roomy="--roomy" in flags))
    _answers.write(json.dumps({"ready": name}) + "\n")
    for line in iter(sys.stdin.readline, ""):
        question = json.loads(line)
        asked = question.pop("do")
        try:
            answer = getattr(measuring, asked)(**question)
        except Exception as error:  # noqa: BLE001 - the one who asks is to know
            answer = {"trouble": f"{asked} raised {type(error).__name__}: {error}"[:500]}
        _answers.write(json.dumps(answer) + "\n")
        if asked == "leave":
            return


if __name__ == "__main__":
    main()
