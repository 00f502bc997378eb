"""A FastAPI application.

Run ``rollbar-logging serve``, set the two variables that it prints in another terminal, and there::

    python -m uvicorn --app-dir examples fastapi_app:app

Then open http://127.0.0.1:8000/orders/7?coupon=SPRING, and look at the server's page. The middleware is all it takes:
what fails, also after the answer, is reported with its request and route, and what is logged knows them too.
"""

from __future__ import annotations

import logging.config
from typing import Annotated

from fastapi import BackgroundTasks, FastAPI, Header, Request

from rollbar_logging.integrations.asgi import RollbarMiddleware

logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "rollbar": {
                "class": "rollbar_logging.RollbarHandler",
                "level": "ERROR",
                "environment": "examples",
                "framework": "fastapi",
            }
        },
        "root": {"handlers": ["rollbar"]},
    }
)

PRICES = {1: 4.90, 2: 19.00}
STOCK = {1: 12}

app = FastAPI()
app.add_middleware(RollbarMiddleware)


@app.get("/")
async def index() -> str:
    """Answer."""
    return "Open /orders/7 to make it fail."


@app.get("/orders/{number}")
async def order(number: int, request: Request, coupon: str = "", x_user: Annotated[str, Header()] = "nobody") -> str:
    """Fail, unless the number is 1 or 2."""
    request.scope["rollbar_person"] = {"id": x_user}
    return f"order {number} with {coupon}: {PRICES[number]}"


@app.post("/orders/{number}/pack")
async def pack(number: int, tasks: BackgroundTasks) -> str:
    """Answer, and fail thereafter, unless the number is 1."""
    tasks.add_task(take, number)
    return "it will be packed"


def take(number: int) -> None:
    """Take one out of stock."""
    STOCK[number] -= 1
