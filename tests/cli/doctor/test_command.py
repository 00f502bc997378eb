"""The command ``doctor``: options, the API's answers, the spool, its output and its exit status."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import rollbar_logging
from rollbar_logging.cli import main
from rollbar_logging.cli.demo_stage import environment
from rollbar_logging.cli.doctor import api as doctor_api
from rollbar_logging.cli.doctor.options import read_settings, secrets_of
from rollbar_logging.cli.doctor.report import Finding, Hider, masked
from rollbar_logging.cli.serve_options import VARIABLES
from rollbar_logging.delivery.answer import Answer
from rollbar_logging.server import LocalServer
from rollbar_logging.settings import Settings
from tests.cli.doctor.doctoring import TOKEN, doctor
from tests.loopback import Loopback, Reply

PONG = Reply(body="pong")


@pytest.fixture
def api(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """A server with a script, which the environment's options lead to."""
    monkeypatch.setenv("ROLLBAR_ACCESS_TOKEN", TOKEN)
    monkeypatch.setenv("ROLLBAR_ENDPOINT", loopback.endpoint)
    return loopback


def drop_report(_data: object) -> None:
    """An option ``before_send`` that keeps everything back."""


class Carrier:
    """An option ``transport`` that takes everything."""

    def send(self, body: bytes, timeout: float) -> Answer:
        """Take it."""
        return Answer(200)

    def close(self) -> None:
        """Nothing is open."""


class BrokenCarrier(Carrier):
    """One that breaks its promise never to raise."""

    def send(self, body: bytes, timeout: float) -> Answer:
        """Fail."""
        raise LookupError("no carriage")


