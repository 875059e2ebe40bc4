"""
What is done to the audit log behind the program's back is found (OWASP ASVS 5.0 16.4.2).

People act over HTTP; the log is tampered with in the database, as whoever stole its password would.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from httpx import Response

from keystead.domain.audit import Damage
from keystead.domain.events import EventName
from keystead.flows.audit import Anchor, Broken, verify_audit
from keystead.flows.seal_audit import seal
from tests.conftest import Clock, Service
from tests.databases import OF_THE_AUDIT_LOG, Database, Row
from tests.people import Person, refresh_with

pytestmark = pytest.mark.requirement(88)


@pytest.fixture
async def records(
    service: Service, clock: Clock, ada: Person, bob: Person, database: Database
) -> list[Row]:
    """What Ada and Bob did, sealed: at least six records."""
    for status in ("disabled", "active"):
        assert (await ada.put(f"/users/{bob.id}/status", {"status": status})).status_code == 200
    assert (await bob.login()).status_code == 200
    assert (await bob.get("/users")).status_code == 403
    await seal(service.tools)
    assert (await verify_audit(service.tools, clock.now)).broken is None
    return sorted(database.rows("audit"), key=lambda row: int(row["seq"]))


def edit(database: Database, _: list[Row]) -> None:
    database.change("audit", {"seq": 3}, detail="nothing to see here")


def edit_an_address(database: Database, _: list[Row]) -> None:
    database.change("audit", {"seq": 3}, ip="198.51.100.1")


def edit_a_network(database: Database, _: list[Row]) -> None:
    """As if it had been trimmed already."""
    bare = dict.fromkeys(("ip", "user_agent", "salt"))
    database.change("audit", {"seq": 3}, **bare, network="198.51.100.0/24")


def blame_somebody(database: Database, rows: list[Row]) -> None:
    database.change("audit", {"seq": 3}, actor=rows[-1]["id"])


def delete(database: Database, _: list[Row]) -> None:
    database.remove("audit", seq=3)


def delete_and_close_the_gap(database: Database, rows: list[Row]) -> None:
    database.remove("audit", seq=3)
    for row in rows[3:]:
        database.change("audit", {"id": row["id"]}, seq=row["seq"] - 1)


def swap(database: Database, _: list[Row]) -> None:
    for seq, other in ((3, 999), (4, 3), (999, 4)):
        database.change("audit", {"seq": seq}, seq=other)


def swap_with_chains(database: Database, rows: list[Row]) -> None:
    swap(database, rows)
    for row in rows[2:4]:
        database.change("audit", {"seq": row["seq"]}, chain=row["chain"])


def insert(database: Database, rows: list[Row]) -> None:
    database.add("audit", [made_up(rows[2], "seq", "chain")])


def insert_at_the_end(database: Database, rows: list[Row]) -> None:
    database.add("audit", [{**made_up(rows[2]), "seq": len(rows) + 1}])


def truncate(database: Database, rows: list[Row]) -> None:
    for row in rows[-2:]:
        database.remove("audit", id=row["id"])


def truncate_to_nothing(database: Database, _: list[Row]) -> None:
    database.remove("audit")


def made_up(row: Row, *without: str) -> Row:
    """Return a record like *row* with an id of its own, and without these."""
    kept = {name: value for name, value in row.items() if name not in without}
    return {**kept, "id": f"{row['id'][:-4]}ffff"}


Tamper = Callable[[Database, list[Row]], None]
FOUND: list[tuple[Tamper, Damage, int | None]] = [
    (edit, Damage.CHANGED, 3),
    (edit_an_address, Damage.CHANGED, 3),
    (edit_a_network, Damage.CHANGED, 3),
    (blame_somebody, Damage.CHANGED, 3),
    (delete, Damage.MISSING, 3),
    (delete_and_close_the_gap, Damage.REORDERED, 3),
    (swap, Damage.REORDERED, 3),
    (swap_with_chains, Damage.REORDERED, 3),
    (insert, Damage.INSERTED, None),
    (insert_at_the_end, Damage.INSERTED, -1),
    (truncate, Damage.TRUNCATED, -2),
    (truncate_to_nothing, Damage.TRUNCATED, 1),
]


@pytest.mark.parametrize(
    ("tamper", "damage", "seq"), FOUND, ids=[each[0].__name__ for each in FOUND]
)
async def test_tampering_is_found_where_it_is(
    service: Service,
    clock: Clock,
    database: Database,
    records: list[Row],
    tamper: Tamper,
    damage: Damage,
    seq: int | None,
) -> None:
    place = seq if seq is None or seq > 0 else len(records) + 1 + (0 if seq == -1 else seq)

    tamper(database, records)

    broken = (await verify_audit(service.tools, clock.now)).broken
    assert broken is not None
    assert (broken.damage, broken.seq) == (damage, place)


async def test_what_is_not_sealed_yet_cannot_be_changed_either(
    service: Service, clock: Clock, database: Database, records: list[Row], bob: Person
) -> None:
    await bob.login()
    (new,) = database.rows("audit", name=EventName.LOGOUT, seq=None)

    database.change("audit", {"id": new["id"]}, actor="somebody else")

    verdict = await verify_audit(service.tools, clock.now)
    assert verdict.broken == Broken(Damage.INSERTED, record=new["id"])
    assert verdict.sealed == len(records)


async def test_what_this_service_did_not_write_is_never_sealed(
    service: Service, clock: Clock, database: Database, records: list[Row], bob: Person
) -> None:
    insert(database, records)
    await bob.login()

    sealed = await seal(service.tools)

    assert (sealed.count, sealed.forged) == (2, 1)
    (left,) = database.rows("audit", seq=None)
    assert (await verify_audit(service.tools, clock.now)).broken == Broken(
        Damage.INSERTED, record=left["id"]
    )


async def test_a_made_up_head_is_found(
    service: Service, clock: Clock, database: Database, records: list[Row]
) -> None:
    truncate(database, records)
    head = await service.tools.store.find_audit_head()
    assert head is not None
    before = records[-3]

    database.remove("installation", name=OF_THE_AUDIT_LOG)
    assert (await verify_audit(service.tools, clock.now)).broken == Broken(Damage.MISSING)

    forged = service.tools.audit.head(before["seq"], before["chain"])
    await service.tools.store.seal_audit([], None, replace(forged, mac=head.mac))
    broken = (await verify_audit(service.tools, clock.now)).broken
    assert broken == Broken(Damage.CHANGED, before["seq"])


async def test_putting_back_an_older_log_with_its_head_is_found_by_a_head_kept_elsewhere(
    service: Service, clock: Clock, database: Database, records: list[Row], bob: Person
) -> None:
    (old_head,) = database.rows("installation", name=OF_THE_AUDIT_LOG)
    await bob.login()
    await seal(service.tools)
    kept = await service.tools.store.find_audit_head()
    assert kept is not None

    for row in database.rows("audit"):
        if row["seq"] > len(records):
            database.remove("audit", id=row["id"])
    database.remove("installation", name=OF_THE_AUDIT_LOG)
    database.add("installation", [old_head])

    assert (await verify_audit(service.tools, clock.now)).broken is None
    anchor = Anchor(kept.seq, kept.chain)
    broken = (await verify_audit(service.tools, clock.now, anchor)).broken
    assert broken == Broken(Damage.TRUNCATED, len(records) + 1)


async def test_another_log_with_the_same_keys_is_found_by_a_head_kept_elsewhere(
    service: Service, clock: Clock, records: list[Row]
) -> None:
    last = records[-1]
    anchor = Anchor(last["seq"], last["chain"])

    assert (await verify_audit(service.tools, clock.now, anchor)).broken is None
    other = Anchor(last["seq"], bytes(32))
    broken = (await verify_audit(service.tools, clock.now, other)).broken
    assert broken == Broken(Damage.CHANGED, last["seq"], last["id"])


async def test_a_mac_that_is_moved_to_another_record_does_not_hold_there(
    service: Service, clock: Clock, database: Database, records: list[Row], bob: Person
) -> None:
    await bob.login()
    (new,) = database.rows("audit", name=EventName.LOGOUT, seq=None)

    database.change("audit", {"id": new["id"]}, mac=records[0]["mac"], digest=records[0]["digest"])

    assert (await verify_audit(service.tools, clock.now)).broken == Broken(
        Damage.INSERTED, record=new["id"]
    )


async def test_verification_survives_that_addresses_are_erased(
    service: Service, clock: Clock, database: Database, records: list[Row]
) -> None:
    clock.advance(days=91)
    before = clock.now - service.tools.audit_trim_after

    assert await service.tools.store.trim_audit(before, 1000) == len(records)

    for row in database.rows("audit"):
        assert (row["ip"], row["user_agent"], row["salt"]) == (None, None, None)
        assert row["network"] in {"192.0.2.0/24", None}
    assert b'192.0.2.1"' not in database.everything() or database.rows("sessions")
    verdict = await verify_audit(service.tools, clock.now)
    assert (verdict.broken, verdict.trimmed) == (None, len(records))


@pytest.mark.requirement(54)
async def test_a_replayed_refresh_token_is_in_the_log_as_critical(
    service: Service, clock: Clock, ada: Person, bob: Person
) -> None:
    stolen = bob.refresh_token
    session = (await bob.profile()).json()["session"]["sessionId"]
    for _ in range(2):
        clock.advance(seconds=30)
        assert (await bob.refresh()).status_code == 200

    thief = service.client(ip="198.51.100.7", user_agent="curl/8")
    assert (await refresh_with(thief, stolen)).status_code == 401

    assert not await bob.is_signed_in()
    (record,) = (await ada.get("/audit?event=authn_token_reuse")).json()["records"]
    assert record["severity"] == "critical"
    assert (record["subject"], record["ended"]) == (bob.id, session)
    assert (record["ip"], record["userAgent"]) == ("198.51.100.7", "curl/8")


async def test_neither_addresses_nor_secrets_are_in_the_log(
    service: Service, ada: Person, bob: Person, database: Database
) -> None:
    stranger = Person(service.client(), "nobody@example.com", "a password that is wrong")
    assert (await stranger.login()).status_code == 401
    assert (
        await Person(service.client(), bob.email, "another wrong one").login()
    ).status_code == 401

    answer = await ada.get("/audit?event=authn_login_fail")

    assert {each["subject"] for each in answer.json()["records"]} == {bob.id, None}
    log = repr(database.rows("audit")) + answer.text
    for secret in ("@example.com", "wrong", bob.password, bob.access_token, bob.refresh_token):
        assert secret is not None
        assert secret not in log


FORGING = 'curl/8\x1b[2K\x9b31m forged \x85 {"event": "x"}'


async def test_what_a_client_calls_itself_forges_nothing(service: Service, ada: Person) -> None:
    client = service.client()
    agent = {b"User-Agent": FORGING.encode("latin-1")}
    eve = {"email": "eve@example.com", "password": ada.password}
    assert (await client.post("/auth/register", json=eve, headers=agent)).status_code == 201

    answer = await ada.get("/audit?event=user_created")

    kept = FORGING.translate(dict.fromkeys(map(ord, "\x1b\x9b\x85"), " "))
    assert kept in {each["userAgent"] for each in answer.json()["records"]}


async def test_asking_all_day_for_what_is_refused_does_not_fill_the_log(
    database: Database, bob: Person
) -> None:
    for _ in range(70):
        assert (await bob.get("/users")).status_code == 403

    assert len(database.rows("audit", name="authz_fail")) == 60


async def test_refreshing_and_reading_write_nothing(
    database: Database, bob: Person, clock: Clock
) -> None:
    """The log would be mostly of these, and the two most frequent requests would each write more."""
    before = database.rows("audit")

    clock.advance(seconds=5)
    assert (await bob.refresh()).status_code == 200
    assert await bob.is_signed_in()
    assert (await bob.get("/sessions")).status_code == 200

    assert database.rows("audit") == before


async def test_what_is_done_over_http_is_recorded_with_who_did_it_to_whom_from_where(
    ada: Person, bob: Person, clock: Clock
) -> None:
    session = (await ada.profile()).json()["session"]["sessionId"]
    steps: list[tuple[Callable[[], Awaitable[Response]], str, str | None]] = [
        (lambda: ada.put(f"/users/{bob.id}/admin"), "authz_change", "admin"),
        (lambda: ada.put(f"/users/{bob.id}/user"), "authz_change", "user"),
        (lambda: ada.delete(f"/users/{bob.id}/sessions"), "session_ended", "all"),
        (
            lambda: ada.put(f"/users/{bob.id}/status", {"status": "disabled"}),
            "user_status_changed",
            "disabled",
        ),
        (lambda: ada.delete(f"/users/{bob.id}"), "user_deleted", None),
    ]
    for step, event, detail in steps:
        clock.advance(seconds=1)
        assert (await step()).status_code == 200
        newest = (await ada.get("/audit?limit=1")).json()["records"][0]
        assert (newest["event"], newest["detail"]) == (event, detail)
        assert (newest["actor"], newest["subject"]) == (ada.id, bob.id)
        assert (newest["session"], newest["ip"]) == (session, "192.0.2.1")
