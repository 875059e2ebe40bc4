"""What is made of the fields of a foreign document."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.foreign import Unusable
from keystead.domain.reference import made_at, moment, new_id, password_hash, role
from keystead.domain.user import Role

object_ids = st.from_regex(r"[0-9a-f]{24}", fullmatch=True)


@given(object_ids)
def test_an_id_is_a_uuid_of_version_7_with_the_time_of_the_object_id(object_id: str) -> None:
    made = UUID(new_id(object_id))

    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert str(made) == new_id(object_id)
    assert made.int >> 80 == int(object_id[:8], 16) * 1000


@given(object_ids)
def test_the_object_id_can_be_read_back_from_the_id(object_id: str) -> None:
    made = UUID(new_id(object_id)).int

    seconds, high, low = (made >> 80) // 1000, made >> 64 & 0xFFF, made & (2**62 - 1)
    assert f"{seconds:08x}{high << 62 | low:016x}" == object_id


def test_an_id_is_made_as_documented() -> None:
    assert new_id("65a1b2c3d4e5f60718293a4b") == "018cffa2-49b8-7003-94e5-f60718293a4b"


@pytest.mark.parametrize(
    "text", ["", "65A1B2C3D4E5F60718293A4B", "1", "z" * 24, "0" * 25, "७" * 24]
)
def test_what_is_no_object_id_makes_no_id(text: str) -> None:
    with pytest.raises(Unusable, match="ObjectId"):
        new_id(text)


@pytest.mark.parametrize("prefix", ["$2a$10$", "$2b$10$", "$2y$04$", "$2b$15$"])
def test_a_hash_of_bcrypt_is_kept_without_a_pepper(prefix: str) -> None:
    kept = password_hash(prefix + "./azAZ09" + "x" * 45)

    assert kept.text.startswith(prefix)
    assert kept.pepper_id is None


@pytest.mark.parametrize(
    "found",
    [
        *(None, 7, b"$2b$10$", "", "password", "$2b$10$short", "$argon2id$v=19$m=8,t=1,p=1$a$b"),
        *("$2x$10$" + "x" * 53, "$2b$03$" + "x" * 53, "$2b$31$" + "x" * 53),
        *("$2b$10$" + "x" * 52 + "!", "$2b$10$" + "x" * 53 + "\n", ["$2b$10$" + "x" * 53]),
    ],
    ids=repr,
)
def test_any_other_hash_is_refused(found: object) -> None:
    with pytest.raises(Unusable, match="password"):
        password_hash(found)


def test_a_role_is_the_one_of_that_name() -> None:
    assert role("user") is Role.USER
    assert role("admin") is Role.ADMIN


@pytest.mark.parametrize("found", [None, "", "Admin", "owner", 1, ["admin"], {"$ne": ""}], ids=repr)
def test_any_other_role_is_refused(found: object) -> None:
    with pytest.raises(Unusable, match="role"):
        role(found)


def test_a_time_is_kept_to_the_millisecond_in_utc() -> None:
    found = datetime(2024, 5, 6, 9, 8, 7, 123_999, timezone(timedelta(hours=2)))

    kept = moment(found, made_at("0" * 24))

    assert kept == datetime(2024, 5, 6, 7, 8, 7, 123_000, UTC)
    assert kept.tzinfo is UTC


@pytest.mark.parametrize("found", [None, "2024-05-06", 1_714_979_287_123], ids=repr)
def test_without_a_time_it_is_that_of_the_object_id(found: object) -> None:
    assert moment(found, made_at("65a1b2c3" + "0" * 16)) == datetime(
        2024, 1, 12, 21, 44, 35, tzinfo=UTC
    )
