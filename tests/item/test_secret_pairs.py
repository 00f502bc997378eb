"""Secrets in text that stand beside their name: what is taken out, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.item.scrub import SCRUBBED
from tests.item.texts import CUT, SCRUBBER, assert_gone, assert_stays

# Each text, and a part of it that must be gone.
PAIRS = [
    ("password=hunter2", "hunter2"),
    ("password = hunter2", "hunter2"),
    ("password: hunter2", "hunter2"),
    ("password:hunter2", "hunter2"),
    ("Password: 'hunter2'", "hunter2"),
    ("Wrong password: hunter2 for bob", "hunter2"),
    ('password "hunter2" is bad', "hunter2"),
    ("token: abc123def", "abc123def"),
    ("api key: hunter2", "hunter2"),
    ("passphrase: correct horse battery", "battery"),
    ("cvv: 123", "123"),
    ("your OTP: 4711", "4711"),
    ("ssn: 123-45-6789", "6789"),
    ("session id: hunter2hunter", "hunter2"),
    ("session_id = hunter2hunter", "hunter2"),
    ('{"password": "hunter2"}', "hunter2"),
    ("{'password': 'hunter2'}", "hunter2"),
    (r"{\"password\": \"hunter2\"}", "hunter2"),
    ('{"otp": 123456}', "123456"),
    ("'cvv': 123,", "123"),
    ("'password' => 'hunter2'", "hunter2"),
    ("'credentials': {'user': 'bob', 'pw': 'hunter2'}", "hunter2"),
    ("[parameters: {'password': 'hunter2'}]", "hunter2"),
    ("User(name='b', password='hunter2')", "hunter2"),
    ("Settings(password=SecretStr('hunter2'), x=1)", "hunter2"),
    (r"password='it\'s hunter2'", "hunter2"),
    ("get(url, auth=('bob', 'hunter2'))", "hunter2"),
    ("a=1&password=hunter2", "hunter2"),
    ("user[password]=hunter2&b=1", "hunter2"),
    ("password=Tr0ub(4)dor&x=1", "dor"),
    ("password=a,b&c hunter", "a,b"),
    ("password==hunter2", "hunter2"),
    ("password=password", "=password"),
    ("DB_PASS: hunter2", "hunter2"),
    ("csrfmiddlewaretoken=hunter2&x=1", "hunter2"),
    ("sessionid=hunter2; x", "hunter2"),
    ("PGPASSWORD=hunter2 psql", "hunter2"),
    ("MYSQL_PWD=hunter2", "hunter2"),
    ("Server=h;Password=hunter2;Database=x", "hunter2"),
    ("AccountName=x;AccountKey=abc/def+gh==;EndpointSuffix=core", "abc/def"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalr"),
    (r"x\npassword=hunter2\ny", "hunter2"),
    (r"x\nauth=hunter2", "hunter2"),
    ("%26password%3Dhunter2", "hunter2"),
    ("x_internal_id=hunter2", "hunter2"),
    ("x-internal-id: hunter2", "hunter2"),
    ("password=hunter2" + CUT, "hunter2"),
    ('"password": "hunter2' + CUT, "hunter2"),
    ('password="hun', "hun"),
    ("UPDATE `users` SET `password` = 'hunter2' WHERE `id` = 1", "hunter2"),
    ("pw=hunter2", "hunter2"),
    ("{'user_pw': 'hunter2'}", "hunter2"),
    ('[{"name": "password", "value": "hunter2"}]', "hunter2"),
    (r"[{\"Name\": \"DB_PASSWORD\", \"Value\": \"hunter2\"}]", "hunter2"),
    ("Cookie(version=0, name='sessionid', value='hunter2', port=None)", "hunter2"),
    ('<input type="hidden" name="csrfmiddlewaretoken" value="hunter2">', "hunter2"),
    ("1 error for Login\nuser.password\n  Too short [type=short, input_value='hunter2', input_type=str]", "hunter2"),
    ("1 error for Login\npassword\n  Too short [type=short, input_value='hunter2" + CUT, "hunter2"),
]
ELEMENTS = [
    ("<user>bob</user><password>hunter2</password>", "hunter2"),
    ('<wsse:Password Type="x#PasswordText">hunter2</wsse:Password>', "hunter2"),
    ("<apiKey>hunter2</apiKey>", "hunter2"),
    ("<ssn>123-45-6789</ssn>", "6789"),
    ("<password><![CDATA[hun<ter2]]></password>", "ter2"),
    (r"{\"xml\": \"<password>hunter2<\/password>\"}", "hunter2"),
    ("<password>hunter2" + CUT, "hunter2"),
]
HEADERS = [
    ("Cookie: a=hunter2; b=zweig9", "zweig9"),
    ("Set-Cookie: sid=hunter2; Path=/", "hunter2"),
    ('curl -H "Cookie: a=hunter2" x', "hunter2"),
    ("curl -H 'X-Api-Key: hunter2' x", "hunter2"),
    ("X-Rollbar-Access-Token: hunter2", "hunter2"),
    ("Authorization: Basic aHVudGVyMjp4", "aHVudGVyMjp4"),
    ("headers: Authorization: Bearer hunter2hunter2", "hunter2"),
    ("got Basic dXNlcjpodW50ZXIy here", "dXNlcjpodW50ZXIy"),
    ("Bearer abcdef123456", "abcdef123456"),
    ("{b'authorization': b'Token abc'}", "abc"),
    ("[(b'authorization', b'hunter2')]", "hunter2"),
    ("('Authorization', 'hunter2')", "hunter2"),
    ("('password', 'secret')", "secret"),
    ("['password', 'Password1']", "Password1"),
    ("['token', 'token1x9']", "token1x9"),
    ("['password', 'email']", "email"),
    ("['--password', 'token']", "token"),
    ("Command '['mysql', '--password', 'hunter2']' failed", "hunter2"),
    ("run --api-key hunter2 --x", "hunter2"),
    ("run --password=hunter2", "hunter2"),
]
CODE = [
    ('password = "hunter2"', "hunter2"),
    ("connect(user, password='hunter2')", "hunter2"),
    ('self.password: str = "hunter2"', "hunter2"),
    ('os.environ["DB_PASSWORD"] = "hunter2"', "hunter2"),
    ('os.getenv("DB_PASSWORD", "hunter2")', "hunter2"),
    ('auth=("bob", "hunter2")', "hunter2"),
    ('if password == "hunter2":', "hunter2"),
    ("PIN = 4711", "4711"),
    ('DSN = "postgres://u:hunter2@h"', "hunter2"),
]

HARMLESS = r"""
missing: ['password', 'api_key']
('api_key', 'password')
["token", "refresh_token"]
(b'authorization', b'cookie')
("password", "X-Internal-Id")
Unexpected token: '}'
Unexpected token } in JSON at position 5
Unexpected token: expected ')' at line 4
Unexpected token: <!DOCTYPE html>
invalid token: expected name
invalid token: None
Password: This field is required.
password: required
password: must have 8 characters
The password is wrong
the secret: to be kept
auth: denied for user
Authorization: denied
cookies are bad
secrets "foo" not found
KeyError: 'password'
TypeError: login() missing 1 required positional argument: 'password'
<Token kind=NAME>
session: <Session object>
password = form["password"]
token = get_token()
token = await client.fetch_token(user)
token = tokens[0]
token = self._tokens.pop()
self.password = password
self.token = access_token
login(user, password=password)
mysql --user <user> <password>@<host>
<password></password>
<password>%s</password>
<label for="password">Password</label>
[{"name": "colour", "value": "red"}]
use `token` = the value
arn:aws:secretsmanager:us-east-1:123456789012:secret:db/main-AbCdEf
"Sid": "AllowReading"
def login(self, password):
def login(self, password: str, token: Optional[str] = None) -> None:
password = getpass.getpass("Password: ")
print("token: ", token)
raise ValueError("password must not be empty")
if token == "=":
from secrets import token_hex
sort(key=lambda x: x)
data["key"] = value1234
std::token::value
WHERE password = :password
password = ?
password=%s
password={password}
password=${DB_PASSWORD}
password=None
password=***
"password": null
"password": ""
"token_type": "Bearer"
max_tokens=512
token_count: 12
tokenizer=abc12345
author: bob
keyboard=x
passenger: 12345678
""".strip().split("\n")
HARMLESS_CODE = r"""
connect(password=password, token=tok)
x = Foo(password=get_pw(), api_key=API_KEY)
{"password": password, "token": token}
password=os.environ["X"],
assert token == other
fields = ("password", "email")
msg = "password=" + pw
xml = "<password>" + escape(pw) + "</password>"
f"password={pw}"
input("Password: "), input("Token: ")
""".strip().split("\n")


@pytest.mark.parametrize(("text", "secret"), PAIRS + ELEMENTS + HEADERS + CODE)
def test_a_secret_beside_its_name_is_taken_out(text: str, secret: str) -> None:
    """Whatever way a name and its value are written, the value is gone."""
    assert_gone(text, secret)


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ('get("/fail?token=t0ken-of-mine&page=2")', "t0ken-of-mine"),
        ("get('/fail?page=2&api_key=k3y-of-mine')", "k3y-of-mine"),
        ('run("mysql --password=hunter2 -h db")', "hunter2"),
    ],
)
def test_a_url_or_command_line_in_a_string_literal_loses_its_secret(line: str, secret: str) -> None:
    """What in source code can stand only within a string is read as data are."""
    assert secret not in SCRUBBER.code(line)[0]


@pytest.mark.parametrize("line", ['f"/x?token={token}"', '"/x?token=%s" % token', '"/x?token=" + token + "&a=b"'])
def test_a_url_that_is_put_together_in_source_code_stays(line: str) -> None:
    """A name or a placeholder in a URL is no secret."""
    assert SCRUBBER.code(line) == (line, 0)


@pytest.mark.parametrize(("text", "secret"), CODE)
def test_a_secret_in_source_code_is_taken_out(text: str, secret: str) -> None:
    """Literals beside a secret's name go from source code too."""
    assert secret not in SCRUBBER.code(text)[0]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    """Prose, source code and placeholders behind a name stay as they are."""
    assert_stays(text)


