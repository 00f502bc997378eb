"""Where the lines around a line of code come from, and what is never opened for them."""

from __future__ import annotations

import linecache
import os
import sys
import threading
import types
import zipfile
from importlib import import_module, machinery, util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.item.source import SourceLines

CODE = "".join(f"line_{number} = {number}\n" for number in range(1, 21))


@pytest.fixture(autouse=True)
def _own_linecache(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test reads stays out of the process's cache."""
    monkeypatch.setattr(linecache, "cache", dict(linecache.cache))


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A file of twenty lines."""
    path = tmp_path / "code.py"
    path.write_text(CODE)
    return path


def test_a_line_comes_with_four_before_and_four_after(code: Path) -> None:
    """The line itself stands between its neighbours, all without line ends."""
    assert SourceLines().around(str(code), 10) == (
        "line_10 = 10",
        ["line_6 = 6", "line_7 = 7", "line_8 = 8", "line_9 = 9"],
        ["line_11 = 11", "line_12 = 12", "line_13 = 13", "line_14 = 14"],
    )


@pytest.mark.parametrize(("lineno", "before", "after"), [(1, 0, 4), (3, 2, 4), (18, 4, 2), (20, 4, 0)])
def test_the_ends_of_a_file_have_fewer_neighbours(code: Path, lineno: int, before: int, after: int) -> None:
    """At the first and last lines there is less around, and nothing wraps."""
    found = SourceLines().around(str(code), lineno)

    assert found is not None
    line, pre, post = found
    assert (line, len(pre), len(post)) == (f"line_{lineno} = {lineno}", before, after)


@pytest.mark.parametrize("lineno", [None, 0, -3, 21, 10**30])
def test_a_line_that_is_not_there_gives_nothing(code: Path, lineno: int | None) -> None:
    """An unknown or impossible line number is no error."""
    assert SourceLines().around(str(code), lineno) is None


def test_indentation_stays_and_windows_line_ends_go(tmp_path: Path) -> None:
    """Lines are shown as they stand in the file, but for their ends."""
    path = tmp_path / "windows.py"
    path.write_bytes(b"if True:\r\n    x = 1\r\n")

    assert SourceLines().around(str(path), 2) == ("    x = 1", ["if True:"], [])


def test_a_long_line_is_cut(tmp_path: Path) -> None:
    """Of minified code the first two hundred characters are shown."""
    path = tmp_path / "minified.py"
    path.write_text("x = '" + "ä" * 100_000 + "'\n")

    found = SourceLines().around(str(path), 1)

    assert found is not None
    assert found[0] == "x = '" + "ä" * 195


def test_source_inside_a_zip_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module imported from a zip shows its code, although no file of its name exists."""
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.writestr("zipped_shop.py", "def price():\n    return 1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path / "app.zip"))
    module = import_module("zipped_shop")
    monkeypatch.delitem(sys.modules, "zipped_shop")
    filename = module.price.__code__.co_filename
    linecache.lazycache(filename, vars(module))

    assert not Path(filename).exists()
    assert SourceLines().around(filename, 2) == ("    return 1 / 0", ["def price():"], [])


class Loader:
    """A loader in the sense of PEP 302 whose source is in no file."""

    def __init__(self, source: str | None) -> None:
        self.source = source

    def create_module(self, spec: machinery.ModuleSpec) -> None:
        """Leave the making of the module to the import system."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run a source of one function."""
        exec(compile("def f():\n    return 1 / 0\n", "/nowhere/made_up.py", "exec"), vars(module))  # noqa: S102 - as loaders do

    def get_source(self, name: str) -> str | None:
        """Give out the source, as `inspect` and `linecache` ask for it."""
        return self.source


def _loaded(source: str | None) -> types.ModuleType:
    spec = machinery.ModuleSpec("made_up", Loader(source), origin="/nowhere/made_up.py")  # type: ignore[arg-type]
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def test_source_that_only_a_loader_knows_is_found() -> None:
    """A loader that was made known while its module lived is asked later, without the module."""
    module = _loaded("def f():\n    return 1 / 0\n")
    linecache.lazycache("/nowhere/made_up.py", vars(module))
    del module

    assert SourceLines().around("/nowhere/made_up.py", 2) == ("    return 1 / 0", ["def f():"], [])


def test_a_loader_without_source_gives_nothing() -> None:
    """Compiled modules have none, and that is no error."""
    linecache.lazycache("/nowhere/made_up.py", vars(_loaded(None)))

    assert SourceLines().around("/nowhere/made_up.py", 2) is None


def test_a_loader_that_fails_gives_nothing() -> None:
    """Whatever a loader raises stays here."""
    module = _loaded("")
    module.__loader__.get_source = lambda name: 1 / 0  # type: ignore[union-attr]
    linecache.lazycache("/nowhere/made_up.py", vars(module))

    assert SourceLines().around("/nowhere/made_up.py", 2) is None


def test_code_from_a_string_has_no_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was run from text or typed in is not looked for on the disk, even if there is a file of that name."""
    monkeypatch.chdir(tmp_path)
    for name in ("<string>", "<stdin>", "<frozen importlib._bootstrap>"):
        (tmp_path / name).write_text(CODE)

        assert SourceLines().around(name, 1) is None


def test_lines_that_others_put_into_linecache_are_used() -> None:
    """Notebooks, doctest and attrs make their generated code known in `linecache`; it counts."""
    linecache.cache["<ipython-input-1-abc>"] = (11, None, ["x = 1\n", "1 / 0\n"], "<ipython-input-1-abc>")

    assert SourceLines().around("<ipython-input-1-abc>", 2) == ("1 / 0", ["x = 1"], [])


def test_a_fifo_is_not_opened(tmp_path: Path) -> None:
    """A pipe in the place of a file would block for ever; it has no lines."""
    path = tmp_path / "pipe.py"
    os.mkfifo(path)

    assert _within_seconds(lambda: SourceLines().around(str(path), 1)) is None


def test_a_fifo_on_the_module_path_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that are not absolute are looked for on the module path; a pipe there blocks nothing either."""
    os.mkfifo(tmp_path / "pipe_on_the_path.py")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert _within_seconds(lambda: SourceLines().around("pipe_on_the_path.py", 1)) is None


def test_endless_devices_are_not_read() -> None:
    """A device is no ordinary file."""
    assert _within_seconds(lambda: SourceLines().around("/dev/zero", 1)) is None


def _within_seconds(call: object) -> object:
    """Run *call* in a thread of its own that may be left behind, so that a blocked one fails and does not hang."""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)  # type: ignore[operator]
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    return results[0]


def test_a_relative_name_is_found_on_the_module_path(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code objects may hold names relative to a folder of modules."""
    monkeypatch.syspath_prepend(str(code.parent))

    found = SourceLines().around("code.py", 1)

    assert found is not None
    assert found[0] == "line_1 = 1"


def test_a_folder_has_no_lines(tmp_path: Path) -> None:
    """A zipped application's name may be that of a folder elsewhere."""
    assert SourceLines().around(str(tmp_path), 1) is None


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """Nobody reads eight megabytes for nine lines."""
    path = tmp_path / "huge.py"
    path.write_text(CODE)
    with path.open("a") as file:
        file.truncate(8 * 1024 * 1024 + 1)

    assert SourceLines().around(str(path), 1) is None


def test_the_declared_encoding_holds(tmp_path: Path) -> None:
    """A file in Latin-1 that says so is read as such."""
    path = tmp_path / "latin.py"
    path.write_bytes("# -*- coding: latin-1 -*-\nname = 'Zoë'\n".encode("latin-1"))

    assert SourceLines().around(str(path), 2) == ("name = 'Zoë'", ["# -*- coding: latin-1 -*-"], [])


@pytest.mark.parametrize(
    "content",
    [
        b"name = 'Zo\xeb'\n",
        b"\x7fELF\x00\xff\xfe\x00",
        b"# coding: no-such-codec\nx = 1\n",
        b"# coding: zlib\nx = 1\n",
        b"",
    ],
)
def test_what_cannot_be_decoded_has_no_lines(tmp_path: Path, content: bytes) -> None:
    """Binary files, wrong and unknown encodings are no errors."""
    path = tmp_path / "odd.py"
    path.write_bytes(content)

    assert SourceLines().around(str(path), 2) is None


def test_an_unreadable_file_has_no_lines(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may be seen but not opened is no error."""
    if os.geteuid() == 0:  # whom no permission stops
        monkeypatch.setattr("tokenize.open", _denied)
    code.chmod(0)

    assert SourceLines().around(str(code), 1) is None


def _denied(filename: str) -> None:
    raise PermissionError(filename)


def test_a_deleted_file_gives_nothing(code: Path) -> None:
    """A file that has gone before anyone read it has no lines."""
    code.unlink()

    assert SourceLines().around(str(code), 1) is None


@pytest.fixture(scope="module")
def shared_source() -> SourceLines:
    """One instance for all the names that come to mind."""
    return SourceLines(size=16)


@given(filename=st.text(st.characters(exclude_categories=())), lineno=st.integers() | st.none())
def test_no_name_and_no_number_raises(shared_source: SourceLines, filename: str, lineno: int | None) -> None:
    """Whatever a code object calls its file, the answer is lines or none."""
    found = shared_source.around(filename, lineno)

    assert found is None or len(found) == 3
