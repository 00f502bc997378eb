"""Every option: where its value comes from, that the token stays hidden, and that all agree on what there is."""

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

from rollbar_logging import RollbarHandler, Settings, SettingsError, settings
from rollbar_logging.option_values import EXPECTED
from tests.option_samples import HERE, LEVELS, TOKEN, VALUES, Carrier, group, resolve, tag

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
