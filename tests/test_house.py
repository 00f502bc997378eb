"""The direction of imports, and what importing the package costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rollbar_logging

PACKAGE = Path(rollbar_logging.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
GROUND = {"errors", "levels", "version"}
MAY_IMPORT = {
    "errors": set(),
    "levels": set(),
    "version": set(),
    "option_values": {"levels"},
    "settings": {*GROUND, "option_values"},
    "capture": {*GROUND, "settings"},
    "item": {*GROUND, "settings", "capture"},
    "delivery": {*GROUND, "settings", "capture", "item"},
    "handler": {*GROUND, "settings", "capture", "item", "delivery"},
    "server": GROUND,
    "cli": {*GROUND, "settings", "capture", "item", "delivery", "handler", "server"},
    "__main__": {"cli"},
    "__init__": {*GROUND, "settings", "capture", "delivery", "handler"},
}


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (
                [node.module] if node.module != "rollbar_logging" else [f"rollbar_logging.{a.name}" for a in node.names]
            )
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found.update(name.split(".")[1] for name in names if name.startswith("rollbar_logging."))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    """A room imports itself and the rooms below it, also inside functions."""
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")

    assert _imports(path) - {room} <= MAY_IMPORT[room]


def test_importing_the_package_is_cheap() -> None:
    """What only a reporting process needs is not imported with the package, and no thread is started."""
    program = (
        "import sys, rollbar_logging, threading\n"
        "heavy = {'requests', 'structlog', 'sqlite3', 'dataclasses', 'asyncio', 'starlette', 'json', 'inspect'}\n"
        "print(sorted(heavy & sys.modules.keys()), threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout.strip() == "[] 1"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_are_short_and_explained(path: Path) -> None:
    """A module says what it is for, and neither it nor a function of it is long."""
    text = path.read_text()
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    long = {
        function.name: function.end_lineno - function.body[0].lineno
        for function in functions
        if function.end_lineno is not None and function.end_lineno - _first_line(function) > 45
    }

    assert ast.get_docstring(tree) or not text.strip()
    assert text.count("\n") <= 350
    assert not long


def _first_line(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    has_docstring = ast.get_docstring(function) is not None and len(function.body) > 1
    return function.body[1 if has_docstring else 0].lineno
