"""The server that all contestants talk to: takes everything, answers at once, counts.

It speaks HTTP/1.1 with kept-alive connections and knows Rollbar's item and Sentry's envelope. The first segment of
a path names the sender: ``/ours/api/1/item/``. It runs in a process of its own and is ruled by lines of JSON:
``{"set": {"latency": 0.05}}`` starts the counts anew with another behaviour, ``{"counts": true}`` asks for them.

Behaviour: ``latency`` (seconds before an answer), ``silent`` (never answers), ``limit`` (calls and seconds of a fixed
window that the first call opens; beyond it 429, with the headers of the Rollbar API reference, "Rate limits").
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
import zlib
from typing import Any

_ROLLBAR = b'{\n  "err": 0,\n  "result": {\n    "id": null,\n    "uuid": "d4c7acef55bf4c9ea95e4fe9428a8287"\n  }\n}'
_SENTRY = b'{"id":"d4c7acef55bf4c9ea95e4fe9428a8287"}'
_REFUSAL = b'{\n  "err": 1,\n  "message": "Over rate limit."\n}'


class Sink:
    """Behaviour and counts."""

    def __init__(self) -> None:
        self.become({})

    def become(self, behaviour: dict[str, Any]) -> None:
        """Start anew with a behaviour."""
        self.latency: float = behaviour.get("latency", 0.0)
        self.is_silent: bool = behaviour.get("silent", False)
        self.limit: tuple[int, float] | None = tuple(behaviour["limit"]) if behaviour.get("limit") else None
        self.window_ends, self.used, self.windows = -math.inf, 0, 0
        self.senders: dict[str, dict[str, Any]] = {}

    def counts(self) -> dict[str, Any]:
        """Return what came, by sender, and how many windows were opened."""
        senders = {name: {**counts, "uuids": len(counts["uuids"])} for name, counts in self.senders.items()}
        return {"senders": senders, "windows": self.windows}

    def take(self, path: str, head: bytes, body: bytes) -> bytes:
        """Count one request and return its answer."""
        name = path.split("/", 2)[1]
        empty = {"requests": 0, "accepted": 0, "refused": 0, "bytes": 0, "uuids": set()}
        counts = self.senders.setdefault(name, empty)
        counts["requests"] += 1
        counts["bytes"] += len(body)
        status, headers = self._admit() if self.limit else (200, "")
        if status != 200:  # noqa: PLR2004 - HTTP's "OK"
            counts["refused"] += 1
            return _answer("429 Too Many Requests", headers, _REFUSAL)
        is_sentry = path.endswith("/envelope/")
        counts["accepted"] += _is_event(head, body) if is_sentry else 1
        if self.limit and not is_sentry:
            counts["uuids"].add(json.loads(body)["data"]["uuid"])
        return _answer("200 OK", headers, _SENTRY if is_sentry else _ROLLBAR)

    def _admit(self) -> tuple[int, str]:
        most, seconds = self.limit or (0, 0.0)
        now = time.monotonic()
        if now >= self.window_ends:
            self.window_ends, self.used = now + seconds, 0
            self.windows += 1
        self.used += 1
        left = self.window_ends - now
        headers = (
            f"X-Rate-Limit-Limit: {most}\r\nX-Rate-Limit-Remaining: {max(0, most - self.used)}\r\n"
            f"X-Rate-Limit-Remaining-Seconds: {math.ceil(left)}\r\n"
            f"X-Rate-Limit-Reset: {math.ceil(time.time() + left)}\r\n"
        )
        if self.used <= most:
            return 200, headers
        return 429, f"{headers}Retry-After: {math.ceil(left)}\r\n"  # the only one that Sentry's client reads


class Exchange(asyncio.Protocol):
    """One connection."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            size = _length(head)
            if len(self._buffer) < end + 4 + size:
                return
            path = self._buffer[:end].split(b" ", 2)[1].decode("ascii", "replace")
            body, self._buffer = self._buffer[end + 4 : end + 4 + size], self._buffer[end + 4 + size :]
            self._answer(self._sink.take(path, head, body))

    def _answer(self, answer: bytes) -> None:
        if self._sink.is_silent:
            return
        if self._sink.latency:
            asyncio.get_running_loop().call_later(self._sink.latency, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def _is_event(head: bytes, body: bytes) -> bool:
    if b"content-encoding: gzip" in head:
        body = zlib.decompress(body, wbits=31)
    return b'"type":"event"' in body[:4000]


def _answer(status: str, headers: str, body: bytes) -> bytes:
    fixed = f"HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    return f"{fixed}{headers}\r\n".encode() + body


async def serve() -> None:
    """Listen on a free port of the loopback interface until standard input ends."""
    sink = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Exchange(sink), "127.0.0.1", 0, backlog=1024)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    while line := await lines.readline():
        asked = json.loads(line)
        if "set" in asked:
            sink.become(asked["set"])
        print(json.dumps(sink.counts()), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
