"""Rollbar's own client for JavaScript, installed by npm once a session."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGE = "rollbar@3"


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the client in it; skips where it cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("needs node and npm")
    folder = tmp_path_factory.mktemp("node")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--prefix", folder, PACKAGE]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)  # noqa: S603 - npm
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not answer in time")
    if done.returncode != 0:
        pytest.skip(f"npm cannot install {PACKAGE}: {done.stderr.strip()[-300:]}")
    return folder / "node_modules"
