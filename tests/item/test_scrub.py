"""Secrets out of items: by the names of values, in any structure, without changing what was given."""

from __future__ import annotations

import copy
import json
import threading
from typing import Any

import pytest

from rollbar_logging.item.scrub import SCRUBBED, Scrubber
from tests.item.items import in_locals

SCRUBBER = Scrubber(fields=["x-internal-id"])
SECRET = "hunter2-3f9a"


def locals_of(data: dict[str, Any]) -> Any:
    """The local variables of that frame."""
    return data["body"]["trace"]["frames"][0]["locals"]


def custom(value: Any) -> tuple[Any, int]:
    """Scrub this as ``data.custom``."""
    data, count = SCRUBBER.scrub({"custom": value})
    return data["custom"], count


@pytest.mark.parametrize(
    "data",
    [
        {"custom": {"password": SECRET}},
        {"custom": {"deep": [{"er": {"api_key": [SECRET, {"x": SECRET}]}}]}},
        {"request": {"headers": {"Authorization": f"Bearer {SECRET}", "Cookie": f"a={SECRET}"}}},
        {"request": {"headers": [["Authorization", SECRET], ["Host", "x"]]}},
        {"request": {"headers": [["b'authorization'", f"b'{SECRET}'"]]}},
        {"request": {"GET": {"token": SECRET}, "POST": {"user[password]": SECRET}, "cookies": {"a": SECRET}}},
        {"request": {"url": f"https://h/?token={SECRET}", "query_string": f"token={SECRET}"}},
        {"request": {"body": f'{{"password": "{SECRET}"}}'}},
        {"request": {"json": {"users": [{"name": "b", "client_secret": SECRET}]}}},
        {"server": {"argv": ["app", "--password", SECRET, f"--token={SECRET}"]}},
        {"server": {"env": [{"name": "DB_PASSWORD", "value": SECRET}, {"key": "API_KEY", "value": SECRET}]}},
        {"custom": {"Parameter": {"Name": "DB_PASSWORD", "Type": "SecureString", "Value": SECRET}}},
        {"custom": {"errors": [{"type": "too_short", "loc": ["body", "password"], "msg": "short", "input": SECRET}]}},
        in_locals({"parts": {"scheme": "postgres", "netloc": f"bob:{SECRET}@db:5432"}}),
        {"person": {"id": "1", "auth_token": SECRET}},
        {"body": {"message": {"body": f"password={SECRET}", "token": SECRET}}},
        {"body": {"trace_chain": [{"frames": [], "exception": {"class": "E", "message": f"password={SECRET}"}}]}},
        {"body": {"trace": {"frames": [], "extra": {"password": SECRET}}}},
        {"body": {"telemetry": [{"body": {"message": f"password={SECRET}"}}]}},
        {"title": f"password={SECRET}", "context": f"/x?token={SECRET}"},
        {"my_password": SECRET},
        in_locals({"password": SECRET, "url": f"postgres://u:{SECRET}@h"}),
        in_locals({f"postgres://u:{SECRET}@h": 1}),
        in_locals({"settings": {"X_INTERNAL_ID": SECRET}}),
    ],
)
def test_a_secret_leaves_no_part_of_an_item(data: dict[str, Any]) -> None:
    """Wherever in an item a secret stands, under its name or in text, the report does not contain it."""
    clean, count = SCRUBBER.scrub(data)

    assert SECRET not in json.dumps(clean)
    assert count >= 1
    assert SCRUBBER.scrub(clean) == (clean, 0)


def test_source_code_is_read_as_code() -> None:
    """In code lines a literal goes and an expression stays; in a local variable the same text is data."""
    data = in_locals({"text": "login(password=pw)"})
    frame = data["body"]["trace"]["frames"][0]
    frame["code"] = "    login(password=pw)"
    frame["context"] = {"pre": ['password = "hunter2"'], "post": ["token = get_token(password=pw)"]}

    clean, count = SCRUBBER.scrub(data)

    frame = clean["body"]["trace"]["frames"][0]
    assert frame["code"] == "    login(password=pw)"
    assert frame["context"] == {"pre": [f'password = "{SCRUBBED}"'], "post": ["token = get_token(password=pw)"]}
    assert frame["locals"] == {"text": f"login(password={SCRUBBED})"}
    assert count == 2


def test_names_of_parameters_are_no_secrets() -> None:
    """``argspec`` lists names, which stay, even two of them that look like a pair."""
    data = in_locals({"user": "bob"})
    data["body"]["trace"]["frames"][0]["argspec"] = ["password", "email"]

    assert SCRUBBER.scrub(data) == (data, 0)


