"""Secrets among the arguments of a logged message: by their places in its template, and by what the message shows.

The message stands in an item twice, formatted and as template and arguments: what is a secret in one form is in the
other, too.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from rollbar_logging.item.scrub_walk import FREE, Walk
from rollbar_logging.item.secret_names import MADE, goes
from rollbar_logging.item.secret_text import SCRUBBED
from rollbar_logging.item.secret_values import SecretValues

_CONVERSION = re.compile(r"%(?:\((\w+)\))?[-+ #0-9.*]{0,10}[a-zA-Z]|%%")
_MESSAGES = frozenset({"body", "description", "title"})
_SHORTEST = 6


class _Place(NamedTuple):
    """Where an argument stands in a message: its key or index, the mark put in its place, the text before it."""

    key: Any
    mark: str
    before: str


def hide_arguments(walk: Walk, template: str, number: int, values: SecretValues) -> None:
    """Take out of the message those arguments that are secrets, and of the arguments those that the message shows.

    Args:
        walk: The item; what names and texts alone tell has been looked at.
        template: That of the message.
        number: The number of the container of its arguments.
        values: Takes secrets out of texts.
    """
    args = walk.nodes[number]
    marked, places = _marked(template, args)
    clean, _ = values.scrub(marked)
    hidden = {key for at, key, _ in walk.changes if at == number}
    named = {place.key for place in places if place.mark not in clean and goes(MADE, args[place.key])}
    secret = [place for place in places if place.key in hidden | named]
    originals, shown = [], []
    for index, key in enumerate(walk.keys):
        if type(key) is not str or key not in _MESSAGES or walk.modes[walk.place(index)[0]] == FREE:
            continue
        text, count = _without(walk.texts[index], secret, args)
        text, more = values.scrub(text)
        originals.append(walk.texts[index])
        shown.append(text)
        if count + more:
            walk.set_text(*walk.place(index), text, count + more)
    for key in args if type(args) is dict else range(len(args)):
        value = args[key]
        if key not in hidden and (key in named or _is_gone(value, originals, shown)):
            walk.changes.append((number, key, SCRUBBED))


def _marked(template: str, args: Any) -> tuple[str, list[_Place]]:
    """Return the template with a mark in the place of each argument, and those places."""
    keys = list(args) if type(args) is dict else range(len(args))
    marks = {str(key): f"mark{number}x7q9z" for number, key in enumerate(keys)}
    by_name = {str(key): key for key in keys}
    positions = iter(marks)
    places: list[_Place] = []
    end = 0

    def mark(found: re.Match[str]) -> str:
        nonlocal end
        before, end = template[end : found.start()], found.end()
        if found[0] == "%%":
            return "%"
        for _ in range(found[0].count("*")):  # a width is an argument of its own
            next(positions, None)
        name = found[1] or next(positions, "")
        if name in marks:
            places.append(_Place(by_name[name], marks[name], before))
        return marks.get(name, found[0])

    return _CONVERSION.sub(mark, template), places


def _without(message: str, secret: list[_Place], args: Any) -> tuple[str, int]:
    """Return the message without the values of these arguments, each behind what the template has before it."""
    total = 0
    for place in secret:
        value = args[place.key]
        if type(value) is not str or not value or value == SCRUBBED:
            continue
        for shown in (value, repr(value)):
            at = message.find(place.before + shown)
            if at >= 0:
                at += len(place.before)
                message = message[:at] + SCRUBBED + message[at + len(shown) :]
                total += 1
                break
    return message, total


def _is_gone(value: object, originals: list[str], shown: list[str]) -> bool:
    """Whether an argument was in the message and has been found to be a secret there."""
    if type(value) is not str or len(value) < _SHORTEST:
        return False
    return any(value in text for text in originals) and not any(value in text for text in shown)
