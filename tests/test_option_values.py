"""What each option may be, and what is said of a value that cannot work."""

from __future__ import annotations

import json
import logging
import logging.config
from typing import Any

import pytest

from rollbar_logging import SettingsError
from rollbar_logging.option_values import EXPECTED
from tests.option_samples import HERE, LEVELS, TOKEN, Carrier, ShopError, resolve, tag

BAD: list[tuple[str, Any]] = [
    ("access_token", ""),
    ("access_token", "with space"),
    ("access_token", "line\nbreak"),
    ("access_token", "ümlaut"),
    ("access_token", 5),
    ("environment", 5),
    ("environment", "x" * 256),
    ("environment", " "),
    ("endpoint", "api.rollbar.com"),
    ("endpoint", "ftp://api.rollbar.com/"),
    ("endpoint", "https://"),
    ("endpoint", "https://host:port/"),
    ("endpoint", "https://host/?a=1"),
    ("endpoint", "https://host/#a"),
    ("enabled", "maybe"),
    ("enabled", 2),
    ("enabled", 1.0),
    ("level", "LOUD"),
    ("level", True),
    ("level", 1.5),
    ("level", "²"),
    ("code_version", "x" * 41),
    ("root", 5),
    ("timeout", 0),
    ("timeout", "soon"),
    ("timeout", float("nan")),
    ("timeout", float("inf")),
    ("timeout", True),
    ("timeout", [1]),
    ("queue_size", 0),
    ("queue_size", 1.5),
    ("queue_size", "1.5"),
    ("queue_size", "9" * 5000),
    ("queue_size", float("inf")),
    ("queue_bytes", 100),
    ("on_rate_limit", "wait"),
    ("on_rate_limit", ["drop"]),
    ("max_string", 1),
    ("max_depth", 0),
    ("max_frames", 1),
    ("max_payload_bytes", 100),
    ("scrub_fields", 5),
    ("scrub_fields", [5]),
    ("scrub_fields", b"ab"),
    ("before_send", "no.such.module"),
    ("before_send", "json.no_such_name"),
    ("before_send", "json"),
    ("before_send", "json:__name__"),
    ("before_send", 5),
    ("fingerprint", "..relative"),
    ("exception_levels", 5),
    ("exception_levels", "a.B"),
    ("exception_levels", "a.B=loud"),
    ("exception_levels", "{not json"),
    ("exception_levels", "{" * 5000),
    ("exception_levels", {5: "info"}),
    ("exception_levels", {" ": "info"}),
    ("exception_levels", {"a.B": None}),
    ("transport", object()),
    ("transport", "json.dumps"),
    ("transport", f"{HERE}.Settings"),
]


@pytest.mark.parametrize(("option", "value"), BAD)
def test_a_bad_value_is_told(option: str, value: Any) -> None:
    """The message names the option, where the value came from, the value and what is expected; it is a ValueError."""
    with pytest.raises(SettingsError) as caught:
        resolve(**{option: value})
    error = caught.value

    assert isinstance(error, ValueError)
    assert str(error).startswith(f"{option} (keyword) is ")
    assert str(error).endswith(f": expected {EXPECTED[option].words}")
    assert (error.option, error.origin, error.expected) == (option, "keyword", EXPECTED[option].words)
    shown = "<hidden>" if option == "access_token" else repr(value)[:200]
    assert shown in str(error)
    assert len(str(error)) < 600


@pytest.mark.parametrize(("option", "value"), [pair for pair in BAD if isinstance(pair[1], str) and pair[1].strip()])
def test_a_bad_variable_is_told(option: str, value: str) -> None:
    """Of a variable its name is told."""
    variable = f"ROLLBAR_{option.upper()}"
    with pytest.raises(SettingsError) as caught:
        resolve({variable: value})

    assert str(caught.value).startswith(f"{option} (environment variable {variable}) is ")
    assert caught.value.origin == f"environment variable {variable}"


def test_a_value_whose_repr_fails_is_told_by_its_type() -> None:
    """An error about a value does not fail because of the value."""

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    with pytest.raises(SettingsError, match=r"timeout .keyword. is <Broken>: expected a number"):
        resolve(timeout=Broken())


