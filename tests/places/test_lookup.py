import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.session import Place
from keystead.places.lookup import NAME_MAX_CHARACTERS, Places, read_place
from tests.places.databases import (
    FLAT_LONDON,
    LONDON,
    LONDON_IP,
    SIX_LONDON_IP,
    city_database,
    write_database,
)

PLACE = Place("London", "England", "United Kingdom", "GB", 51.5142, -0.0931)

NOT_ON_A_MAP = [
    "10.0.0.1",
    "172.16.3.4",
    "192.168.1.1",
    "127.0.0.1",
    "169.254.1.1",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - nothing is bound here.
    "255.255.255.255",
    "224.0.0.1",
    "240.0.0.1",
    "192.0.2.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    f"{SIX_LONDON_IP}%eth0",
    "fc00::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
]

NO_ADDRESSES = [
    "",
    " ",
    "\x00",
    f"{LONDON_IP}\x00",
    f" {LONDON_IP}",
    f"{LONDON_IP}/32",
    f"{LONDON_IP}:443",
    f"[{SIX_LONDON_IP}]",
    "81.2.69",
    "081.002.069.142",
    "81.2.69.999",
    "1" * 10_000_000,
    ":" * 10_000_000,
    "localhost",
    "unknown",
    "-",
    "\uff18\uff11.2.69.142",
    "\ud800",
    "💥",
    "%s%n",
    "../../etc/passwd",
]


class Warnings(list[str]):
    def __call__(self, text: str) -> None:
        self.append(text)


@pytest.fixture
def warnings() -> Warnings:
    return Warnings()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    records = {"81.2.69.0/24": LONDON, "2a02:d500::/32": LONDON}
    return write_database(tmp_path / "GeoLite2-City.mmdb", records, ip_version=6)


@pytest.fixture
def places(path: Path, warnings: Warnings) -> Iterator[Places]:
    places = Places(path, warnings)
    yield places
    places.close()


@pytest.mark.parametrize(
    "ip", [LONDON_IP, SIX_LONDON_IP, f"::ffff:{LONDON_IP}", "::FFFF:5102:458e"]
)
def test_a_public_address_has_a_place(places: Places, ip: str) -> None:
    assert places.find(ip) == PLACE


def test_flat_records_with_numbers_as_text_are_read_too(tmp_path: Path, warnings: Warnings) -> None:
    path = write_database(tmp_path / "dbip.mmdb", {"81.2.69.0/24": FLAT_LONDON})
    expected = Place("London", "England", None, "GB", 51.5142, -0.0931)
    assert Places(path, warnings).find(LONDON_IP) == expected


@pytest.mark.parametrize("ip", NOT_ON_A_MAP)
def test_an_address_that_is_not_public_has_no_place(
    tmp_path: Path, warnings: Warnings, ip: str
) -> None:
    everywhere = write_database(
        tmp_path / "all.mmdb", {"::/1": LONDON, "8000::/1": LONDON}, ip_version=6
    )
    places = Places(everywhere, warnings)
    assert places.find("8.8.8.8") == PLACE
    assert places.find(ip) is None


@pytest.mark.parametrize("ip", NO_ADDRESSES, ids=lambda ip: ascii(ip[:20]))
def test_what_is_no_address_has_no_place(places: Places, ip: str) -> None:
    assert places.find(ip) is None


@given(ip=st.text() | st.ip_addresses().map(str))
def test_no_text_makes_a_lookup_fail(shared: Places, ip: str) -> None:
    assert isinstance(shared.find(ip), Place | None)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Places:
    path = tmp_path_factory.mktemp("geo") / "all.mmdb"
    return Places(
        write_database(path, {"::/1": LONDON, "8000::/1": LONDON}, ip_version=6), Warnings()
    )


def test_an_address_that_is_not_in_the_database_has_no_place(places: Places) -> None:
    assert places.find("8.8.8.8") is None
    assert places.find("2a00::1") is None


def test_an_ipv6_address_has_no_place_in_an_ipv4_database(
    tmp_path: Path, warnings: Warnings
) -> None:
    path = write_database(tmp_path / "four.mmdb", {"81.2.69.0/24": LONDON})
    places = Places(path, warnings)
    assert places.find(SIX_LONDON_IP) is None
    assert places.find(f"::ffff:{LONDON_IP}") == PLACE


@pytest.mark.parametrize("name", [None, "missing.mmdb", "no/such/folder.mmdb"])
def test_without_a_database_there_are_no_places_and_no_warning(
    tmp_path: Path, warnings: Warnings, name: str | None
) -> None:
    places = Places(tmp_path / name if name else None, warnings)
    assert places.find(LONDON_IP) is None
    assert places.describe() is None
    assert warnings == []


def test_a_database_that_arrives_later_is_used(tmp_path: Path, warnings: Warnings) -> None:
    path = tmp_path / "GeoLite2-City.mmdb"
    places = Places(path, warnings)
    assert places.find(LONDON_IP) is None
    write_database(path, {"81.2.69.0/24": LONDON})
    assert places.find(LONDON_IP) == PLACE


