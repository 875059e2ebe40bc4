"""
Fetches a city database from MaxMind and puts it in place, or leaves everything as it was.

First the checksum, then the archive, if it is newer than what is there. The account's key is sent
to the host that was asked for, and to no other.
"""

import hashlib
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import IO

import httpx

from keystead.places.install import GeoUpdateFailed, install, is_city_database, only_one

__all__ = [
    "MAXMIND_URL",
    "AlreadyRunning",
    "GeoUpdateFailed",
    "Limits",
    "Outcome",
    "Progress",
    "UpToDate",
    "Updated",
    "update",
]

MAXMIND_URL = "https://download.maxmind.com/geoip/databases/GeoLite2-City/download?suffix=tar.gz"
"""The permalink (https://dev.maxmind.com/geoip/updating-databases); with `.sha256` added, its checksum."""

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
CHECKSUM_MAX_BYTES = 1_024
"""A digest of 64 characters and a file name."""

ADVICE = {
    401: "MaxMind does not know this account; check MAXMIND_ACCOUNT_ID and MAXMIND_LICENSE_KEY",
    403: "This licence key may not download this database; make a new one at maxmind.com and set MAXMIND_LICENSE_KEY",
    404: "There is no database at this address; check the name of the edition",
    429: "The daily download limit of this MaxMind account is reached; try again tomorrow",
}

Progress = Callable[[int, int | None], None]
"""Told the bytes received so far and, where known, the bytes to come in all."""


@dataclass(frozen=True, slots=True)
class Limits:
    """
    How much and how long a download may take.

    A GeoLite2 City archive has about 30 MiB and 60 MiB unpacked, GeoIP2 City twice that: the sizes
    leave room to grow. A line of 1 Mbit/s needs 5 minutes for it.
    """

    archive_bytes: int = 200 * 2**20
    database_bytes: int = 500 * 2**20
    silence_seconds: float = 30.0
    overall_seconds: float = 900.0


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Updated:
    """A new database is in place."""

    built_at: datetime


@dataclass(frozen=True, slots=True)
class UpToDate:
    """The database in place is the newest; nothing was downloaded."""


@dataclass(frozen=True, slots=True)
class AlreadyRunning:
    """Another process is at it; nothing was done."""


Outcome = Updated | UpToDate | AlreadyRunning


def update(  # noqa: PLR0913 - three say what to fetch, three keywords only how.
    target: Path,
    account_id: str,
    license_key: str,
    *,
    url: str = MAXMIND_URL,
    progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Outcome:
    """
    Bring the database at *target* up to date. Blocks; run it in a thread beside an event loop.

    Args:    url: where the archive is; https, or anything on this machine.
    Returns: Updated(built_at) | UpToDate() | AlreadyRunning().
    Raises:  GeoUpdateFailed: with the reason; the old file stays as it was.
    """
    if not account_id or not license_key:
        raise GeoUpdateFailed("Set both MAXMIND_ACCOUNT_ID and MAXMIND_LICENSE_KEY")
    # Replacing a symbolic link would leave the file it names outdated.
    target = target.resolve()
    download = _Download(url, (account_id, license_key), limits, progress)
    try:
        with only_one(target) as is_first:
            return download.run(target) if is_first else AlreadyRunning()
    except OSError as error:
        where, why = error.filename or target, error.strerror or error
        raise GeoUpdateFailed(f"The update stopped at {where}: {why}") from error


class _Download:
    """One attempt: the account, the limits and the time it started."""

    def __init__(
        self, url: str, account: tuple[str, str], limits: Limits, progress: Progress | None
    ) -> None:
        self._url = url
        self._account = account
        self._limits = limits
        self._progress = progress
        self._deadline = time.monotonic() + limits.overall_seconds

    def run(self, target: Path) -> Outcome:
        # Nameless, so that not even a kill leaves 30 MiB behind.
        with tempfile.TemporaryFile(dir=target.parent) as archive:
            headers = self._fetch(target, archive)
            if headers is None:
                return UpToDate()
            modified_at = _read_date(headers.get("Last-Modified"))
            return Updated(install(archive, target, self._limits.database_bytes, modified_at))

    def _fetch(self, target: Path, archive: IO[bytes]) -> httpx.Headers | None:
        """Download and check the archive. Returns: its headers, or None if *target* is as new."""
        condition = _condition(target)
        try:
            with self._client() as client:
                digest = self._fetch_checksum(client)
                with client.stream("GET", self._url, headers=condition) as response:
                    if condition and response.status_code == httpx.codes.NOT_MODIFIED:
                        return None
                    if self._receive(response, archive) != digest:
                        raise GeoUpdateFailed(
                            "The download does not match its checksum; try again in an hour"
                        )
                    return response.headers
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Not chained: the error carries the request, and that the licence key.
            reason = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise GeoUpdateFailed(f"The download did not succeed ({reason}); try again later")

    def _client(self) -> httpx.Client:
        """
        Return a client that follows MaxMind's redirect to its storage, without the licence key.

        httpx drops the Authorization header as soon as the host, port or scheme is another.
        """
        return httpx.Client(
            auth=self._account,
            # Compressing an archive again gains nothing, and the bytes as sent are what is hashed.
            headers={"Accept-Encoding": "identity"},
            follow_redirects=True,
            max_redirects=5,
            timeout=self._limits.silence_seconds,
            event_hooks={"request": [self._refuse_plain_text]},
        )

    def _refuse_plain_text(self, request: httpx.Request) -> None:
        is_test = httpx.URL(self._url).host in LOOPBACK_HOSTS and request.url.host in LOOPBACK_HOSTS
        if request.url.scheme != "https" and not is_test:
            raise GeoUpdateFailed("The download would not be encrypted; use an https address")

    def _fetch_checksum(self, client: httpx.Client) -> str:
        with client.stream("GET", f"{self._url}.sha256") as response:
            text = b"".join(self._chunks(response, CHECKSUM_MAX_BYTES)).decode("ascii", "replace")
        found = re.match(r"[0-9a-fA-F]{64}(?=\s|$)", text)
        if not found:
            raise GeoUpdateFailed("The answer is not a checksum; is there a proxy in between?")
        return found.group().lower()

    def _receive(self, response: httpx.Response, archive: IO[bytes]) -> str:
        digest = hashlib.sha256()
        for chunk in self._chunks(response, self._limits.archive_bytes):
            archive.write(chunk)
            digest.update(chunk)
            if self._progress:
                self._progress(response.num_bytes_downloaded, _announced_bytes(response))
        return digest.hexdigest()

    def _chunks(self, response: httpx.Response, max_bytes: int) -> Iterator[bytes]:
        if response.status_code != httpx.codes.OK:
            advice = ADVICE.get(response.status_code, "Try again later")
            raise GeoUpdateFailed(f"{advice} (status {response.status_code})")
        announced = _announced_bytes(response) or 0
        # As received, not in pieces of a size: gathering one would put the deadline off.
        for chunk in response.iter_raw():
            self._check_time()
            if max(announced, response.num_bytes_downloaded) > max_bytes:
                raise GeoUpdateFailed(f"The download is larger than {max_bytes} bytes; refused")
            yield chunk

    def _check_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise GeoUpdateFailed(
                f"The download took more than {self._limits.overall_seconds:.0f} s; try again later"
            )


def _condition(target: Path) -> dict[str, str]:
    """Ask only for something newer, but never keep a broken file because it is recent."""
    if not is_city_database(target):
        return {}
    return {"If-Modified-Since": formatdate(target.stat().st_mtime, usegmt=True)}


def _announced_bytes(response: httpx.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _read_date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
