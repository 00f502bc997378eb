"""The options of ``serve``: where they may be given, which comes first, and what is said of bad ones."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.cli import _parser, main
from rollbar_logging.cli.serve_config import read_config
from rollbar_logging.cli.serve_options import OPTIONS, TOKEN_VARIABLES, Chosen, choose
from rollbar_logging.cli.serve_values import read_retention
from rollbar_logging.errors import RollbarError
from rollbar_logging.server.options import TOKEN_NAMES

EXAMPLE = Path(__file__).parents[2] / "examples" / "serve.ini"

SAMPLES: dict[str, tuple[tuple[str, Any], tuple[str, Any], tuple[str, Any]]] = {
    "host": (("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "0.0.0.0"), ("::1", "::1")),  # noqa: S104 - read, not listened on
    "port": (("1", 1), ("0", 0), ("65535", 65535)),
    "db": (("a.db", "a.db"), (":memory:", ":memory:"), ("postgresql://u:p@h/n", "postgresql://u:p@h/n")),
    "retention": (("30d", 2_592_000.0), ("12h", 43_200.0), ("1.5", 129_600.0)),
    "max_body": (("1", 1), ("1000", 1000), ("1073741824", 1 << 30)),
    "rate_limit": (("5/1", (5, 1.0)), ("off", None), ("1/0.5", (1, 0.5))),
    "password": (
        ("long enough", "long enough"),
        ("of the environment", "of the environment"),
        ("12345678", "12345678"),
    ),
    "users": (
        ("ada:ada@example.com", {"ada": "ada@example.com"}),
        ("a b:a@b.c, c:c@d.e,", {"a b": "a@b.c", "c": "c@d.e"}),
        (",", {}),
    ),
    "log": (("json", "json"), ("text", "text"), ("off", None)),
}
"""Per option: what the command line, the environment and the file say, and what it means."""


def chosen(*words: str, **environ: str) -> Chosen:
    """Decide the options."""
    return choose(_parser().parse_args(["serve", *words]), environ)


def file_of(folder: Path, text: str) -> str:
    """Write a file; return its path."""
    path = folder / "serve.ini"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_every_option_is_sampled() -> None:
    """No option is left out of the samples below."""
    assert {*SAMPLES, "token", "new_tokens", "json", "config"} == {option.name for option in OPTIONS}
    assert tuple(TOKEN_VARIABLES) == TOKEN_NAMES


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("key", ["-", "_"])
def test_the_command_line_comes_first_and_the_default_last(tmp_path: Path, name: str, key: str) -> None:
    """Command line over environment over file over default, for each option."""
    (on_line, first), (in_environ, second), (in_file, third) = SAMPLES[name]
    path = file_of(tmp_path, f"[server]\n{name.replace('_', key)} = {in_file}\n")
    flag, variable = "--" + name.replace("_", "-"), "ROLLBAR_SERVE_" + name.upper()
    default = next(option.default for option in OPTIONS if option.name == name)

    assert chosen("--config", path, flag, on_line, **{variable: in_environ}).values[name] == first
    assert chosen("--config", path, **{variable: in_environ}).values[name] == second
    assert chosen("--config", path, **{variable: " "}).values[name] == third
    assert chosen(ROLLBAR_SERVE_CONFIG=path).values[name] == third
    assert chosen().values[name] == default


def test_yes_and_no_may_be_said_anywhere(tmp_path: Path) -> None:
    """A flag on the command line says yes; the environment and the file may say no, too."""
    path = file_of(tmp_path, "[server]\nnew-tokens = yes\n")
    assert chosen("--new-tokens", "--json").values["new_tokens"] is True
    assert chosen("--config", path).values["new_tokens"] is True
    assert chosen("--config", path, ROLLBAR_SERVE_NEW_TOKENS="false").values["new_tokens"] is False
    assert chosen("--json", ROLLBAR_SERVE_JSON="0").values["json"] is True
    assert chosen(ROLLBAR_SERVE_JSON="1").values["json"] is True


def test_tokens_may_be_given_in_three_places(tmp_path: Path) -> None:
    """Each token by its variable; the file's are kept by project; the command line has the one to post with."""
    path = file_of(
        tmp_path,
        "[project web shop]\npost_server_item = a\nread = %(b\n"
        "[project 2nd]\nwrite = c\n[account]\nread = d\nwrite = e\n",
    )
    environ = {variable: f"of-{name}" for name, variable in TOKEN_VARIABLES.items()}
    assert chosen(**environ).tokens == {name: f"of-{name}" for name in TOKEN_VARIABLES}
    assert chosen("--token", "mine", **environ).tokens["post_server_item"] == "mine"
    assert chosen("--token", "mine", ROLLBAR_SERVE_TOKEN="not one").tokens == {"post_server_item": "mine"}

    found = chosen("--config", path, ROLLBAR_SERVE_TOKEN_ACCOUNT_READ="mine")
    assert found.tokens == {"account_read": "mine", "account_write": "e"}
    assert found.projects == {"web shop": {"post_server_item": "a", "read": "%(b"}, "2nd": {"write": "c"}}
    assert list(found.projects) == ["web shop", "2nd"]
    assert "%(b" not in repr(found)
    assert "%(b" not in repr(read_config(path, ["host"]))


