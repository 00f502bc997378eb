"""A Flask application.

Run ``rollbar-logging serve``, set the two variables that it prints in another terminal, and there::

    python -m flask --app examples/flask_app.py run

Then open http://127.0.0.1:5000/orders/7?coupon=SPRING, and look at the server's page.
"""

from __future__ import annotations

import logging.config
import signal
import sys

import flask

from rollbar_logging import set_person
from rollbar_logging.integrations import flask as rollbar_flask

logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "rollbar": {
                "class": "rollbar_logging.RollbarHandler",
                "level": "ERROR",
                "environment": "examples",
                "framework": "flask",
            }
        },
        "root": {"handlers": ["rollbar"]},
    }
)
# Python dies of SIGTERM without running what is to be run at exit; servers for production see to that themselves.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

PRICES = {1: 4.90, 2: 19.00}

app = flask.Flask(__name__)
rollbar_flask.init_app(app)
orders = flask.Blueprint("orders", __name__, url_prefix="/orders")


@app.before_request
def name_person() -> None:
    """Reports made from here on concern this user; one of flask-login is known without this."""
    set_person(flask.request.headers.get("X-User"))


@app.teardown_request
def forget_person(_error: BaseException | None) -> None:
    """What this thread does next concerns somebody else."""
    set_person(None)


@app.get("/")
def index() -> str:
    """Answer."""
    return "Open /orders/7 to make it fail.\n"


@orders.get("/<int:number>")
def order(number: int) -> str:
    """Fail, unless the number is 1 or 2."""
    coupon = flask.request.args.get("coupon")
    return f"order {number} with {coupon}: {PRICES[number]}\n"


app.register_blueprint(orders)
