"""The spool when the file, the folder or the disk does not play along."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from rollbar_logging.delivery.spool import Contents, Kept, Spool, SpoolError
from rollbar_logging.delivery.spool_file import BUSY_TIMEOUT
from rollbar_logging.delivery.spool_place import alone
from rollbar_logging.errors import RollbarError
from tests.delivery.spools import NOW, Clock, file_of, kept, spools, uuids


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Callable[..., Spool]]:
    """Makes spools in one folder, each like another process's."""
    with spools(tmp_path / "spool", Clock()) as new:
        yield new


@pytest.mark.parametrize("umask", [0, 0o277])
def test_nobody_else_can_read_it(tmp_path: Path, umask: int) -> None:
    """Whatever the umask: the folder is 0700 and each file 0600."""
    before = os.umask(umask)
    try:
        spool = Spool(str(tmp_path / "spool"), token="t")
        spool.keep([kept("x")])
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spool").iterdir()}
    names = {path.name for path in (tmp_path / "spool").iterdir()}
    spool.close()

    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
    assert (names, modes) == ({"spool.db", "spool.db-wal", "spool.db-shm"}, {0o600})


def test_a_vanished_file_is_made_anew(new: Callable[..., Spool]) -> None:
    """When the folder was removed, the next use makes another one."""
    spool = new()
    spool.keep([kept("a")])
    shutil.rmtree(file_of(spool).parent)

    assert spool.keep([kept("b")]).kept == ("b",)
    assert uuids(new().entries()) == ["b"]


@pytest.mark.parametrize("content", [b"no database " * 999, None], ids=["text", "folder"])
def test_what_is_no_database_is_put_aside(new: Callable[..., Spool], content: bytes | None) -> None:
    """Nothing is raised: it is put aside and told, and a new file begun."""
    told: list[str] = []
    spool = new(on_notice=told.append)
    file_of(spool).parent.mkdir()
    if content is None:
        file_of(spool).mkdir()
    else:
        file_of(spool).write_bytes(content)

    assert spool.keep([kept("a")]).kept == ("a",)
    assert told == [spool.recovered]
    [aside] = [path for path in file_of(spool).parent.iterdir() if "corrupt-" in path.name]
    assert aside.name in told[0]
    assert content is None or aside.read_bytes() == content


def test_a_file_that_is_damaged_while_it_is_used_is_put_aside_once(new: Callable[..., Spool]) -> None:
    """Two processes that find the damage put it aside once, and both go on with the same new file."""
    one, other = new(), new()
    one.keep([kept(str(i), body=b"x" * 5000) for i in range(50)])
    other.contents()
    damage(file_of(one))

    for _ in range(2):
        one.keep([kept("one")])
        other.keep([kept("other")])
        one.claim(99)
    assert {report.uuid for report in new().entries()} == {"one", "other"}
    assert (
        len([path for path in file_of(one).parent.glob("*.corrupt-*") if not path.name.endswith(("-wal", "-shm"))]) == 1
    )


