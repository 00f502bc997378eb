"""What an answer to the doctor's test report means, and what to do about it. Pure.

Facts: Rollbar API reference, "Status codes", "Rate limits" and the messages that the API is known to answer with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rollbar_logging.cli.doctor.report import Finding
from rollbar_logging.delivery.answer import Answer
from rollbar_logging.settings import Settings

ROLLBAR_ENDPOINT = Settings().endpoint
"""Where Rollbar itself is."""

_SCOPE = "a project access token with the scope post_server_item"
_WHERE = "Rollbar: project, Settings, Project Access Tokens"


def answer_findings(answer: Answer, settings: Settings, uuid: str | None) -> Iterator[Finding]:
    """Tell of the answer and of the rate limit.

    Args:
        answer: The answer to the test report.
        settings: With which it was sent.
        uuid: Of the test report.
    """
    if answer.status is None:
        yield Finding("problem", f"the test report had no answer: {answer.error}", "see the way to the endpoint")
        return
    said = f" ({answer.message})" if answer.message else ""
    if 200 <= answer.status < 300:  # noqa: PLR2004 - the successes
        yield _taken(answer, settings, uuid, said)
    else:
        text, mend = _refusal(answer.status, answer.message.lower(), settings)
        yield Finding("problem", f"the test report is refused with {answer.status}: {text}{said}", mend)
    yield from _rate_limit(answer.status, answer.headers)


def _taken(answer: Answer, settings: Settings, uuid: str | None, said: str) -> Finding:
    if answer.message:
        mend = f"a proxy or portal may answer in its place; the option endpoint should be {ROLLBAR_ENDPOINT}"
        return Finding(
            "problem", f"the answer to the test report ({answer.status}) is not the Rollbar API's{said}", mend
        )
    page = f", https://rollbar.com/occurrence/uuid/?uuid={uuid}" if settings.endpoint == ROLLBAR_ENDPOINT else ""
    where = f"in the environment {settings.environment!r}"
    return Finding("ok", f"the test report was taken, {where}: uuid {uuid}{page}")


def _refusal(status: int, message: str, settings: Settings) -> tuple[str, str]:
    """Return what is wrong, and its mend."""
    if status in {401, 403}:
        return _denial(message)
    if status < 400:  # noqa: PLR2004 - the redirections
        return "the endpoint redirects", "redirections are not followed: set the option endpoint to where the API is"
    if status >= 500:  # noqa: PLR2004 - the server's own faults
        return "the API or a proxy before it is out of order", "wait, and look at https://status.rollbar.com"
    known = {
        400: ("it could not be read", "does a proxy change what is sent?"),
        404: ("the address is unknown", f"the option endpoint must be the API's base, as {ROLLBAR_ENDPOINT}"),
        407: ("the proxy asks for credentials", "put them into HTTPS_PROXY: http://user:password@host:port"),
        413: ("it is too large", "set the option max_payload_bytes lower, to what a proxy on the way takes"),
        422: ("it is not what the API expects", "look at what the option before_send makes of it"),
        429: ("the rate limit is reached", _over_the_limit(settings)),
    }
    return known.get(status, ("the API does not say why", "see the message"))


def _denial(message: str) -> tuple[str, str]:
    if "insufficient privileges" in message and "disabled" not in message:
        return "the access token lacks the scope", f"set access_token to {_SCOPE} ({_WHERE})"
    if "disabled" in message or "expired" in message:
        return "the access token is disabled or has expired", f"enable it, or make a new one ({_WHERE})"
    if "not found" in message:
        return "the access token is not known", f"set access_token to {_SCOPE} ({_WHERE}), without quotes around it"
    if "blocked" in message:
        return "this machine's address is blocked", "see the IP blocklist and safelist in Rollbar's settings"
    return "access is denied", f"set access_token to {_SCOPE} ({_WHERE})"


def _over_the_limit(settings: Settings) -> str:
    fate = "are dropped" if settings.on_rate_limit == "drop" else "wait for the window's end"
    return f"until then reports {fate}; log less, or raise the limit of the access token ({_WHERE})"


def _rate_limit(status: int, headers: Mapping[str, str]) -> Iterator[Finding]:
    limit, left, seconds = (
        headers.get(f"x-rate-limit-{name}", "") for name in ("limit", "remaining", "remaining-seconds")
    )
    if not left:
        yield Finding("note", "the answer tells nothing of a rate limit")
        return
    of = f" of {limit}" if limit else ""
    ends = f", the window ends in {seconds} s" if seconds else ""
    is_used_up = left == "0" and status < 400  # noqa: PLR2004 - a refusal has been told already
    mend = "further reports wait until then" if is_used_up else ""
    yield Finding("warning" if is_used_up else "note", f"rate limit: {left}{of} calls left{ends}", mend)
