"""Which names are secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.item.secret_names import (
    BRIEF,
    CHOSEN,
    CLEAN,
    MADE,
    MEMORABLE,
    PLURAL,
    SecretNames,
    words_of,
)

NAMES = SecretNames()

PASSWORDS = """
    password Password PASSWORD passwd pwd passphrase passcode secret dbPassword DB-PASSWORD db.password PassWord
    PGPASSWORD MYSQL_PWD client_secret STRIPE_SECRET new_password2 password1 user[password] passwort DB_PASS smtpPass
    pw user_pw dbPw
""".split()  # noqa: SIM905 - a table of words, not of quotes
MADE_BY_MACHINES = """
    token access_token refreshToken auth_token X-Rollbar-Access-Token X-Amz-Security-Token csrfmiddlewaretoken
    csrftoken csrf X-XSRF-TOKEN oauth2_token id_token api_key apikey apiKey APIKEY x_api_key X-Api-Key AccountKey
    SharedAccessKey private_key secret_key_base aws_access_key_id RAILS_MASTER_KEY session_key auth basic_auth
    auth_header authorization HTTP_AUTHORIZATION Proxy-Authorization credential cookie Cookie set-cookie
    session_id sessionid sessionId PHPSESSID JSESSIONID ASP.NET_SessionId otp totp_secret cvv cvc2 card_number
    cardNumber card.number ssn pin card_pin X-Amz-Signature
""".split()  # noqa: SIM905 - a table of words, not of quotes
HARMLESS = """
    tokenizer author authored_at authors authenticated authority cookiecutter passenger passport secretary keyboard
    monkey key keys primary_key public_key compass bypass spinning inside position max_tokens token_count
    token_type token_url token_expires_at token_expires_in cookie_name cookie_domain secret_name password_field
    password_min_length num_secrets auth_user AUTH_USER_MODEL account_sid session cards code status_code cwd
    argspec notifier fingerprint uuid code_version assess_id possessId obsession_id _ - 42
""".split()  # noqa: SIM905 - a table of words, not of quotes


@pytest.mark.parametrize("name", PASSWORDS)
def test_the_names_of_what_people_choose_are_secret(name: str) -> None:
    """Names of passwords are known in every style, also as a part of longer names."""
    assert NAMES.kind(name) == MEMORABLE


@pytest.mark.parametrize("name", MADE_BY_MACHINES)
def test_the_names_of_what_machines_make_are_secret(name: str) -> None:
    """Names of tokens, keys, cookies, session ids and card numbers are known in every style."""
    assert NAMES.kind(name) in {MADE, MEMORABLE}


@pytest.mark.parametrize("name", HARMLESS)
def test_names_that_only_look_alike_are_not_secret(name: str) -> None:
    """A name that contains a secret one as a part of a word, or only tells about one, is none."""
    assert NAMES.kind(name) == CLEAN


@pytest.mark.parametrize("name", ["tokens", "passwords", "cookies", "secrets", "api_keys", "access_tokens"])
def test_plurals_are_told_apart(name: str) -> None:
    """Numbers under a plural are counts, so plurals of qualified names are a kind of their own."""
    assert NAMES.kind(name) == (CLEAN if name == "tokens" else PLURAL)


@pytest.mark.parametrize("name", ["pass", "low_pass", "sid", "connect.sid", "sig", "signature"])
def test_brief_names_are_told_apart(name: str) -> None:
    """Short names have other meanings too, so they are a kind of their own."""
    assert NAMES.kind(name) == BRIEF


@pytest.mark.parametrize("field", ["X-Internal-Id", "xInternalId", "x internal id", "x_internal_id", "XInternalID"])
@pytest.mark.parametrize("name", ["X_INTERNAL_ID", "xInternalId", "the-x-internal-id", "xInternalId2", "x.internal.id"])
def test_the_applications_names_count_in_every_style(field: str, name: str) -> None:
    """However the application writes a name, it is found however the data write it."""
    assert SecretNames([field]).kind(name) == CHOSEN


def test_the_applications_names_win_over_what_is_let_pass() -> None:
    """``password_hint`` only tells about a password, unless the application says otherwise."""
    assert NAMES.kind("password_hint") == CLEAN
    assert SecretNames(["password_hint"]).kind("password_hint") == CHOSEN


@pytest.mark.parametrize("fields", [[], [""], ["--", " "]])
def test_names_without_words_name_nothing(fields: list[str]) -> None:
    """An empty name makes nothing secret."""
    assert SecretNames(fields).kind("anything") == CLEAN


@given(st.text())
def test_any_text_may_be_a_name(name: str) -> None:
    """Whatever stands as a key: it has a kind, the same at every look."""
    names = SecretNames([name])

    assert names.kind(name) == names.kind(name)
    assert names.kind(name) == (CHOSEN if words_of(name) != "_" else CLEAN)


def test_names_are_remembered_within_bounds() -> None:
    """However many names come by, memory stays bounded."""
    names = SecretNames()
    for number in range(10_000):
        names.kind(f"name_{number}")

    assert len(names._known) <= 4096
    assert names.kind("password") == MEMORABLE
