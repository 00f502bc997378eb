"""One item, one POST: `HttpTransport`, on connections that `requests` opens and keeps.

All that is the same for every item is worked out once: address, headers, proxy, certificates. A call of
``Session.post`` works it out anew each time, which costs more than the exchange itself. What is left per
item is one ``urlopen`` on the connection pool that `requests` chose, as its own adapter does it.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import threading
import traceback
from collections.abc import Iterator
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_auth_from_url
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Retry, Timeout
from urllib3.util import ssl_ as urllib3_ssl

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.connections import new_notes, present_context, watched
from rollbar_logging.delivery.page_text import without_tags

MAX_ANSWER_BYTES = 65_536
MAX_MESSAGE = 300
_MAX_HEADER = 1_000
_LONGEST_CREDENTIALS = 300
_CREDENTIALS = re.compile(rf"//[^\s'\"<>]{{1,{_LONGEST_CREDENTIALS}}}@")
"""Of an address: up to its last ``@``, since a password may hold any sign, if it should not."""
_SHORTEST_SECRET = 8  # a shorter token is a test's; hiding it would blacken every "t" of a message

_NO_RETRIES = Retry(total=False, redirect=False)


class HttpTransport:
    """Sends items to ``{endpoint}item/``. A `Transport`; `send` may be called from several threads at once.

    The environment is read at the first `send` and then holds: proxies (``HTTPS_PROXY``, ``NO_PROXY``, ...) and
    certificates (``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``) as `requests` reads them; ``.netrc`` is left alone,
    since the access token is the authentication. Redirects are not followed.

    How long a `send` may take: *timeout* to connect (per address that the host's name stands for), as long again
    for a proxy's and TLS's handshakes each and for sending the body, and as long again for the whole answer,
    however slowly it drips. Not bounded here: looking up the host's name, which the system does in its own time;
    and over TLS the time to send holds for each 16 KB that the server is willing to take.
    """

    def __init__(
        self, endpoint: str, access_token: str, *, pool_size: int = 4, user_agent: str = "rollbar-logging"
    ) -> None:
        """Prepare; nothing is opened or looked up before the first `send`.

        Args:
            endpoint: The API's base URL with a final slash.
            access_token: Travels in ``X-Rollbar-Access-Token``, and never appears in an `Answer`.
            pool_size: Connections kept open; as many threads can send at once without opening further ones.
            user_agent: The ``User-Agent`` header.
        """
        self._arguments = (endpoint, access_token, pool_size, user_agent)
        self._host = urlsplit(endpoint).netloc.rpartition("@")[2]
        self._secret = re.compile(re.escape(access_token), re.IGNORECASE)
        self._hides = len(access_token) >= _SHORTEST_SECRET
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=pool_size, pool_block=False)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._notes = new_notes()
        self._lock = threading.Lock()
        self._route: _Route | None = None
        self._is_closed = False

    def send(self, body: bytes, timeout: float) -> Answer:
        """Deliver one item; see `Transport.send`. Never raises.

        A connection that the server closed while it lay idle is replaced and the item sent again at once: the
        server drops a second item of the same uuid.

        Args:
            body: The JSON text of ``{"data": {…}}``, UTF-8.
            timeout: Seconds; see the class for what they bound.
        """
        self._notes.is_sent = False
        try:
            return self._read(self._post(body, timeout))
        except Exception as error:  # noqa: BLE001 - whatever went wrong is an answer too
            words = self._clean(self._in_words(error, timeout))
            for cause in _causes(error):
                # They refer to each other in a circle, and would hold body and socket until the collector comes.
                traceback.clear_frames(cause.__traceback__)
            return Answer(None, error=words, was_sent=self._notes.is_sent)

    def fresh(self) -> HttpTransport:
        """Return a transport with the same arguments and connections of its own.

        For a forked child: it shares its parent's sockets and must not use them.
        """
        endpoint, access_token, pool_size, user_agent = self._arguments
        return HttpTransport(endpoint, access_token, pool_size=pool_size, user_agent=user_agent)

    def close(self) -> None:
        """Close the idle connections; those in use close when their exchange ends. May be called again."""
        with self._lock:
            self._is_closed = True
            if self._route is not None:
                self._route.pool.close()  # the session only forgets it
        self._session.close()

    def _post(self, body: bytes, timeout: float) -> Any:
        with self._lock:
            if self._is_closed:
                raise OSError("the transport is closed")
            route = self._route = self._route or self._find_route()
        notes, limits = self._notes, Timeout(connect=timeout, read=timeout)
        while True:
            notes.is_fresh = False
            try:
                return route.pool.urlopen(
                    "POST",
                    route.target,
                    body=body,
                    headers=route.headers,
                    retries=_NO_RETRIES,
                    redirect=False,
                    assert_same_host=False,
                    timeout=limits,
                    preload_content=False,
                    decode_content=False,
                )
            except HTTPError as error:
                # Each failure takes a stale connection out of the pool, so this ends, as a rule at the next turn.
                if notes.is_fresh or not _is_disconnected(error):
                    raise

    def _find_route(self) -> _Route:
        """Let `requests` choose the pool: the same steps as in ``Session.post`` and ``HTTPAdapter.send``."""
        endpoint, access_token, _, user_agent = self._arguments
        url = endpoint + "item/"
        headers = {
            "X-Rollbar-Access-Token": access_token,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # answers are short, and a compressed one could be a bomb
            "User-Agent": user_agent,
        }
        user = get_auth_from_url(url)
        # Any authentication of one's own keeps requests from looking into .netrc.
        auth = user if any(user) else lambda request: request
        request = self._session.prepare_request(requests.Request("POST", url, headers=headers, auth=auth))
        url = str(request.url)
        found = self._session.merge_environment_settings(url, {}, None, None, None)
        proxies, verify, cert = found["proxies"], found["verify"], found["cert"]
        adapter: Any = self._session.get_adapter(url)
        if hasattr(adapter, "get_connection_with_tls_context"):
            pool = adapter.get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        else:  # requests before 2.32.2
            pool = adapter.get_connection(url, proxies)
        adapter.cert_verify(pool, url, verify, cert)
        if pool.scheme == "https" and getattr(urllib3_ssl, "SSLContext", None) is not ssl.SSLContext:
            pool.conn_kw["ssl_context"] = present_context()
        pool.ConnectionCls = watched(pool.ConnectionCls, self._notes)
        request.headers.pop("Content-Length", None)
        return _Route(pool, adapter.request_url(request, proxies), dict(request.headers))

    def _read(self, response: Any) -> Answer:
        headers = {name.lower(): self._hide(value)[:_MAX_HEADER] for name, value in response.headers.items()}
        body = b""
        try:
            body = response.read(MAX_ANSWER_BYTES)
        except Exception:  # noqa: BLE001 - the status has come; the body only explains it
            response.close()
        is_whole = response.closed
        if not is_whole:
            response.close()  # the rest is not wanted, so the connection is of no further use
        response.release_conn()
        message = ""
        if headers.get("content-encoding", "identity") == "identity":
            message = self._message(response.status, headers.get("content-type", ""), body, is_whole=is_whole)
        return Answer(response.status, headers, message)

    def _message(self, status: int, content_type: str, body: bytes, *, is_whole: bool) -> str:
        text = body.decode("utf-8", "replace")
        found = _parsed(text)
        if isinstance(found, dict):
            if not found.get("err") and status < 400:  # noqa: PLR2004 - the border to the errors
                return ""
            for name in ("message", "result"):
                if isinstance(found.get(name), str):
                    return self._clean(found[name])
        if found is not None:
            text = json.dumps(found, ensure_ascii=False)  # its escapes undone, so that a token shows
        if "html" in content_type or text.lstrip().startswith("<"):
            text = unescape(without_tags(text))
        return self._clean(text if is_whole else text[: -len(self._arguments[1])])  # the cut may have split a token

    def _in_words(self, error: Exception, timeout: float) -> str:
        proxy = self._route.pool.proxy if self._route else None
        where = self._host + (f" through the proxy {proxy.host}:{proxy.port}" if proxy else "")
        return f"{where}: {_reason(error, timeout, is_sent=self._notes.is_sent)}"

    def _clean(self, text: str) -> str:
        # Cut before the search, which takes the square of a long text's time, and behind the last that is shown.
        text = " ".join(self._hide(text).split())[: MAX_MESSAGE + _LONGEST_CREDENTIALS]
        text = _CREDENTIALS.sub("//", text)
        return "".join(c if c.isprintable() else "?" for c in text[:MAX_MESSAGE])

    def _hide(self, text: str) -> str:
        return self._secret.sub("<hidden>", text) if self._hides else text


class _Route(NamedTuple):
    """Where every item goes.

    Attributes:
        pool: The connections, to the server or to a proxy.
        target: What stands on the request line.
        headers: Those of every request.
    """

    pool: HTTPConnectionPool
    target: str
    headers: dict[str, str]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk through an error and those it was made from, outermost first."""
    waiting, seen = [error], set()
    while waiting:
        found = waiting.pop(0)
        if id(found) not in seen:
            seen.add(id(found))
            yield found
            waiting += [e for e in (*found.args, found.__cause__, found.__context__) if isinstance(e, BaseException)]


def _is_disconnected(error: HTTPError) -> bool:
    """Whether the connection was closed or reset by the server."""
    gone = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
    return any(isinstance(cause, gone) for cause in _causes(error))


def _reason(error: Exception, timeout: float, *, is_sent: bool) -> str:
    for cause in _causes(error):
        if isinstance(cause, TimeoutError):
            return f"no {'answer' if is_sent else 'connection'} within {timeout:g} s"
        if isinstance(cause, LocationParseError):
            return "an address cannot be read: the endpoint's or a proxy's"  # its own words may hold a password
        if isinstance(cause, socket.gaierror):
            return f"the host's name cannot be resolved ({cause.strerror})"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed ({getattr(cause, 'verify_message', '') or cause.reason or cause})"
        if isinstance(cause, OSError):
            is_gone = isinstance(cause, http.client.RemoteDisconnected)
            return "the connection was closed without an answer" if is_gone else (cause.strerror or str(cause)).lower()
    return f"{type(error).__name__}: {error}"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
