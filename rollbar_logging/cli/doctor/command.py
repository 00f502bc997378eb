"""``rollbar-logging doctor``: from the environment, what the handler would do, and whether it can."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs
from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from rollbar_logging.cli.arguments import seconds_until, show_examples
from rollbar_logging.errors import RollbarError, in_words

if TYPE_CHECKING:
    from rollbar_logging.cli.doctor.api import Probe
    from rollbar_logging.cli.doctor.config import Config
    from rollbar_logging.cli.doctor.options import Reading
    from rollbar_logging.cli.doctor.report import Finding, Hider, Section

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

_MAX_TIMEOUT = 10.0
_LONGEST_TIMEOUT = 600.0

_DESCRIPTION = """\
Say what the handler would do with the environment of this shell, and whether it can: options,
the way to the endpoint, the API's answer, the spool, the logging configuration, the runtime.

It sends one test report to Rollbar, titled "Test of rollbar-logging doctor", unless told not to.
The access token is never shown. Run it as the user, in the folder and with the environment of
the application.

Exit status: 0 healthy, warnings included; 1 there is a problem.
"""
_EXAMPLES = """\
examples:
  rollbar-logging doctor
  rollbar-logging doctor --no-send --django shop.settings
  rollbar-logging doctor --config logging.toml --json | jq .
"""


def add_doctor(commands: Commands) -> None:
    """Add the command to the parser."""
    doctor = commands.add_parser(
        "doctor",
        help="say what keeps reports from arriving, and how to mend it",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    show_examples(_EXAMPLES, doctor)
    doctor.add_argument(
        "--config",
        metavar="WHERE",
        help="logging configuration to look into: module:NAME, or a .py, .json or .toml file",
    )
    doctor.add_argument(
        "--django",
        metavar="MODULE",
        help="Django settings whose LOGGING to look into; by default those of DJANGO_SETTINGS_MODULE",
    )
    doctor.add_argument("--no-send", action="store_true", help="send no test report (by default, one is sent)")
    doctor.add_argument("--json", action="store_true", help="print one JSON document")
    doctor.add_argument(
        "--timeout",
        type=seconds_until(_LONGEST_TIMEOUT, least=0.001),
        metavar="SECONDS",
        help="for each step; by default the option timeout, at most 10",
    )
    doctor.set_defaults(run=run_doctor)


class Case(NamedTuple):
    """What the checks look at.

    Attributes:
        reading: The options.
        environ: The environment variables.
        config: The logging configuration, or ``None``.
        fault: Why it cannot be read, or ``None``.
        timeout: Seconds for each step.
        is_sending: Whether to send a test report.
        handlers: How many handlers to Rollbar the configuration makes.
    """

    reading: Reading
    environ: Mapping[str, str]
    config: Config | None
    fault: str | None
    timeout: float
    is_sending: bool
    handlers: int


def run_doctor(args: argparse.Namespace) -> int:
    """Look at everything, and print it. Exit status: 0 healthy, 1 there is a problem."""
    from rollbar_logging.cli.doctor import report
    from rollbar_logging.cli.doctor.api import Probe

    probe = Probe()
    case, hider = _case(args)
    sections: list[Section] = []
    for title, check in _checks(case, probe):
        section = report.Section(title, tuple(map(hider.clean_finding, _guarded(check))))
        sections.append(section)
        if not args.json:
            report.say(report.section_text(section))
    if args.json:
        report.say_json(report.document(sections, probe.uuid))
    else:
        report.say(report.verdict(sections))
    return 1 if report.count_marks(sections)["problem"] else 0


def _case(args: argparse.Namespace) -> tuple[Case, Hider]:
    from rollbar_logging.cli.doctor.config import load_config, rollbar_entries, user_code
    from rollbar_logging.cli.doctor.options import read_settings, secrets_of
    from rollbar_logging.cli.doctor.report import Hider

    environ = dict(os.environ)
    config, fault = None, None
    with user_code():
        try:
            config = load_config(args.config, args.django, environ)
        except RollbarError as error:
            fault = str(error)
        entries = rollbar_entries(config) if config else []
        given = dict(entries[0][1]) if entries else {}
        level = given.pop("level", None)  # not a keyword: logging.config sets it on the handler that is made
        reading = read_settings(given, environ, level)
    secrets = secrets_of({}, environ).union(*(secrets_of(keywords, {}) for _, keywords in entries))
    timeout = args.timeout or min(reading.settings.timeout, _MAX_TIMEOUT)
    case = Case(reading, environ, config, fault, timeout, not args.no_send, len(entries))
    return case, Hider(secrets)


def _checks(case: Case, probe: Probe) -> Iterator[tuple[str, Callable[[], Iterable[Finding]]]]:
    from rollbar_logging.cli.doctor.runtime import check_runtime
    from rollbar_logging.cli.doctor.spool import check_spool

    yield "Settings", lambda: _settings(case)
    yield "Way to the endpoint", lambda: _way(case)
    yield "API", lambda: _api(case, probe)
    yield "Spool", lambda: check_spool(case.reading.settings)
    yield "Logging", lambda: _logging(case)
    yield "Runtime", lambda: check_runtime(sys.modules, case.environ)


def _guarded(check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    from rollbar_logging.cli.doctor.report import Finding

    try:
        yield from check()
    except Exception as error:  # noqa: BLE001 - the other checks must still be made
        text = f"the check itself failed: {in_words(error)}"
        yield Finding("problem", text, "a fault of the doctor's, perhaps; the other checks hold all the same")


def _settings(case: Case) -> Iterator[Finding]:
    from rollbar_logging.cli.doctor.options import check_settings
    from rollbar_logging.cli.doctor.report import Finding

    yield from check_settings(case.reading, case.environ)
    if case.handlers > 1:
        yield Finding("note", f"the configuration makes {case.handlers} handlers to Rollbar; these are the first one's")


def _way(case: Case) -> Iterator[Finding]:
    from rollbar_logging.cli.doctor.report import Finding
    from rollbar_logging.cli.doctor.way import check_way, find_route

    settings = case.reading.settings
    if settings.transport is not None:
        yield Finding("note", "the option transport carries the reports, not HTTP: its way cannot be looked into")
        return
    yield from check_way(find_route(settings.endpoint), case.timeout)


def _api(case: Case, probe: Probe) -> Iterator[Finding]:
    from rollbar_logging.cli.doctor.api import check_ping
    from rollbar_logging.cli.doctor.report import Finding

    settings = case.reading.settings
    if settings.transport is None:
        yield from check_ping(settings.endpoint, case.timeout)
    if not case.is_sending:
        yield Finding("note", "no test report is sent (--no-send)")
    elif case.reading.errors:
        yield Finding("note", "no test report is sent, as no handler can be built with these options", "see Settings")
    elif settings.is_inert:
        yield Finding("note", "no test report is sent, as the handler would send none", "see Settings")
    else:
        yield from probe.check(settings, case.timeout)


def _logging(case: Case) -> Iterator[Finding]:
    from rollbar_logging.cli.doctor.config import user_code
    from rollbar_logging.cli.doctor.logging_state import check_logging

    with user_code():
        findings = list(check_logging(case.config, case.fault))
    yield from findings
