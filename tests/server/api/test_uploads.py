"""Source maps and symbols: checked, kept, and bounded."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from rollbar_logging.server import LocalServer
from tests.server.api.history import SetClock
from tests.server.conftest import Caller

MAP = b'{"version": 3, "sources": [], "mappings": ""}'
FORM = {"version": "1.0", "minified_url": "https://example.org/app.min.js"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the server's database is."""
    return tmp_path / "store.db"


@pytest.fixture
def uploader(store: Path) -> Iterator[Caller]:
    """A caller of a server whose clock stands still."""
    with LocalServer(database=store, unix_clock=SetClock(1_700_000_000)) as server:
        caller = Caller(server)
        with caller.session:
            yield caller


def upload(caller: Caller, path: str, form: dict[str, str], **files: Any) -> Any:
    """Post a form with files."""
    return caller.call("POST", path, "post_server_item", data=form, files=files or None)


def kept(store: Path) -> list[tuple[Any, ...]]:
    """What the database holds."""
    with sqlite3.connect(store) as connection:
        return connection.execute(
            "SELECT project_id, version, minified_url, name, content FROM source_maps ORDER BY version, name"
        ).fetchall()


def test_a_source_map_is_kept_with_its_sources(uploader: Caller, store: Path) -> None:
    """A second one of the same version and address takes the place of the first."""
    url = FORM["minified_url"]
    for content in (b"{}", MAP):
        files = {"source_map": ("app.map", content), "src/app.js": ("app.js", b"let a;")}
        answer = upload(uploader, "sourcemap/", FORM, **files)
        assert (answer.status_code, answer.json()) == (
            200,
            {"err": 0, "result": {"version": "1.0", "minified_url": url, "files": 2}},
        )

    assert kept(store) == [(1, "1.0", url, "source_map", MAP), (1, "1.0", url, "src/app.js", b"let a;")]


def test_a_large_source_map_is_taken(uploader: Caller, store: Path) -> None:
    """More than an item may have, and more than is held in memory by those who read forms."""
    content = b'{"sources": ["' + b"x" * 3_000_000 + b'"]}'
    assert upload(uploader, "sourcemap", FORM, source_map=("app.map", content)).status_code == 200

    assert len(kept(store)[0][4]) == len(content)


@pytest.mark.parametrize(
    ("form", "files", "message"),
    [
        (FORM, {}, "missing source_map file upload"),
        (FORM, {"other": ("a", b"{}")}, "missing source_map file upload"),
        (FORM, {"source_map": ("a", b"no")}, "Error: Could not parse source map JSON"),
        (FORM, {"source_map": ("a", b"[]")}, "Error: Could not parse source map JSON"),
        (FORM, {"source_map": ("a", b"\xff{}")}, "Error: Could not parse source map JSON"),
        (FORM, {"source_map": ("a", b"[" * 100_000)}, "Error: Could not parse source map JSON"),
        ({"version": "1"}, {"source_map": ("a", MAP)}, "Invalid format. minified_url is missing and it is required."),
        ({"minified_url": "u"}, {"source_map": ("a", MAP)}, "Invalid format. version is missing and it is required."),
        (
            {"version": "v" * 256, "minified_url": "u"},
            {"source_map": ("a", MAP)},
            "Invalid format. version should be string of at most 255 characters.",
        ),
    ],
)
def test_what_is_no_source_map_is_refused(
    uploader: Caller, store: Path, form: dict[str, str], files: dict[str, Any], message: str
) -> None:
    """In the words that uploading tools know."""
    answer = upload(uploader, "sourcemap", form, **files)

    assert (answer.status_code, answer.json()) == (422, {"err": 1, "message": message})
    assert kept(store) == []


def test_a_download_is_noted(uploader: Caller, store: Path) -> None:
    """The server fetches nothing; it keeps what was wished."""
    assert upload(uploader, "sourcemap/download", FORM).status_code == 200

    assert kept(store) == [(1, "1.0", FORM["minified_url"], "download", b"")]


@pytest.mark.parametrize(
    ("kind", "field", "version"),
    [("proguard", "mapping", "7"), ("dsym", "dsym", ""), ("fluttersymbols", "flutter_symbols", "7")],
)
def test_symbols_are_kept(uploader: Caller, store: Path, kind: str, field: str, version: str) -> None:
    """Under their kind and file name; those of Apple may have no version."""
    form = {"version": version} if version else {}
    answer = upload(uploader, kind, form, **{field: ("app.bin", b"\x00symbols")})
    assert (answer.status_code, answer.json()["result"]) == (200, {"version": version, "bytes": 8})
    assert kept(store) == [(1, version, "", f"{kind}/app.bin", b"\x00symbols")]

    refused = upload(uploader, kind, {"version": "7"}, wrong=("app.bin", b""))
    assert (refused.status_code, refused.json()["message"]) == (422, f"missing {field} file upload")


def zip_file() -> bytes:
    """A zip with one file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.map", MAP)
    return packed.getvalue()


def signed_url(caller: Caller) -> str:
    """Ask for an address to put a bundle to."""
    bundle = {"version": "1.0", "prefix_url": "https://example.org/"}
    answer = caller.call("POST", "signed_url/sourcemap_bundle", "post_server_item", json=bundle).json()
    assert (answer["err"], answer["result"]["project_id"]) == (0, 1)
    return str(answer["result"]["signed_url"])


def test_a_bundle_is_put_to_a_signed_address(uploader: Caller, store: Path) -> None:
    """Without a token: the address is the permission."""
    url = signed_url(uploader)
    assert url.startswith(uploader.server.endpoint)
    assert requests.put(url, data=zip_file(), timeout=30).json() == {"err": 0}

    assert kept(store) == [(1, "1.0", "https://example.org/", "bundle.zip", zip_file())]


def test_a_bundle_elsewhere_later_or_otherwise_is_refused(uploader: Caller, store: Path) -> None:
    """Only a zip, only within the hour, and only to an address that was signed."""
    url = signed_url(uploader)
    assert requests.put(url, data=b"no zip", timeout=30).json()["message"] == "Error: the bundle should be a zip file"
    forged = requests.put(url[:-20], data=zip_file(), timeout=30)
    uploader.server._options.unix_clock.now += 3600  # type: ignore[attr-defined]
    late = requests.put(url, data=zip_file(), timeout=30)

    for answer in (forged, late):
        assert (answer.status_code, answer.json()["message"]) == (403, "The signed URL is not valid, or has expired.")
    assert kept(store) == []


def test_uploads_need_a_token_that_posts(uploader: Caller) -> None:
    """One that only reads is refused; a deprecated token in the form is taken."""
    assert uploader.call("POST", "sourcemap", "read", data=FORM).status_code == 403
    form = {**FORM, "access_token": uploader.server.tokens["post_server_item"]}
    answer = requests.post(uploader.server.endpoint + "sourcemap", data=form, files={"source_map": MAP}, timeout=30)
    assert answer.status_code == 200


def test_uploads_are_bounded(uploader: Caller) -> None:
    """Over 64 MiB the answer is 413, without the rest being sent."""
    headers = {"Content-Length": str(64 * 1024 * 1024 + 1), "Expect": "100-continue"}
    answer = uploader.call("POST", "sourcemap", "post_server_item", headers=headers)

    assert (answer.status_code, answer.json()["message"]) == (413, "request entity too large")