def test_a_transport_of_ones_own_is_tried(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The report goes through it, without a token and without a look at HTTP; that it raises is told."""
    monkeypatch.setenv("ROLLBAR_TRANSPORT", f"{__name__}.Carrier")
    said = doctor(capsys)

    assert said.status == 0
    assert said.line("Settings", "access_token").startswith("note: ")
    assert said.line("Way to the endpoint", "transport").startswith("note: ")
    assert said.line("API", "test report").startswith("ok: ")

    monkeypatch.setenv("ROLLBAR_TRANSPORT", f"{__name__}.BrokenCarrier")
    assert "LookupError: no carriage" in doctor(capsys).line("API", "test report")


def test_a_healthy_way_is_told_and_the_report_arrives(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status is 0, and a report that says what it is stands at the server under the uuid that was told."""
    with LocalServer() as server:
        monkeypatch.setenv("ROLLBAR_ACCESS_TOKEN", server.tokens["post_server_item"])
        monkeypatch.setenv("ROLLBAR_ENDPOINT", server.endpoint)
        monkeypatch.setenv("ROLLBAR_LEVEL", "WARNING")
        monkeypatch.setenv("ROLLBAR_ENVIRONMENT", "stage")
        said = doctor(capsys)
        (arrived,) = server.occurrences()

    assert said.status == 0
    assert said.line("API", "test report") == (
        f"ok: the test report was taken, in the environment 'stage': uuid {arrived.uuid}"
    )
    assert said.found["report_uuid"] == arrived.uuid
    assert (arrived.title, arrived.level, arrived.environment) == (doctor_api.TITLE, "warning", "stage")
    assert "49999 of 50000 calls left" in said.line("API", "rate limit")
    assert said.line("API", "ping").startswith("ok: ")


@pytest.mark.parametrize(
    ("name", "words"),
    [("read", "the access token lacks the scope"), ("post_client_item", "the access token lacks the scope")],
)
def test_a_wrong_scope_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    """A token that may not post is a problem, and its mend names the scope that it needs."""
    with LocalServer() as server:
        monkeypatch.setenv("ROLLBAR_ACCESS_TOKEN", server.tokens[name])
        monkeypatch.setenv("ROLLBAR_ENDPOINT", server.endpoint)
        said = doctor(capsys)

    assert said.status == 1
    line = said.line("API", "refused with 403")
    assert words in line
    assert "scope post_server_item (Rollbar: project" in line


def test_unknown_and_disabled_tokens_are_told_apart(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server says of an unknown token repeats it; the doctor does not."""
    with LocalServer() as server:
        monkeypatch.setenv("ROLLBAR_ENDPOINT", server.endpoint)
        monkeypatch.setenv("ROLLBAR_ACCESS_TOKEN", "ffffffff00000000ffffffff00000000")
        assert "is not known (access token not found: <hidden>)" in doctor(capsys).line("API", "403")

        monkeypatch.setenv("ROLLBAR_ACCESS_TOKEN", server.tokens["post_server_item"])
        server.set_enabled("post_server_item", is_enabled=False)
        assert "is disabled or has expired" in doctor(capsys).line("API", "403")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(429, {"X-Rate-Limit-Limit": "50", "X-Rate-Limit-Remaining": "0"}), "the rate limit is reached"),
        (Reply(422), "not what the API expects"),
        (Reply(404), "the address is unknown"),
        (Reply(400), "could not be read"),
        (Reply(413), "too large"),
        (Reply(401), "access is denied"),
        (Reply(403, body={"err": 1, "message": "Your IP address (10.0.0.1) has been blocked."}), "address is blocked"),
        (Reply(500), "out of order"),
        (Reply(503, body="<html><body>Bad day</body></html>"), "Bad day"),
        (Reply(302, {"Location": "https://elsewhere.invalid/"}), "redirect"),
        (Reply(418), "does not say why"),
        (Reply(200, body="<html><body>Please log in</body></html>"), "Please log in"),
        (Reply(fault="reset"), "had no answer"),
        (Reply(fault="close"), "closed without an answer"),
    ],
)
def test_every_answer_to_the_report_is_told(
    api: Loopback, capsys: pytest.CaptureFixture[str], reply: Reply, words: str
) -> None:
    """Whatever else than success comes back, it is a problem in words, with a mend."""
    api.script = [PONG, reply]

    said = doctor(capsys, "--timeout", "5")

    line = said.line("API", "test report")
    assert line.startswith("problem: ")
    assert words in line
    assert " -> " in line


def test_silence_ends(api: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that takes all and says nothing is told of after the timeout, for the ping and for the report."""
    api.script = [Reply(fault="black_hole"), Reply(fault="black_hole")]

    said = doctor(capsys, "--timeout", "0.3")

    assert "within 0.3 s" in said.line("API", "ping")
    assert "within 0.3 s" in said.line("API", "test report")


def test_an_endless_answer_to_the_ping_ends(api: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a page without an end only the beginning is read."""
    api.script = [Reply(fault="endless")]

    assert "is not the Rollbar API" in doctor(capsys, "--no-send").line("API", "ping")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(body="<html>Please log in"), "Please log in.*is not the Rollbar API"),
        (Reply(404), "404.*is not the Rollbar API"),
        (Reply(302, {"Location": "https://elsewhere.invalid/x"}), r"redirected \(302\) to elsewhere.invalid"),
        (Reply(302, {"Location": "http://[bad"}), r"redirected \(302\) to elsewhere"),
        (Reply(302, {"Location": "http://*/x"}), r"redirected \(302\) to \*"),
        (Reply(502), "502"),
        (Reply(fault="reset"), "no answer to the ping"),
    ],
)
def test_a_ping_that_is_not_answered_by_the_api(
    api: Loopback, capsys: pytest.CaptureFixture[str], reply: Reply, words: str
) -> None:
    """What is not ``pong`` is a problem."""
    api.script = [reply]

    assert doctor(capsys, "--no-send").line("API", words).startswith("problem: ")


def test_a_wrong_clock_is_told(api: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    """A machine whose clock is far from the API's is warned of."""
    api.script = [PONG._replace(headers={"Date": "Mon, 01 Jan 2024 00:00:00 GMT"})]

    assert doctor(capsys, "--no-send").line("API", "clock").startswith("warning: this machine's clock is ")


def test_a_used_up_window_is_a_warning(api: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    """A report that arrived with the last call of the window is no problem."""
    api.script = [PONG, Reply(headers={"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Remaining-Seconds": "9"})]

    said = doctor(capsys)

    assert said.status == 0
    assert said.line("API", "rate limit").startswith("warning: rate limit: 0 calls left, the window ends in 9 s")


def test_nothing_is_sent_when_told_so(api: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--no-send`` the ping is all that the API gets, and it carries no token."""
    said = doctor(capsys, "--no-send")

    assert [request.path for request in api.requests] == ["/api/1/status/ping"]
    assert "x-rollbar-access-token" not in api.requests[0].headers
    assert "authorization" not in api.requests[0].headers
    assert said.found["report_uuid"] is None


def test_a_before_send_that_drops_is_told(
    api: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That nothing was sent is told at once, and whose doing it is."""
    monkeypatch.setenv("ROLLBAR_BEFORE_SEND", f"{__name__}.drop_report")
    api.script = [PONG]

    said = doctor(capsys)

    assert "before_send drops the test report" in said.line("API", "test report")
    assert len(api.requests) == 1


def test_without_a_token_nothing_is_reported(capsys: pytest.CaptureFixture[str], loopback: Loopback) -> None:
    """No token is a problem, and how to get one is told; the way is looked into all the same."""
    os.environ["ROLLBAR_ENDPOINT"] = loopback.endpoint
    try:
        said = doctor(capsys)
    finally:
        del os.environ["ROLLBAR_ENDPOINT"]

    assert said.line("Settings", "not set").startswith("problem: access_token is not set")
    assert said.line("Way to the endpoint", "connected to").startswith("ok: ")
    assert said.line("API", "no test report").startswith("note: ")


def test_what_is_switched_off_is_warned_of(
    api: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler that is switched off on purpose is no problem, and nothing is sent."""
    api.script = [PONG]
    monkeypatch.setenv("ROLLBAR_ENABLED", "no")

    said = doctor(capsys)

    assert said.status == 0
    assert said.line("Settings", "enabled").startswith("warning: ")
    assert len(api.requests) == 1


def test_every_fault_of_the_options_is_told_at_once(
    api: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two bad values are two problems; as no handler can be built with them, nothing is sent."""
    monkeypatch.setenv("ROLLBAR_TIMEOUT", "soon")
    monkeypatch.setenv("ROLLBAR_LEVEL", "LOUD")
    api.script = [PONG]

    said = doctor(capsys)

    assert len(said.problems()) == 2
    assert "environment variable ROLLBAR_TIMEOUT" in said.line("Settings", "timeout")
    assert "'LOUD'" in said.line("Settings", "level")
    assert said.line("API", "no test report").startswith("note: ")


def test_misspelt_variables_are_told(
    api: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that is no option is warned of with the nearest one, and never with its value."""
    monkeypatch.setenv("ROLLBAR_ACCES_TOKEN", "a-token-in-the-wrong-place")
    monkeypatch.setenv("ROLLBAR_XYZZY", "1")
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "a-value-of-the-server")
    api.script = [PONG]

    said = doctor(capsys)

    assert "did you mean ROLLBAR_ACCESS_TOKEN?" in said.line("Settings", "ROLLBAR_ACCES_TOKEN")
    assert said.line("Settings", "ROLLBAR_XYZZY").startswith("warning: ")
    assert not any(variable in said.out for variable in VARIABLES)


@given(token=st.from_regex(r"[!-~]{1,70}", fullmatch=True), more=st.text("äöü \n", max_size=30))
def test_a_token_is_hidden_wherever_it_shows_up(token: str, more: str) -> None:
    """Any token: what is shown of it is at most a quarter and four characters, and texts that hold it lose it."""
    hider = Hider(secrets_of({}, {"ROLLBAR_ACCESS_TOKEN": token}))
    finding = Finding("problem", f"{more}{token}{more}", f"say {token!r} {json.dumps(token)}")

    clean = hider.clean_finding(finding)

    assert len(masked(token).partition("...")[0]) <= min(4, len(token) // 4)
    if len(token) >= 4 and token.lower() not in "<hidden>":
        assert token not in clean.text
        assert token not in clean.mend


@example(token="a'b\"c\\d/e#f?g@h")
@example(token="<hidden>")
@given(token=st.from_regex(r"[!-~]{12,70}", fullmatch=True))
@settings(max_examples=15)
def test_no_token_is_ever_printed(token: str) -> None:
    """Any token, before a server that repeats it: in neither form of the output is it, nor its better half."""
    for words in (["doctor"], ["doctor", "--json"]):
        with Loopback() as loopback, contextlib.redirect_stdout(io.StringIO()) as out, environment({}):
            options = {"ACCESS_TOKEN": token, "ENDPOINT": loopback.endpoint, "ACESS_TOKEN": token[::-1]}
            os.environ.update({f"ROLLBAR_{name}": value for name, value in options.items()})
            loopback.script = [Reply(body=token), Reply(403, body={"err": 1, "message": f"not found: {token}{token}"})]
            assert main(words) == 1
        if token.lower() not in "<hidden>":
            for form in (token, json.dumps(token)[1:-1]):
                assert form not in out.getvalue()


@given(user=st.text("aZ9@/%$ü", min_size=1, max_size=8), password=st.text("aZ9@:%$ü", min_size=4, max_size=12))
def test_credentials_in_urls_are_hidden(user: str, password: str) -> None:
    """Whatever stands before the last @ of a URL is not shown."""
    url = f"https://{user}:{password}@api.invalid/api/1/"

    assert Hider().clean(f"endpoint = {url!r}".replace(" ", "")).endswith("//<hidden>@api.invalid/api/1/'")
    assert password not in Hider(secrets_of({"endpoint": url}, {})).clean(f"it says {password}")


@given(given=st.dictionaries(st.sampled_from([*Settings._fields, "nonsense"]), st.text(max_size=6) | st.integers()))
def test_options_of_any_value_are_read(given: dict[str, object]) -> None:
    """Whatever the keywords, reading them ends with settings, and a fault for each that cannot be."""
    reading = read_settings(given, {})

    assert {error.option for error in reading.errors} <= set(given)
    assert set(reading.origins) == set(Settings._fields)
    assert all(reading.origins[error.option] == "default" for error in reading.errors if error.option != "nonsense")


def test_origins_agree_with_what_is_resolved() -> None:
    """Each option's origin is where `resolve` took it from: keyword, variable, default."""
    origins = Settings.origins({"timeout": 2, "level": None}, {"ROLLBAR_LEVEL": "INFO", "ROLLBAR_TIMEOUT": "3"})

    assert origins["timeout"] == "keyword"
    assert origins["level"] == "environment variable ROLLBAR_LEVEL"
    assert origins["environment"] == "default"


def test_a_check_that_fails_is_a_problem(
    api: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in a check is told as a problem, and the other checks are made."""
    monkeypatch.setattr(doctor_api, "check_ping", lambda *_: 1 / 0)

    said = doctor(capsys)

    assert said.problems() == ["the check itself failed: ZeroDivisionError: division by zero"]
    assert said.lines("Runtime")


def test_the_text_has_the_same_findings(api: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    """Without ``--json`` each finding is a line with its mark, and the last line is the verdict."""
    found = doctor(capsys, "--no-send").found
    api.script = [PONG]
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out

    assert TOKEN not in out
    assert [line for line in out.splitlines() if line and line[0] != " "] == [
        *(section["title"] for section in found["sections"]),
        "All is well.",
    ]
    assert f"  ok       access_token = 0123... (32 characters) (environment variable {'ROLLBAR_ACCESS_TOKEN'})" in out


def test_it_runs_as_a_process_of_its_own(api: Loopback, tmp_path: Path) -> None:
    """Under warnings as errors and with ASCII only it ends with status 0, and is silent on stderr."""
    api.script = [PONG]
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-m", "rollbar_logging", "doctor", "--timeout", "9"],
        cwd=tmp_path,
        env={
            **os.environ,
            "ROLLBAR_ENVIRONMENT": "büro",
            "PYTHONPATH": str(Path(rollbar_logging.__file__).parents[1]),
            "PYTHONIOENCODING": "ascii",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "environment = 'b\\xfcro'" in done.stdout
    assert TOKEN not in done.stdout


def test_a_timeout_that_is_too_short_for_the_option_is_no_fault(
    api: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    """The steps may end sooner than the option of the same name allows; that is no fault of the options."""
    assert "the check itself failed" not in doctor(capsys, "--timeout", "0.001").out
    assert "the check itself failed" not in doctor(capsys, "--timeout", "600").out


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "soon", "1e9"])
def test_a_timeout_that_is_none_is_not_understood(capsys: pytest.CaptureFixture[str], seconds: str) -> None:
    """The status is that of a command line that was not understood."""
    with pytest.raises(SystemExit) as ended:
        main(["doctor", f"--timeout={seconds}"])

    assert ended.value.code == 2
    assert seconds in capsys.readouterr().err
