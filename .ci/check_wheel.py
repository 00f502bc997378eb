"""Builds source distribution and wheel, installs the wheel alone in a fresh virtual environment, and reports with it.

Exit status: 0 if nothing but the core dependencies came along and a record arrived.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

CORE = {"requests", "structlog", "cachetools"}
FROM_THE_ENVIRONMENT = {"pip", "setuptools"}

CLOSURE = """
import json
import re
from importlib.metadata import distributions, requires

def canonical(name):
    return re.sub("[-_.]+", "-", name).lower()

def needs(name):
    # An extra's requirements have a marker that says so; other markers may hold or not.
    lines = [line for line in requires(name) or [] if "extra ==" not in line]
    return {canonical(re.match("[A-Za-z0-9._-]+", line)[0]) for line in lines}

there = {canonical(d.metadata["Name"]): d.metadata["Name"] for d in distributions()}
direct = needs("rollbar-logging")
known, waiting = set(), set(direct)
while waiting:
    name = waiting.pop()
    if name in there and name not in known:
        known.add(name)
        waiting |= needs(name)
print(json.dumps({"direct": sorted(direct), "closure": sorted(known), "there": sorted(there)}))
"""
"""Prints what the installed package asks for, what that asks for, and what there is."""

REPORT = """
import json
import logging.config
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path

import rollbar_logging

assert (Path(rollbar_logging.__file__).parent / "py.typed").is_file()
assert "site-packages" in rollbar_logging.__file__, rollbar_logging.__file__
assert version("rollbar-logging") == rollbar_logging.VERSION
received = []

class Rollbar(BaseHTTPRequestHandler):
    def do_POST(self):
        received.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        body = b'{"err": 0, "result": {"id": null, "uuid": ""}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

server = HTTPServer(("127.0.0.1", 0), Rollbar)
threading.Thread(target=server.serve_forever, daemon=True).start()
handler = {
    "class": "rollbar_logging.RollbarHandler",
    "access_token": "of-the-wheel",
    "endpoint": f"http://127.0.0.1:{server.server_port}/api/1/",
    "shutdown_timeout": 30,
}
logging.config.dictConfig({"version": 1, "handlers": {"rollbar": handler}, "root": {"handlers": ["rollbar"]}})
try:
    {}["key"]
except KeyError:
    logging.exception("from the wheel")
logging.shutdown()
(path, item), = received
assert path == "/api/1/item/", path
assert item["data"]["body"]["trace"]["exception"]["description"] == "from the wheel", item
assert not {"starlette", "uvicorn", "orjson"} & sys.modules.keys()
print("a record arrived")
"""


def main() -> None:
    """Build, look inside, install, look at what came along, and report."""
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "build", "--outdir", folder, ".")
        ((wheel,), (source,)) = (list(Path(folder).glob(pattern)) for pattern in ("*.whl", "*.tar.gz"))
        print(f"built {source.name} and, of it, {wheel.name}")
        strangers = [name for name in zipfile.ZipFile(wheel).namelist() if not name.startswith("rollbar_logging")]
        expect(not strangers, f"in the wheel: {strangers}")
        run(sys.executable, "-m", "venv", f"{folder}/venv")
        python = f"{folder}/venv/bin/python"
        run(python, "-m", "pip", "install", "-q", str(wheel))
        found = json.loads(run(python, "-c", CLOSURE, cwd=folder))
        expect(set(found["direct"]) == CORE, f"the core dependencies are {found['direct']}")
        along = set(found["there"]) - FROM_THE_ENVIRONMENT - {"rollbar-logging"}
        expect(along == set(found["closure"]), f"came along: {sorted(along)}; needed: {found['closure']}")
        print("came along:", ", ".join(sorted(along)))
        print(run(f"{folder}/venv/bin/rollbar-logging", "--version", cwd=folder).strip())
        print(run(python, "-W", "error", "-c", REPORT, cwd=folder).strip())


def expect(holds: bool, otherwise: str) -> None:
    """End with a message unless something holds."""
    if not holds:
        sys.exit(f"the wheel is not as it should be: {otherwise}")


def run(*command: str, cwd: str = ".") -> str:
    """Run a command and return its output; end with what it printed if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} … failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
