"""A Django site in one file.

Run ``rollbar-logging serve``, set the two variables that it prints in another terminal, and there::

    python examples/django_site.py

Then open http://127.0.0.1:8000/orders/7/?coupon=SPRING, and look at the server's page; the page in the browser names
the report, as the header ``X-Report`` does. The handler in ``LOGGING`` is all that Django needs. The middleware gives
the request to what the views log as well (see /orders/2/), and /orders/later/7/ fails in a coroutine. A management
command that fails is reported too; this one tells what of the configuration keeps failures from being reported::

    python examples/django_site.py check
"""

from __future__ import annotations

import logging
import secrets
import signal
import sys
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

from rollbar_logging.integrations.django import execute_from_command_line

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    SECRET_KEY=secrets.token_hex(),
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rollbar_logging.integrations.django.Config"],
    MIDDLEWARE=["rollbar_logging.integrations.django.Middleware", f"{__name__}.NamePerson"],
    ROLLBAR_LOGGING={"header": "X-Report"},
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "rollbar": {
                "class": "rollbar_logging.RollbarHandler",
                "level": "ERROR",
                "environment": "examples",
                "framework": "django",
            }
        },
        "root": {"handlers": ["rollbar"]},
    },
)

logger = logging.getLogger("orders")
PRICES = {1: 4.90, 2: 19.00}
EXPENSIVE = 10.0


class NamePerson:
    """Middleware: who asks. Not needed with Django's users, of whom a report knows if a view has looked at them."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Name the person and go on."""
        request.rollbar_person = {"id": request.headers.get("X-User", "nobody")}
        return self._get_response(request)


def index(_request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("Open /orders/7/ to make it fail.\n")


def order(request: HttpRequest, number: int) -> HttpResponse:
    """Fail, unless the number is 1 or 2."""
    coupon = request.GET.get("coupon")
    price = PRICES[number]
    if price > EXPENSIVE:
        logger.error("order %d is not insured", number)
    return HttpResponse(f"order {number} with {coupon}: {price}\n")


async def order_later(request: HttpRequest, number: int) -> HttpResponse:
    """Fail likewise, in a coroutine."""
    return order(request, number)


urlpatterns = [
    path("", index),
    path("orders/<int:number>/", order),
    path("orders/later/<int:number>/", order_later),
]
handler500 = "rollbar_logging.integrations.django.server_error"

if __name__ == "__main__":
    # Python dies of SIGTERM without running what is to be run at exit; servers for production see to that themselves.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    execute_from_command_line([sys.argv[0], *(sys.argv[1:] or ["runserver", "--noreload"])])
