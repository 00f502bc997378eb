"""The parts of one handler, put together by its settings."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from rollbar_logging.delivery.notices import tell
from rollbar_logging.settings import Settings

if TYPE_CHECKING:
    from rollbar_logging.capture.record import Recorder
    from rollbar_logging.capture.storms import Storms
    from rollbar_logging.capture.telemetry import Telemetry
    from rollbar_logging.delivery.queue import ReportQueue
    from rollbar_logging.delivery.sender import Way
    from rollbar_logging.delivery.spool import Spool
    from rollbar_logging.delivery.worker import Worker

# The parts are imported here and not above, so that importing the package stays cheap; and not on the worker's
# thread: a fork in the middle of an import would leave the child with a lock that nobody gives back.
# ruff: noqa: PLC0415


def assembled(settings: Settings) -> tuple[Recorder, Storms | None, ReportQueue, Worker]:
    """Return what captures records, what counts storms (if anything does), the queue, and what delivers from it."""
    from rollbar_logging.capture.record import Recorder
    from rollbar_logging.capture.storms import Storms
    from rollbar_logging.capture.values import Bounds
    from rollbar_logging.delivery.queue import ReportQueue
    from rollbar_logging.delivery.report import Report
    from rollbar_logging.delivery.spooled_queue import SpooledQueue
    from rollbar_logging.delivery.worker import Worker

    bounds = Bounds(settings.max_string, settings.max_items, settings.max_depth, settings.capture_budget)
    recorder = Recorder(
        bounds,
        settings.max_frames,
        with_locals=settings.capture_locals,
        exception_levels=settings.exception_levels,
    )
    kind = ReportQueue if settings.spool_dir is None else SpooledQueue
    queue = kind(settings.queue_size, settings.queue_bytes, settings.batch_size, settings.flush_interval)
    if not settings.storm_limit:
        return recorder, None, queue, Worker(queue, _way(settings))
    is_ignored = recorder.is_ignored if settings.exception_levels else None
    # Neither refers to the handler, so that one which is given up can go while its thread still runs.
    storms = Storms(settings.storm_limit, settings.storm_window, lambda summary: queue.put(Report(summary)), is_ignored)
    return recorder, storms, queue, Worker(queue, _way(settings), storms.tell_ended)


def telemetry_of(settings: Settings) -> Telemetry | None:
    """Return what keeps the trail of earlier records, if one is asked for."""
    if settings.is_inert or not settings.telemetry_size:
        return None
    from rollbar_logging.capture.telemetry import Telemetry

    level = settings.telemetry_level
    return Telemetry(settings.telemetry_size, level if isinstance(level, int) else logging.getLevelName(level))


def _way(settings: Settings) -> Way:
    import socket

    from rollbar_logging.delivery.sender import Way
    from rollbar_logging.delivery.transport import HttpTransport
    from rollbar_logging.item.assembly import Assembly
    from rollbar_logging.item.build import Origin
    from rollbar_logging.item.scrub import Scrubber

    origin = Origin(
        settings.environment,
        settings.platform,
        settings.framework,
        settings.code_version,
        settings.host or socket.gethostname(),
        settings.root.rstrip("/") if settings.root else None,
        settings.branch,
        tuple(sys.argv) if settings.send_argv else None,
    )
    scrubber = Scrubber(
        fields=settings.scrub_fields,
        emails=settings.scrub_emails,
        ibans=settings.scrub_ibans,
        access_token=settings.access_token,
    )
    assembly = Assembly(origin, scrubber, settings.max_payload_bytes, settings.before_send, settings.fingerprint)
    if settings.transport is not None:
        transport, fresh = settings.transport, lambda: settings.transport
    else:
        transport = HttpTransport(settings.endpoint, settings.access_token or "", pool_size=settings.max_connections)
        fresh = transport.fresh
    return Way(
        transport,
        fresh,
        assembly.body,
        assembly.shrunk,
        settings.timeout,
        settings.max_connections,
        settings.on_rate_limit,
        settings.max_age,
        _spool(settings),
        settings.spool,
    )


def _spool(settings: Settings) -> Spool | None:
    if settings.spool_dir is None:
        return None
    from rollbar_logging.delivery.spool import Spool

    token = settings.access_token or ""
    return Spool(settings.spool_dir, token=token, max_bytes=settings.spool_bytes, on_notice=tell)
