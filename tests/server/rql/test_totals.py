"""Sums and averages: correct beyond what a column can hold, and the same on both databases."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from rollbar_logging.server.arrival import Sender, arrival_of
from rollbar_logging.server.rql.run import run_rql
from rollbar_logging.server.storage.opening import Store, open_store
from rollbar_logging.server.storage.tables import occurrences
from rollbar_logging.server.storage.writing import add_all
from tests.server.conftest import item
from tests.server.rql.samples import NOW, PROJECT, Asker

LARGEST = 2**63 - 1


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def numbers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A database of each kind, for occurrences with one number each."""
    if request.param == "postgresql":
        database: str | Path = request.getfixturevalue("postgres_cluster").new_database()
    else:
        database = tmp_path_factory.mktemp("numbers") / "numbers.db"
    store = open_store(database, NOW)
    try:
        yield store
    finally:
        store.close()


def totals(store: Store, values: list[Any]) -> list[Any]:
    """Return ``sum`` and ``avg`` of the values, each of which is in a payload of its own."""
    sender = Sender(PROJECT, "token", "", NOW, 100)
    arrivals = [arrival_of(item(custom={"v": value})["data"], sender) for value in values]
    with store.writer.begin() as connection:
        connection.execute(delete(occurrences))
        add_all(connection, arrivals, NOW)
    with (store.readers or store.writer).connect() as connection:
        result = run_rql(connection, PROJECT, "SELECT sum(custom.v), avg(custom.v) FROM item_occurrence", now=NOW)
    assert result.errors == []
    return list(result.rows[0])


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ([LARGEST], LARGEST),
        ([LARGEST, 1], float(2**63)),
        ([LARGEST] * 3, float(3 * LARGEST)),
        ([-LARGEST] * 3, float(-3 * LARGEST)),
        ([LARGEST, LARGEST, -LARGEST, -LARGEST, 5], 5),
        ([LARGEST, LARGEST, 0.5], float(2 * LARGEST)),
        ([2**70, -(2**70), 7.5], 7.5),
        ([0.1] * 10, 1.0),
        ([1e300, 1.0, -1e300], 1.0),
        ([1e-300, 1e300], 1e300),
        ([1.5, "2", "no number", None, True], 4.5),
        ([10, 20], 30),
        (["x", None], None),
    ],
)
def test_sums_are_correct_whatever_they_come_to(numbers: Store, values: list[Any], total: float | None) -> None:
    """A sum of more than 64 bits is a float, one that comes back within them a whole number, and none fails."""
    found, average = totals(numbers, values)

    assert found == total
    assert isinstance(found, int) is isinstance(total, int)
    counted = [value for value in values if value not in ("no number", "x", None)]
    assert average == (None if total is None else pytest.approx(total / len(counted), rel=1e-15))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-LARGEST, LARGEST) | st.floats(-1e200, 1e200), min_size=1, max_size=6))
def test_any_numbers_are_summed_up(numbers: Store, values: list[float]) -> None:
    """As exact arithmetic does it, rounded once."""
    exact = sum((Fraction(str(value)) for value in values), Fraction(0))
    found, average = totals(numbers, values)

    assert math.isclose(found, exact, rel_tol=1e-15, abs_tol=1e-300)
    assert math.isclose(average, exact / len(values), rel_tol=1e-15, abs_tol=1e-15)


def test_columns_are_computed_with_as_numbers(asker: Asker) -> None:
    """They are integers of 64 bits in the database; nothing overflows, and a division has its fraction."""
    (row,) = asker.ask(
        "SELECT sum(timestamp * timestamp * timestamp), avg(timestamp * timestamp * timestamp), "
        "count(*) / count(custom.n), sum(timestamp) / sum(occurrence_id * 1000000000), sum(9223372036854775807), "
        "avg(9223372036854775807) FROM item_occurrence"
    )
    times = [1_700_000_000 + index * 3600 for index in range(7)]

    cubes = sum(time**3 for time in times)
    assert row[:3] == [pytest.approx(cubes, rel=1e-14), pytest.approx(cubes / 7, rel=1e-14), pytest.approx(7 / 6)]
    assert row[3] == pytest.approx(sum(times) / 28e9)
    assert row[4:] == [float(7 * LARGEST), float(LARGEST)]
    assert asker.ask("SELECT occurrence_id / 4, item.id / item.id FROM item_occurrence ORDER BY 1 LIMIT 1") == [
        [0.25, 1]
    ]
