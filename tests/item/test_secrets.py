"""Secrets inside of text: what is taken out, what stays, and that no text breaks anything or takes long."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rollbar_logging.item.scrub import SCRUBBED, Scrubber
from rollbar_logging.item.secret_values import SHAPES, Shape

TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
CUT = "… [+100 chars]"
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+hunter2\n-----END RSA PRIVATE KEY-----"

SCRUBBER = Scrubber(access_token=TOKEN, fields=["X-Internal-Id"])
PERSONAL = Scrubber(emails=True, ibans=True)

# Each text, and a part of it that must be gone.
URLS = [
    ("postgres://bob:hunter2@db/x", "hunter2"),
    ("redis://:hunter2@h:6379/0", "hunter2"),
    ("postgresql+psycopg://u:p%40hunter2@h/db", "hunter2"),
    ("amqp://u:hun@ter2@h", "ter2"),
    ("mongodb://u:hunter/2@h1,h2/db?x=1", "hunter"),
    ("ftp://bob@example.com:hunter2@h/x", "hunter2"),
    ("celery: redis://:hunter2@h redis://:zweig9@i", "zweig9"),
    (r"https:\/\/u:hunter2@h", "hunter2"),
    ("https://a1b2c3d4e5f6a7b8c9d0e1f2@dev.azure.com", "a1b2"),
    ("GET https://h/p?token=hunter2&x=1", "hunter2"),
    ("/cb?a=1&access_token=hunter2", "hunter2"),
    ("/cb?sig=hunter2&pass=zweig9", "zweig9"),
    ("next=%2Fcb%3Ftoken%3Dhunter2%26x%3D1", "hunter2"),
    ("https://s3/x?X-Amz-Signature=hunter2", "hunter2"),
    ("postgres://bob:hunter2" + CUT, "hunter2"),
    ("postgres://bob:hunter2", "hunter2"),
    ("SplitResult(scheme='postgres', netloc='bob:hunter2@db:5432', path='/x')", "hunter2"),
]
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
SHAPED = [
    (JWT, "eyJ"),
    ("x " + JWT[:60] + CUT, "eyJ"),
    ("x " + JWT[:30] + CUT, "eyJ"),
    (JWT[:20], "eyJ"),
    (PEM, "MII"),
    (repr(PEM), "hunter2"),
    ("k = " + PEM[:50], "MII"),
    (repr(PEM)[:55] + CUT, "MII"),
    ("the " + TOKEN + " here", TOKEN),
    ("end " + TOKEN[:12] + CUT, TOKEN[:8]),
    ("end " + TOKEN[:9], TOKEN[:8]),
    (TOKEN[:9] + " " + TOKEN[:9], TOKEN[:9] + "\0"),
    ("card 4111 1111 1111 1111 ok", "1111"),
    ("4111-1111-1111-1111", "1111"),
    ("n=378282246310005.", "378282246310005"),
    ("3782 822463 10005", "3782"),
    ("2024 4111 1111 1111 1111", "4111"),
    ("4111 1111 11" + CUT, "4111"),
    ("b'card 4111 1111 1111'… [+100 bytes]", "4111"),
    ("AKIAIOSFODNN7EXAMPLE", "AKIA"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_"),
    ("github_pat_11ABCDEFG0abcdefgh", "github_pat_"),
    ("glpat-abcdefgh12345678", "glpat"),
    ("xoxb-123456789-abcdef", "xoxb"),
    ("https://hooks.slack.com/services/T000/B000/XXXXsecret", "XXXX"),
    ("https://discord.com/api/webhooks/1234567890/abcdefgh-1", "abcdefgh"),
    ("sk_live_abcdefgh1234", "sk_live"),
    ("whsec_abcdefgh1234", "whsec"),
    ("AIzaSyD-abcdefghijklmnop1234567890abcde", "AIza"),
    ("sk-ant-api03-abcdefghijkl", "sk-ant"),
    ("sk-abcdefghij1234567890", "sk-"),
    ("npm_abcdefghijklmnop1234567890", "npm_"),
    ("pypi-AgEIcHlwaS5vcmc", "pypi"),
    ("SG.abcdefghijklmnopqrstuv.wxyz0123456789abcdef", "SG."),
    ("SK0123456789abcdef0123456789abcdef", "SK"),
    ("dop_v1_abcdef0123456789", "dop"),
    ("123456789:AAabcdefghijklmnopqrstuvw-xyz12345", "AAabc"),
    ("ya29.a0AfH6SMBabcdefgh", "ya29"),
    ("hf_abcdefghijklmnopqrst", "hf_"),
    ("shpat_0123456789abcdef", "shpat"),
    ("sq0atp-abcdefgh1234", "sq0atp"),
    ("dapi0123456789abcdef0123456789abcdef", "dapi"),
    ("dckr_pat_abcdefgh1234", "dckr"),
    ("sntrys_abcdefgh1234", "sntrys"),
    ("key-0123456789abcdef0123456789abcdef", "key-0"),
    ("AGE-SECRET-KEY-1QQQQQQQQQQ", "AGE-SECRET"),
    ("hvs.CAESIJabcdefghijklmnop", "hvs"),
    (r"'\nsk-ant-api03-abcdefghijkl'", "sk-ant"),
]

HARMLESS = r"""
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
Bearer authentication required
Basic usage of tokens
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
SplitResult(scheme='http', netloc='localhost:8000', path='/')
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
d4c7acef-55bf-4c9e-a95e-4fe9428a8287
12345678-1234-1234-1234-123456789012
2024-05-05T12:13:14.123456+00:00
20240505123456789
1700000000000000000
+49 171 1234567890
3da541559918a808c2402bba5012f6c60b27661c
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
4111111111111112
0.4111111111111111
http://localhost:8000
http://localhost:8000/a@b
see http://{host}:{port}/users/@me
git@github.com:org/repo.git
ssh://git@github.com/org/repo
https://user@host/x
task-abcdefghij1234567890
bob@example.com
DE89370400440532013000
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


