"""A Flask application with a blueprint, users of flask-login, and failures in every place where one can be."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import flask
import flask_login

from rollbar_logging import RollbarHandler
from rollbar_logging.integrations import flask as rollbar_flask

logging.getLogger().addHandler(RollbarHandler(framework="flask"))
logging.getLogger("gunicorn.error").propagate = True
logger = logging.getLogger("warehouse")

app = flask.Flask("shop")
app.secret_key = "s3cret-of-the-site"
logins = flask_login.LoginManager(app)
orders = flask.Blueprint("orders", __name__, url_prefix="/orders")


class User(flask_login.UserMixin):
    """A customer."""

    def __init__(self, number: int) -> None:
        self.id = number
        self.username = "ursula"
        self.email = "ursula@shop.example"
        self.password = "s3cret-of-ursula"


@logins.user_loader
def load(number: str) -> User:
    """Load a user, and tell of it."""
    if flask.request.path.endswith("/unasked"):
        logger.error("a user was loaded")
    return User(int(number))


@app.get("/enter")
def enter() -> str:
    """Log in."""
    flask_login.login_user(User(1))
    return "well"


@orders.post("/<int:number>")
def pay(number: int) -> str:
    """Fail with secrets at hand; the user is known."""
    card = "4111 1111 1111 1111"
    user = flask_login.current_user
    assert user.is_authenticated in {True, False}
    assert flask.request.form["order"]
    return {card: ""}[str(number)]


@orders.post("/<int:number>/unasked")
def pay_unasked(number: int) -> str:
    """Fail; nobody has asked for user or form."""
    raise LookupError(number)


@orders.post("/<int:number>/json")
def pay_json(number: int) -> str:
    """Fail; the body was read."""
    assert flask.request.get_json()
    raise LookupError(number)


@orders.get("/<int:number>/later")
async def pay_later(number: int) -> str:
    """Fail in a coroutine."""
    raise LookupError(number)


@app.get("/streamed")
def streamed() -> flask.Response:
    """Fail in the midst of it."""

    def pieces() -> Iterator[str]:
        yield "well"
        raise LookupError

    return flask.Response(pieces())


@app.get("/torn")
def torn() -> str:
    """Fail at the very end."""
    flask.g.is_torn = True
    return "well"


@app.teardown_request
def tear(_error: BaseException | None) -> None:
    """Fail if told to."""
    if flask.g.get("is_torn"):
        raise LookupError


@app.get("/handled")
def handled() -> str:
    """Fail with what is caught."""
    raise ZeroDivisionError


@app.errorhandler(ZeroDivisionError)
def catch(_error: Exception) -> tuple[str, int]:
    """Catch it."""
    return "caught", 400


@app.get("/told/<int:number>/")
def told(number: int) -> str:
    """Log."""
    logger.error("only %s left", number)
    return "well"


app.register_blueprint(orders)
rollbar_flask.init_app(app, person_fields=("id", "username"))
rollbar_flask.init_app(app)

if os.environ.get("SHOP") == "unheard":
    app.logger.propagate = False
if os.environ.get("SHOP") == "raising":
    app.config["PROPAGATE_EXCEPTIONS"] = True
