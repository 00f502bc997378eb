"""Builds the wheel, installs it alone into a fresh virtual environment and reports an error with it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

ALLOWED = {
    "rollbar-logging",
    # the core dependencies
    "cachetools",
    "requests",
    "structlog",
    # and theirs
    "certifi",
    "charset-normalizer",
    "idna",
    "typing-extensions",
    "urllib3",
    # what a virtual environment comes with
    "pip",
    "setuptools",
}

PROGRAM = """
import json, logging.config, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path

import rollbar_logging

assert (Path(rollbar_logging.__file__).parent / "py.typed").is_file()
assert version("rollbar-logging") == rollbar_logging.VERSION
received = []

class Rollbar(BaseHTTPRequestHandler):
    def do_POST(self):
        received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
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
}
logging.config.dictConfig({"version": 1, "handlers": {"rollbar": handler}, "root": {"handlers": ["rollbar"]}})
logging.error("from the wheel")
logging.shutdown()
assert [item["data"]["body"]["message"]["body"] for item in received] == ["from the wheel"], received
print("the wheel reports")
"""


def main() -> None:
    """Build, install, look at what came along, and run."""
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "build", "--outdir", folder, ".")
        (wheel,) = Path(folder).glob("*.whl")
        run(sys.executable, "-m", "venv", f"{folder}/venv")
        python = f"{folder}/venv/bin/python"
        run(python, "-m", "pip", "install", "-q", str(wheel))
        listed = run(python, "-m", "pip", "list", "--format=freeze").splitlines()
        came = {line.partition("==")[0].lower().replace("_", "-") for line in listed}
        if not came <= ALLOWED:
            sys.exit(f"the wheel brings along more than its core dependencies: {sorted(came - ALLOWED)}")
        print(run(f"{folder}/venv/bin/rollbar-logging", "--version", cwd=folder).strip())
        print(run(python, "-c", textwrap.dedent(PROGRAM), cwd=folder).strip())


def run(*command: str, cwd: str = ".") -> str:
    """Run a command and return its output; end with what it printed if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} … failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
