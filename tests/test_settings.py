"""Every option: where its value comes from, what it may be, and what is said of one that cannot work."""

from __future__ import annotations

import ast
import inspect
import json
import logging
import logging.config
import pickle
import pprint
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging import Answer, RollbarHandler, Settings, SettingsError, settings
from rollbar_logging.option_values import EXPECTED

TOKEN = "0123456789abcdef0123456789abcdef"


def resolve(environ: dict[str, str] | None = None, /, **given: Any) -> Settings:
    """Resolve settings from keywords and an environment of the test's own."""
    return Settings.resolve(given, environ or {})


def tag(data: dict[str, Any]) -> dict[str, Any]:
    """Stand for an application's `before_send`."""
    return data


def group(data: dict[str, Any]) -> str:
    """Stand for an application's `fingerprint`."""
    return str(data)


class Carrier:
    """A transport of the application's."""

    def send(self, body: bytes, timeout: float) -> Answer:
        """Send nothing."""
        return Answer(200)

    def close(self) -> None:
        """Close nothing."""


class ShopError(Exception):
    """An exception of the application."""


HERE = __name__
LEVELS = {"a.B": "warning", "c.D": "ignored"}
# By option: what a variable says, what is read of it, and another value as a keyword.
VALUES: dict[str, tuple[str, Any, Any]] = {
    "access_token": (TOKEN, TOKEN, TOKEN[::-1]),
    "environment": ("staging", "staging", "test"),
    "endpoint": ("http://127.0.0.1:8000/api/1", "http://127.0.0.1:8000/api/1/", "https://other/api/1/"),
    "enabled": ("no", False, True),
    "level": ("warning", "WARNING", 35),
    "code_version": ("1.2.3", "1.2.3", "abc"),
    "branch": ("main", "main", "other"),
    "root": ("/srv/app", "/srv/app", "/srv/other"),
    "host": ("web-1", "web-1", "web-2"),
    "framework": ("flask", "flask", "django"),
    "platform": ("heroku", "heroku", "linux"),
    "timeout": ("2.5", 2.5, 3),
    "queue_size": ("10", 10, 20),
    "queue_bytes": ("65536", 65536, 70000),
    "batch_size": ("5", 5, 6),
    "flush_interval": ("0", 0.0, 1.5),
    "max_connections": ("2", 2, 3),
    "on_rate_limit": ("drop", "drop", "defer"),
    "max_age": ("60", 60.0, 61.0),
    "shutdown_timeout": ("1", 1.0, 0),
    "capture_locals": ("off", False, True),
    "max_string": ("100", 100, 200),
    "max_items": ("5", 5, 6),
    "max_depth": ("2", 2, 3),
    "max_frames": ("10", 10, 11),
    "capture_budget": ("0.5", 0.5, 1.0),
    "max_payload_bytes": ("8192", 8192, 9000),
    "scrub_fields": ("iban, pin", ("iban", "pin"), ("other",)),
    "scrub_emails": ("yes", True, False),
    "scrub_ibans": ("on", True, False),
    "send_argv": ("1", True, False),
    "before_send": (f"{HERE}.tag", tag, group),
    "exception_levels": ("a.B=warning, c.D=ignored", LEVELS, {"e.F": "info"}),
    "fingerprint": (f"{HERE}:group", group, tag),
    "transport": (f"{HERE}.Carrier", Carrier, Carrier()),
}


# Where a value comes from


def test_every_option_is_told_of_here() -> None:
    """The tables of the tests, of what may be, and of the settings are the same."""
    assert set(VALUES) == set(EXPECTED) == set(Settings._fields)


@pytest.mark.parametrize("option", VALUES)
def test_a_keyword_comes_before_the_environment_before_the_default(option: str) -> None:
    """Keyword over variable over default, for each option."""
    text, read, keyword = VALUES[option]
    environ = {f"ROLLBAR_{option.upper()}": text}
    found, default = getattr(resolve(environ), option), Settings._field_defaults[option]

    assert isinstance(found, read) if option == "transport" else found == read
    assert getattr(resolve(environ, **{option: keyword}), option) == keyword
    assert getattr(resolve(), option) == default
    assert getattr(resolve(environ, **{option: None}), option) != default
    assert read != default