def damage(path: Path) -> None:
    """Overwrite a database's pages, but for the header, behind SQLite's back."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (size - 100))


def test_a_newer_file_is_left_alone(new: Callable[..., Spool]) -> None:
    """A file of a later version is neither read nor moved, and the error says so."""
    spool = new()
    spool.keep([kept("a")])
    spool.close()
    with sqlite3.connect(file_of(spool)) as connection:
        connection.execute("PRAGMA user_version=2")
    connection.close()

    with pytest.raises(SpoolError, match=r"spool\.db was written by a newer rollbar_logging"):
        spool.contents()
    assert [path.name for path in file_of(spool).parent.iterdir() if "corrupt" in path.name] == []


def test_another_programs_database_is_left_alone(new: Callable[..., Spool]) -> None:
    """A database that holds something else is refused, not changed."""
    spool = new()
    file_of(spool).parent.mkdir()
    with sqlite3.connect(file_of(spool)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()

    with pytest.raises(SpoolError, match="another program"):
        spool.contents()


def test_a_locked_file_is_not_waited_for_without_end(new: Callable[..., Spool]) -> None:
    """Beyond the busy timeout the error names the file and the mend; afterwards it works again."""
    spool = new()
    spool.keep([kept("a")])
    connection = sqlite3.connect(file_of(spool), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")

    spool.file.hurry(0.1)
    with pytest.raises(SpoolError, match=r"spool\.db: database is locked: another process holds it"):
        spool.keep([kept("b")])
    connection.close()
    assert spool.keep([kept("b")]).kept == ("b",)


def test_who_only_looks_waits_for_nobody_who_writes(new: Callable[..., Spool]) -> None:
    """Not even to open the file."""
    new().keep([kept("a")])
    connection = sqlite3.connect(file_of(new()), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    spool = new()
    spool.file.hurry(0)

    assert spool.contents().number == 1
    assert uuids(spool.entries()) == ["a"]
    connection.close()


@pytest.mark.parametrize("is_open", [False, True])
def test_who_is_in_a_hurry_waits_less_for_others(new: Callable[..., Spool], is_open: bool) -> None:
    """An open file and one that is opened later, until told otherwise."""

    def patience() -> object:
        return spool.file.run(lambda connection: connection.execute("PRAGMA busy_timeout").fetchone(), writes=False)

    spool = new()
    if is_open:
        assert patience() == (BUSY_TIMEOUT * 1000,)
    spool.file.hurry(0.25)
    assert patience() == (250,)
    spool.file.hurry(-1)
    assert patience() == (0,)
    spool.file.hurry(None)
    assert patience() == (BUSY_TIMEOUT * 1000,)


def test_a_file_is_opened_by_one_after_the_other(new: Callable[..., Spool]) -> None:
    """Who opens it waits until nobody else does; and not for ever."""
    spool, folder = new(), file_of(new()).parent
    folder.mkdir()
    thread = threading.Thread(target=spool.keep, args=([kept("a")],))
    with alone(folder, 1):
        thread.start()
        thread.join(0.2)
        assert not spool.file.is_open
        other = new()
        other.file.hurry(0)
        with pytest.raises(SpoolError, match="another process has been opening it for too long"):
            other.contents()
    thread.join()
    assert uuids(spool.entries()) == ["a"]


def test_where_files_cannot_be_locked_it_goes_without(new: Callable[..., Spool]) -> None:
    """Some network file systems refuse it."""
    with mock.patch("fcntl.flock", side_effect=OSError(errno.ENOLCK, "No locks available")):
        assert new().keep([kept("a")]).kept == ("a",)


def test_a_full_disk_is_told(new: Callable[..., Spool]) -> None:
    """When there is no more room nothing is kept, nothing is lost, and the error says what to do."""
    spool = new()
    spool.keep([kept("a")])
    spool.file.run(lambda connection: connection.execute("PRAGMA max_page_count=20").fetchall())

    with pytest.raises(SpoolError, match="the disk is full: make room"):
        spool.keep([kept(str(i), body=b"x" * 10_000) for i in range(20)])
    assert uuids(spool.entries()) == ["a"]
    spool.remove(["a"])
    assert spool.contents().number == 0


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file in the folder's place is an error that names it; it is a `RollbarError`."""
    (tmp_path / "file").write_text("")

    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(RollbarError, match=r"file.*choose a folder"):
            Spool(str(folder), token="t").keep([kept("a")])


def test_a_folder_that_is_read_only_is_told(new: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system refuses is told with the mend."""

    def refuse(*_: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("rollbar_logging.delivery.spool_place.os.open", refuse)
    with pytest.raises(SpoolError, match=r"spool\.db: .*Read-only file system.*choose another folder"):
        new().keep([kept("a")])


def test_a_folder_of_another_user_is_refused(
    new: Callable[..., Spool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by way of a link."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "spool").symlink_to(tmp_path / "theirs")
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)

    with pytest.raises(SpoolError, match="belongs to another user"):
        new().keep([kept("a")])


def test_a_folder_with_other_files_that_others_may_write_to_is_refused(new: Callable[..., Spool]) -> None:
    """An empty one is made private instead, and a shared one that is not writable for others is left as it is."""
    spool = new()
    folder = file_of(spool).parent
    folder.mkdir()
    folder.chmod(0o777)
    spool.keep([kept("a")])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    spool.close()

    (folder / "else").write_text("")
    folder.chmod(0o755)
    spool.keep([kept("a")])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    spool.close()
    folder.chmod(0o775)
    with pytest.raises(SpoolError, match="others may write to it"):
        spool.keep([kept("a")])


def test_a_link_in_the_files_place_is_refused(new: Callable[..., Spool], tmp_path: Path) -> None:
    """A link could lead the reports anywhere."""
    spool = new()
    file_of(spool).parent.mkdir()
    file_of(spool).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(SpoolError, match="is a link"):
        spool.keep([kept("a")])
    assert not (tmp_path / "elsewhere").exists()


def test_a_python_without_sqlite_is_told(new: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every Python was built with it."""
    monkeypatch.setitem(sys.modules, "sqlite3", None)

    with pytest.raises(SpoolError, match="built without sqlite3"):
        new().keep([kept("a")])


def test_odd_values_raise_nothing_else(new: Callable[..., Spool]) -> None:
    """What cannot be stored is a `SpoolError` too, and nothing of the batch is kept."""
    spool = new()
    for odd in (Kept("\ud800", 1, NOW, b""), Kept("a", 2**70, NOW, b""), Kept("b", 1, float("nan"), b"")):
        with pytest.raises(SpoolError, match=r"spool\.db"):
            spool.keep([kept("fine"), odd])
    assert spool.contents() == Contents()
