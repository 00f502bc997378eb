"""The doctor on an application's logging configuration: which records get to Rollbar, and which never do."""

from __future__ import annotations

import json
import logging
import logging.config
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rollbar_logging
from rollbar_logging.cli.doctor.config import Config, load_config, rollbar_entries
from rollbar_logging.cli.doctor.logging_state import check_logging
from rollbar_logging.errors import RollbarError
from tests.cli.doctor.doctoring import TOKEN, doctor
from tests.loopback import Loopback, Reply

HANDLER = {"class": "rollbar_logging.RollbarHandler", "level": "ERROR"}


def config(**more: Any) -> dict[str, Any]:
    """A configuration that is well, with changes."""
    base = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"rollbar": HANDLER},
        "root": {"handlers": ["rollbar"]},
    }
    return {**base, **more}


LOGGING = config(
    handlers={
        "rollbar": {**HANDLER, "level": "WARNING", "environment": "ext://tests.cli.doctor.test_logging_state.PLACE"}
    }
)
PLACE = "from-ext"


def lines_of(mapping: dict[str, Any]) -> list[str]:
    """Look at a configuration."""
    return [f"{f.mark}: {f.text}" for f in check_logging(Config("a test", (mapping,)), None)]


@pytest.fixture(autouse=True)
def _state_is_restored(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Whatever is looked at, afterwards root's handlers and levels are those of before, and no handler is left."""
    monkeypatch.setenv("ROLLBAR_ACCESS_TOKEN", TOKEN)
    monkeypatch.setattr(logging.Logger.manager, "loggerDict", {})  # those that other tests have left
    root = logging.getLogger()
    before = (root.level, root.handlers[:], [ref() for ref in logging._handlerList])
    yield
    assert before == (root.level, root.handlers, [ref() for ref in logging._handlerList])


def test_a_handler_at_root_is_well() -> None:
    """The logger and the level are named, and no mark is worse than ``ok``, but for a note on raiseExceptions."""
    lines = lines_of(config())

    assert "ok: a RollbarHandler is attached to root, at the level ERROR" in lines
    assert "ok: disable_existing_loggers is off" in lines
    assert {line.partition(":")[0] for line in lines} == {"ok", "note"}


def test_without_a_handler_nothing_is_reported() -> None:
    """A configuration without a handler to Rollbar is a problem; so is one that is defined, but attached nowhere."""
    for mapping in (config(handlers={}, root={}), config(root={"level": "INFO"})):
        assert [line for line in lines_of(mapping) if line.startswith("problem: no RollbarHandler is attached")]


def test_loggers_whose_records_never_arrive_are_named() -> None:
    """A logger that does not propagate and has no handler to Rollbar is named; one that has it is not."""
    loggers = {
        "tests.lost": {"propagate": False, "handlers": []},
        "tests.kept": {"propagate": False, "handlers": ["rollbar"]},
        "tests.child": {"level": "INFO"},
    }
    (line,) = [line for line in lines_of(config(loggers=loggers)) if "does not propagate" in line]

    assert line.startswith("warning: what is logged by ")
    assert "tests.lost" in line
    assert "tests.kept" not in line
    assert "tests.child" not in line


def test_a_logger_level_above_the_handlers_is_told() -> None:
    """A root at WARNING keeps INFO from a handler at INFO."""
    lines = lines_of(
        config(handlers={"rollbar": {**HANDLER, "level": "INFO"}}, root={"handlers": ["rollbar"], "level": 30})
    )

    assert "warning: records below WARNING stop at root, before its handler sees them" in lines


def test_existing_loggers_that_fall_silent_are_told() -> None:
    """The default of dictConfig is warned of, and those that it silences here are named."""
    logging.getLogger("tests.made_before")
    mapping = config()
    del mapping["disable_existing_loggers"]

    lines = lines_of(mapping)

    assert any(line.startswith("warning: disable_existing_loggers is in effect") for line in lines)
    assert any(line.startswith("note: disabled by") for line in lines)
    assert not logging.getLogger("tests.made_before").disabled


def test_filters_and_doubles_are_told() -> None:
    """A filter is named; a logger that has the handler beside root is reported twice."""
    mapping = config(
        filters={"some": {"name": "shop"}},
        handlers={"rollbar": {**HANDLER, "filters": ["some"]}},
        loggers={"tests.twice": {"handlers": ["rollbar"]}},
    )
    lines = lines_of(mapping)

    assert "note: the filter Filter decides which records it takes" in lines
    (line,) = [line for line in lines if "RollbarHandler more than once" in line]
    assert line.startswith("warning: records of tests.twice get to")


def test_pyrollbars_handler_beside_it_is_told() -> None:
    """Both at once report everything twice."""
    made = type("RollbarHandler", (logging.Handler,), {"__module__": "rollbar.logger"})
    mapping = config(handlers={"rollbar": HANDLER, "old": {"()": made}}, root={"handlers": ["rollbar", "old"]})

    assert "warning: the handler of the package rollbar is attached to root as well" in lines_of(mapping)


def test_a_memory_handler_hands_on() -> None:
    """A handler that stands behind another one counts."""
    memory = {"class": "logging.handlers.MemoryHandler", "capacity": 9, "target": "rollbar"}
    mapping = config(handlers={"rollbar": HANDLER, "memory": memory}, root={"handlers": ["memory"]})

    assert "ok: a RollbarHandler is attached to root, at the level ERROR" in lines_of(mapping)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({}, "KeyError"),
        (config(handlers={"rollbar": {**HANDLER, "timeout": "soon"}}), "timeout (keyword) is 'soon'"),
        (config(handlers={"other": {"class": "nowhere.Handler"}}), "nowhere"),
        (config(root={"handlers": ["nobody"]}), "nobody"),
        ({"version": 7}, "version"),
    ],
)
def test_what_dictconfig_refuses_is_a_problem(mapping: dict[str, Any], words: str) -> None:
    """The causes are told; nothing is raised."""
    problems = [line for line in lines_of(mapping) if line.startswith("problem: the configuration cannot be applied")]

    assert len(problems) == 1
    assert words in problems[0] or "dictionary doesn't specify a version" in problems[0]


