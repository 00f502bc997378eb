"""What the page on RQL says holds."""

from __future__ import annotations

import re
from pathlib import Path

from rollbar_logging.server.rql.columns import DEPLOY, ITEM_OCCURRENCE
from rollbar_logging.server.rql.compiling import DEFAULT_LIMIT, MOST_ROWS
from rollbar_logging.server.rql.jobs import MOST_RUNNING
from rollbar_logging.server.rql.run import TIME_LIMIT
from rollbar_logging.server.rql.words import FUNCTIONS, LONGEST_QUERY
from rollbar_logging.server.storage.rql_jobs import KEPT_SECONDS
from tests.server.rql.samples import Asker

PAGE = (Path(__file__).parents[3] / "docs" / "rql.md").read_text(encoding="utf-8")


def test_the_examples_run(asker: Asker) -> None:
    """Each of them, on both databases."""
    examples = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)

    assert len(examples) == 5
    assert {example: asker.run(example).errors for example in examples} == {example: [] for example in examples}
    assert asker.ask(examples[4]) == [["prod", "r1", "ann", 1_700_000_000]]


def test_what_the_page_says_of_values(asker: Asker) -> None:
    """A number and a text that reads like it are found by either."""
    assert asker.ask("SELECT count(*) FROM item_occurrence WHERE custom.mixed = 7") == [[2]]
    assert asker.ask("SELECT count(*) FROM item_occurrence WHERE custom.mixed = '7'") == [[2]]


def test_functions_columns_and_limits() -> None:
    """The page names all functions and columns, and the limits are those of the code."""
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    names = {name for code in re.findall(r"`([^`]+)`", prose) for name in re.findall(r"[a-z_]+(?=\()", code)}
    columns = dict(re.findall(r"^\| `(item_occurrence|deploy)` \| (.*) \|$", PAGE, re.MULTILINE))

    assert names == FUNCTIONS
    assert set(re.findall(r"`([^`]+)`", columns["item_occurrence"])) == {*ITEM_OCCURRENCE, "project_id"}
    assert set(re.findall(r"`([^`]+)`", columns["deploy"])) == set(DEPLOY)
    assert f"| rows | {DEFAULT_LIMIT}, or as many as `LIMIT` says, at most {MOST_ROWS} |" in PAGE
    assert f"| time | {TIME_LIMIT:.0f} seconds |" in PAGE
    assert f"| queries at a time | {MOST_RUNNING} jobs; the others wait |" in PAGE
    assert f"| the query | {LONGEST_QUERY:,} characters |" in PAGE
    assert f"| results of jobs | {KEPT_SECONDS // 86400} days |" in PAGE
