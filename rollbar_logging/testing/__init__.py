"""For tests of applications that report: what was reported, and assertions that say why nothing matched.

`capture_reports` keeps the reports of this process in memory; `LocalRollbar` is a server for what other processes
report. With pytest they are the fixtures ``rollbar`` and ``rollbar_server``.
"""

from rollbar_logging.testing.assertions import assert_nothing_reported, assert_reported
from rollbar_logging.testing.capture import capture_reports
from rollbar_logging.testing.local import LocalRollbar
from rollbar_logging.testing.report import RaisedException, Report, ReportedFrame
from rollbar_logging.testing.reports import Reports

__all__ = [
    "LocalRollbar",
    "RaisedException",
    "Report",
    "ReportedFrame",
    "Reports",
    "assert_nothing_reported",
    "assert_reported",
    "capture_reports",
]
