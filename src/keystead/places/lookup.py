"""
IP address to place, read from a city database on disk.

Two shapes of record are understood: nested as in GeoLite2 City (https://dev.maxmind.com/geoip/docs/
databases/city-and-country) and flat as in DB-IP City Lite (`city`, `state1`, `country_code`).
"""

import math
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import maxminddb

from keystead.domain.session import Place

IP_MAX_CHARACTERS = 45
"""The longest address without a zone: an IPv4-mapped one in full (POSIX INET6_ADDRSTRLEN, less NUL)."""

NAME_MAX_CHARACTERS = 100
"""Longer than any name in daily use; bounds what rows and pages must hold, whatever the file says."""

COUNTRY_CODE_CHARACTERS = 2
"""ISO 3166-1 alpha-2."""

Fingerprint = tuple[int, int, int]
"""Inode, size in bytes and modification time in nanoseconds: what tells one file from the next."""


@dataclass(frozen=True, slots=True)
class GeoDatabase:
    """What an operator wants to know about the database in use."""

    kind: str
    built_at: datetime

    def age(self, now: datetime) -> timedelta:
        """Return how long before *now* the database was built."""
        return now - self.built_at


class Places:
    """
    Looks addresses up in the database at *path*, and follows when another file takes its place.

    Put a new database there by renaming it over the old one. Writing into the old file cuts off
    memory that is mapped; the very next look-up lets go of it, but one under way can crash.

    Args:
        path: the database; None or a missing file means that no place is ever found.
        warn: called once, with a sentence for the operator, when a file cannot be used.

    """

    def __init__(self, path: Path | None, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._has_warned = False
        self._reader: maxminddb.Reader | None = None
        self._inode = 0
        self._seen: Fingerprint | None = None
        self._follow()

    def find(self, ip: str) -> Place | None:
        """
        Look *ip* up; an IPv4-mapped IPv6 address counts as the IPv4 address in it. Never raises.

        Returns: None for an address that is not public, not an address or not in the database.
        """
        try:
            self._follow()
            reader, address = self._reader, read_public_address(ip)
            return read_place(reader.get(address)) if reader and address else None
        except Exception:  # noqa: BLE001 - a place is decoration; no sign-in may fail for it.
            return None

    def describe(self) -> GeoDatabase | None:
        """Return the kind and the build time of the database in use, or None if there is none."""
        self._follow()
        reader = self._reader
        return read_description(reader) if reader else None

    def close(self) -> None:
        """Let go of the file; from here on no place is found."""
        self._path = None
        self._reader = None

    def _follow(self) -> None:
        """
        Open what is at the path, if that has changed.

        Asked before every look-up: a stat takes 2 µs, and a map whose file shrank must not be read.
        """
        if self._path is None:
            return
        seen = _fingerprint(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            reader = open_reader(self._path)
        except Exception as error:  # noqa: BLE001 - a broken file fails in many ways; none may stop a sign-in.
            self._keep_old_reader(seen, error)
        else:
            # The old reader is dropped, not closed: another thread may be in the middle of it.
            self._reader = reader
            self._inode = seen[0] if seen else 0
            self._has_warned = False

    def _keep_old_reader(self, seen: Fingerprint | None, error: Exception) -> None:
        if seen and seen[0] == self._inode:
            # The open file itself was written to. Reading a map beyond the end of its file is a
            # SIGBUS, which no `except` catches.
            self._reader = None
        if not self._has_warned:
            self._has_warned = True
            kept = "the one before stays in use" if self._reader else "locations stay empty"
            self._warn(f"The geo database {self._path} cannot be used ({error}); {kept}")


def open_reader(path: Path) -> maxminddb.Reader:
    """
    Map the database at *path* into memory.

    Raises: OSError, ValueError, maxminddb.InvalidDatabaseError: not a readable database.
    """
    # Opening a named pipe would wait for a writer, with every sign-in waiting behind it.
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("not a regular file")
    return maxminddb.open_database(path)


def read_description(reader: maxminddb.Reader) -> GeoDatabase | None:
    """Return what the database says of itself; None if that makes no sense."""
    try:
        metadata = reader.metadata()
        built_at = datetime.fromtimestamp(metadata.build_epoch, UTC)
    except (maxminddb.InvalidDatabaseError, OverflowError, TypeError, ValueError, OSError):
        return None
    return GeoDatabase(_text(metadata.database_type) or "unknown", built_at)


def read_public_address(ip: str) -> IPv4Address | IPv6Address | None:
    """Return the address if it can be on a map: public, unicast and without a zone."""
    if len(ip) > IP_MAX_CHARACTERS:
        return None
    try:
        address = ip_address(ip)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        address = address.ipv4_mapped or address
    is_public = address.is_global and not address.is_multicast and not address.is_reserved
    return address if is_public else None


def read_place(record: object) -> Place | None:
    """Turn a record of either shape into a place of plain values; None if it says nothing."""
    if not isinstance(record, Mapping):
        return None
    is_nested = any(isinstance(record.get(key), Mapping) for key in ("city", "country", "location"))
    place = _read_nested(record) if is_nested else _read_flat(record)
    return None if place == Place() else place


def _read_nested(record: Mapping[str, object]) -> Place:
    country = _mapping(record.get("country"))
    location = _mapping(record.get("location"))
    subdivisions = record.get("subdivisions")
    region = subdivisions[0] if isinstance(subdivisions, list) and subdivisions else None
    latitude, longitude = _coordinates(location.get("latitude"), location.get("longitude"))
    return Place(
        city=_english_name(record.get("city")),
        region=_english_name(region),
        country=_english_name(country),
        country_code=_country_code(country.get("iso_code")),
        latitude=latitude,
        longitude=longitude,
    )


def _read_flat(record: Mapping[str, object]) -> Place:
    latitude, longitude = _coordinates(record.get("latitude"), record.get("longitude"))
    return Place(
        city=_text(record.get("city")),
        region=_text(record.get("state1")),
        country=_text(record.get("country")),
        country_code=_country_code(record.get("country_code")),
        latitude=latitude,
        longitude=longitude,
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _english_name(value: object) -> str | None:
    return _text(_mapping(_mapping(value).get("names")).get("en"))


def _text(value: object) -> str | None:
    """Return printable text: these names end in pages, logs and mails."""
    if not isinstance(value, str):
        return None
    return "".join(filter(str.isprintable, value.strip()[:NAME_MAX_CHARACTERS])).strip() or None


def _country_code(value: object) -> str | None:
    code = value.strip() if isinstance(value, str) else ""
    is_alpha_2 = len(code) == COUNTRY_CODE_CHARACTERS and code.isascii() and code.isalpha()
    return code.upper() if is_alpha_2 else None


def _coordinates(latitude: object, longitude: object) -> tuple[float | None, float | None]:
    """Return both or neither: half a point is nowhere."""
    north, east = _degrees(latitude, limit=90.0), _degrees(longitude, limit=180.0)
    return (None, None) if north is None or east is None else (north, east)


def _degrees(value: object, limit: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        degrees = float(value)
    except (ValueError, OverflowError):
        return None
    return degrees if math.isfinite(degrees) and abs(degrees) <= limit else None


def _fingerprint(path: Path) -> Fingerprint | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, and asked at every look-up.
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
