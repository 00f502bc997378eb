"""What is RQL, what is not, and what people are told of it."""

# ruff: noqa: S608 - what is put together here is RQL, which is to bear whatever stands in it

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rollbar_logging.server.rql.parsing import parse_query
from rollbar_logging.server.rql.tree import Call, Constant, Name, Node, Ordered, Star
from rollbar_logging.server.rql.words import FUNCTIONS, KEYWORDS, RqlError


def node(expression: str) -> Node:
    """The tree of one expression."""
    (selected,) = parse_query(f"SELECT {expression} FROM deploy").selected
    return selected.node


def test_a_whole_query() -> None:
    """Every clause is read."""
    query = parse_query(
        "select item.counter, COUNT(*) From item_occurrence wHERE a.b.0.c = 1 GROUP by 1, x order BY 2 desc, y LIMIT 7;"
    )

    assert query.table == "item_occurrence"
    assert [each.node for each in query.selected] == [Name("item.counter"), Call("count", (Star(),))]
    assert query.where == Call("=", (Name("a.b.0.c"), Constant(1)))
    assert query.group == (Constant(1), Name("x"))
    assert query.order == (Ordered(Constant(2), is_descending=True), Ordered(Name("y"), is_descending=False))
    assert query.limit == 7


def test_titles_are_what_was_written() -> None:
    """Each column is called as its expression was written, without backticks around a name."""
    query = parse_query("SELECT  count( * ) , `Odd Key`,concat(a , 'x,(y'), `a` + `b`, * FROM deploy")

    assert [each.title for each in query.selected] == [
        "count( * )",
        "Odd Key",
        "concat(a , 'x,(y')",
        "`a` + `b`",
        "*",
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a'", "a"),
        ('"a"', "a"),
        ("'it''s'", "it's"),
        ('"a""b"', 'a"b'),
        (r"'it\'s'", "it's"),
        (r"'a\\b'", "a\\b"),
        (r"'a\nb'", "a\nb"),
        (r"'100\%'", r"100\%"),
        ("'-- /* # ; ? :x %s'", "-- /* # ; ? :x %s"),
        ("'SELECT'", "SELECT"),
        ("'a\0b'", "a\ufffdb"),
        ("''", ""),
        ("12", 12),
        ("1.50", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("99999999999999999999", 1e20),
        ("TRUE", True),
        ("false", False),
        ("NULL", None),
    ],
)
def test_constants(text: str, value: object) -> None:
    """Texts in either quotes with MySQL's escapes, numbers, truths and NULL."""
    found = node(text)

    assert found == Constant(value)
    assert isinstance(found, Constant)
    assert type(found.value) is type(value)


@pytest.mark.parametrize("name", ["a", "a1", "a_b", "a.b", "a.0.b", "order.id", "custom.select", "custom.fooBar"])
def test_names(name: str) -> None:
    """A name begins with a lower-case letter; what stands behind a dot is free."""
    assert node(name) == Name(name)


@pytest.mark.parametrize(
    ("text", "name"), [("`A b`", "A b"), ("`x``y`", "x`y"), ("`select`", "select"), ("`a.b`", "a.b")]
)
def test_any_other_name_stands_in_backticks(text: str, name: str) -> None:
    """Backticks take any name."""
    assert node(text) == Name(name)


def test_precedence() -> None:
    """Operators bind as they do in MySQL."""
    a, b, c = Name("a"), Name("b"), Name("c")

    assert node("a OR b AND NOT c") == Call("or", (a, Call("and", (b, Call("not", (c,))))))
    assert node("a - b - c") == Call("-", (Call("-", (a, b)), c))
    assert node("a + b * c") == Call("+", (a, Call("*", (b, c))))
    assert node("(a + b) * c") == Call("*", (Call("+", (a, b)), c))
    assert node("a MOD b DIV c") == Call("div", (Call("mod", (a, b)), c))
    assert node("a mod (b)") == Call("mod", (a, b))
    assert node("NOT a = b") == Call("not", (Call("=", (a, b)),))
    assert node("a <> b") == node("a != b") == Call("!=", (a, b))
    assert node("-a + b") == Call("+", (Call("negative", (a,)), b))
    assert node("a BETWEEN b AND c AND c") == Call("and", (Call("and", (Call(">=", (a, b)), Call("<=", (a, c)))), c))


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        ("a IN (1, 'x')", "a NOT IN (1, 'x')"),
        ("a LIKE 'x'", "a NOT LIKE 'x'"),
        ("a IS NULL", "a IS NOT NULL"),
        ("a BETWEEN 1 AND 2", "a NOT BETWEEN 1 AND 2"),
    ],
)
def test_contraries(positive: str, negative: str) -> None:
    """The forms with NOT inside are the contraries of those without."""
    assert node(negative) == Call("not", (node(positive),))