def test_keys_of_the_schema_stay_whatever_the_application_names() -> None:
    """A field called ``code`` or ``body`` is scrubbed in the application's data, not in Rollbar's schema."""
    scrubber = Scrubber(fields=["code", "body", "uuid", "locals", "custom", "message", "environment", "frames"])
    data = {**in_locals({"code": "4711"}), "custom": {"body": "x", "uuid": "y"}}

    clean, count = scrubber.scrub(data)

    assert clean["custom"] == {"body": SCRUBBED, "uuid": SCRUBBED}
    assert locals_of(clean) == {"code": SCRUBBED}
    locals_of(clean)["code"] = "4711"
    assert {**clean, "custom": data["custom"]} == data
    assert count == 3


@pytest.mark.parametrize("value", [None, "", [], {}, True, False, SCRUBBED])
def test_what_gives_nothing_away_stays(value: Any) -> None:
    """That there is no password, or whether there is one, is worth knowing and no secret."""
    assert custom({"password": value}) == ({"password": value}, 0)


@pytest.mark.parametrize("value", ["x", 0, 4711, 1.5, ["x"], {"a": 1}, {"a": []}])
def test_anything_else_under_a_secret_name_goes_as_a_whole(value: Any) -> None:
    """Text, numbers and containers under a secret name are replaced by one constant."""
    assert custom({"password": value}) == ({"password": SCRUBBED}, 1)


def test_booleans_go_where_the_application_asks_for_it() -> None:
    """A field that the application named is its own decision: a yes or no is taken out too."""
    assert custom({"x_internal_id": True}) == ({"x_internal_id": SCRUBBED}, 1)


@pytest.mark.parametrize(
    "data",
    [
        {"max_tokens": 512, "token_count": 3, "api_keys": 2, "passwords": 4, "pass": 17, "sig": 11},
        {"tokens": ["a", "b"], "token_type": "Bearer", "session": "<Session>", "author": "bob"},
        {"pair": ["name", "value"], "prose": ["invalid token", "x"], "three": ["token", "a", "b"]},
        {"setting": {"name": "colour", "value": "red"}, "tag": {"Key": "colour", "Value": "red"}},
        {
            "refused": [
                {"type": "missing", "loc": ["password"], "input": {"user": "bob"}},
                {"loc": ["age"], "input": "x"},
            ]
        },
        {"netloc": "localhost:8000", "other_netloc": 5},
    ],
)
def test_counts_and_descriptions_stay(data: dict[str, Any]) -> None:
    """Numbers of things, types of things and lists that are no pairs are no secrets."""
    assert custom(data) == (data, 0)


@pytest.mark.parametrize(
    "names",
    [
        ["password", "api_key"],
        ["api_key", "password"],
        ["token", "refresh_token"],
        ["Authorization", "Cookie"],
        ["b'authorization'", "b'cookie'"],
        ["card number", "session id"],
        ["password", "x-internal-id"],
        ["password", "email", "name"],
    ],
)
def test_a_list_of_names_stays(names: list[str]) -> None:
    """Two names of secrets side by side are no name and its value, as in a list of the fields that are missing."""
    assert custom({"names": names}) == ({"names": names}, 0)


@pytest.mark.parametrize(
    "pair",
    [
        ["password", "secret"],
        ["password", "Password1"],
        ["password", "email"],
        ["password", "my token"],
        ["password", 4711],
        ["token", "token1x9"],
        ["x-internal-id", "password"],
        ["--password", "token"],
    ],
)
def test_a_value_that_is_made_of_such_words_goes(pair: list[Any]) -> None:
    """What somebody may have chosen, or what has digits, is a value, though it looks like a name."""
    assert custom({"pair": pair}) == ({"pair": [pair[0], SCRUBBED]}, 1)


@pytest.mark.parametrize(
    ("command", "at"),
    [
        (["curl", "-u", f"bob:{SECRET}", "https://h/"], 2),
        (["/usr/bin/curl", "-sSu", f"bob:{SECRET}"], 2),
        (["curl", "-x", "p:80", "--proxy-user", f"bob:{SECRET}"], 4),
        (["run", "--user", f"bob:{SECRET} x"], 2),
    ],
)
def test_a_login_in_a_list_of_arguments_goes(command: list[str], at: int) -> None:
    """A user with a password behind the option for it is taken out."""
    assert custom(command) == ([*command[:at], SCRUBBED, *command[at + 1 :]], 1)


@pytest.mark.parametrize(
    "command",
    [
        ["docker", "run", "-u", "1000:1000"],
        ["docker", "run", "--user", "app:app"],
        ["git", "push", "-u", "main:main"],
        ["curl", "-u", "bob"],
        ["curl", "-u"],
        ["curl", "-u", 5],
    ],
)
def test_other_arguments_stay(command: list[Any]) -> None:
    """Users without a password, groups and options of other programs are no secrets."""
    assert custom(command) == (command, 0)


