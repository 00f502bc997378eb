"""How soon the local server's pages come, and how large they are, with many occurrences stored.

    python benchmarks/server_pages.py [--occurrences 100000] [--items 1000] [--rounds 30]

The occurrences, of about 6.5 KB each, are written by the server's own storage before it starts; they are spread over
the last 24 hours. Each round asks for every page once, over one kept-alive connection, on a server without other work.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from server_load import UUID, item, serving

from rollbar_logging.server.arrival import Arrival, Sender, arrival_of
from rollbar_logging.server.parts import PROJECT_ID
from rollbar_logging.server.storage.opening import open_store
from rollbar_logging.server.storage.writing import add_all

_DAY = 86_400.0
_GROUP = 250


def main() -> None:
    """Fill a database, and print what the pages take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--occurrences", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=30)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        fill(Path(folder), args.occurrences, args.items)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(
            f"{args.occurrences:,} occurrences of {args.items:,} items, {size / args.occurrences:,.0f} bytes of files"
            f" each, written in {time.perf_counter() - started:.0f} s"
        )
        with serving(Path(folder)) as port:
            show(port, pages(args.occurrences), args.rounds)


def fill(folder: Path, occurrences: int, items: int) -> None:
    """Write the occurrences, the oldest first and those of all items by turns."""
    now = time.time()
    store = open_store(folder / "local.db", now)
    try:
        coming = arrivals(occurrences, items, now)
        while group := [one for one, _ in zip(coming, range(_GROUP), strict=False)]:
            with store.writer.begin() as connection:
                add_all(connection, group, now)
    finally:
        store.close()


def arrivals(occurrences: int, items: int, now: float) -> Iterator[Arrival]:
    """Make occurrences as calls would have brought them, without reading the same JSON again for each."""
    templates = [arrival_of(data, _sender(data, now)) for data in (item(place)["data"] for place in range(items))]
    for number in range(occurrences):
        template = templates[number % items]
        uuid, message = uuid_of(number), f"cannot read {number:08d}"
        yield template._replace(
            uuid=uuid,
            received_at=now - _DAY * (occurrences - number) / occurrences,
            data=template.data.replace(UUID, uuid, 1).replace("cannot read 00000000", message, 1),
            title=f"ValueError: {message}",
            traits={**template.traits, "exception_message": message},
        )


def _sender(data: object, now: float) -> Sender:
    return Sender(PROJECT_ID, "post_server_item", "127.0.0.1", now, len(json.dumps(data)))


def uuid_of(number: int) -> str:
    """Return the uuid of an occurrence."""
    return f"{number:08d}-0000-4000-8000-{number:012d}"


def pages(occurrences: int) -> dict[str, str]:
    """Return the pages to ask for, by name; what is looked for by text stands at the end, middle and beginning."""
    return {
        "health": "/health",
        "list of items": "/",
        "list, by text": "/?q=cannot",
        "list, by a file": "/?q=filename%3A%2Fsrv%2Fapp%2Fpackage7%2Fmodule1.py",
        "list, last page": "/?page=1000000",
        "list of occurrences": "/occurrences",
        "item": "/item/1",
        "newest occurrence": f"/occurrence/{uuid_of(occurrences - 1)}",
        "middle occurrence": f"/occurrence/{uuid_of(occurrences // 2)}",
        "oldest occurrence": f"/occurrence/{uuid_of(0)}",
        "its JSON": f"/occurrence/{uuid_of(0)}?download=json",
    }


def show(port: int, asked: dict[str, str], rounds: int) -> None:
    """Ask for each page in turn, and print what they took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    seconds: dict[str, list[float]] = {name: [] for name in asked}
    sizes: dict[str, int] = {}
    for _ in range(rounds):
        for name, path in asked.items():
            start = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            seconds[name].append(time.perf_counter() - start)
            sizes[name] = len(body)
            if answer.status != http.HTTPStatus.OK:
                raise SystemExit(f"{path} is answered with {answer.status}: {body[:200]!r}")
    connection.close()
    base = statistics.median(seconds["health"])
    print(f"{'page':<22}{'bytes':>9}{'median ms':>11}{'p90 ms':>9}{'health = 1':>12}")
    for name, times in seconds.items():
        times.sort()
        median = statistics.median(times)
        tenth = times[len(times) * 9 // 10]
        print(f"{name:<22}{sizes[name]:>9,}{median * 1000:>11.1f}{tenth * 1000:>9.1f}{median / base:>11.1f}x")


if __name__ == "__main__":
    main()
