"""Logs in an interpreter within the process, and in the main one before and after.

Arguments: the kind of interpreter, ``legacy`` or ``isolated``; and how it ends: ``flushed``, with all delivered, or
``busy``, with reports that wait or are being sent.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import sys
import textwrap
import time
from types import ModuleType

from rollbar_logging import RollbarHandler

SOURCE = """
import logging, sys
sys.path[:] = {path!r}
try:
    from rollbar_logging import RollbarHandler
    logger = logging.getLogger("application")
    handler = RollbarHandler()
    logger.addHandler(handler)
except Exception as error:
    print("refused:", type(error).__name__, error, file=sys.stderr, flush=True)
else:
    for i in range(20):
        logger.error("inner %d", i)
    handler.flush(60)
    logger.error("inner last")
    if {is_flushed}:
        handler.flush(60)
"""
PATIENCE = 1000


def interpreters() -> ModuleType:
    """The module that makes interpreters, by the name that it has here."""
    found = [name for name in ("_interpreters", "_xxsubinterpreters") if importlib.util.find_spec(name)]
    return importlib.import_module(found[0])


def end(module: ModuleType, inner: object) -> None:
    """End an interpreter; before Python 3.12 that is refused as long as it has a thread."""
    for _ in range(PATIENCE):
        with contextlib.suppress(RuntimeError):
            module.destroy(inner)
            return
        time.sleep(0.02)


def main() -> None:
    """Make an interpreter, isolated or not, let it log, and end it."""
    module = interpreters()
    logger = logging.getLogger("application")
    handler = RollbarHandler()
    logger.addHandler(handler)
    logger.error("before")
    handler.flush(60)
    kind, how = sys.argv[1:]
    inner = module.create(kind) if module.__name__ == "_interpreters" else module.create(isolated=kind == "isolated")
    source = textwrap.dedent(SOURCE).format(path=sys.path, is_flushed=how == "flushed")
    failure = module.run_string(inner, source)
    assert failure is None, failure
    if how == "flushed":
        module.destroy(inner)
    else:
        end(module, inner)
    logger.error("after")
    handler.flush(60)


if __name__ == "__main__":
    main()