def test_what_went_wrong_in_a_dotted_path_is_told(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application's module that fails while it is imported is the error's cause."""
    (tmp_path / "failing_module.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SettingsError, match=r"before_send .*failing_module.tag") as caught:
        resolve(before_send="failing_module.tag")

    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("text", ["1", "true", "YES", " On "])
def test_what_is_true(text: str) -> None:
    """Booleans may be written in the usual words, in any case."""
    assert resolve({"ROLLBAR_SEND_ARGV": text}).send_argv is True
    assert resolve(send_argv=text).send_argv is True


@pytest.mark.parametrize("text", ["0", "false", "NO", " Off "])
def test_what_is_false(text: str) -> None:
    """So may their contrary."""
    assert resolve({"ROLLBAR_ENABLED": text}).enabled is False
    assert resolve(enabled=text).enabled is False


@pytest.mark.parametrize(
    ("value", "level"),
    [("error", "ERROR"), ("Warn", "WARN"), (" INFO ", "INFO"), ("35", 35), (35, 35), ("NOTSET", "NOTSET"), (0, 0)],
)
def test_a_level_is_a_name_or_a_number(value: Any, level: Any) -> None:
    """A level is what `logging` takes for one."""
    found = resolve(level=value).level

    assert found == level
    assert logging.Handler(found).level >= 0


def test_a_level_of_ones_own_is_known() -> None:
    """A level that the application has named is found by that name, as it is written."""
    logging.addLevelName(37, "Notice")
    try:
        assert resolve(level="Notice").level == "Notice"
        assert logging.Handler(resolve(level="Notice").level).level == 37
    finally:
        logging._levelToName.pop(37)
        logging._nameToLevel.pop("Notice")


@pytest.mark.parametrize(
    ("endpoint", "base"),
    [
        ("https://api.rollbar.com/api/1", "https://api.rollbar.com/api/1/"),
        ("https://api.rollbar.com/api/1/item/", "https://api.rollbar.com/api/1/"),
        ("https://api.rollbar.com/api/1/item", "https://api.rollbar.com/api/1/"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/"),
        ("http://[::1]:8000/api/1/", "http://[::1]:8000/api/1/"),
        ("https://proxy/item/rollbar/", "https://proxy/item/rollbar/"),
    ],
)
def test_an_endpoint_is_a_base(endpoint: str, base: str) -> None:
    """A final slash is added, and the item's own URL is understood."""
    assert resolve(endpoint=endpoint).endpoint == base


def test_whole_numbers_may_be_written_as_such() -> None:
    """A float without a fraction is a whole number; numbers keep their kinds."""
    found = resolve(queue_size=5.0, timeout=5)

    assert (found.queue_size, type(found.queue_size)) == (5, int)
    assert (found.timeout, type(found.timeout)) == (5.0, float)


def test_names_are_read_from_texts_and_lists() -> None:
    """Names of secrets come as a text with commas or as any collection, and empty ones do not count."""
    for value in ("iban, pin,,", ["iban", " pin "], ("iban", "pin", ""), {"iban": 1, "pin": 2}):
        assert resolve(scrub_fields=value).scrub_fields == ("iban", "pin")


def test_levels_of_exceptions_are_read_from_mappings_json_and_pairs() -> None:
    """Exceptions come by path or as classes, levels in any way that is understood."""
    assert resolve(exception_levels={"a.B": "WARN", "c.D": "Ignored"}).exception_levels == LEVELS
    assert resolve(exception_levels='{"a.B": "warning", "c.D": "ignored"}').exception_levels == LEVELS
    assert resolve(exception_levels="a.B=warning,c.D=ignored,").exception_levels == LEVELS
    assert resolve(exception_levels={ShopError: 20, KeyError: "debug"}).exception_levels == {
        f"{HERE}.ShopError": "info",
        "builtins.KeyError": "debug",
    }


def test_functions_are_found_by_their_path() -> None:
    """A dotted path, or one with a colon, names a function of a module."""
    assert resolve(before_send="json.dumps").before_send is json.dumps
    assert resolve(fingerprint=" json:dumps ").fingerprint is json.dumps
    assert resolve(before_send=tag).before_send is tag


def test_a_transport_is_an_object_or_made_of_a_class() -> None:
    """An object is taken as it is; of the path of a class an instance is made."""
    carrier = Carrier()

    assert resolve(transport=carrier).transport is carrier
    assert isinstance(resolve(transport=f"{HERE}.Carrier").transport, Carrier)


def test_settings_without_a_token_are_inert() -> None:
    """Without a token, or switched off, there is nothing to do; with a transport there is."""
    assert resolve().is_inert
    assert resolve(access_token=TOKEN, enabled=False).is_inert
    assert not resolve(access_token=TOKEN).is_inert
    assert not resolve(transport=Carrier()).is_inert


def test_settings_do_not_change_with_what_they_were_made_of() -> None:
    """What the application does to its containers afterwards changes no option."""
    fields, levels = ["iban"], {"a.B": "info"}
    found = resolve(scrub_fields=fields, exception_levels=levels)
    fields.append("pin")
    levels["c.D"] = "ignored"

    assert (found.scrub_fields, found.exception_levels) == (("iban",), {"a.B": "info"})
    with pytest.raises(AttributeError):
        found.environment = "other"  # type: ignore[misc]
