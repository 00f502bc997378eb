"""Logs so many numbered reports when it is told to, ends as a program does, and tells how that went."""

from __future__ import annotations

import json
import logging
import sys
import time

from rollbar_logging import RollbarHandler


def main() -> None:
    """Run: the name of this process, how many reports, and reports per second (0: as fast as it can)."""
    who, number, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    handler = RollbarHandler()
    logger = logging.getLogger("application")
    logger.addHandler(handler)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    began = time.monotonic()
    for i in range(number):
        if rate:
            time.sleep(max(0.0, began + i / rate - time.monotonic()))
        logger.error("report %d of %s", i, who, extra={"number": f"{who}-{i}"})
    logged = time.monotonic()
    handler.close()
    told = {"logging": logged - began, "closing": time.monotonic() - logged, "stats": handler.stats()._asdict()}
    sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    main()