def test_arguments_of_a_message_go_with_their_place() -> None:
    """An argument that the template puts behind a secret name goes from the arguments too."""
    record = {"template": "user=%s password=%s %d%%", "args": ["bob", SECRET, 3]}
    wide = {"template": "%*d password=%s", "args": [5, 3, SECRET]}
    named = {"template": "password=%(pw)s for %(user)s", "args": {"pw": SECRET, "user": "bob"}}

    assert custom({"a": record, "b": named, "c": wide}) == (
        {
            "a": {"template": record["template"], "args": ["bob", SCRUBBED, 3]},
            "b": {"template": named["template"], "args": {"pw": SCRUBBED, "user": "bob"}},
            "c": {"template": wide["template"], "args": [5, 3, SCRUBBED]},
        },
        3,
    )


@pytest.mark.parametrize("args", [[], ["x"], ["x"] * 9, {}, "x", None, [["x"]], [{"password": "x"}], {"0": "x"}])
@pytest.mark.parametrize(
    "template", ["password=%s", "password=%s %s", "%(password)s", "password=%*d", "password=%", ""]
)
def test_templates_and_arguments_that_do_not_fit_are_no_trouble(template: str, args: Any) -> None:
    """Whatever a record has as its template and arguments, the item is scrubbed."""
    clean, _ = custom({"template": template, "args": args})

    assert clean["template"] in {template, f"password={SCRUBBED}"}


def test_keys_that_hold_secrets_are_replaced_and_stay_apart() -> None:
    """Two URLs with passwords as keys become two keys, in their places."""
    data = {"a": 1, "ghp_abcdefgh1234": 2, "ghp_abcdefgh5678": 3, "b": 4}

    clean, count = custom(data)

    assert list(clean.items()) == [("a", 1), (SCRUBBED, 2), (f"{SCRUBBED} #2", 3), ("b", 4)]
    assert count == 2


def test_only_what_changes_is_copied() -> None:
    """An item without secrets is the same object, and so is each part without secrets of one that has some."""
    harmless = in_locals({"user": "bob"})
    data = {**in_locals({"password": "hunter2", "other": {"a": [1]}}), "custom": {"a": {"b": 1}}}
    before = copy.deepcopy(data)

    clean, _ = SCRUBBER.scrub(data)

    assert SCRUBBER.scrub(harmless)[0] is harmless
    assert data == before
    assert clean["custom"] is data["custom"]
    assert locals_of(clean)["other"] is locals_of(data)["other"]


def test_an_object_in_two_places_is_scrubbed_in_both() -> None:
    """A container that stands twice in the data is taken care of in both places."""
    shared = {"password": "hunter2"}

    assert custom({"a": shared, "b": [shared]}) == (
        {"a": {"password": SCRUBBED}, "b": [{"password": SCRUBBED}]},
        2,
    )


def test_depth_is_no_trouble() -> None:
    """Data far deeper than any recursion goes are scrubbed like any other."""
    data: Any = {"password": SECRET}
    for _ in range(5000):
        data = {"a": [data]}

    clean, count = SCRUBBER.scrub({"custom": data})

    for _ in range(5000):
        clean = clean.get("custom", clean)["a"][0] if "custom" in clean else clean["a"][0]
    assert clean == {"password": SCRUBBED}
    assert count == 1


def test_a_line_seen_before_is_scrubbed_again() -> None:
    """Harmless lines of frames are remembered, others are not: a secret in code goes from every report."""
    scrubber = Scrubber()
    data = in_locals({})
    data["body"]["trace"]["frames"][0]["code"] = 'password = "hunter2"'

    first, second = scrubber.scrub(data), scrubber.scrub(data)

    assert first == second
    assert "hunter2" not in json.dumps(second)


def test_memory_is_bounded() -> None:
    """However many names and lines come by, what is remembered stays bounded."""
    scrubber = Scrubber()
    for number in range(6000):
        data = in_locals({f"name_{number}": 1})
        data["body"]["trace"]["frames"][0]["code"] = f"line_{number}()"
        scrubber.scrub(data)

    assert len(scrubber._known) <= 4096
    assert len(scrubber._seen) <= 4096


def test_several_threads_may_scrub_at_once() -> None:
    """Threads that share a scrubber get what one alone gets."""
    scrubber = Scrubber()
    results: list[Any] = []

    def work(number: int) -> None:
        for turn in range(200):
            data = in_locals({f"name_{number}_{turn}": 1, f"password_{turn}": SECRET})
            results.append(scrubber.scrub(data))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 800
    assert all(count == 1 and SECRET not in json.dumps(clean) for clean, count in results)
