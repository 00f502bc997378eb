"""Logs in an interpreter within the process, and in the main one before and after."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import sys
import textwrap
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
    for i in range(3):
        logger.error("inner %d", i)
    handler.flush(10)
    logger.error("inner last")
"""


def interpreters() -> ModuleType:
    """The module that makes interpreters, by the name that it has here."""
    found = [name for name in ("_interpreters", "_xxsubinterpreters") if importlib.util.find_spec(name)]
    return importlib.import_module(found[0])


def main() -> None:
    """Make an interpreter, isolated or not, let it log, and end it."""
    module = interpreters()
    logger = logging.getLogger("application")
    logger.addHandler(RollbarHandler())
    logger.error("before")
    kind = sys.argv[1]
    inner = module.create(kind) if module.__name__ == "_interpreters" else module.create(isolated=kind == "isolated")
    failure = module.run_string(inner, textwrap.dedent(SOURCE).format(path=sys.path))
    assert failure is None, failure
    with contextlib.suppress(RuntimeError):  # it has a thread: then the end of the process ends it
        module.destroy(inner)
    logger.error("after")


if __name__ == "__main__":
    main()
