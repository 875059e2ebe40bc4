"""Whether https holds, and for how much longer."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx

from keystead.assembly import system_clock
from keystead.cli.doctor.case import Case, Finding, error, fine, warning

EXPIRES_SOON = timedelta(days=14)
WAIT_SECONDS = 10


async def examine(case: Case) -> AsyncIterator[Finding]:
    """Look at the certificate, and at what http answers."""
    if case.url is None:
        return
    parts = urlsplit(case.url)
    if parts.scheme != "https":
        if case.settings.has_secure_cookie:
            yield error(
                f"{case.url} is not https",
                "browsers do not send the refresh cookie back: nobody stays signed in",
                "look at the https URL, or put a proxy with a certificate in front",
            )
        return
    host = parts.hostname or ""
    try:
        ends = await _end_of_certificate(host, parts.port or 443)
    except OSError as failure:
        yield error(
            f"no TLS connection to {host}: {failure}",
            "no client connects",
            "a certificate for this name, from an authority that clients trust",
        )
        return
    left = ends - system_clock()
    if left < EXPIRES_SOON:
        yield warning(
            f"the certificate ends on {ends:%Y-%m-%d}",
            "after that no client connects",
            "see why it is not renewed",
        )
    else:
        yield fine(f"the certificate holds until {ends:%Y-%m-%d}")
    if await _is_served_without(case, host):
        yield warning(
            "http is answered without a redirect to https",
            "a first visit can be read on the way",
            "let the proxy redirect http to https",
        )


async def _is_served_without(case: Case, host: str) -> bool:
    try:
        return not (await case.http.get(f"http://{host}/livez")).has_redirect_location
    except httpx.HTTPError:
        return False  # Nobody listens there: as good.


async def _end_of_certificate(host: str, port: int) -> datetime:
    async with asyncio.timeout(WAIT_SECONDS):
        _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context())
        certificate = writer.get_extra_info("peercert")
        writer.close()
    seconds = ssl.cert_time_to_seconds(certificate["notAfter"])
    return datetime.fromtimestamp(seconds, UTC)