@pytest.mark.parametrize("option", VALUES)
@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_variable_is_not_set(option: str, text: str) -> None:
    """An empty variable, as deployments like to leave them, counts as none."""
    assert getattr(resolve({f"ROLLBAR_{option.upper()}": text}), option) == Settings._field_defaults[option]


def test_other_variables_do_not_matter() -> None:
    """Variables that are no option, or of another letter case, are not ours."""
    assert resolve({"ROLLBAR_UNKNOWN": "1", "rollbar_environment": "x", "ENVIRONMENT": "y"}) == resolve()


def test_an_unknown_keyword_is_refused_with_a_suggestion() -> None:
    """A misspelt option is an error that names the likely one."""
    with pytest.raises(SettingsError, match=r"queue_sice.*did you mean 'queue_size'"):
        resolve(queue_sice=5)
    with pytest.raises(SettingsError, match=r"expected a known option$"):
        resolve(zzz=5)
    with pytest.raises(SettingsError, match="unknown_option"):
        RollbarHandler(unknown_option=1)  # type: ignore[call-arg, unused-ignore]


# What a value may be

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


# The token


def test_the_token_is_never_shown() -> None:
    """Neither a repr nor a text nor an error tells the token, under a misspelt name neither."""
    found = resolve(access_token=TOKEN)
    handler = RollbarHandler(access_token=TOKEN, transport=Carrier())
    texts = [repr(found), str(found), f"{found}", f"{found!r}", pprint.pformat(found), repr(handler)]
    handler.close()
    for option, value in [("access_token", f"{TOKEN} x"), ("acces_token", TOKEN), ("token", TOKEN)]:
        with pytest.raises(SettingsError) as caught:
            resolve(**{option: value})
        texts += [str(caught.value), repr(caught.value), str(caught.value.__cause__), str(caught.value.args)]
    with pytest.raises(SettingsError) as caught:
        resolve({"ROLLBAR_ACCESS_TOKEN": f"{TOKEN} x"})
    texts.append(str(caught.value))

    assert not any(TOKEN in text for text in texts)
    assert "access_token='<hidden>'" in repr(found)
    assert "access_token=None" in repr(resolve())


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8))
def test_no_token_is_shown(token: str) -> None:
    """Any token is kept as it is, and out of sight."""
    found = resolve(access_token=token)

    assert found.access_token == token
    assert token not in repr(found).replace(repr(resolve(access_token="other")), "")


# Through `logging.config`


@pytest.fixture
def _own_logging() -> Iterator[None]:
    """Loggers keep no handler of a test."""
    yield
    for handler in logging.getLogger("configured").handlers[:]:
        logging.getLogger("configured").removeHandler(handler)
        handler.close()


