"""
Archives made to do harm, with a checksum that fits: whoever serves the one serves the other.

Whatever comes, the outcome is one of two: a database that can be read is in place, or the old one
still is. Nothing else is written anywhere, and nothing is unpacked without end.
"""

import gzip
import random
import tarfile
import time
from pathlib import Path

import pytest

from keystead.domain.session import Place
from keystead.places.download import GeoUpdateFailed, Updated
from keystead.places.lookup import Places
from tests.places.databases import LONDON_IP, archive, city_archive, city_database, member
from tests.places.maxmind import MaxMind
from tests.places.updates import assert_nothing_is_left, city, refusal, run

DATABASE = "GeoLite2-City.mmdb"
GIB = 2**30
PIECE = 2**24
BOMB_SECONDS = 5.0
"""Ten gigabytes take a minute to unpack."""

FLIPS = 60


@pytest.fixture
def everything_before(tmp_path: Path, target: Path) -> set[Path]:
    return {*tmp_path.rglob("*"), target.with_name(f"{target.name}.lock")}


def zeros(size: int) -> bytes:
    """Zip *size* bytes quickly: gzip members that follow one another are one stream (RFC 1952)."""
    assert size % PIECE == 0
    return gzip.compress(bytes(PIECE)) * (size // PIECE)


def claim(name: str, size: int) -> bytes:
    info = member(name)
    info.size = size
    return gzip.compress(info.tobuf(tarfile.GNU_FORMAT))


def flipped(content: bytes, chance: random.Random) -> bytes:
    bad = bytearray(content)
    bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
    return bytes(bad)


def test_an_archive_with_any_bit_flipped_is_refused_or_works(
    target: Path, tmp_path: Path, maxmind: MaxMind
) -> None:
    old, good = target.read_bytes(), city_archive(city_database(tmp_path))
    chance = random.Random(1)
    for _ in range(FLIPS):
        maxmind.archive = flipped(good, chance)
        assert_old_or_usable(target, maxmind, old)


def test_a_database_with_any_bit_flipped_is_refused_or_works(
    target: Path, tmp_path: Path, maxmind: MaxMind
) -> None:
    """Packed after the flip, so that no checksum of the archive's own gives it away."""
    old, good = target.read_bytes(), city_database(tmp_path)
    chance = random.Random(2)
    for _ in range(FLIPS):
        maxmind.archive = city_archive(flipped(good, chance))
        assert_old_or_usable(target, maxmind, old)


def test_an_archive_cut_short_anywhere_is_refused(target: Path, maxmind: MaxMind) -> None:
    whole = maxmind.archive
    # The last bytes are the end of the tar, after the database; zipped, they are a few.
    for length in range(0, len(whole) - 64, len(whole) // 40):
        maxmind.archive = whole[:length]
        assert "archive" in refusal(target, maxmind)


@pytest.mark.parametrize("beside", [True, False], ids=["beside the database", "as the database"])
def test_ten_gigabytes_are_not_unpacked(target: Path, maxmind: MaxMind, *, beside: bool) -> None:
    name = "README.txt" if beside else DATABASE
    maxmind.archive = claim(name, 10 * GIB) + zeros(10 * GIB)
    assert len(maxmind.archive) < 2**24

    began = time.monotonic()
    reason = refusal(target, maxmind)

    assert ("more than a database" if beside else "a huge one") in reason
    assert time.monotonic() - began < BOMB_SECONDS


def test_a_file_of_holes_is_as_large_as_it_says(target: Path, maxmind: MaxMind) -> None:
    info = member(DATABASE)
    info.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.name": DATABASE,
        "GNU.sparse.size": str(10 * GIB),
        "GNU.sparse.map": f"0,0,{10 * GIB},0",
    }
    maxmind.archive = gzip.compress(info.tobuf(tarfile.PAX_FORMAT) + bytes(10_240))
    assert "a huge one" in refusal(target, maxmind)


@pytest.mark.parametrize("path", [f"../{DATABASE}", f"a/../../{DATABASE}", f"/tmp/{DATABASE}"])  # noqa: S108 - the attack.
def test_a_name_given_in_an_extended_header_leads_nowhere_either(
    target: Path, tmp_path: Path, maxmind: MaxMind, everything_before: set[Path], path: str
) -> None:
    info = member(DATABASE)
    info.pax_headers = {"path": path}
    database = city_database(tmp_path)
    info.size = len(database)
    padding = bytes(-len(database) % 512 + 1024)
    maxmind.archive = gzip.compress(info.tobuf(tarfile.PAX_FORMAT) + database + padding)

    assert "holds no city database" in refusal(target, maxmind)
    assert set(tmp_path.rglob("*")) <= everything_before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_that_comes_first_is_not_written_through(
    target: Path, tmp_path: Path, maxmind: MaxMind, everything_before: set[Path], kind: bytes
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    links = [
        (member(name, kind, link=str(victim)), b"")
        for name in (DATABASE, f"{DATABASE}.part", f"geo/{DATABASE}")
    ]
    maxmind.archive = archive(*links, (member(DATABASE), city_database(tmp_path)))

    assert isinstance(run(target, maxmind), Updated)

    assert victim.read_bytes() == b"mine"
    assert not target.is_symlink()
    assert target.stat().st_nlink == 1
    assert city(target) == "London"
    assert set(tmp_path.rglob("*")) <= {*everything_before, victim}


def assert_old_or_usable(target: Path, maxmind: MaxMind, old: bytes) -> None:
    try:
        run(target, maxmind)
    except GeoUpdateFailed:
        assert target.read_bytes() == old
    else:
        places = Places(target, pytest.fail)
        assert isinstance(places.find(LONDON_IP), Place | None)
        assert places.describe() is not None
        target.write_bytes(old)
    assert_nothing_is_left(target)
