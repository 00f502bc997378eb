"""The doctor's look at logging: which records get to a handler to Rollbar, and which never do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack

from rollbar_logging.cli.demo_stage import logging_configured
from rollbar_logging.cli.doctor.config import Config
from rollbar_logging.cli.doctor.report import Finding
from rollbar_logging.errors import RollbarError, in_words
from rollbar_logging.handler import RollbarHandler

_OWN = "rollbar_logging"
_MOST_NAMES = 12
_HOW = (
    "give the configuration by --config module:NAME, --config FILE (.py, .json, .toml), or --django settings.module"
    " to have it looked into"
)


def check_logging(config: Config | None, fault: str | None) -> Iterator[Finding]:
    """Apply a configuration in this process, look at what it makes, and put everything back.

    Args:
        config: What to apply; ``None`` if there is nothing to.
        fault: Why the configuration that was asked for could not be read.
    """
    if fault is not None:
        yield Finding(
            "problem", fault, "run the doctor in the folder, as the user and with the Python of the application"
        )
        return
    if config is None:
        yield Finding("note", "no logging configuration is given", _HOW)
        return
    yield Finding("ok", f"the configuration is {config.source}")
    findings: list[Finding] = []
    existing = _loggers()
    try:
        with ExitStack() as stack:
            for mapping in config.configs:
                stack.enter_context(logging_configured({"handlers": {}, **mapping}))
            findings += look_at_logging(existing)
    except Exception as error:  # noqa: BLE001 - dictConfig runs code of the application
        causes = "; ".join(in_words(cause) for cause in _causes(error))
        mend = "logging.config.dictConfig refuses it, in the application too: correct it"
        findings.append(Finding("problem", f"the configuration cannot be applied: {causes}", mend))
    yield from findings
    if config.configs[-1].get("incremental"):
        yield Finding("warning", "the configuration is incremental, so that it makes no handlers", "set it to False")
    elif config.configs[-1].get("disable_existing_loggers", True):
        text = "disable_existing_loggers is in effect: loggers made before it and not named in it are silent"
        yield Finding("warning", text, "add 'disable_existing_loggers': False to the configuration")
    else:
        yield Finding("ok", "disable_existing_loggers is off")


def look_at_logging(before: dict[str, logging.Logger] | None = None) -> list[Finding]:
    """Say what the state of `logging` in this process means for reports.

    Args:
        before: The loggers that were there before it was configured; those that are disabled are told of.
    """
    loggers = {name: logger for name, logger in _loggers().items() if not _is_own(name)}
    holders = {name: found for name, logger in loggers.items() if (found := _rollbar_handlers(logger))}
    if not holders:
        mend = 'add {"class": "rollbar_logging.RollbarHandler"} to handlers, and its name to the handlers of root'
        return [Finding("problem", "no RollbarHandler is attached to any logger: nothing is reported", mend)]
    findings: list[Finding] = []
    for name, handlers in holders.items():
        for handler in handlers:
            findings += _attachment(name, loggers[name], handler)
    findings += _unreached(loggers)
    findings += _twice(loggers)
    findings += _disabled(before or {})
    findings += _switches(min(handler.level for handlers in holders.values() for handler in handlers))
    return findings


def _loggers() -> dict[str, logging.Logger]:
    root = logging.getLogger()
    named = {n: lg for n, lg in sorted(root.manager.loggerDict.items()) if isinstance(lg, logging.Logger)}
    return {"root": root, **named}


def _is_own(name: str) -> bool:
    return f"{name}.".startswith(f"{_OWN}.")


def _handlers(logger: logging.Logger) -> Iterator[logging.Handler]:
    """Walk through a logger's own handlers, and those that they hand records on to."""
    waiting, seen = list(logger.handlers), set()
    while waiting:
        handler = waiting.pop(0)
        if id(handler) not in seen:
            seen.add(id(handler))
            yield handler
            waiting += getattr(getattr(handler, "listener", None), "handlers", None) or ()  # QueueHandler, from 3.12
            target = getattr(handler, "target", None)  # MemoryHandler
            waiting += [target] if isinstance(target, logging.Handler) else []


def _rollbar_handlers(logger: logging.Logger) -> list[RollbarHandler]:
    return [handler for handler in _handlers(logger) if isinstance(handler, RollbarHandler)]


def _chain(logger: logging.Logger) -> Iterator[logging.Logger]:
    """Walk from a logger up to the last one whose handlers get its records."""
    here: logging.Logger | None = logger
    while here is not None:
        yield here
        here = here.parent if here.propagate else None


def _attachment(name: str, logger: logging.Logger, handler: RollbarHandler) -> Iterator[Finding]:
    level = logging.getLevelName(handler.level)
    yield Finding("ok", f"a RollbarHandler is attached to {name}, at the level {level}")
    least = logger.getEffectiveLevel()
    if least > handler.level:
        text = f"records below {logging.getLevelName(least)} stop at {name}, before its handler sees them"
        yield Finding("warning" if handler.level else "note", text, f"set the level of {name} to {level}, if wanted")
    for item in handler.filters:
        name_of = getattr(item, "__qualname__", None) or type(item).__qualname__
        yield Finding("note", f"the filter {name_of} decides which records it takes")
    if handler._settings.is_inert:  # noqa: SLF001 - it is ours
        yield Finding("warning", "the handler is inert: it has no access token, or is switched off", "see Settings")


def _unreached(loggers: dict[str, logging.Logger]) -> Iterator[Finding]:
    lost = [
        name
        for name, logger in loggers.items()
        if not logger.propagate and name != "root" and not _rollbar_handlers(logger)
    ]
    if lost:
        text = f"what is logged by {_names(lost)}, or below, does not propagate and is not reported"
        yield Finding("warning", text, "give them the handler too, or remove 'propagate': False; if meant, all is well")


def _twice(loggers: dict[str, logging.Logger]) -> Iterator[Finding]:
    twice, foreign = [], []
    for name, logger in loggers.items():
        found = [handler for step in _chain(logger) for handler in _rollbar_handlers(step)]
        if len(found) > 1 and logger.handlers:
            twice.append(name)
        if any(type(handler).__module__.split(".")[0] == "rollbar" for handler in _handlers(logger)):
            foreign.append(name)
    if twice:
        text = f"records of {_names(twice)} get to a RollbarHandler more than once, and are reported as often"
        yield Finding("warning", text, "attach it once, as a rule to root")
    if foreign:
        text = f"the handler of the package rollbar is attached to {_names(foreign)} as well"
        yield Finding("warning", text, "remove one of the two, or errors are reported twice")


def _disabled(before: dict[str, logging.Logger]) -> Iterator[Finding]:
    names = [name for name, logger in before.items() if logger.disabled and not _is_own(name)]
    if names:
        yield Finding("note", f"disabled by the configuration in this process: {_names(names)}")


def _switches(level: int) -> Iterator[Finding]:
    if logging.root.manager.disable >= max(level, 1):
        text = f"logging.disable({logging.root.manager.disable}) is in effect: records up to that level are not made"
        yield Finding("problem", text, "remove the call of logging.disable")
    words = "tells faults of other handlers on stderr" if logging.raiseExceptions else "keeps faults of handlers silent"
    yield Finding("note", f"logging.raiseExceptions is {logging.raiseExceptions}: logging {words}")


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _causes(error: BaseException) -> Iterator[BaseException]:
    here: BaseException | None = error
    for _ in range(5):
        if here is None:
            return
        yield here
        here = None if isinstance(here, RollbarError) else here.__cause__  # its words say it all