REFUSED = {
    "SELECT DISTINCT a FROM deploy": "DISTINCT",
    "SELECT count(DISTINCT a) FROM deploy": "DISTINCT",
    "SELECT a FROM deploy GROUP BY a HAVING count(*) > 1": "HAVING",
    "SELECT a FROM (SELECT b FROM deploy)": "subquery",
    "SELECT (SELECT b FROM deploy) FROM deploy": "subquery",
    "SELECT a FROM deploy WHERE a IN (SELECT b FROM deploy)": "subquery",
    "SELECT a FROM deploy WHERE EXISTS (SELECT 1 FROM deploy)": "EXISTS",
    "SELECT a FROM deploy WHERE a = ANY (1)": "ANY",
    "SELECT a FROM deploy WHERE a > ALL (1)": "ALL",
    "SELECT a FROM deploy JOIN items ON 1": "JOIN",
    "SELECT a FROM deploy, items": "join",
    "SELECT a FROM deploy UNION SELECT b FROM deploy": "UNION",
    "SELECT a AS b FROM deploy": "AS",
    "SELECT a b FROM deploy": "second name",
    "SELECT a FROM deploy d": "second name",
    "SELECT a FROM deploy LIMIT 1, 2": "two numbers",
    "SELECT a FROM deploy LIMIT 1 OFFSET 2": "OFFSET",
    "SELECT a FROM deploy LIMIT a": "whole number",
    "SELECT a FROM deploy LIMIT -1": "whole number",
    "SELECT a FROM deploy LIMIT 1.5": "whole number",
    "SELECT a FROM deploy -- note": "Comments",
    "SELECT a /* note */ FROM deploy": "Comments",
    "SELECT /*!50000 a */ FROM deploy": "Comments",
    "SELECT a FROM deploy # note": "Comments",
    "SELECT a FROM deploy; DROP TABLE items": "; DROP TABLE items",
    "SELECT a FROM deploy WHERE b = 'x": "not closed: 'x",
    'SELECT a FROM deploy WHERE b = "x': 'not closed: "x',
    "SELECT `a FROM deploy": "not closed: `a",
    "SELECT A FROM deploy": "lower-case",
    "SELECT a.User-Agent FROM deploy": "Agent is no word",
    "SELECT a FROM deploy LEFT JOIN items ON 1": "LEFT is no word",
    "SELECT é FROM deploy": "lower-case",
    "SELECT @a FROM deploy": "@a",
    "SELECT :a FROM deploy": ":a",
    "SELECT ? FROM deploy": "? FROM",
    "SELECT a % b FROM deploy": "% b",
    "SELECT a || b FROM deploy": "|| b",
    "SELECT a && b FROM deploy": "&& b",
    "SELECT a REGEXP 'b' FROM deploy": "REGEXP",
    "SELECT cast(a AS text) FROM deploy": "CAST",
    "SELECT case WHEN a THEN b END FROM deploy": "CASE",
    "SELECT sleep(5) FROM deploy": "no function sleep",
    "SELECT load_extension('x') FROM deploy": "no function load_extension",
    "SELECT pg_read_file('x') FROM deploy": "no function pg_read_file",
    "SELECT rql_path(a) FROM deploy": "no function rql_path",
    "SELECT a.lower(b) FROM deploy": "no function a.lower",
    "SELECT (a, b) FROM deploy": "list in parentheses",
    "SELECT a IN b FROM deploy": "IN needs a list",
    "SELECT a IN () FROM deploy": "IN needs a list",
    "SELECT 'a' 'b' FROM deploy": "right after another",
    "SELECT 1x FROM deploy": "1x",
    "SELECT 1e999 FROM deploy": "too large",
    "SELECT a FROM deploy WHERE": "near: WHERE",
    "SELECT a FROM deploy WHERE a = = b": "near: =",
    "SELECT a FROM": "near: FROM",
    "SELECT a FROM deploy LIMIT 1 LIMIT 2": "near: LIMIT 2",
    "SELECT a FROM deploy FOR UPDATE": "FOR",
    "SELECT a INTO OUTFILE 'x' FROM deploy": "INTO",
    "SELECT a, FROM deploy": "missing after: , FROM deploy",
    "SELECT a FROM deploy WHERE a IN (1,)": "missing after: ,)",
    "SELECT concat(,'a') FROM deploy": "missing after: (,'a')",
    "SELECT a FROM deploy GROUP BY": "missing after: BY",
    "SELECT a FROM deploy GROUP BY LIMIT 1": "missing after: BY",
    "SELECT a FROM deploy ORDER BY a,": "missing after: ,",
    "SELECT a FROM deploy ORDER BY a GROUP BY a": "too late; LIMIT is the last: GROUP BY a",
    "SELECT a FROM deploy LIMIT 1 ORDER BY a": "too late; LIMIT is the last: ORDER BY a",
    "SELECT a FROM deploy LIMIT 1 WHERE a": "too late; LIMIT is the last: WHERE a",
    "SELECT a FROM deploy WHERE a NOT NULL": "before IN, BETWEEN or LIKE only: NOT NULL",
    "SELECT a FROM deploy WHERE (a) NOT b": "before IN, BETWEEN or LIKE only: NOT b",
    "SELECT FROM deploy": "Nothing is selected",
    "SELECT a": "FROM is missing",
    "DELETE FROM deploy": "DELETE",
    "WITH x AS (SELECT 1) SELECT a FROM x": "WITH",
    "PRAGMA query_only = 0": "PRAGMA",
    "from deploy": "begins with SELECT",
    "show databases": "begins with SELECT",
    "": "empty",
    "  ;": "empty",
    "SELECT " + "(" * 41 + "a" + ")" * 41 + " FROM deploy": "levels deep",
    "SELECT " + "NOT " * 41 + "a FROM deploy": "levels deep",
    "SELECT " + "- " * 5000 + "a FROM deploy": "words",
    "SELECT '" + "x" * 20_000 + "' FROM deploy": "longer than",
}


