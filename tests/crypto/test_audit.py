"""What a record of the audit log is sealed with: every member, its place, and where the log ends."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keystead.crypto.audit import START, MacAuditSeals
from keystead.crypto.keyring import Keyring
from keystead.crypto.random import SystemRandomness, new_master_key
from keystead.domain.audit import AuditRecord
from keystead.domain.events import Event, EventName, Severity
from keystead.domain.session import Origin, SessionId
from keystead.domain.user import UserId

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
BOB = UserId("019b796d-d600-7153-9689-9c36ae43da3c")
SESSION = SessionId("019b796d-d600-7153-9689-9c36ae43da3d")
EVENT = Event(EventName.LOGOUT, Severity.INFO, BOB, BOB, SESSION, SESSION, "a detail")
ORIGIN = Origin("192.0.2.77", "Firefox")

CHANGED: dict[str, Any] = {
    "id": "019b796d-d600-7153-9689-9c36ae43da3e",
    "at": NOW + timedelta(milliseconds=1),
    "name": "authn_login_success",
    "severity": "critical",
    "actor": None,
    "subject": None,
    "session": None,
    "ended": None,
    "detail": "another detail",
    "network": "198.51.100.0/24",
    "ip": "192.0.2.78",
    "user_agent": "Chrome",
    "salt": bytes(16),
    "digest": bytes(32),
    "key_id": 2,
    "mac": bytes(32),
}
PLACED = {"seq", "chain"}
"""Given by the chain, later; not a part of what the record says."""


@pytest.fixture
def seals(keyring: Keyring) -> MacAuditSeals:
    return MacAuditSeals(keyring, SystemRandomness())


@pytest.fixture
def record(seals: MacAuditSeals) -> AuditRecord:
    return seals.record(EVENT, ORIGIN, NOW)


def test_no_member_can_be_changed(seals: MacAuditSeals, record: AuditRecord) -> None:
    assert seals.is_genuine(record)
    assert {field.name for field in fields(record)} == {*CHANGED, *PLACED}
    for name, value in CHANGED.items():
        assert getattr(record, name) != value
        assert not seals.is_genuine(replace(record, **{name: value})), name


def test_what_was_erased_whole_is_genuine_and_what_was_put_there_is_not(
    seals: MacAuditSeals, record: AuditRecord
) -> None:
    erased = replace(record, ip=None, user_agent=None, salt=None)

    assert seals.is_genuine(erased)
    assert not seals.is_genuine(replace(erased, ip="192.0.2.78"))
    assert not seals.is_genuine(replace(erased, user_agent="Chrome"))
    assert not seals.is_genuine(replace(record, ip=None))


def test_two_records_of_one_event_have_nothing_in_common_to_guess_the_address_by(
    seals: MacAuditSeals, record: AuditRecord
) -> None:
    again = seals.record(EVENT, ORIGIN, NOW)

    assert again.salt != record.salt
    assert again.digest != record.digest


def test_a_link_holds_what_was_before_the_place_and_the_record(
    seals: MacAuditSeals, record: AuditRecord
) -> None:
    other = seals.record(EVENT, ORIGIN, NOW)
    links = {
        seals.link(None, 1, record),
        seals.link(None, 2, record),
        seals.link(bytes(31) + b"x", 1, record),
        seals.link(None, 1, other),
    }

    assert len(links) == 4
    assert seals.link(None, 1, record) == seals.link(START, 1, record)


def test_a_head_is_genuine_for_its_number_and_its_end(seals: MacAuditSeals) -> None:
    head = seals.head(7, bytes(32))

    assert seals.is_genuine_head(head)
    assert not seals.is_genuine_head(replace(head, seq=6))
    assert not seals.is_genuine_head(replace(head, chain=bytes(31) + b"x"))
    assert not seals.is_genuine_head(replace(head, key_id=2))
    assert not seals.is_genuine_head(seals.head(0, bytes(32)))


def test_older_keys_still_verify_and_foreign_ones_do_not(
    keyring: Keyring, seals: MacAuditSeals, record: AuditRecord
) -> None:
    keys = {**keyring.master_keys, 2: new_master_key()}
    newer = MacAuditSeals(replace(keyring, master_keys=keys), SystemRandomness())
    foreign_keys = {1: new_master_key()}
    foreign = MacAuditSeals(replace(keyring, master_keys=foreign_keys), SystemRandomness())

    assert newer.is_genuine(record)
    assert newer.link(None, 1, record) == seals.link(None, 1, record)
    assert newer.is_genuine_head(seals.head(1, bytes(32)))
    assert newer.record(EVENT, ORIGIN, NOW).key_id == 2
    assert not foreign.is_genuine(record)
    assert not foreign.is_genuine_head(seals.head(1, bytes(32)))
