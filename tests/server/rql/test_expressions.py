"""Operators and functions: the same values from both databases."""

# ruff: noqa: S608 - what is put together here is RQL, which is to bear whatever stands in it

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from tests.server.rql.samples import NOW, Asker

CONSTANT = {
    # Arithmetic
    "1 + 2 * 3": 7,
    "(1 + 2) * 3": 9,
    "10 - 2 - 3": 5,
    "10 - (2 - 3)": 11,
    "-3 + 1": -2,
    "- - 3": 3,
    "7 / 2": 3.5,
    "8 / 2": 4,
    "7 DIV 2": 3,
    "-7 DIV 2": -3,
    "7.5 DIV 2": 3,
    "7 MOD 2": 1,
    "-7 MOD 2": -1,
    "7 MOD -2": 1,
    "5.5 MOD 2": 1.5,
    "0.3 MOD 0.1": 0,
    "1 / 0": None,
    "1 DIV 0": None,
    "1 MOD 0": None,
    "1 + NULL": None,
    "'12' + 1": 13,
    "' 1.5e1 ' + 1": 16,
    "'12a' + 1": None,
    "'' + 1": None,
    "9007199254740993 + 0": 9007199254740993,
    # Comparisons
    "1 = 1": 1,
    "1 = 2": 0,
    "1 != 2": 1,
    "1 <> 1": 0,
    "2 > 1": 1,
    "2 >= 2": 1,
    "1 < 1": 0,
    "1 <= 1": 1,
    "'a' < 'b'": 1,
    "'B' < 'a'": 1,
    "'a' = 'A'": 0,
    "'10' < '9'": 1,
    "'10' < 9": 0,
    "10 = '10'": 1,
    "10 = '10.0'": 1,
    "10 = 'ten'": None,
    "NULL = NULL": None,
    "NULL != 1": None,
    "NULL < NULL": None,
    "(1 = 1) = 1": 1,
    "1 + (2 = 2)": 2,
    "TRUE = 1": 1,
    "FALSE": 0,
    # Logic
    "1 AND 0": 0,
    "1 AND 2": 1,
    "0 OR 0": 0,
    "0 OR 'x'": None,
    "'1' OR 0": 1,
    "NOT 0": 1,
    "NOT 5": 0,
    "NOT NULL": None,
    "NULL AND 0": 0,
    "NULL AND 1": None,
    "NULL OR 1": 1,
    # IN, BETWEEN, LIKE, IS
    "2 IN (1, 2)": 1,
    "3 IN (1, 2)": 0,
    "3 NOT IN (1, 2)": 1,
    "2 IN (1, '2')": 1,
    "'2' IN (1, 2)": 1,
    "'x' IN ('y', 'x', 3)": 1,
    "NULL IN (1)": None,
    "1 IN (NULL)": None,
    "1 IN (NULL, 1)": 1,
    "1 NOT IN (NULL, 2)": None,
    "2 BETWEEN 1 AND 3": 1,
    "4 BETWEEN 1 AND 3": 0,
    "4 NOT BETWEEN 1 AND 3": 1,
    "'b' BETWEEN 'a' AND 'c'": 1,
    "'abc' LIKE 'a%'": 1,
    "'abc' LIKE 'A_C'": 1,
    "'abc' LIKE 'b%'": 0,
    "'abc' NOT LIKE 'b%'": 1,
    r"'a%c' LIKE 'a\%c'": 1,
    r"'abc' LIKE 'a\%c'": 0,
    r"'a\\' LIKE 'a\\\\'": 1,
    "12 LIKE '1%'": 1,
    "NULL LIKE 'a'": None,
    "NULL IS NULL": 1,
    "1 IS NULL": 0,
    "1 IS NOT NULL": 1,
    "2 IS TRUE": 1,
    "0 IS TRUE": 0,
    "0 IS FALSE": 1,
    "NULL IS TRUE": 0,
    "NULL IS NOT TRUE": 1,
    # Functions
    "unix_timestamp()": NOW,
    "unix_timestamp() - 60 * 60": NOW - 3600,
    "concat('a', 1, 'b', 2.50)": "a1b2.5",
    "concat('a')": "a",
    "concat('a', NULL)": None,
    "concat_ws('-', 'a', NULL, 'b', 1)": "a-b-1",
    "concat_ws(NULL, 'a')": None,
    "concat_ws(', ', NULL)": "",
    "lower('ABc')": "abc",
    "upper('abC')": "ABC",
    "lower(NULL)": None,
    "left('abc', 2)": "ab",
    "left('abc', 9)": "abc",
    "left('abc', 0)": "",
    "left('abc', -1)": "",
    "left('abc', NULL)": None,
    "left(NULL, 1)": None,
    "left(12345, 2)": "12",
    "right('abc', 2)": "bc",
    "right('abc', 9)": "abc",
    "right('abc', 0)": "",
    "right('abc', -1)": "",
    "right('abc', NULL)": None,
    "substring('abcdef', 2)": "bcdef",
    "substring('abcdef', 2, 3)": "bcd",
    "substring('abcdef', -3)": "def",
    "substring('abcdef', -3, 2)": "de",
    "substring('abcdef', 0)": "",
    "substring('abcdef', -7)": "",
    "substring('abcdef', 7)": "",
    "substring('abcdef', 2, 0)": "",
    "substring('abcdef', 2, -1)": "",
    "substring('abcdef', 2, 99999999999)": "bcdef",
    "substring('abcdef', 99999999999)": "",
    "substring('abcdef', NULL)": None,
    "substring('abcdef', 1, NULL)": None,
    "substring('Wörld', 2, 1)": "ö",
    "locate('b', 'abcb')": 2,
    "locate('b', 'abcb', 3)": 4,
    "locate('x', 'abc')": 0,
    "locate('', 'abc')": 1,
    "locate('', 'abc', 4)": 4,
    "locate('', 'abc', 5)": 0,
    "locate('a', 'abc', 0)": 0,
    "locate('a', 'abc', -1)": 0,
    "locate('A', 'abc')": 0,
    "locate(NULL, 'abc')": None,
    "locate('a', NULL)": None,
    "locate('a', 'abc', NULL)": None,
    "char_length('Wörld')": 5,
    "length('Wörld')": 6,
    "char_length(NULL)": None,
    "length('')": 0,
    "if(1 > 0, 'yes', 'no')": "yes",
    "if(0, 'yes', 'no')": "no",
    "if(NULL, 'yes', 'no')": "no",
    "if(1, 2, 'no')": 2,
    "if(0, 2, 'no')": "no",
    "if(1, NULL, 1)": None,
    "if(1, 1 = 1, 5)": 1,
    "if(1, 'a', NULL IS NULL)": "a",
    "if(if(0, 1, NULL) IS NULL, if(1, 'a', 2), 3)": "a",
    "concat(if(1, 1, 'a'), 'x')": "1x",
    "if(1, '5', 0) + 1": 6,
    "if(1, 'a', 1) < if(1, 'b', 1)": 1,
    "if(1, 5, 'a') < if(1, 'b', 1)": 1,
    "if(1, 'a', 1) < if(1, 5, 'a')": 0,
    "if(1, 10, 'a') > if(1, 9, 'a')": 1,
    "if(1, NULL, 'a') = if(1, NULL, 'a')": None,
}


