"""A Django site in one file.

Run ``rollbar-logging serve``, set the two variables that it prints in another terminal, and there::

    python examples/django_site.py

Then open http://127.0.0.1:8000/orders/7/?coupon=SPRING, and look at the server's page. The handler in ``LOGGING`` is
all that Django needs; the middleware adds who was affected.
"""

from __future__ import annotations

import secrets
import signal
import sys
from collections.abc import Callable

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse
from django.urls import path

import rollbar_logging

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    SECRET_KEY=secrets.token_hex(),
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[f"{__name__}.name_person"],
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

PRICES = {1: 4.90, 2: 19.00}


def name_person(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: reports made during a request concern its user."""

    def respond(request: HttpRequest) -> HttpResponse:
        with rollbar_logging.context(person={"id": request.headers.get("X-User", "nobody")}):
            return get_response(request)

    return respond


def index(_request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("Open /orders/7/ to make it fail.\n")


def order(request: HttpRequest, number: int) -> HttpResponse:
    """Fail, unless the number is 1 or 2."""
    coupon = request.GET.get("coupon")
    return HttpResponse(f"order {number} with {coupon}: {PRICES[number]}\n")


urlpatterns = [path("", index), path("orders/<int:number>/", order)]

if __name__ == "__main__":
    # Python dies of SIGTERM without running what is to be run at exit; servers for production see to that themselves.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    execute_from_command_line([sys.argv[0], *(sys.argv[1:] or ["runserver", "--noreload"])])