@pytest.mark.parametrize(("text", "secret"), URLS + PAIRS + ELEMENTS + HEADERS + CODE + SHAPED)
def test_a_secret_in_text_is_taken_out(text: str, secret: str) -> None:
    """Whatever way a known kind of secret is written, it is gone, and going through the text again changes nothing."""
    clean, count = SCRUBBER.text(text)

    assert secret not in clean
    assert SCRUBBED in clean
    assert count >= 1
    assert SCRUBBER.text(clean) == (clean, 0)


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


@pytest.mark.parametrize(("text", "secret"), CODE + SHAPED)
def test_a_secret_in_source_code_is_taken_out(text: str, secret: str) -> None:
    """Literals and what has the shape of a secret go from source code too."""
    assert secret not in SCRUBBER.code(text)[0]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    """Prose, source code, placeholders, identifiers and numbers stay as they are: the same object."""
    assert SCRUBBER.text(text)[0] is text
    assert SCRUBBER.text(text)[1] == 0
    assert SCRUBBER.code(text)[0] is text


@pytest.mark.parametrize("line", HARMLESS_CODE)
def test_expressions_in_source_code_stay(line: str) -> None:
    """In source code a name, a call or a template is no secret; only a literal is."""
    assert SCRUBBER.code(line) == (line, 0)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GET /x?token=hunter2&step=2 failed", f"GET /x?token={SCRUBBED}&step=2 failed"),
        ("postgres://bob:hunter2@db/x", f"postgres://bob:{SCRUBBED}@db/x"),
        ('{"password": "hunter2", "a": 1}', f'{{"password": "{SCRUBBED}", "a": 1}}'),
        ("User(name='b', password='hunter2', age=3)", f"User(name='b', password='{SCRUBBED}', age=3)"),
        ("Wrong password: hunter2 for bob", f"Wrong password: {SCRUBBED} for bob"),
        ("Cookie: a=1; b=2\r\nHost: x", f"Cookie: {SCRUBBED}\r\nHost: x"),
        ("password=hunter2" + CUT, f"password={SCRUBBED}{CUT}"),
        ("Authorization: Bearer hunter2hunter2\nHost: x", f"Authorization: {SCRUBBED}\nHost: x"),
        ("Password=hunter2;Initial Catalog=x", f"Password={SCRUBBED};Initial Catalog=x"),
        ("x " + PEM + " y", f"x {SCRUBBED} y"),
    ],
)
def test_only_the_secret_goes(text: str, clean: str) -> None:
    """What stands around a secret stays readable."""
    assert SCRUBBER.text(text) == (clean, 1)


