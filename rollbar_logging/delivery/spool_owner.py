"""Which process has claimed a report, and whether that process is certainly gone.

Facts (proc(5)): the third field of ``/proc/<pid>/stat`` is the state, ``Z`` for a process that has ended and was not
waited for; the 22nd its start in ticks since the boot, which tells it from a later process of the same number.
"""

from __future__ import annotations

import contextlib
import os
import sys
import uuid
from pathlib import Path

_ENDED = {"Z", "X", "x"}


class Owner:
    """One user of the spool in this process.

    Attributes:
        pid: The process it belongs to.
        text: What is written beside a claim: number and start of the process, its place, and what tells several
            owners in one process apart.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._place = _place()
        self.text = f"{self.pid}|{_stat(self.pid)[1]}|{self._place}|{uuid.uuid4().hex[:8]}"

    def is_gone(self, text: str) -> bool:
        """Whether the owner of that *text* has certainly ended; ``False`` where that cannot be seen from here."""
        pid, _, rest = text.partition("|")
        start, _, rest = rest.partition("|")
        place = rest.rpartition("|")[0]
        if not place or place != self._place:
            return False
        state, now_started = _stat(int(pid)) if start else ("", "")
        if not state:
            return not _is_there(int(pid))
        return state in _ENDED or now_started != start


def _place() -> str:
    """Name where process numbers are unique: this boot of this machine, and this container; empty if not known."""
    if sys.platform == "win32":
        return ""  # to ask there whether a process lives may end it
    if not sys.platform.startswith("linux"):
        return os.uname().nodename
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{os.uname().nodename} {boot} {Path('/proc/self/ns/pid').readlink()}"
    return ""


def _stat(pid: int) -> tuple[str, str]:
    """Return state and start of a process: ``("X", "")`` for one that is not there, two empty ones if not known."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        fields = text.rpartition(")")[2].split()  # the name before may hold blanks and brackets
        return fields[0], fields[19]
    except (FileNotFoundError, ProcessLookupError):
        return "X", ""
    except (OSError, IndexError):  # such as too many open files, which says nothing of that process
        return "", ""


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's
    return True