def test_constant_expressions(asker: Asker) -> None:
    """Every operator and every function of one row."""
    for some in batched(CONSTANT, 40):
        (row,) = asker.ask(f"SELECT {', '.join(some)} FROM item_occurrence LIMIT 1")
        found = dict(zip(some, row, strict=True))
        assert found == {expression: CONSTANT[expression] for expression in some}


def batched(values: Iterable[str], size: int) -> Iterator[list[str]]:
    """Return the values in lists of that size."""
    rest = list(values)
    while rest:
        yield rest[:size]
        rest = rest[size:]


PATHS = {
    "custom.n": [3, -4, 10, 10, None, "12", 0],
    "custom.f": [1.5, 0.25, -2.5, 2, None, None, 1e300],
    "custom.flag": [1, 0, None, None, None, None, None],
    "custom.mixed": [7, "7", "abc", 1.5, None, 1, "1e2"],
    "custom.list.0": [1, None, None, None, None, None, None],
    "custom.list.1.x": ["y", None, None, None, None, None, None],
    "custom.list.2": ["z", None, None, None, None, None, None],
    "custom.list.7": [None] * 7,
    "custom.list.x": [None] * 7,
    "custom.list": ['[1, {"x": "y"}, "z"]', "[]", None, None, None, None, None],
    "custom.obj": [None, '{"a": 1}', None, None, None, None, None],
    "custom.null": [None] * 7,
    "custom.null.x": [None] * 7,
    "custom.n.x": [None] * 7,
    "`custom.Odd Key`": [None, None, "odd", None, None, None, None],
    "custom.t": ["abc", "ABD", "", "x%y_z\\w", None, "half ? é", None],
    "body.message.body": [None, "Hello Wörld", "third", "third", "nothing", "broken ? text \ufffd", None],
    "body.trace_chain.1.exception.class": ["KeyError", None, None, None, None, None, "KeyError"],
    "custom.n + 1": [4, -3, 11, 11, None, 13, 1],
    "custom.mixed * 2": [14, 14, None, 3, None, 2, 200],
    "custom.mixed = 7": [1, 1, None, 0, None, 0, 0],
    "custom.mixed = '7'": [1, 1, 0, 0, None, 0, 0],
    "custom.mixed = 'abc'": [0, 0, 1, 0, None, 0, 0],
    "custom.mixed > 5": [1, 1, None, 0, None, 0, 1],
    "custom.mixed IN (1, 'abc')": [0, 0, 1, 0, None, 1, 0],
    "custom.flag = TRUE": [1, 0, None, None, None, None, None],
    "custom.flag IS TRUE": [1, 0, 0, 0, 0, 0, 0],
    "custom.n < custom.f": [0, 1, 0, 0, None, None, 1],
    "custom.n < custom.t": [1, 1, 1, 1, None, 1, None],
    "custom.t LIKE 'ab_'": [1, 1, 0, 0, None, 0, None],
    r"custom.t LIKE '%\%y\_%'": [0, 0, 0, 1, None, 0, None],
    "concat(custom.n, '')": ["3", "-4", "10", "10", None, "12", "0"],
    "concat(custom.f, '')": ["1.5", "0.25", "-2.5", "2", None, None, "1" + "0" * 300],
    "custom.n IS NULL": [0, 0, 0, 0, 1, 0, 0],
    "if(custom.n > 3, 'large', custom.n)": [3, -4, "large", "large", None, "large", 0],
}


