"""Which framework an item is listed under when its report names none."""

from __future__ import annotations

import re

import pytest

from rollbar_logging.server.frameworks import framework_of_item
from tests.server.conftest import Caller, item


@pytest.mark.parametrize(
    ("sent", "platform", "language", "expected"),
    [
        ("unknown", "unknown", "unknown", "unknown"),
        ("flask", "browser", "python", "flask"),
        ("unknown", "linux", "python 3.12.1", "python"),
        ("unknown", "unknown", "Ruby 3.3", "ruby"),
        ("unknown", "unknown", "javascript", "node-js"),
        ("unknown", "browser", "javascript", "browser-js"),
        ("unknown", "Android", "java", "android"),
        ("unknown", "linux", "pythonic", "unknown"),
        ("unknown", "unknown", " ", "unknown"),
    ],
)
def test_the_language_stands_in_for_the_framework(sent: str, platform: str, language: str, expected: str) -> None:
    """What was sent comes first, then the platform that is one, then the language, with a version or without."""
    assert framework_of_item(sent, platform, language) == expected


def test_the_item_has_it_and_the_occurrence_keeps_what_was_sent(either_caller: Caller) -> None:
    """Lists and searches find the item by it; the stored ``data`` says that nobody had named one."""
    caller = either_caller
    caller.post(item(language="python 3.12.1"))

    (found,) = caller.get("items?framework=python&query=framework:pyth").json()["result"]["items"]
    assert found["framework"] == "python"
    assert caller.server.occurrences()[0].data["framework"] == "unknown"
    for path in ("?q=framework:python", "occurrences?q=framework:python"):
        assert ">boom<" in caller.page(path).text
    asked = caller.page("rql?q=SELECT+framework,+item.framework+FROM+item_occurrence").text
    assert re.findall("<td[^>]*>([^<]*)</td>", asked) == ["unknown", "13"]
