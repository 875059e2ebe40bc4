"""Documents that say nonsense are read all the same: one of them must not hide the others."""

from datetime import UTC, datetime

import bson
from bson.datetime_ms import DatetimeMS

from keystead.store.reference import TOLERANT, id_of


def test_text_that_is_no_utf_8_is_read_as_what_no_address_can_be() -> None:
    encoded = bson.encode({"email": "o?d@example.com"}).replace(b"o?d", b"o\xffd")

    found = bson.decode(encoded, TOLERANT)

    assert found["email"] == "o\udcffd@example.com"


def test_an_id_that_is_no_utf_8_can_be_printed() -> None:
    encoded = bson.encode({"_id": "o?d"}).replace(b"o?d", b"o\xffd")

    assert id_of(bson.decode(encoded, TOLERANT)).encode() == rb"o\udcffd"


def test_a_time_beyond_the_calendar_is_none() -> None:
    far, near = DatetimeMS(2**60), datetime(2024, 1, 2, tzinfo=UTC)

    found = bson.decode(bson.encode({"far": far, "near": near}), TOLERANT)

    assert not isinstance(found["far"], datetime)
    assert found["near"] == near