@pytest.mark.parametrize("line", HARMLESS_CODE)
def test_expressions_in_source_code_stay(line: str) -> None:
    """In source code a name, a call or a template is no secret; only a literal is."""
    assert SCRUBBER.code(line) == (line, 0)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GET /x?token=hunter2&step=2 failed", f"GET /x?token={SCRUBBED}&step=2 failed"),
        ('{"password": "hunter2", "a": 1}', f'{{"password": "{SCRUBBED}", "a": 1}}'),
        ("User(name='b', password='hunter2', age=3)", f"User(name='b', password='{SCRUBBED}', age=3)"),
        ("Wrong password: hunter2 for bob", f"Wrong password: {SCRUBBED} for bob"),
        ("Cookie: a=1; b=2\r\nHost: x", f"Cookie: {SCRUBBED}\r\nHost: x"),
        ("password=hunter2" + CUT, f"password={SCRUBBED}{CUT}"),
        ("Authorization: Bearer hunter2hunter2\nHost: x", f"Authorization: {SCRUBBED}\nHost: x"),
        ("Password=hunter2;Initial Catalog=x", f"Password={SCRUBBED};Initial Catalog=x"),
    ],
)
def test_only_the_secret_goes(text: str, clean: str) -> None:
    """What stands around a secret stays readable."""
    assert SCRUBBER.text(text) == (clean, 1)


FORMS = [
    *("{}={}", "{}={}&a=1", "x=1&{}={}", "x {}={} y", "f({}='{}')", '{} = "{}"', "{}='{}", '"{}": "{}', "{}: '{}0'"),
    *('{{"{}": "{}"}}', "{{'{}': '{}'}}", "https://h/?{}={}#top", "[('{}', '{}')]", "--{}={}", "--{} {}1", "{}[]={}"),
]


@given(
    st.sampled_from(
        ["password", "dbPassword", "API-KEY", "x_internal_id", "client.secret", "accessToken", "PGPASSWORD"]
    ),
    st.text("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789-_~.+/!", min_size=8),
    st.sampled_from(FORMS),
)
def test_a_value_beside_a_secret_name_never_stays(name: str, value: str, form: str) -> None:
    """Any value under a secret name, in any notation of data, is gone."""
    secret = f"q7{value}z9"

    assert secret not in SCRUBBER.text(form.format(name, secret))[0]
