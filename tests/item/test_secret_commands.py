"""Passwords behind options of programs that have no name for them: ``mysql -p…``, ``docker login -p …``."""

from __future__ import annotations

from typing import Any

import pytest

from rollbar_logging.item.scrub import SCRUBBED, Scrubber

SCRUBBER = Scrubber()


@pytest.mark.parametrize(
    "text",
    [
        "mysql -phunter2 -u root",
        "mysqldump -u root --port=1 -phunter2 db",
        "/usr/bin/mariadb-dump -uroot -phunter2",
        "Command '['mysqldump', '-u', 'root', '-phunter2', 'db']' returned non-zero exit status 2.",
        '{\\"cmd\\": \\"mysql -phunter2 db\\"}',
        "sshpass -p hunter2 ssh bob@h",
        "sshpass -phunter2 ssh bob@h",
        "docker login -u bob -p hunter2 reg.io",
        "helm registry login reg.io -u bob -p 'hunter2'",
        "['docker', 'login', '-p', 'hunter2']",
        "redis-cli -h h -a hunter2 ping",
        "mysql -phunter2… [+9 chars]",
    ],
)
def test_a_password_behind_a_short_option_goes(text: str) -> None:
    """Such an option is that of a password for these programs alone."""
    assert SCRUBBER.text(text) == (text.replace("hunter2", SCRUBBED), 1)
    assert "hunter2" not in SCRUBBER.code(f'run("{text}")')[0]


@pytest.mark.parametrize(
    "text",
    [
        "mysql -p -u root",
        "mysql -P 3306 -u root db",
        "mysql -u root; grep -print x",
        "mysql -p%s db",
        "mysql -p$PW db",
        "docker run -p 8080:80 nginx",
        "docker login -u bob reg.io && docker run -p 8080:80 nginx",
        "redis-cli -h h ping",
        "mkdir -path/of/x mysql",
        "sshpass -f file ssh -p 2222 h",
    ],
)
def test_other_options_stay(text: str) -> None:
    """A port, a question for a password, a placeholder and the options of other programs are no secrets."""
    assert SCRUBBER.text(text) == (text, 0)


@pytest.mark.parametrize(
    ("command", "at"),
    [
        (["mysql", "-uroot", "-phunter2", "db"], 2),
        (["/usr/bin/mysqldump", "-phunter2"], 1),
        (["sshpass", "-p", "hunter2", "ssh", "h"], 2),
        (["docker", "login", "-u", "bob", "-p", "hunter2"], 5),
        (["redis-cli", "-a", "hunter2"], 2),
        (["curl", "-ubob:hunter2", "https://h/"], 1),
        (["java", "-password", "hunter2"], 2),
    ],
)
def test_a_password_in_a_list_of_arguments_goes(command: list[str], at: int) -> None:
    """In a list, the argument that is the password or holds it is taken out."""
    clean, count = SCRUBBER.scrub({"custom": {"command": command}})

    assert clean["custom"]["command"] == [*command[:at], SCRUBBED, *command[at + 1 :]]
    assert count == 1


@pytest.mark.parametrize(
    "command",
    [["docker", "run", "-p", "8080:80"], ["mysql", "-p"], ["mysql", "-p", "db"], ["ls", "-a", 5], ["x", "-p", None]],
)
def test_other_arguments_stay(command: list[Any]) -> None:
    """Ports, databases and options without a value stay."""
    assert SCRUBBER.scrub({"custom": {"command": command}}) == ({"custom": {"command": command}}, 0)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("db=postgres%3A%2F%2Fbob%3Ahunter2%40host%2Fdb", f"db=postgres%3A%2F%2Fbob%3A{SCRUBBED}%40host%2Fdb"),
        ("u=https%3a%2f%2fb%3ahunt%24er2%40h&x=1", f"u=https%3a%2f%2fb%3a{SCRUBBED}%40h&x=1"),
        ("u=https%3A%2F%2Fh%3A8080%2F&m=a%40b.c", None),
        ("u=https%3A%2F%2Fh%2Fa%3Ab%40c", None),
    ],
)
def test_a_url_within_a_url_loses_its_password(text: str, clean: str | None) -> None:
    """Escaped as it is there; hosts, ports and paths stay."""
    assert SCRUBBER.text(text)[0] == (clean or text)