def test_emails_and_ibans_go_only_when_chosen() -> None:
    """Addresses and sound account numbers go when asked for; a number with wrong check digits is none."""
    text = "bob@example.com, DE89 3704 0044 0532 0130 00, GB82WEST12345698765432, DE00 3704 0044 0532 0130 00"

    assert SCRUBBER.text(text) == (text, 0)
    assert PERSONAL.text(text) == (f"{SCRUBBED}, {SCRUBBED}, {SCRUBBED}, DE00 3704 0044 0532 0130 00", 3)


@pytest.mark.parametrize("token", [None, "", "a", "a1b2c3d"])
def test_an_access_token_too_short_to_tell_apart_is_left(token: str | None) -> None:
    """A token of a few letters would take half of every text with it."""
    assert Scrubber(access_token=token).text("a1b2c3d is a word") == ("a1b2c3d is a word", 0)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_shape_of_the_table_is_tried(shape: Shape) -> None:
    """Each kind of key in the table is among the texts above, so none of them is a rule that finds nothing."""
    assert any(re.search(shape.pattern, text) for text, _ in SHAPED + HEADERS)


PIECES = [
    *"=:,;&?\"'()[]{}\\ \n-.%@…",
    *("password", "token", "Cookie", "Authorization", "api_key", "sid", "session id", "card number", "--", "://"),
    *(": ", " = ", '\\"', r"\n", "%3D", "%26", "b'", "f(", "%s", "=>", "None", "required", SCRUBBED, CUT, "Bearer "),
    *("hunter2", "x1y2z3k9", "u:p@h", "eyJhbGciOi", "eyJabc1234", "4111 1111 1111 1111", "ghp_abcdefgh12", TOKEN[:9]),
    *("-----BEGIN PRIVATE KEY-----", "MII", "-----END PRIVATE KEY-----", "x-internal-id", TOKEN, "a@b.c"),
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)


@given(TEXTS)
@example("password=" * 3)
@example('token: "\\')
def test_no_text_raises_and_the_count_tells_whether_it_changed(text: str) -> None:
    """Any text, however broken: nothing is raised, and an unchanged text is the same object with a count of 0."""
    for scrub in (SCRUBBER.text, SCRUBBER.code, PERSONAL.text):
        clean, count = scrub(text)

        assert (count == 0) == (clean is text)


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


REPEATED = [
    *("a", "eyJ", "1 ", "://", "password=", "\"'", "4", "4-", "4111 ", "passpass_", "\\", '\\"', "-", "--a", "--a "),
    *("password: ", 'token: "', "token: '", "password=a( ", "password=(", "'password': {", "token:f(", "'token':f("),
    *("-----BEGIN PRIVATE KEY-----a", "-----BEGIN PRIVATE KEY-----a" + CUT, "://a:", "://a:b@", "@", "a@a.", "DE89 "),
    *("Bearer a1", "Basic abc", "sk-ant-", "ghp_", "eyJa.", "session id", "Cookie: a=b", "token%3D", "$password=$"),
    *("password=a,b,", "password=a&b=", "password : str, ", TOKEN[:8], '"password" ', "token = [", "('token', '"),
    *("<password>", "<password>a", "<pw a=", "<pw><![CDATA[", '"password" value="', "\np\n  [type=a, input_value="),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", REPEATED)
def test_time_grows_with_the_text_and_not_faster(piece: str) -> None:
    """A hundred thousand characters made to be slow take a fraction of a second, so sixty of them fit in a minute."""
    text = piece * (100_000 // len(piece))
    for ending in ("", "@", '"', "'", ")", CUT):
        PERSONAL.text(text + ending)
        SCRUBBER.code(text + ending)
