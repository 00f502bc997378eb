"""The doctor's look at TLS: which version, until when the certificate is good, and what is wrong with a bad one."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssl_ import create_urllib3_context

from rollbar_logging.cli.doctor.report import Finding
from rollbar_logging.cli.doctor.steps import MARGIN, within

_SOON = 14 * 86_400
_NO_CHECK_TIME = 0x200000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which ssl has no name
_SPEAKS_TLS = "does this port speak TLS? Check the option endpoint, and proxies and firewalls on the way"
_OWN_CA = "set REQUESTS_CA_BUNDLE to a file with the certificate of the authority that signed it"

# OpenSSL's X509_V_ERR_*: the ways in which people meet bad certificates.
_EXPIRED, _NOT_YET = 10, 9
_SELF_SIGNED, _SELF_SIGNED_ROOT = 18, 19
_NO_ISSUER = {2, 20, 21}
_WRONG_NAME = {62, 64}


def check_tls(
    connect: Callable[[], socket.socket], connection: socket.socket, host: str, verify: bool | str
) -> Iterator[Finding]:
    """Shake hands over a connection, as `requests` would.

    Args:
        connect: Opens a further connection, to look at a certificate that is refused.
        connection: An open one; it has a timeout, and is closed by whoever opened it.
        host: The name that the certificate must be for.
        verify: File or folder of the certificates to trust; ``True`` for those of `requests`.
    """
    try:
        context = _context(verify)
    except OSError as error:
        yield Finding("problem", f"the certificates to trust cannot be read: {error}", "check REQUESTS_CA_BUNDLE")
        return
    try:
        version, certificate = _shake_hands(context, connection, host)
    except ssl.SSLCertVerificationError as error:
        yield _bad_certificate(error, host, _seen_anyway(connect, host, verify))
    except TimeoutError:
        yield Finding("problem", f"{host} does not answer TLS's handshake in time", _SPEAKS_TLS)
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        yield Finding("problem", f"TLS with {host} fails: {reason}", _SPEAKS_TLS)
    else:
        yield Finding("ok", f"{version} with {host}")
        yield end_of(certificate, time.time())


def _context(verify: bool | str) -> ssl.SSLContext:
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    path = Path(verify) if isinstance(verify, str) else Path(DEFAULT_CA_BUNDLE_PATH)
    if path.is_dir():
        context.load_verify_locations(capath=str(path))
    else:
        context.load_verify_locations(cafile=str(path))
    return context


def _shake_hands(context: ssl.SSLContext, connection: socket.socket, host: str) -> tuple[str | None, dict[str, Any]]:
    """Return the version of TLS and the certificate; the connection is of no further use."""

    def step() -> tuple[str | None, dict[str, Any]]:
        with context.wrap_socket(connection, server_hostname=host) as wrapped:
            return wrapped.version(), wrapped.getpeercert() or {}

    # The socket's timeout is for each read, and a server that drips could go on for long.
    return within((connection.gettimeout() or 0.0) + MARGIN, step)


def end_of(certificate: dict[str, Any], now: float) -> Finding:
    """Tell until when a certificate is good.

    Args:
        certificate: As ``SSLSocket.getpeercert`` returns it.
        now: Unix seconds.
    """
    text = str(certificate.get("notAfter", ""))
    try:
        left = ssl.cert_time_to_seconds(text) - now
    except ValueError:
        return Finding("note", "the certificate does not say until when it is good")
    if left < _SOON:
        return Finding("warning", f"the certificate ends soon: {text}", "whoever runs the endpoint must renew it")
    return Finding("ok", f"the certificate is good until {text}, {left / 86_400:.0f} days from now")


def _seen_anyway(connect: Callable[[], socket.socket], host: str, verify: bool | str) -> dict[str, Any]:
    """Look at a certificate whose only fault is its time or its name; ``{}`` if there are others.

    Nothing is sent over that connection.
    """
    try:
        context = _context(verify)
        context.check_hostname = False
        context.verify_flags = ssl.VerifyFlags(int(context.verify_flags) | _NO_CHECK_TIME)
        with connect() as connection:
            return _shake_hands(context, connection, host)[1]
    except (OSError, ValueError):
        return {}


def _bad_certificate(error: ssl.SSLCertVerificationError, host: str, seen: dict[str, Any]) -> Finding:
    code = error.verify_code
    if code == _EXPIRED:
        when = f" on {seen['notAfter']}" if "notAfter" in seen else ""
        mend = "check this machine's clock; else whoever runs the endpoint must renew it"
        return Finding("problem", f"the certificate of {host} has expired{when}", mend)
    if code == _NOT_YET:
        when = f" before {seen['notBefore']}" if "notBefore" in seen else ""
        return Finding("problem", f"the certificate of {host} is not valid{when} yet", "check this machine's clock")
    if code in _WRONG_NAME:
        names = [str(name) for _, name in seen.get("subjectAltName", ())][:6]
        told = f"for {', '.join(names)}" if names else "for another name"
        mend = "check the option endpoint; or a proxy or portal answers in its place"
        return Finding("problem", f"the certificate is {told}, not for {host} (wrong name)", mend)
    if code == _SELF_SIGNED:
        mend = f"if it is a server of your own, {_OWN_CA} (its own certificate, then)"
        return Finding("problem", f"the certificate of {host} is self-signed: nobody vouches for it", mend)
    if code == _SELF_SIGNED_ROOT or code in _NO_ISSUER:
        mend = f"often a company's proxy that looks into TLS: {_OWN_CA}"
        return Finding("problem", f"the certificate of {host} is signed by an unknown authority", mend)
    return Finding("problem", f"the certificate of {host} is refused: {error.verify_message}", _OWN_CA)
