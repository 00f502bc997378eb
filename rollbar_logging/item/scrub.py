"""Secrets out of the finished item: by the names of values, and by what stands in any text.

The item is gone through once, without recursion. All its texts are then looked at together, since nearly
always they hold no secret at all and one look costs less than seventy; only those that may are read closely.
What changes is copied, with all that holds it; the rest of the item stays what it was, object for object.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Iterable
from itertools import accumulate
from typing import Any

from rollbar_logging.item.scrub_arguments import hide_arguments
from rollbar_logging.item.scrub_known import hide_known, known_of
from rollbar_logging.item.scrub_walk import FREE, SOURCE, Walk, mode_of
from rollbar_logging.item.secret_keys import lines_of_key
from rollbar_logging.item.secret_logins import hidden_arguments
from rollbar_logging.item.secret_names import CLEAN, MADE, MEMORABLE, SecretNames, goes
from rollbar_logging.item.secret_text import SCRUBBED
from rollbar_logging.item.secret_values import SecretValues

__all__ = ["SCRUBBED", "Scrubber"]

_ADDRESS = 7
"""The kind of a name like ``netloc``: its value may be a URL's user, password and host."""

_HAS_SECRET = 8
"""Added to the kind of a name: the name itself holds a secret, such as a URL with a password."""

_SCHEMA = frozenset(
    """
    args argspec body branch class class_name client code code_version colno context crash_report custom
    description environment exception extra fingerprint framework frames frames_left_out host keywordspec
    kwargs language level lineno locals message method name notifier person platform post pre raw repeated
    request root server source telemetry timestamp timestamp_ms title trace trace_chain type uuid varargspec
    version
    """.split()  # noqa: SIM905 - a table of words, not of quotes
)
"""Keys of Rollbar's schema down to the frames: never secrets, whatever names the application added."""

_NAME = re.compile(r"[\w.'\" -]{1,64}")
_VALUE = frozenset({"value", "Value"})
_INPUT = frozenset({"input"})
_MOST_KEPT = 4096
_LONGEST_KEPT = 100
_LONGEST_SEEN = 200


