"""An occurrence as Markdown, ready to be pasted into a ticket. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rollbar_logging.server.pages.views.occurrence import OccurrenceView
from rollbar_logging.server.pages.views.traces import Frame, Trace
from rollbar_logging.server.pages.views.values import Node
from rollbar_logging.server.received import ReceivedOccurrence

_MOST_FRAMES = 12
_LONGEST_VALUE = 300


def occurrence_markdown(view: OccurrenceView, item: Mapping[str, Any], page_url: str) -> str:
    """Write an occurrence for a ticket.

    Args:
        view: What its page shows.
        item: ``counter`` and ``total_occurrences`` of its item.
        page_url: The page's whole address.
    """
    return "\n".join(_lines(view, item, page_url)).rstrip() + "\n"


def file_name(occurrence: ReceivedOccurrence, ending: str) -> str:
    """Return a name for a file that holds the occurrence: letters, digits, and nothing that a header minds."""
    safe = re.sub(r"[^A-Za-z0-9-]", "_", occurrence.uuid)[:64]
    return f"occurrence-{safe}.{ending}"


def _lines(view: OccurrenceView, item: Mapping[str, Any], page_url: str) -> Iterator[str]:
    yield f"## {_inline(view.title)}"
    yield ""
    happened = view.times.happened or view.times.received
    yield f"- **Level**: {view.level}"
    yield f"- **Environment**: {_inline(view.environment)}"
    yield f"- **Item**: #{item.get('counter')}, {item.get('total_occurrences')} occurrences"
    yield f"- **When**: {happened.exact if happened else 'unknown'}"
    for name, text in view.facts:
        yield f"- **{name.capitalize()}**: {_inline(text)}"
    if view.request is not None:
        yield f"- **Request**: {_code(f'{view.request.method} {view.request.url}'.strip())}"
    yield f"- **Occurrence**: {_code(view.uuid)}, <{page_url}>"
    for trace in view.traces:
        yield from _trace_lines(trace)
    if view.message:
        yield ""
        yield from _block(view.message)
    if view.cuts.told:
        yield ""
        yield "*" + _inline("; ".join(f"{name}: {note}" for name, note in view.cuts.told)) + "*"


def _trace_lines(trace: Trace) -> Iterator[str]:
    yield ""
    yield f"### {'Caused by ' if trace.is_cause else ''}{_inline(trace.class_name)}"
    yield ""
    for text in dict.fromkeys((trace.message, trace.description)):
        if text:
            yield from _block(text)
            yield ""
    frames = [frame for group in trace.groups for frame in group.frames]
    if frames:
        yield "The last call comes first."
        yield ""
    yield from _block("\n".join(_frame_text(frame) for frame in frames[:_MOST_FRAMES]))
    if trace.frame_count > _MOST_FRAMES:
        yield f"… {trace.frame_count - _MOST_FRAMES} more frames"
    if trace.lead is not None and trace.lead.local_values:
        yield ""
        yield f"Values in {_code(trace.lead.method)}:"
        yield ""
        yield from _block("\n".join(_value_text(node) for node in trace.lead.local_values))


def _frame_text(frame: Frame) -> str:
    place = f"{frame.filename}:{frame.line}" if frame.line else frame.filename
    often = f" (and {frame.repeated:,} more times)" if frame.repeated else ""
    return f"{place} in {frame.method}{often}" + (f"\n    {frame.failing}" if frame.failing else "")


def _value_text(node: Node) -> str:
    return f"{node.name} = {node.text[:_LONGEST_VALUE]}"


def _block(text: str) -> Iterator[str]:
    if not text:
        return
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(longest + 1, 3)
    yield f"{fence}\n{text}\n{fence}"


def _inline(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {' '.join(text.split())} {ticks}" if longest else f"`{' '.join(text.split())}`"