def test_variables_that_nobody_reads_are_named() -> None:
    """A misspelt variable is noticed; an empty one, or another's, is not."""
    environ = {"ROLLBAR_SERVE_PROT": "1", "ROLLBAR_SERVE_HOTS": "", "ROLLBAR_ENVIRONMENT": "x", "HOME": "/"}
    assert chosen(**environ).unknown == ["ROLLBAR_SERVE_PROT"]


BAD = [
    ("host", "two words", "such as 127.0.0.1"),
    ("host", "http://127.0.0.1", "such as 127.0.0.1"),
    ("port", "65536", "from 0 to 65535"),
    ("port", "tcp://10.0.0.1:80", "from 0 to 65535"),
    ("db", "mysql://root:s3cret-of-mine@h/n", "give a file, :memory:, or postgresql:"),
    ("db", "/", "give a file"),
    ("retention", "0", "30d"),
    ("retention", "-1", "30d"),
    ("retention", "30m", "30d"),
    ("retention", "1e400", "30d"),
    ("max_body", "0", "from 1 to"),
    ("max_body", "1073741825", "from 1 to"),
    ("max_body", "1MB", "no number of bytes"),
    ("rate_limit", "5", "50/1"),
    ("password", "s3cret", "8 characters"),
    ("password", "s3cret-of-mine\x07", "printable"),
    ("token", "s3cret of mine", "printable ASCII"),
    ("new_tokens", "perhaps", "true nor false"),
    ("log", "loud", "json, text and off"),
    ("users", "ada", "NAME:EMAIL"),
    ("users", "ada@example.com", "NAME:EMAIL"),
]