def test_a_switched_off_logging_is_a_problem() -> None:
    """``logging.disable`` keeps records from being made."""
    logging.disable(logging.CRITICAL)
    try:
        assert any(line.startswith("problem: logging.disable(50) is in effect") for line in lines_of(config()))
    finally:
        logging.disable(logging.NOTSET)


def test_configurations_are_read_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module's name, a Python file, JSON and TOML, whole or a part of it."""
    mapping = config()
    (tmp_path / "a.json").write_text(json.dumps(mapping))
    (tmp_path / "b.json").write_text(json.dumps({"other": 1, "logging": mapping, "second": mapping}))
    (tmp_path / "c.py").write_text(f"print('hello')\nLOGGING = {mapping!r}\nSECOND = LOGGING\n")
    handler = '[logging.handlers.rollbar]\nclass = "rollbar_logging.RollbarHandler"\nlevel = "ERROR"\n'
    head = "[logging]\nversion = 1\ndisable_existing_loggers = false\n"
    (tmp_path / "d.toml").write_text(f'{head}{handler}[logging.root]\nhandlers = ["rollbar"]\n')
    names = ["a.json", "b.json", "b.json:second", "c.py", "c.py:SECOND"]
    names += ["d.toml"] if sys.version_info >= (3, 11) else []
    for name in names:
        found = load_config(str(tmp_path / name), None, {})
        assert found is not None
        assert found.configs == (mapping,)
    module = load_config("tests.cli.doctor.test_logging_state:LOGGING", None, {})
    assert module is not None
    assert rollbar_entries(module) == [("rollbar", {"level": "WARNING", "environment": "from-ext"})]
    assert load_config(None, None, {}) is None


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("nowhere.to.be.found:LOGGING", "ModuleNotFoundError"),
        ("tests.cli.doctor.test_logging_state:NOTHING", "has no NOTHING"),
        ("tests.cli.doctor.test_logging_state:PLACE", "is no mapping, but str"),
        ("/nowhere/at/all.json", "FileNotFoundError"),
        ("/nowhere/at/all.py", "FileNotFoundError"),
        ("", "ValueError"),
    ],
)
def test_what_cannot_be_read_is_an_error(where: str, words: str) -> None:
    """Each fault is one error with its words."""
    with pytest.raises(RollbarError, match=words):
        load_config(where, None, {})


