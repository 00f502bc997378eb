"""Scenes of `integrations.py`: tasks and jobs, and what telemetry notes by choice."""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import Callable
from typing import Any

from crew import Helper
from pairs import Pair, Run

# Each library is imported by its own scene: it may not be there, and is not to be in the others' way.
# ruff: noqa: PLC0415


def _watched(run: Run, install: Callable[[], Callable[[], None]]) -> Run:
    """Return *run* with something installed meanwhile."""

    def watched(count: int) -> None:
        undo = install()
        try:
            run(count)
        finally:
            undo()

    return watched


# Tasks


def _celery() -> Pair:
    """As a worker does it: by the function that Celery makes of a task, without a broker."""
    from celery import Celery, signals
    from celery.app.trace import build_tracer

    from rollbar_logging.integrations import celery as rollbar_celery

    app = Celery("shop", set_as_current=False)

    @app.task(name="sell", ignore_result=True)
    def sell(number: int) -> int:
        return number

    app.finalize()
    rollbar_celery.install()
    around = (signals.task_prerun, signals.task_postrun)
    ours = [signal.receivers[:] for signal in around]

    def run(receivers: list[list[Any]]) -> Run:
        trace = build_tracer("sell", app.tasks["sell"], app=app)
        request = {"hostname": "worker", "delivery_info": {"routing_key": "celery"}, "is_eager": False}

        def work(count: int) -> None:
            for signal, connected in zip(around, receivers, strict=True):
                signal.receivers[:] = connected
            for number in range(count):
                trace("d4c7acef-55bf-4c9e-a95e-4fe9428a8287", (number,), {}, dict(request))

        return work

    return Pair(run([[], []]), run(ours))


def _rq() -> Pair:
    """As a worker does it, without a process for each job, over a Redis in memory."""
    from fakeredis import FakeStrictRedis
    from rq import Queue, SimpleWorker

    from rollbar_logging.integrations.rq import RollbarSimpleWorker

    connection = FakeStrictRedis()
    queue = Queue("shop", connection=connection)

    def run(kind: Any) -> Run:
        worker = kind([queue], connection=connection)
        worker.log.disabled = True
        job = queue.enqueue("operator.neg", 1, result_ttl=0)

        def work(count: int) -> None:
            for _ in range(count):
                worker.execute_job(job, queue)

        return work

    return Pair(run(SimpleWorker), run(RollbarSimpleWorker))


def _aws_lambda() -> Pair:
    from rollbar_logging.integrations.aws_lambda import reporting

    class Context:
        function_name, aws_request_id = "shop", "d4c7acef"

        def get_remaining_time_in_millis(self) -> int:
            return 3000

    def handler(event: Any, context: Any) -> str:
        return f"{len(event)} {context.function_name}"

    def run(function: Callable[[Any, Any], Any]) -> Run:
        event, context = {"order": 5}, Context()

        def work(count: int) -> None:
            for _ in range(count):
                function(event, context)

        return work

    return Pair(run(handler), run(reporting(handler)))


# Outgoing requests, and SQL


def _endpoint() -> str:
    sink = Helper("sink.py", environ=os.environ)
    atexit.register(sink.end)
    return f"http://127.0.0.1:{sink.hello['port']}/shop/orders?page=2"


def _requests() -> Pair:
    import requests

    from rollbar_logging.integrations import requests as rollbar_requests

    url, session = _endpoint(), requests.Session()
    session.trust_env = False

    def ask(count: int) -> None:
        for _ in range(count):
            session.get(url)

    return Pair(ask, _watched(ask, rollbar_requests.install))


def _httpx() -> Pair:
    import httpx

    from rollbar_logging.integrations import httpx as rollbar_httpx

    url, client = _endpoint(), httpx.Client(trust_env=False)

    def ask(count: int) -> None:
        for _ in range(count):
            client.get(url)

    return Pair(ask, _watched(ask, rollbar_httpx.install))


def _httpx_async() -> Pair:
    import httpx

    from rollbar_logging.integrations import httpx as rollbar_httpx

    url, loop = _endpoint(), asyncio.new_event_loop()
    atexit.register(loop.close)
    client = httpx.AsyncClient(trust_env=False)

    async def ask(count: int) -> None:
        for _ in range(count):
            await client.get(url)

    def run(count: int) -> None:
        loop.run_until_complete(ask(count))

    return Pair(run, _watched(run, rollbar_httpx.install))


def _django_sql() -> Pair:
    import django
    from django.conf import settings
    from django.db import connections
    from django.db.backends.sqlite3.base import DatabaseWrapper

    from rollbar_logging.integrations import django_sql

    if not settings.configured:
        settings.configure(LOGGING_CONFIG=None)
    django.setup()
    # Not by `DATABASES`, which the other scenes have had read already.
    sqlite = connections.configure_settings({"default": {"ENGINE": "", "NAME": ":memory:"}})
    connections["default"] = connection = DatabaseWrapper(sqlite["default"], "default")

    def ask(count: int) -> None:
        for number in range(count):
            with connection.cursor() as cursor:
                cursor.execute("SELECT %s WHERE %s > 0", [number, 1])
                cursor.fetchall()

    return Pair(ask, _watched(ask, django_sql.install))


SCENES: dict[str, Callable[[], Pair]] = {
    "Celery": _celery,
    "RQ": _rq,
    "AWS Lambda": _aws_lambda,
    "requests, noted": _requests,
    "httpx, noted": _httpx,
    "httpx async, noted": _httpx_async,
    "Django SQL, noted": _django_sql,
}
