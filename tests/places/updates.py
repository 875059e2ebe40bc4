"""Running an update, and looking at what it has left."""

import traceback
from pathlib import Path

import pytest

from keystead.places.download import GeoUpdateFailed, Limits, Outcome, update
from keystead.places.lookup import Places
from tests.places.databases import LONDON_IP
from tests.places.maxmind import MaxMind

ACCOUNT = "123456"
KEY = "AbCdEf_licence_key_of_nobody"


def run(target: Path, maxmind: MaxMind, limits: Limits | None = None) -> Outcome:
    return update(target, ACCOUNT, KEY, url=maxmind.url, limits=limits or Limits())


def city(target: Path) -> str | None:
    place = Places(target, lambda _: None).find(LONDON_IP)
    return place.city if place else None


def identity(target: Path) -> tuple[int, int, int]:
    status = target.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def refusal(target: Path, maxmind: MaxMind, limits: Limits | None = None) -> str:
    """Run an update that must fail and leave everything as it was. Returns: the reason."""
    before = identity(target)
    with pytest.raises(GeoUpdateFailed) as caught:
        run(target, maxmind, limits)
    assert city(target) == "Rome"
    assert identity(target) == before
    assert_nothing_is_left(target)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert (
        caught.value.__context__ is None or "httpx" not in type(caught.value.__context__).__module__
    )
    return caught.value.reason


def assert_nothing_is_left(target: Path) -> None:
    left = {path.name for path in target.parent.iterdir()}
    assert left - {f"{target.name}.lock"} == {target.name}