@pytest.mark.parametrize(("name", "text", "mend"), BAD)
def test_a_bad_value_is_named_with_its_place_and_what_would_do(
    tmp_path: Path, name: str, text: str, mend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The option, where it was given, its value unless it is a secret, and the mend; all in one line."""
    variable = "ROLLBAR_SERVE_" + name.upper()
    with pytest.raises(RollbarError) as refused:
        chosen(**{variable: text})
    messages = [str(refused.value)]
    assert messages[0].startswith(f"{variable} of the environment: ")
    if name != "token" and "\x07" not in text:
        path = file_of(tmp_path, f"[server]\n{name} = {text}\n")
        with pytest.raises(RollbarError) as refused:
            chosen("--config", path)
        messages.append(str(refused.value))
        assert messages[1].startswith(f"{path}, [server] {name}: ")
    if name != "new_tokens":
        with pytest.raises(SystemExit) as ended:
            main(["serve", f"--{name.replace('_', '-')}={text}"])
        assert ended.value.code == 2
        messages.append(capsys.readouterr().err.splitlines()[-1])
        assert f"argument --{name.replace('_', '-')}: " in messages[-1]
    for message in messages:
        assert mend in message
        assert "s3cret" not in message
        assert "\n" not in message
        assert repr(text) in message or name in {"password", "token", "db"}


@pytest.mark.parametrize("variable", TOKEN_VARIABLES.values())
def test_a_bad_token_is_not_shown(variable: str) -> None:
    """The variable is named, the text is not."""
    with pytest.raises(RollbarError, match=f"^{variable} of the environment: ") as refused:
        chosen(**{variable: "s3cret 1"})
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s3cret = 1\n", "line 1 comes before any section"),
        ("[server]\ns3cret\n", "line 2 is neither"),
        ("[server]\nport = 1\nport = 2\n", "line 3: port is there twice"),
        ("[account]\n[account]\n", "line 2: section [account] is there twice"),
        ("[sever]\n", "[sever] is not known: there are [server], [project NAME], [account]"),
        ("[project]\n", "[project] is not known"),
        ("[DEFAULT]\nport = 1\n", "[DEFAULT] is not known"),
        ("[server]\nprot = s3cret\n", "[server] prot: not known; there are db, host,"),
        ("[server]\ntoken = s3cret\n", "[server] token: tokens have their place in [project NAME]"),
        ("[server]\nconfig = s3cret\n", "[server] config: not known"),
        ("[project a]\naccount_read = s3cret\n", "[project a] account_read: not known; there are post_client_item,"),
        ("[project a]\nread = s3cret 1\n", "[project a] read: a token is of"),
        ("[account]\npost_server_item = s3cret\n", "[account] post_server_item: not known; there are read, write"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    """The file, the place in it and the mend; nothing of its values."""
    path = file_of(tmp_path, text)
    with pytest.raises(RollbarError) as refused:
        chosen("--config", path)
    message = str(refused.value)
    assert path in message
    assert said in message
    assert "s3cret" not in message.replace(path, "")
    assert "\n" not in message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """It does not exist, is a folder, or is no text."""
    (tmp_path / "bytes.ini").write_bytes(b"[server]\nhost = \xff\n")
    for name, said in (("none.ini", "No such file"), (".", "directory"), ("bytes.ini", "not UTF-8")):
        with pytest.raises(RollbarError, match=f"cannot read .*{said}"):
            chosen("--config", str(tmp_path / name))


@given(st.dictionaries(st.sampled_from(sorted(f"ROLLBAR_SERVE_{o.name.upper()}" for o in OPTIONS)), st.text()))
def test_any_environment_is_understood_or_refused(environ: dict[str, str]) -> None:
    """Whatever the variables hold, options come of it, or one line of error."""
    environ.pop("ROLLBAR_SERVE_CONFIG", None)
    try:
        found = choose(argparse.Namespace(), environ)
    except RollbarError as error:
        assert str(error).startswith("ROLLBAR_SERVE_")  # noqa: PT017 - either will do
        assert len(str(error).splitlines()) == 1  # noqa: PT017 - likewise
    else:
        assert set(found.values) == {option.name for option in OPTIONS}


@given(st.floats(0.01, 36_500).map(lambda days: round(days, 3)).filter(bool))
def test_days_are_days_and_hours_are_hours(number: float) -> None:
    """What is written with a unit means that many of them."""
    assert read_retention(f"{number:f}") == read_retention(f"{number:f}d") == pytest.approx(number * 86_400)
    assert read_retention(f"{number:f}h") == pytest.approx(number * 3600)


def test_the_example_has_what_it_says() -> None:
    """Every option that a file may have, but the password, is in the example with its default, but for two."""
    found = chosen("--config", str(EXAMPLE))
    defaults = chosen().values
    assert {name for name, value in found.values.items() if value != defaults[name]} == {"retention", "log", "config"}
    keys = set(re.findall(r"^(?:# )?([a-z-]+) = ", EXAMPLE.read_text(), re.MULTILINE))
    assert {name.replace("_", "-") for name in SAMPLES} <= keys
    assert list(found.projects) == ["shop", "billing"]
    assert set(found.tokens) == {"account_read", "account_write"}
