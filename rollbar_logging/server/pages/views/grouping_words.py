"""Why an occurrence belongs to its item, in plain words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rollbar_logging.server.grouping import without_variables
from rollbar_logging.server.pages.views.wording import mapping, sequence, text_of, times, undirected

_LONGEST = 200


class GroupingWords(NamedTuple):
    """What makes the key.

    Attributes:
        sentence: What has to be the same.
        parts: The very things that are the same, for those who want to see them.
    """

    sentence: str
    parts: tuple[str, ...] = ()


def grouping_words(data: Mapping[str, Any], environment: str) -> GroupingWords:
    """Say what makes the key of an occurrence's item."""
    where = f" in the environment “{undirected(environment)}”"
    given = data.get("fingerprint")
    if given:
        return GroupingWords(f"The sender chose the key itself: the same fingerprint{where}.", (text_of(given),))
    body = mapping(data.get("body"))
    traces = [mapping(trace) for trace in sequence(body.get("trace_chain"))] or [
        mapping(trace) for trace in [body.get("trace")] if trace
    ]
    if traces:
        return _of_traces(traces, where)
    message = mapping(body.get("message"))
    if message:
        text = without_variables(text_of(message.get("body")))[:_LONGEST]
        return GroupingWords(f"The same text{where}, whatever dates, addresses and numbers stand in it.", (text,))
    raw = without_variables(text_of(mapping(body.get("crash_report")).get("raw")))[:_LONGEST]
    return GroupingWords(f"The same crash report{where}, whatever dates, addresses and numbers stand in it.", (raw,))


def _of_traces(traces: list[Mapping[str, Any]], where: str) -> GroupingWords:
    classes = [undirected(text_of(mapping(trace.get("exception")).get("class"))) for trace in traces]
    frames = [mapping(frame) for trace in traces for frame in sequence(trace.get("frames"))]
    raised = classes[0] + "".join(f", caused by {name}" for name in classes[1:])
    sentence = (
        f"The same exception ({raised}) raised through the same {times(len(frames), 'frame')}{where}: "
        "files and functions count, line numbers and messages do not."
    )
    parts = tuple(f"{text_of(frame.get('filename'))} {text_of(frame.get('method'))}".strip() for frame in frames)
    return GroupingWords(sentence, parts)
