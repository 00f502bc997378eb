"""The doctor's look at the way to the endpoint: name, connection, proxy, TLS and certificates.

Proxies and certificates are found as `requests` finds them for this endpoint, since it is `requests` that chooses
the handler's connections.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import requests
from requests.utils import select_proxy

from rollbar_logging.cli.doctor.options import place_of
from rollbar_logging.cli.doctor.report import Finding
from rollbar_logging.cli.doctor.steps import MARGIN, within
from rollbar_logging.cli.doctor.tls import check_tls
from rollbar_logging.cli.doctor.tunnel import open_tunnel

_MOST_ADDRESSES = 6


class Route(NamedTuple):
    """How `requests` would go to a URL.

    Attributes:
        url: Where to.
        proxy: URL of the proxy with its credentials, or ``None``.
        verify: Path of the certificates to trust, or whether to trust those that `requests` brings along.
    """

    url: str
    proxy: str | None
    verify: bool | str


def find_route(url: str) -> Route:
    """Ask `requests` how it would go to *url*."""
    with requests.Session() as session:
        found: Any = session.merge_environment_settings(url, {}, None, None, None)
    proxy = select_proxy(url, found["proxies"])
    if proxy and "//" not in proxy:
        proxy = f"http://{proxy}"
    return Route(url, proxy or None, found["verify"])


def check_way(route: Route, timeout: float) -> Iterator[Finding]:
    """Go to the endpoint step by step, and stop at the first that fails.

    Args:
        route: Where to, and how.
        timeout: Seconds for each step.
    """
    scheme, host, port = place_of(route.url)
    if route.proxy is not None and not _is_understood(route.proxy):
        mend = "in its user and password, write # as %23, / as %2F, ? as %3F, @ as %40 and : as %3A"
        yield Finding("problem", "the proxy's URL in the environment's *_PROXY variables cannot be understood", mend)
        return
    yield from _proxy_and_certificates(route)
    if scheme == "http" and not _is_loopback(host):
        yield Finding(
            "warning",
            f"{host} is spoken to without TLS: access token and reports can be read on their way",
            "begin the option endpoint with https://",
        )
    if route.proxy is None:
        yield from _direct(route, host, port, timeout)
    else:
        yield from _through_proxy(route, timeout)


def _is_understood(proxy: str) -> bool:
    try:
        place_of(proxy)
    except ValueError:
        return False
    return True


def _proxy_and_certificates(route: Route) -> Iterator[Finding]:
    if route.proxy is None:
        yield Finding("ok", "no proxy is set for this endpoint")
    else:
        scheme, host, port = place_of(route.proxy)
        credentials = ", with credentials" if "@" in route.proxy else ""
        yield Finding("ok", f"the proxy {scheme}://{host}:{port}{credentials}, by the environment's *_PROXY variables")
    if isinstance(route.verify, str) and route.url.lower().startswith("https:"):
        source = "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE"
        if Path(route.verify).exists():
            yield Finding("ok", f"trusted certificates are those of {route.verify} ({source})")
        else:
            yield Finding(
                "problem",
                f"{route.verify} ({source}) does not exist, so that no HTTPS connection can be made",
                "correct or remove the variable",
            )


def _direct(route: Route, host: str, port: int, timeout: float) -> Iterator[Finding]:
    resolved = _resolve(host, port, timeout)
    yield resolved
    if resolved.mark == "problem":
        return
    try:
        connection, found = _connect(host, port, timeout)
    except OSError as error:
        yield _no_connection(f"{host}:{port}", error, timeout)
        return
    with connection:
        yield found
        if route.url.lower().startswith("https:"):
            yield from check_tls(
                lambda: socket.create_connection((host, port), timeout), connection, host, route.verify
            )


def _through_proxy(route: Route, timeout: float) -> Iterator[Finding]:
    proxy = str(route.proxy)
    scheme, proxy_host, proxy_port = place_of(proxy)
    resolved = _resolve(proxy_host, proxy_port, timeout)
    yield resolved
    if resolved.mark == "problem":
        return
    try:
        connection, found = _connect(proxy_host, proxy_port, timeout)
    except OSError as error:
        yield _no_connection(f"the proxy {proxy_host}:{proxy_port}", error, timeout)
        return
    with connection:
        yield found
    if scheme != "http":
        yield Finding("note", f"a proxy that speaks {scheme} is not looked into further; see whether the ping arrives")
        return
    if route.url.startswith("http:"):
        return
    _, host, port = place_of(route.url)
    try:
        tunnel = open_tunnel(proxy, host, port, timeout)
    except OSError as error:
        yield Finding(
            "problem",
            f"the proxy does not open a way to {host}:{port}: {error}",
            "check its address and credentials in HTTPS_PROXY, and whether it allows this host;"
            " NO_PROXY names hosts to go to without it",
        )
        return
    with tunnel:
        yield Finding("ok", f"the proxy opens a way to {host}:{port}")
        yield from check_tls(lambda: open_tunnel(proxy, host, port, timeout), tunnel, host, route.verify)


def _resolve(host: str, port: int, timeout: float) -> Finding:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return Finding("ok", f"{host} is an address, there is no name to resolve")
    start = monotonic()
    mend = "check the spelling, and this machine's DNS; where only a proxy leads outside, set HTTPS_PROXY to it"
    try:
        found = within(timeout, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except TimeoutError:
        return Finding("problem", f"the name {host} is not resolved within {timeout:g} s", mend)
    except (OSError, UnicodeError) as error:  # the latter of one that is no name at all
        words = getattr(error, "strerror", None) or error
        return Finding("problem", f"the name {host} cannot be resolved: {words}", mend)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    more = f" and {len(addresses) - _MOST_ADDRESSES} more" if len(addresses) > _MOST_ADDRESSES else ""
    names = ", ".join(addresses[:_MOST_ADDRESSES])
    return Finding("ok", f"{host} resolves to {names}{more} in {_milliseconds(start)}")


def _connect(host: str, port: int, timeout: float) -> tuple[socket.socket, Finding]:
    start = monotonic()
    connection = within(timeout + MARGIN, lambda: socket.create_connection((host, port), timeout))
    peer = str(connection.getpeername()[0])
    return connection, Finding("ok", f"connected to {peer} port {port} in {_milliseconds(start)}")


def _no_connection(where: str, error: OSError, timeout: float) -> Finding:
    if isinstance(error, TimeoutError):
        mend = "a firewall may swallow the packets: allow this machine to connect there"
        return Finding("problem", f"no connection to {where} within {timeout:g} s", mend)
    if isinstance(error, ConnectionRefusedError):
        mend = "nothing listens there, or a firewall refuses: check the option endpoint and the firewall"
        return Finding("problem", f"{where} refuses the connection", mend)
    words = (error.strerror or str(error)).lower()
    return Finding("problem", f"no connection to {where}: {words}", "check network, firewall and the option endpoint")


def _milliseconds(start: float) -> str:
    return f"{(monotonic() - start) * 1000:.0f} ms"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