def test_values_of_payloads(asker: Asker) -> None:
    """What a path finds, and what operators make of numbers, texts, truths and nothing."""
    rows = asker.ask(f"SELECT {', '.join(PATHS)} FROM item_occurrence ORDER BY occurrence_id")
    found = dict(zip(PATHS, (list(values) for values in zip(*rows, strict=True)), strict=True))

    assert found == PATHS


AGGREGATES = {
    "count(*)": 7,
    "count(custom.n)": 6,
    "count(1)": 7,
    "count_distinct(custom.n)": 5,
    "count_distinct(server.host)": 3,
    "sum(custom.n)": 31,
    "sum(custom.t)": None,
    "avg(custom.n)": pytest.approx(31 / 6),
    "min(custom.n)": -4,
    "max(custom.n)": "12",
    "min(custom.t)": "",
    "max(custom.t)": "x%y_z\\w",
    "max(custom.mixed)": "abc",
    "min(custom.mixed)": 1,
    "max(item.level)": 50,
    "min(uuid) = min(uuid)": 1,
    "max(custom.n > 3)": 1,
    "max(custom.nothing)": None,
    "sum(custom.n) / count(*)": pytest.approx(31 / 7),
    "concat(count(*), ' of ', max(item.counter))": "7 of 6",
    "if(count(*) > 5, 'many', 'few')": "many",
    "sum(if(custom.n > 3, 1, 0))": 3,
    "max(length(custom.t))": 9,
}


def test_aggregates(asker: Asker) -> None:
    """Every aggregate function, alone and inside of expressions."""
    (row,) = asker.ask(f"SELECT {', '.join(AGGREGATES)} FROM item_occurrence")

    assert dict(zip(AGGREGATES, row, strict=True)) == AGGREGATES


def test_aggregates_of_nothing(asker: Asker) -> None:
    """Over no rows a count is 0 and everything else is NULL; with GROUP BY there is no row."""
    nothing = "FROM item_occurrence WHERE uuid = 'none'"

    assert asker.ask(f"SELECT count(*), sum(custom.n), max(uuid) {nothing}") == [[0, None, None]]
    assert asker.ask(f"SELECT uuid, count(*) {nothing} GROUP BY uuid") == []
    assert asker.ask(f"SELECT uuid {nothing}") == []