class Scrubber:
    """Takes secrets out of items and texts. May be used by several threads at once.

    A value whose name says that it is a secret goes as a whole, whatever it is; but ``None``, empty
    values and booleans stay, as they give nothing away, and so do numbers under a plural (``tokens``).

    Args:
        fields: Names of secrets, in any style, added to the default ones. Booleans under them go too.
        emails: Whether e-mail addresses in texts are scrubbed.
        ibans: Whether bank account numbers (IBAN) in texts are.
        access_token: Rollbar's own access token, taken out wherever it stands if it has eight characters or more.
    """

    def __init__(
        self,
        *,
        fields: Iterable[str] = (),
        emails: bool = False,
        ibans: bool = False,
        access_token: str | None = None,
    ) -> None:
        self._names = SecretNames(fields)
        self._values = SecretValues(self._names, emails=emails, ibans=ibans, access_token=access_token)
        self._alarm = self._values.alarm.search
        self._known: dict[str, int] = {}
        self._known_schema: dict[str, int] = {}
        self._seen: set[str] = set()

    def text(self, text: str) -> tuple[str, int]:
        """Take the secrets out of one text.

        Returns:
            The text, the same object if there was no secret, and how many there were.
        """
        return self._values.scrub(text) if self._alarm(text) else (text, 0)

    def code(self, line: str) -> tuple[str, int]:
        """Take the secrets out of source code: as `text` does, but of named values only literals are secrets."""
        return self._values.scrub(line, code=True) if self._alarm(line) else (line, 0)

    def scrub(self, data: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Take the secrets out of an item.

        Args:
            data: The ``data`` of ``POST item/``, plain values only. It is not changed.

        Returns:
            The item, in which what held no secret is the same object as before, and how many there were.
        """
        walk = Walk(data)
        self._find_named(walk)
        self._read_texts(walk)
        return walk.result()

    def _find_named(self, walk: Walk) -> None:
        """Go through the containers: take out the values of secret names, collect the texts of all else."""
        nodes, links, modes, texts = walk.nodes, walk.links, walk.modes, walk.texts
        add_text, add_key, add_start = texts.append, walk.keys.append, walk.starts.append
        # The list grows while it is gone through: a queue, and no recursion.
        for at, node in enumerate(nodes):
            first = len(texts)
            add_start(first)
            mode = modes[at]
            known = self._known if mode == FREE else self._known_schema
            seen = self._seen if mode == SOURCE else ()
            is_dict = type(node) is dict
            entries: Iterable[tuple[Any, Any]] = node.items() if is_dict else enumerate(node)
            hidden = self._hidden_in(node) if mode == FREE else ()
            for key, value in entries:
                kind = known.get(key) if is_dict else CLEAN
                if kind is None:
                    kind = self._kind(key, mode)
                if (kind or key in hidden) and self._is_taken(walk, at, key, value, kind or MADE):
                    continue
                cls = type(value)
                if cls is str:
                    if value not in seen:
                        add_text(value)
                        add_key(key)
                elif cls is dict or cls is list:
                    nodes.append(value)
                    links.append((at, key))
                    modes.append(mode if mode == FREE else mode_of(key, mode))
            if mode == SOURCE and len(texts) > first:
                walk.unseen.append(at)

    def _is_taken(self, walk: Walk, at: int, key: Any, value: Any, kind: int) -> bool:
        """Take out a value if it is a secret, and from its key what is one."""
        if kind >= _HAS_SECRET:
            clean, count = self.text(key)
            walk.renames.append((at, key, clean))
            walk.count += count
        if kind % _HAS_SECRET == _ADDRESS:
            return self._is_cleaned(walk, at, key, value)
        if not goes(kind % _HAS_SECRET, value):
            return False
        walk.changes.append((at, key, SCRUBBED))
        if type(value) is str:
            walk.secrets.append((kind % _HAS_SECRET, value))
        return True

    def _is_cleaned(self, walk: Walk, at: int, key: Any, value: Any) -> bool:
        """Take the password out of ``user:password@host``, as a URL has it behind its scheme."""
        clean, count = self.text(f"://{value}") if type(value) is str else ("", 0)
        if count:
            walk.set_text(at, key, clean.removeprefix("://"), count)
        return count > 0

    def _kind(self, key: str, mode: int) -> int:
        if type(key) is not str:
            return CLEAN
        kind = CLEAN if key in _SCHEMA and mode != FREE else self._names.kind(key)
        if kind == CLEAN and key.endswith("netloc"):
            kind = _ADDRESS
        if self.text(key)[1]:
            return kind + _HAS_SECRET
        if len(key) <= _LONGEST_KEPT:
            known = self._known if mode == FREE else self._known_schema
            if len(known) >= _MOST_KEPT:
                known.clear()
            known[key] = kind
        return kind

    def _hidden_in(self, node: Any) -> Container[Any]:
        """Return the keys or indexes of values whose names stand beside them, as in pairs and command lines."""
        if type(node) is dict:
            # HAR files, the settings of containers and, with capitals, the answers of AWS name things so.
            if "value" in node:
                return _VALUE if self._is_secret(node.get("name", node.get("key"))) else ()
            if "Value" in node:
                return _VALUE if self._is_secret(node.get("Name", node.get("Key"))) else ()
            return _INPUT if "input" in node and self._is_refused(node) else ()
        if not node or type(node[0]) is not str:
            return ()
        hidden = {1} if len(node) == 2 and self._is_pair(*node) else set()  # noqa: PLR2004
        for index, flag in enumerate(node):
            if type(flag) is not str or not flag.startswith("-"):
                continue
            if not self._is_option(flag):
                hidden.update(hidden_arguments(node, index))
            elif index + 1 < len(node) and not (type(node[index + 1]) is str and node[index + 1].startswith("-")):
                hidden.add(index + 1)
        return hidden

    def _is_option(self, flag: str) -> bool:
        """Whether it is the option for a secret: ``--api-key``, or with a single dash as in Java's programs."""
        return (flag.startswith("--") or len(flag) > len("-pin")) and self._is_secret(flag)

    def _is_pair(self, name: str, value: object) -> bool:
        """Whether these are a secret's name and its value; not if both are names, as in a list of such."""
        return self._is_secret(name) and not (
            type(value) is str and self._names.is_further(self._names.kind(name), value)
        )

    def _is_refused(self, node: dict[str, Any]) -> bool:
        """Whether it is pydantic's word on a secret that it refused: where it stood, and what was given."""
        place = node.get("loc")
        return type(place) is list and node.get("type") != "missing" and any(map(self._is_secret, place))

    def _is_secret(self, name: object) -> bool:
        if type(name) is not str or not _NAME.fullmatch(name):
            return False
        return self._names.is_exactly(name) if " " in name else self._names.kind(name) != CLEAN

    def _read_texts(self, walk: Walk) -> None:
        texts = walk.texts
        together = "\0".join(texts)
        found = self._alarm(together)
        suspect = set()
        if found is not None or walk.secrets:
            ends = list(accumulate([len(text) + 1 for text in texts]))
            while found is not None:
                index = bisect_right(ends, found.start())
                suspect.add(index)
                self._read_text(walk, index)
                found = self._alarm(together, ends[index])
            self._read_arguments(walk, suspect)
            if walk.secrets:
                suspect |= hide_known(walk, known_of(walk.secrets, self._names), together, ends)
        self._remember(walk, suspect)

    def _read_text(self, walk: Walk, index: int) -> None:
        at, key = walk.place(index)
        text, count = self._values.scrub(walk.texts[index], code=walk.is_code(at, key))
        if count:
            walk.set_text(at, key, text, count)
            walk.secrets += [(MEMORABLE, value) for value in self._values.parameters(walk.texts[index])]
        elif type(key) is int:
            walk.changes += [(at, line, SCRUBBED) for line in lines_of_key(walk.nodes[at], key)]

    def _remember(self, walk: Walk, suspect: set[int]) -> None:
        """Keep in mind the harmless lines, names and paths of frames: they come again with each report."""
        for index in walk.unseen_texts():
            text = walk.texts[index]
            if index not in suspect and len(text) <= _LONGEST_SEEN:
                if len(self._seen) >= _MOST_KEPT:
                    self._seen.clear()
                self._seen.add(text)

    def _read_arguments(self, walk: Walk, suspect: set[int]) -> None:
        for index in suspect:
            at, key = walk.place(index)
            if key == "template":
                place = walk.number_of(at, "args")
                if place is not None:
                    hide_arguments(walk, walk.texts[index], place, self._values)
                return
