"""What becomes of pyrollbar's settings, by those of the installed pyrollbar."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import pytest
import rollbar
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging import RollbarHandler
from rollbar_logging.integrations import pyrollbar
from rollbar_logging.integrations.pyrollbar import SettingWarning, options_from
from rollbar_logging.settings import Settings

PAGE = Path(__file__).parent.parent.parent / "docs" / "migrating.md"
MEANT: dict[str, Any] = dict(rollbar.SETTINGS)


def quietly(*settings: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Options from settings that all have a counterpart."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return options_from(*settings, **more)


def test_every_setting_of_the_installed_pyrollbar_is_known() -> None:
    """None is missing, also of those within ``locals``."""
    known = pyrollbar.SETTINGS
    within = {f"locals.{name}" for name in MEANT["locals"]} - {"locals.enabled", "locals.sizes"}

    assert set(MEANT) <= known
    assert within <= known
    assert set(MEANT["locals"]["sizes"]) >= {"maxlevel", "maxstring"}


def test_pyrollbars_own_defaults_warn_of_nothing_and_make_a_handler() -> None:
    """What does not differ from a default needs no word."""
    handler = RollbarHandler(**quietly(MEANT, access_token="0123456789abcdef"))  # type: ignore[arg-type]
    handler.close()


def test_the_defaults_of_its_middleware_for_django_warn_of_nothing() -> None:
    """Which projects have copied into their settings."""
    defaults = pytest.importorskip("rollbar.contrib.django.middleware").DEFAULTS
    assert quietly(defaults) == {"enabled": True, "exception_levels": {"django.http.response.Http404": "warning"}}


def test_the_defaults_of_any_version_warn_of_nothing() -> None:
    """The setting of the agent's file has had two names."""
    assert quietly({"agent.log_file": "log.rollbar", "agent_log_file": "log.rollbar"}) == {}


def test_what_has_a_counterpart_is_taken_over() -> None:
    """By its own name or another one."""
    options = quietly(
        access_token="0123456789abcdef",
        environment="staging",
        root="/srv/shop",
        timeout=5,
        thread_pool_workers=2,
        handler="thread_pool",
        history_size=10,
        exception_level_filters=[(KeyError, "warning"), ("shop.Busy", "ignored"), (KeyError, "error")],
        locals={"enabled": False, "sizes": {"maxstring": 200, "maxlist": 7, "maxdict": 9, "maxlevel": 3}},
        code_version=None,
    )

    assert options == {
        "access_token": "0123456789abcdef",
        "environment": "staging",
        "root": "/srv/shop",
        "timeout": 5,
        "max_connections": 2,
        "telemetry_size": 10,
        "exception_levels": {"builtins.KeyError": "warning", "shop.Busy": "ignored"},
        "capture_locals": False,
        "max_string": 200,
        "max_depth": 3,
        "max_items": 9,
    }
    assert Settings.resolve(options, {}).exception_levels["builtins.KeyError"] == "warning"


@pytest.mark.parametrize("name", sorted(name for name in pyrollbar.INSTEAD if name not in {"notifier", "tracing"}))
def test_what_has_none_is_warned_of(name: str) -> None:
    """One warning, which names the setting and what to do; no option comes of it."""
    settings = {"locals": {name.removeprefix("locals."): "other"}} if name.startswith("locals.") else {name: "other"}
    with pytest.warns(SettingWarning, match=f"{name} has no counterpart; instead: \\w") as told:
        options = options_from(settings)

    assert len(told) == 1
    assert told[0].filename == __file__
    assert options == {}


def test_what_nobody_knows_is_warned_of() -> None:
    """It may be misspelt, or new."""
    with pytest.warns(SettingWarning, match="enviroment has no counterpart"):
        assert options_from(enviroment="staging") == {}


@given(st.dictionaries(st.sampled_from(sorted({*pyrollbar.SAME, *pyrollbar.RENAMED})), st.integers() | st.none()))
def test_only_options_come_out(settings: dict[str, Any]) -> None:
    """Whatever comes in; and nothing that was not given."""
    options = quietly(settings)

    assert set(options) <= set(Settings._fields)
    assert sorted(options.values()) == sorted(value for value in settings.values() if value is not None)


def test_the_page_on_migrating_has_every_setting() -> None:
    """Each with its option, or with what the warning says; no more and no fewer."""
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", PAGE.read_text().split("## Settings")[1], re.MULTILINE)
    told = dict(rows)
    expected = {name: f"`{name}`" for name in pyrollbar.SAME}
    expected |= {name: f"`{option}`" for name, option in pyrollbar.RENAMED.items()}
    expected |= {name: f"none: {instead.removeprefix('nothing: ')}" for name, instead in pyrollbar.INSTEAD.items()}
    others = set(told) - set(expected)

    assert len(rows) == len(told)
    assert {name: told.get(name) for name in expected} == expected
    assert others == {"exception_level_filters", "locals.enabled"} | {name for name in others if "sizes" in name}
    assert {name.split(".")[0] for name in told} >= set(MEANT) - {"agent.log_file"}
