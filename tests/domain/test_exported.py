"""What is made of a line of a file of accounts."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.exported import MAX_NUMBER, ExportedUser
from keystead.domain.foreign import Draft, Unusable
from keystead.domain.user import Role, Status

HASH = "$2b$12$" + "x" * 53
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MADE = "2024-01-02T03:04:05.678901+00:00"


def exported(**members: Any) -> ExportedUser:
    return ExportedUser(7, {"id": 42, "email": "bob@example.com", "password": HASH, **members})


def draft(**members: Any) -> Draft:
    return exported(**members).draft(NOW)


def test_what_is_left_out_is_an_ordinary_account_of_today() -> None:
    made = draft()

    assert (made.role, made.status) == (Role.USER, Status.ACTIVE)
    assert made.created_at == made.updated_at == NOW


def test_what_is_said_counts() -> None:
    made = draft(role="admin", status="disabled", created=MADE)

    assert (made.role, made.status) == (Role.ADMIN, Status.DISABLED)
    assert made.created_at == datetime(2024, 1, 2, 3, 4, 5, 678_000, UTC)


@pytest.mark.parametrize(
    "found", ["0199c0de-7a11-4b0b-9c5e-000000000001", "0199C0DE7A114B0B9C5E000000000001"]
)
def test_a_uuid_stays_as_it_is_in_its_one_form(found: str) -> None:
    assert draft(id=found).id == "0199c0de-7a11-4b0b-9c5e-000000000001"


@given(st.integers(0, MAX_NUMBER), st.datetimes(datetime(1970, 1, 1), datetime(2026, 1, 1)))  # noqa: DTZ001 - as a file says it.
def test_a_number_becomes_a_uuid_from_which_both_can_be_read(number: int, made: datetime) -> None:
    became = draft(id=number, created=made.isoformat())

    assert UUID(became.id).version == 7
    assert UUID(became.id).int & MAX_NUMBER == number
    milliseconds = (became.created_at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000
    assert UUID(became.id).int >> 80 == round(milliseconds)


def test_a_number_without_a_time_becomes_the_same_every_day() -> None:
    other_day = datetime(2027, 1, 1, tzinfo=UTC)

    assert exported().draft(NOW).id == exported().draft(other_day).id


def test_an_id_is_made_as_documented() -> None:
    made = draft(id=42, created="2024-01-02T03:04:05Z")

    assert made.id == "018cc820-d888-7000-8000-00000000002a"


@pytest.mark.parametrize(
    ("found", "moment"),
    [
        ("2024-01-02T05:04:05+02:00", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2024-01-02 03:04:05.5", datetime(2024, 1, 2, 3, 4, 5, 500_000, UTC)),
        ("2024-01-02", datetime(2024, 1, 2, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_in_utc(found: str, moment: datetime) -> None:
    assert draft(created=found).created_at == moment


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        *(
            ({"id": each}, "neither a UUID nor")
            for each in (None, "", "42", 4.2, -1, 2**62, True, [42], {"$oid": 1}, "0199c0de")
        ),
        *(({"role": each}, "its role") for each in ("owner", "", 1, ["admin"], "Admin")),
        *(({"status": each}, "its status") for each in ("asleep", "", 0, True, ["active"])),
        *(
            ({"created": each}, "no time")
            for each in (
                "yesterday",
                "",
                1_704_164_645,
                20240102,
                "0001-01-01T00:00:00+14:00",
                [MADE],
            )
        ),
        ({"created": "1969-12-31T23:59:59Z"}, "before 1970"),
        ({"password": None}, "no password"),
        ({"stauts": "disabled"}, "not known: stauts"),
    ],
    ids=repr,
)
def test_what_is_wrong_is_said(broken: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        draft(**broken)


def test_what_is_no_object_is_found_by_its_line() -> None:
    nothing = ExportedUser(7, None)

    assert (nothing.id, nothing.where) == ("", "line 7")
    with pytest.raises(Unusable, match="no JSON object"):
        nothing.draft(NOW)


def test_an_account_is_found_by_its_line_and_its_id() -> None:
    assert exported().where == "line 7, id 42"