def test_the_options_of_the_configuration_are_used(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keywords in the configuration win over the environment, their token is not shown, and the report has them."""
    token = "fedcba9876543210fedcba9876543210"
    entry = {**HANDLER, "access_token": token, "endpoint": loopback.endpoint, "environment": "from-config"}
    path = tmp_path / "logging.json"
    path.write_text(json.dumps(config(handlers={"rollbar": entry})))
    monkeypatch.setenv("ROLLBAR_ENVIRONMENT", "from-environment")
    loopback.script = [Reply(body="pong"), Reply(403, body={"err": 1, "message": f"access token not found: {token}"})]

    said = doctor(capsys, "--config", str(path))

    assert token not in said.out + said.err
    assert said.line("Settings", "environment =") == "ok: environment = 'from-config' (keyword)"
    assert loopback.requests[1].item["data"]["environment"] == "from-config"
    assert loopback.requests[1].headers["x-rollbar-access-token"] == token
    assert said.line("Logging", "attached to root").startswith("ok: ")


def test_the_configurations_level_is_no_keyword(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``logging.config`` sets the level afterwards: it wins, but a bad variable keeps the handler from being made."""
    path = tmp_path / "logging.json"
    entry = {**HANDLER, "level": "INFO"}
    path.write_text(json.dumps(config(handlers={"rollbar": entry, "second": entry}, root={"handlers": ["rollbar"]})))
    monkeypatch.setenv("ROLLBAR_ENDPOINT", loopback.endpoint)
    monkeypatch.setenv("ROLLBAR_LEVEL", "WARNING")
    loopback.script = [Reply(body="pong")]

    said = doctor(capsys, "--config", str(path))

    assert said.line("Settings", "level =") == "ok: level = 'INFO' (logging configuration)"
    assert said.line("Settings", "makes 2 handlers").startswith("note: ")
    assert loopback.requests[1].item["data"]["level"] == "info"

    monkeypatch.setenv("ROLLBAR_LEVEL", "LOUD")
    said = doctor(capsys, "--config", str(path), "--no-send")

    assert said.line("Settings", "'LOUD'").startswith("problem: level (environment variable ROLLBAR_LEVEL)")
    assert said.line("Logging", "cannot be applied").count("LOUD") == 1


def test_an_inert_handler_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler without a token is attached, and reports nothing."""
    monkeypatch.delenv("ROLLBAR_ACCESS_TOKEN")

    assert any(line.startswith("warning: the handler is inert") for line in lines_of(config()))


def test_an_incremental_configuration_makes_nothing() -> None:
    """It can only change what is there."""
    lines = lines_of({"version": 1, "incremental": True})

    assert any(line.startswith("warning: the configuration is incremental") for line in lines)


def test_a_configuration_that_prints_does_not_spoil_the_json(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the application's module prints goes to standard error; that it ends the process is told as a problem."""
    monkeypatch.setenv("ROLLBAR_ENDPOINT", loopback.endpoint)
    (tmp_path / "c.py").write_text("print('hello')\nraise SystemExit(3)\n")

    said = doctor(capsys, "--no-send", "--config", str(tmp_path / "c.py"))

    assert said.err == "hello\n"
    assert "SystemExit: 3" in said.line("Logging", "cannot be read")


SETTINGS = """
SECRET_KEY = "x"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"quiet": {"()": "django.utils.log.RequireDebugFalse"}},
    "handlers": {"rollbar": {"class": "rollbar_logging.RollbarHandler", "framework": "django", "filters": ["quiet"]}},
    "root": {"handlers": ["rollbar"]},
}
"""


@pytest.mark.parametrize("by_variable", [True, False])
def test_django_settings_are_looked_into(loopback: Loopback, tmp_path: Path, by_variable: bool) -> None:
    """By option or by Django's own variable: Django's loggers and their filters are told as Django sets them up."""
    (tmp_path / "site_settings.py").write_text(SETTINGS)
    words = [] if by_variable else ["--django", "site_settings"]
    variable = {"DJANGO_SETTINGS_MODULE": "site_settings"} if by_variable else {}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "rollbar_logging", "doctor", "--no-send", *words],
        cwd=tmp_path,
        env={
            **os.environ,
            **variable,
            "ROLLBAR_ENDPOINT": loopback.endpoint,
            "PYTHONPATH": str(Path(rollbar_logging.__file__).parents[1]),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "the configuration is LOGGING of site_settings" in done.stdout, done.stdout + done.stderr
    assert "a RollbarHandler is attached to root, at the level ERROR" in done.stdout
    assert "the filter RequireDebugFalse decides" in done.stdout
    assert "what is logged by django.server, or below, does not propagate" in done.stdout
    assert "framework = 'django' (keyword)" in done.stdout
    assert TOKEN not in done.stdout