@pytest.mark.parametrize("query", REFUSED, ids=lambda query: query[:60])
def test_what_is_not_rql_is_named(query: str) -> None:
    """The message says which construct it is, or where it stands."""
    with pytest.raises(RqlError) as told:
        parse_query(query)

    assert REFUSED[query] in str(told.value)
    assert len(str(told.value)) < 200


_WORDS = st.sampled_from(
    [
        *sorted(KEYWORDS),
        *(f"{name}(" for name in sorted(FUNCTIONS)),
        *("item_occurrence", "deploy", "a", "b.0.c", "`x y`", "'t'", '"u"', "1", "2.5", "A", "as", "union"),
        *("(", ")", ",", "*", "=", "<", "-", "+", "/", ";", "--", "'", "`", "\\"),
    ]
)


@given(st.one_of(st.text(), st.lists(_WORDS).map(lambda words: "select " + " ".join(words))))
@example("select " + "count(" * 3)
@example("select\u2028a from deploy")
def test_any_text_is_a_query_or_is_refused(text: str) -> None:
    """Whatever is written, there is a query or a sentence that says what is wrong."""
    try:
        query = parse_query(text)
    except RqlError as error:
        assert str(error)  # noqa: PT017 - one of two outcomes
    else:
        assert query.selected
        assert all(each.title for each in query.selected)
