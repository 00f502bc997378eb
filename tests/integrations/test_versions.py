"""The oldest versions that the documentation states are those that are tested."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent

DISTRIBUTIONS = {
    "Django": "django",
    "Django REST framework": "djangorestframework",
    "Flask": "flask[async]",
    "Starlette": "starlette",
    "uvicorn": "uvicorn",
    "hypercorn": "hypercorn[trio]",
    "FastAPI": "fastapi",
    "Celery": "celery",
    "RQ": "rq",
    "structlog": "structlog",
    "loguru": "loguru",
    "OpenTelemetry": "opentelemetry-sdk",
    "pyrollbar": "rollbar",
    "flask-login": "flask-login",
    "requests": "requests",
    "httpx": "httpx",
}


def stated() -> dict[str, str]:
    """Versions by name, as the documentation's table says."""
    page = (TOP / "docs" / "integrations.md").read_text()
    return dict(re.findall(r"^\| \[?([\w -]+)[^|]*? \| ([\d.]+) \|", page, re.MULTILINE))


def pinned() -> dict[str, str]:
    """Versions by distribution, as `tox.ini` pins them for the oldest environment."""
    tox = configparser.RawConfigParser()
    tox.read(TOP / "tox.ini")
    (section,) = (name for name in tox.sections() if "oldest" in name)
    return dict(re.findall(r"^oldest: (\S+)==(\S+)$", tox[section]["deps"], re.MULTILINE))


def numbers(version: str) -> list[int]:
    """The numbers of a version, without zeros at the end."""
    found = [int(number) for number in version.split(".")]
    while found[-1] == 0:
        found.pop()
    return found


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_oldest_version_is_the_one_that_is_tested(name: str) -> None:
    """Whether zeros end it or not."""
    assert numbers(stated()[name]) == numbers(pinned()[DISTRIBUTIONS[name]])


def test_nothing_else_is_stated() -> None:
    """Each row of the table is looked at."""
    assert stated().keys() == DISTRIBUTIONS.keys()