@pytest.mark.usefixtures("_own_logging")
def test_a_logging_configuration_may_give_every_option() -> None:
    """`dictConfig` wraps containers in ones of its own, which resolve what they refer to; they end up plain."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "names": {"secret": "iban"},
            "handlers": {
                "rollbar": {
                    "class": "rollbar_logging.RollbarHandler",
                    "level": "WARNING",
                    "enabled": "false",
                    "environment": "ext://json.decoder.__name__",
                    "scrub_fields": ["cfg://names.secret", "pin"],
                    "exception_levels": {"a.B": "warning", "c.D": "ignored"},
                    "before_send": f"ext://{HERE}.tag",
                    "fingerprint": f"{HERE}.group",
                    "queue_size": 10,
                }
            },
            "loggers": {"configured": {"handlers": ["rollbar"]}},
        }
    )
    (handler,) = logging.getLogger("configured").handlers
    assert isinstance(handler, RollbarHandler)
    found = handler._settings

    assert handler.level == logging.WARNING
    assert (found.environment, found.scrub_fields, found.queue_size) == ("json.decoder", ("iban", "pin"), 10)
    assert (found.exception_levels, type(found.exception_levels)) == (LEVELS, dict)
    assert (found.before_send, found.fingerprint) == (tag, group)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - plain through and through


def test_containers_of_a_logging_configuration_are_resolved() -> None:
    """Dicts, lists and tuples within each other are resolved entry by entry."""
    configurator = logging.config.DictConfigurator({"values": {"pin": "pin"}})
    inner: Any = configurator.convert({"list": ["cfg://values.pin", ("ext://json.dumps", ["x"])]})

    assert settings._plain(inner) == {"list": ["pin", (json.dumps, ["x"])]}
    assert settings._plain((1, 2)) == (1, 2)


@pytest.mark.usefixtures("_own_logging")
def test_a_bad_value_in_a_logging_configuration_is_told() -> None:
    """What `dictConfig` raises has the cause that names the option."""
    handlers = {"rollbar": {"class": "rollbar_logging.RollbarHandler", "queue_size": "many"}}
    with pytest.raises(ValueError, match="rollbar") as caught:
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "handlers": handlers})

    assert "queue_size (keyword) is 'many'" in str(caught.value.__cause__)


# The whole


def test_the_types_of_keywords_are_those_of_the_settings() -> None:
    """`Options`, which types the handler's keywords, has each option, in the same order, and no other."""
    tree = ast.parse(inspect.getsource(settings))
    (options,) = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == "Options"]
    names = [ast.unparse(node.target) for node in options.body if isinstance(node, ast.AnnAssign)]

    assert tuple(names) == Settings._fields


def test_every_option_is_documented() -> None:
    """The docstring tells each option, in the same order, and no other."""
    _, _, attributes = inspect.cleandoc(Settings.__doc__ or "").partition("Attributes:\n")
    told = [line.partition(": ") for line in attributes.splitlines() if line.strip()]

    assert tuple(name.strip() for name, _, _ in told) == Settings._fields
    assert all(text for _, _, text in told)


_texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=40)
_options: dict[str, Any] = {
    **dict.fromkeys(["environment", "code_version", "branch", "root", "host", "framework", "platform"], _texts),
    **dict.fromkeys(["enabled", "capture_locals", "scrub_emails", "scrub_ibans", "send_argv"], st.booleans()),
    "level": st.integers(0, 100) | st.sampled_from(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
    "timeout": st.floats(0.01, 600),
    "queue_size": st.integers(1, 1_000_000),
    "flush_interval": st.floats(0, 3600),
    "max_age": st.floats(1, 31 * 86_400),
    "on_rate_limit": st.sampled_from(["defer", "drop"]),
    "scrub_fields": st.lists(st.text("abc_", min_size=1)).map(tuple),
    "exception_levels": st.dictionaries(st.text("ab.", min_size=1), st.sampled_from(["info", "ignored"])),
}


@given(st.fixed_dictionaries({}, optional=_options))
def test_what_is_given_is_what_there_is(given_options: dict[str, Any]) -> None:
    """Resolved settings, given once more as keywords or written into variables, are the same."""
    found = resolve(**given_options)
    written = {tuple: ",".join, dict: json.dumps}
    texts = {name: written.get(type(value), str)(value) for name, value in given_options.items()}

    assert {name: getattr(found, name) for name in given_options} == given_options
    assert resolve(**found._asdict()) == found
    assert resolve({f"ROLLBAR_{name.upper()}": text for name, text in texts.items()}) == found


_any = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.lists(st.text())


@given(st.sampled_from(Settings._fields), _any)
def test_any_value_is_read_or_refused(option: str, value: Any) -> None:
    """Whatever an option is given, it is taken or refused with an error of ours."""
    try:
        resolve(**{option: value})
    except SettingsError as error:
        assert error.option == option  # noqa: PT017 - either outcome is right
