"""Secrets in statements of SQL, in the parameters that are told with them, and in what databases say of their rows."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from rollbar_logging.item.scrub import SCRUBBED, Scrubber
from tests.item.items import in_locals

SCRUBBER = Scrubber()


@pytest.mark.parametrize("secret", ["hunter2", "swordfish", "4711"])
@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO users (name, password) VALUES ('bob', '§')",
        """insert into "a"."u" ("id", "password", "email") values (1, '§', 'it''s, (x)'), (2, '§', 'z')""",
        "INSERT INTO users (name, password) VALUES (lower('BOB'), '§') RETURNING id",
        "REPLACE INTO `u` (`card_number`, `x`) VALUES ('§', 5)",
        "(IntegrityError) NO\n[SQL: INSERT INTO u (name, password) VALUES (?, ?)]\n[parameters: ('bob', '§')]\n(B",
        "[SQL: INSERT INTO users (name, password) VALUES (?, ?)]\\n[parameters: ('bob', '§')]\\n(Back",
        "[SQL: INSERT INTO users (password, name) VALUES (%s, now())]\n[parameters: [('§',), (\"§\",)]]",
        "[SQL: INSERT INTO u (name, password) VALUES (%(n)s, %(p)s::VARCHAR)]\n[parameters: {'n': 'b', 'p': '§'}]",
        "[SQL: INSERT INTO u (name, password) VALUES (:n, :p)]\n[parameters: [{'n': 'b', 'p': '§'}]]",
        "[SQL: UPDATE u SET name=?, password=? WHERE u.api_key = ?]\n[parameters: ('bob', '§', '§')]",
        "[SQL: SELECT * FROM t WHERE a = 'x?' AND token = $2 AND b=$1]\n[parameters: ('bob', '§')]",
        "[SQL: INSERT INTO u (name, password) VALUES (?, ?)]\n[parameters: ('b', '§… [+9 chars]",
        "DETAIL:  Key (token)=(§) already exists.",
        "DETAIL:  Key (org_id, api_token)=(5, §) already exists.",
        "CREATE USER 'x'@'h' IDENTIFIED BY '§'",
        "alter user x identified with native as '§';",
        "GRANT ALL TO x IDENTIFIED BY PASSWORD '§'",
        "SET PASSWORD FOR 'bob'@'%' = '§'",
        "SET PASSWORD FOR bob = PASSWORD('§')",
    ],
)
def test_only_the_secret_goes(text: str, secret: str) -> None:
    """By the place of a column's name among the others a value or a parameter is known."""
    assert SCRUBBER.text(text.replace("§", secret)) == (text.replace("§", SCRUBBED), text.count("§"))


def test_what_cannot_be_told_apart_goes_as_a_whole() -> None:
    """A value with commas may be any of several."""
    text = "Key (api_token, name)=(hunter2, a, b) is not present in table"

    assert SCRUBBER.text(text)[0] == f"Key (api_token, name)=({SCRUBBED}) is not present in table"


@pytest.mark.parametrize(
    "line",
    [
        "cur.execute(\"INSERT INTO users (name, password) VALUES ('bob', 'hunter2')\")",
        "cur.execute(\"CREATE USER bob IDENTIFIED BY 'hunter2'\")",
    ],
)
def test_a_statement_in_source_code_loses_its_secret(line: str) -> None:
    """What is a literal in the statement goes."""
    assert "hunter2" not in SCRUBBER.code(line)[0]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO users (name, password) VALUES (?, ?)",
        "INSERT INTO users (name, password) SELECT name, password FROM other",
        "INSERT INTO tokens (kind, n) VALUES ('a', 5)",
        "INSERT INTO users (name, password",
        "[SQL: INSERT INTO users (name, password) VALUES (?, ?)]\n[parameters: (5,)]",
        "[SQL: SELECT 1]\n[parameters: ('bob', 'hunter2')]",
        'cur.execute("INSERT INTO users (name, password) VALUES (%s, %s)", (name, pw))',
        "DETAIL:  Key (name)=(bob) already exists.",
        "users are identified by 'name'",
    ],
)
def test_what_holds_no_secret_stays(text: str) -> None:
    """Other columns, placeholders and names stay as they are, in text and in code."""
    assert SCRUBBER.text(text) == (text, 0)
    assert SCRUBBER.code(text) == (text, 0)


def test_an_error_of_sqlalchemy_shows_no_password() -> None:
    """Neither its text nor the parameters it carries, nor those in the variables of its frames."""
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.execute(sa.text("create table users (name unique, password)"))
        insert = sa.text("insert into users (name, password) values (:n, :p)")
        connection.execute(insert, {"n": "bob", "p": "swordfish"})
        with pytest.raises(sa.exc.IntegrityError) as caught:
            connection.execute(insert, {"n": "bob", "p": "swordfish"})

    data = in_locals({"parameters": [["bob", "swordfish"]], "distilled": [{"n": "bob", "p": "swordfish"}]})
    data["body"]["trace"]["exception"] = {"class": "IntegrityError", "message": str(caught.value)}
    data["body"]["trace"]["extra"] = {"attributes": {"params": ["bob", "swordfish"]}}
    clean, count = SCRUBBER.scrub(data)

    assert "swordfish" not in json.dumps(clean)
    assert json.dumps(clean).count("bob") == 4
    assert count == 4
