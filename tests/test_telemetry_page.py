"""The demo on the page about telemetry, run as it stands; what arrives is what the page shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from rollbar_logging.testing import LocalRollbar

TOP = Path(__file__).parent.parent
PAGE = (TOP / "docs" / "telemetry.md").read_text()


def block(name: str) -> str:
    """What stands in the block of code that is marked so."""
    (found,) = re.findall(rf"<!-- {name} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_demo_reports_the_trail_that_the_page_shows() -> None:
    """But for times and the port."""
    with LocalRollbar() as rollbar:
        subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", block("demo")],
            env={**os.environ, **rollbar.environ, "PYTHONPATH": str(TOP)},
            check=True,
            timeout=60,
        )
        (report,) = rollbar.wait_for(1)
        shown = json.loads(block("trail").replace("http://127.0.0.1:8787/api/1/", rollbar.endpoint))

    assert report.message == "and yet nobody pays"
    assert timeless(report.raw["body"]["telemetry"]) == timeless(shown)


def timeless(trail: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A trail in which every time and duration is its type."""
    text = json.dumps(trail)
    parsed: list[dict[str, Any]] = json.loads(re.sub(r'("\w+_ms": )\d+(\.?)\d*', r'\1"a number\2"', text))
    return parsed
