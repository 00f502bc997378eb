"""What all commands have in common."""

from __future__ import annotations

import subprocess
import sys


def test_a_reader_that_has_gone_costs_no_traceback() -> None:
    """As in ``rollbar-logging demo --exit | head``."""
    with subprocess.Popen(
        [sys.executable, "-m", "rollbar_logging", "demo", "--exit"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert said == ""
    assert process.returncode == 1
