"""How many items per second the local server takes, how soon it answers, and what they take on the disk.

    python benchmarks/server_load.py [--items 20000] [--connections 32]

The server is a process of its own with a file in a temporary folder; this program posts items of about 6.5 KB that come
from 20 places with ever different messages, each with a uuid of its own, over kept-alive connections, and reads
every answer. It is as frugal as Python allows, because it takes its share of the same processor.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOKEN = "benchmark"  # noqa: S105 - of a server that ends with this program
_PLACES = 20
UUID = "00000000-0000-4000-8000-000000000000"
_READY_SECONDS = 30


def main() -> None:
    """Run the load and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=32)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as port:
        seconds, latencies = asyncio.run(load(port, args.items, args.connections))
        stored = sum(path.stat().st_size for path in Path(folder).iterdir())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    latencies.sort()
    body = len(bodies()[0])
    print(f"{args.items:,} items of {body:,} bytes over {args.connections} connections in {seconds:.2f} s")
    print(f"{args.items / seconds:,.0f} items per second, answered after they are on the disk")
    cpu = (used.ru_utime + used.ru_stime) / args.items
    print(f"{cpu * 1e6:,.0f} us of the server's processor time per item, its start included")
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        print(f"{name} of a post {latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1000:.1f} ms")
    print(f"{stored / args.items:,.0f} bytes of files per item")


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Run the server on a free port."""
    command = [sys.executable, "-m", "rollbar_logging", "serve", "--db", str(folder / "local.db"), "--port", "0"]
    environment = {**os.environ, "ROLLBAR_SERVE_TOKEN": TOKEN}
    with subprocess.Popen(  # noqa: S603 - this package's own command
        [*command, "--rate-limit", "off"], stdout=subprocess.PIPE, text=True, env=environment
    ) as server:
        try:
            assert server.stdout is not None
            endpoint = next(line for line in server.stdout if line.startswith("endpoint"))
            yield int(endpoint.split(":")[2].split("/")[0])
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=_READY_SECONDS)


def bodies() -> list[bytes]:
    """Return one body per place, as a handler sends it: 20 frames with code and locals."""
    return [json.dumps(item(place)).encode() for place in range(_PLACES)]


def item(place: int) -> dict[str, object]:
    """Return an item of one place."""
    frames = [
        {
            "filename": f"/srv/app/package{place}/module{frame % 7}.py",
            "lineno": 100 + frame,
            "method": f"method_{'abcdefghij'[frame % 10]}",
            "code": f"        return self.handler_{frame}(request, *args, **kwargs)",
            "context": {"pre": ["        if request is None:", "            raise ValueError"], "post": ["", ""]},
            "locals": {"request": f"<Request {frame}>", "args": [], "kwargs": {"key": "value" * 6}, "count": frame},
        }
        for frame in range(16)
    ]
    trace = {"frames": frames, "exception": {"class": "ValueError", "message": "cannot read 00000000"}}
    request = {"url": "https://example.org/orders?id=1", "method": "GET", "headers": {"Accept": "*/*"}}
    return {
        "data": {
            "uuid": UUID,
            "environment": "production",
            "level": "error",
            "timestamp": 1_700_000_000,
            "language": "python 3.11.7",
            "framework": "django",
            "code_version": "1.2.3",
            "notifier": {"name": "rollbar-logging", "version": "0.1.0"},
            "server": {"host": "web-1", "pid": 4711, "root": "/srv/app"},
            "person": {"id": "42", "username": "someone"},
            "request": request,
            "body": {"trace": trace},
        }
    }


async def load(port: int, items: int, connections: int) -> tuple[float, list[float]]:
    """Post all items; return the seconds it took, and the seconds of each post."""
    numbers = iter(range(items))
    templates = bodies()
    latencies: list[float] = []

    async def post_all() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            body = templates[number % _PLACES]
            body = body.replace(UUID.encode(), b"%08d-0000-4000-8000-%012d" % (number, number), 1)
            body = body.replace(b"cannot read 00000000", b"cannot read %08d" % number, 1)
            start = time.perf_counter()
            writer.write(
                b"POST /api/1/item/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"X-Rollbar-Access-Token: %s\r\nContent-Length: %d\r\n\r\n%s" % (TOKEN.encode(), len(body), body)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            answer = await reader.readexactly(length)
            latencies.append(time.perf_counter() - start)
            if b" 200 " not in head.split(b"\r\n")[0]:
                raise SystemExit(f"refused: {answer!r}")
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(post_all() for _ in range(connections)))
    return time.perf_counter() - start, latencies


if __name__ == "__main__":
    main()