def test_a_new_database_takes_the_place_of_the_old_one(places: Places, path: Path) -> None:
    assert places.find(LONDON_IP) == PLACE
    part = path.with_suffix(".part")
    part.write_bytes(city_database(path.parent, "Paris"))
    part.replace(path)
    found = places.find(LONDON_IP)
    assert found is not None
    assert found.city == "Paris"


@pytest.mark.parametrize("content", [b"", b"no database", b"\xab\xcd\xefMaxMind.com\xff" * 9])
def test_a_broken_successor_keeps_the_old_database_and_warns_once(
    places: Places, path: Path, warnings: Warnings, content: bytes
) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
    assert [places.find(LONDON_IP) for _ in range(3)] == [PLACE] * 3
    assert len(warnings) == 1
    assert str(path) in warnings[0]
    assert "the one before stays in use" in warnings[0]


def test_a_removed_database_stays_in_use(places: Places, path: Path, warnings: Warnings) -> None:
    path.unlink()
    assert places.find(LONDON_IP) == PLACE
    assert len(warnings) == 1


def test_a_database_cut_off_in_place_is_let_go_of(
    places: Places, path: Path, warnings: Warnings
) -> None:
    """Reading the old map would end the process with SIGBUS."""
    content = path.read_bytes()
    os.truncate(path, 0)
    assert places.find(LONDON_IP) is None
    for size in range(100, len(content), 500):
        path.write_bytes(content[:size])
        assert places.find(LONDON_IP) is None
    assert len(warnings) == 1
    path.write_bytes(content)
    assert places.find(LONDON_IP) == PLACE


def test_a_second_breakage_after_a_repair_warns_again(
    places: Places, path: Path, warnings: Warnings
) -> None:
    content = path.read_bytes()
    for _ in range(2):
        path.write_bytes(b"broken")
        places.find(LONDON_IP)
        path.write_bytes(content)
        assert places.find(LONDON_IP) == PLACE
    assert len(warnings) == 2


def test_a_named_pipe_or_a_folder_is_not_waited_for(tmp_path: Path, warnings: Warnings) -> None:
    pipe = tmp_path / "pipe.mmdb"
    os.mkfifo(pipe)
    assert Places(pipe, warnings).find(LONDON_IP) is None
    assert Places(tmp_path, warnings).find(LONDON_IP) is None
    assert len(warnings) == 2


def test_bit_rot_anywhere_in_the_file_does_no_harm(path: Path, warnings: Warnings) -> None:
    good = path.read_bytes()
    dice = random.Random(1)
    for _ in range(150):
        bad = bytearray(good)
        for _ in range(dice.choice([1, 1, 8, 64])):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        part = path.with_suffix(".part")
        part.write_bytes(bad)
        part.replace(path)
        places = Places(path, warnings)
        for ip in (LONDON_IP, SIX_LONDON_IP, "8.8.8.8"):
            assert isinstance(places.find(ip), Place | None)
        places.describe()


def test_a_warning_that_fails_does_not_fail_the_lookup(places: Places, path: Path) -> None:
    def fail(_: str) -> None:
        raise RuntimeError

    places._warn = fail
    path.unlink()
    assert places.find(LONDON_IP) is None
    assert places.find(LONDON_IP) == PLACE


def test_nothing_is_found_after_closing(places: Places) -> None:
    places.close()
    assert places.find(LONDON_IP) is None
    assert places.describe() is None


def test_the_database_says_its_kind_and_age(places: Places) -> None:
    about = places.describe()
    assert about is not None
    assert about.kind == "GeoLite2-City"
    assert about.built_at.tzinfo is UTC
    assert about.age(about.built_at + timedelta(days=3)) == timedelta(days=3)
    assert abs(about.age(datetime.now(UTC))) < timedelta(minutes=5)


@pytest.mark.parametrize(
    "record",
    [
        None,
        "London",
        ["London"],
        {},
        {"city": None},
        {"city": {}},
        {"city": {"names": "London"}},
        {"city": {"names": {"de": "London"}}},
        {"country": {"iso_code": "GBR", "names": {"en": 7}}},
        {"subdivisions": [], "location": {"latitude": 91, "longitude": 0}},
        {"subdivisions": ["England"], "location": {"latitude": 5}},
        {"city": " \x00\u202e ", "country_code": "ß"},
        {"latitude": "nan", "longitude": "inf"},
        {"latitude": True, "longitude": False},
        {"latitude": 10**400, "longitude": 0},
        {"latitude": 0, "longitude": 180.1},
    ],
    ids=str,
)
def test_a_record_that_says_nothing_usable_is_no_place(record: object) -> None:
    assert read_place(record) is None


def test_names_are_trimmed_cut_and_printable() -> None:
    record: dict[str, Any] = {"city": " Lon\x1b[31m\u202edon\n ", "state1": "x" * 1_000_000}
    assert read_place(record) == Place(city="Lon[31mdon", region="x" * NAME_MAX_CHARACTERS)


def test_half_a_point_is_no_point() -> None:
    assert read_place({"city": "London", "latitude": 51.5}) == Place(city="London")
    assert read_place({"city": "London", "latitude": 51.5, "longitude": 181}) == Place("London")
