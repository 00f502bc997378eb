"""The direction of imports, what importing the package costs, and how long files and functions are."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import rollbar_logging

PACKAGE = Path(rollbar_logging.__file__).parent
PATHS = sorted(PACKAGE.rglob("*.py"))
GROUND = {"errors", "levels", "version"}
MAY_IMPORT = {
    "errors": set(),
    "levels": set(),
    "version": set(),
    "option_values": GROUND,
    "settings": {*GROUND, "option_values"},
    "capture": {*GROUND, "settings"},
    "item": {*GROUND, "settings", "capture"},
    "delivery": {*GROUND, "settings", "capture", "item"},
    "pipeline": {*GROUND, "settings", "capture", "item", "delivery"},
    "handler": {*GROUND, "settings", "capture", "item", "delivery", "pipeline"},
    "integrations": {*GROUND, "settings", "capture", "item", "delivery", "handler"},
    "server": GROUND,
    "client": GROUND,
    "cli": {*GROUND, "settings", "capture", "item", "delivery", "handler", "server", "client"},
    "testing": {*GROUND, "settings", "capture", "item", "delivery", "handler", "server", "client"},
    "pytest_plugin": {"testing"},
    "__main__": {"cli"},
    "__init__": {*GROUND, "settings", "capture", "delivery", "handler"},
}
"""Per room, the rooms that it may use; itself always."""

_EACH_FILE = pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(PACKAGE)))


def module_of(path: Path) -> str:
    """The dotted name of a file of the package."""
    name = ".".join(("rollbar_logging", *path.relative_to(PACKAGE).with_suffix("").parts))
    return name.removesuffix(".__init__")


MODULES = {module_of(path): path for path in PATHS}


def named(nodes: Iterator[ast.AST]) -> set[str]:
    """The dotted names that these nodes import: ``a.b`` of ``import a.b``, ``a.b.c`` of ``from a.b import c``."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """The package's own modules that these nodes import."""
    names = {name for name in named(nodes) if name.split(".")[0] == "rollbar_logging"}
    return {name if name in MODULES else name.rpartition(".")[0] for name in names}


def at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that run when a module is imported: not those in functions, nor those for type checkers."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


@_EACH_FILE
def test_imports_point_one_way(path: Path) -> None:
    """A room imports itself and the rooms below it, also inside functions and for type checkers."""
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    names = imported(ast.walk(ast.parse(path.read_text())))
    rooms = {[*name.split("."), "__init__"][1] for name in names}

    assert rooms - {room} <= MAY_IMPORT[room]


def test_no_module_needs_itself_to_be_imported() -> None:
    """Between modules there is no cycle of imports."""
    needs = {name: imported(at_import(ast.parse(path.read_text()))) for name, path in MODULES.items()}
    while free := {name for name, needed in needs.items() if not needed}:
        needs = {name: needed - free for name, needed in needs.items() if name not in free}

    assert needs == {}


@_EACH_FILE
def test_only_what_needs_a_framework_imports_it(path: Path) -> None:
    """No framework is imported with a module, but by the local server and by the framework's own integration."""
    names = {name.split(".")[0] for name in named(at_import(ast.parse(path.read_text())))}
    room = path.relative_to(PACKAGE).parts[0]

    of_the_server = {"starlette", "uvicorn", "sqlalchemy", "sqlglot", "jinja2"}
    assert room == "integrations" or names.isdisjoint({"django", "flask", "celery", "rq", "loguru"})
    assert room in {"server", "integrations"} or names.isdisjoint(of_the_server)


def test_importing_the_package_is_cheap() -> None:
    """What only a reporting process needs is not imported with the package, and no thread is started."""
    program = (
        "import sys, rollbar_logging, threading\n"
        "heavy = {'requests', 'structlog', 'sqlite3', 'dataclasses', 'asyncio', 'starlette', 'json', 'inspect'}\n"
        "print(sorted(heavy & sys.modules.keys()), threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout.strip() == "[] 1"


@_EACH_FILE
def test_files_and_functions_are_short_and_explained(path: Path) -> None:
    """A module says what it is for, and neither it nor a function of it is long."""
    text = path.read_text()
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    lengths = {function.name: (function.end_lineno or 0) - _first_line(function) for function in functions}

    assert ast.get_docstring(tree)
    assert len(text.splitlines()) <= 350
    assert {name: length for name, length in lengths.items() if length > 45} == {}


def _first_line(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    has_docstring = ast.get_docstring(function) is not None and len(function.body) > 1
    return function.body[1 if has_docstring else 0].lineno
