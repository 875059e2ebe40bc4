"""
Nobody who can write to the database keeps the audit log from growing, or hides in it, unseen.

People act over HTTP; the log is silenced in the database, as whoever stole its password would.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from keystead.domain.audit import SEALED_WITHIN, Damage
from keystead.flows.audit import Broken, verify_audit
from keystead.flows.seal_audit import LEASE_TIME, Sealed, seal, seal_if_mine
from keystead.flows.upkeep import purge_if_mine
from tests.conftest import Clock, Service
from tests.databases import OF_THE_AUDIT_LOG, Database, Row
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.requirement(88)

FOR_EVER = 99_999_999_999_999
"""Milliseconds: the year 5138."""


async def sealed_rows(service: Service, database: Database) -> list[Row]:
    await seal(service.tools)
    return sorted(database.rows("audit"), key=lambda row: int(row["seq"]))


@pytest.mark.parametrize("name", ["audit", "upkeep"])
async def test_a_lease_for_ever_stops_neither_sealing_nor_purging(
    service: Service, clock: Clock, database: Database, bob: Person, name: str
) -> None:
    database.remove("leases", name=name)
    database.add("leases", [{"name": name, "holder": "nobody", "until": FOR_EVER}])
    waiting = len(database.rows("audit", seq=None))

    assert waiting
    assert (await seal_if_mine(service.tools, "we", clock.now)).count == waiting
    clock.advance(days=365)
    assert await purge_if_mine(service.tools, "we", clock.now) == 1
    assert not await bob.is_signed_in()


async def test_what_is_kept_from_being_sealed_is_damage_after_a_minute(
    service: Service, clock: Clock, database: Database, bob: Person
) -> None:
    waiting = database.rows("audit", seq=None)
    clock.advance(seconds=SEALED_WITHIN.total_seconds())
    assert (await verify_audit(service.tools, clock.now)).broken is None

    clock.now += timedelta(milliseconds=1)

    verdict = await verify_audit(service.tools, clock.now)
    assert verdict.broken == Broken(Damage.UNSEALED, record=waiting[0]["id"])
    assert verdict.overdue == len(waiting)
    await seal(service.tools)
    assert (await verify_audit(service.tools, clock.now)).broken is None
    assert bob.id


async def test_a_lease_that_somebody_keeps_renewing_is_noticed_by_whoever_would_seal(
    service: Service, clock: Clock, database: Database, bob: Person
) -> None:
    waiting = len(database.rows("audit", seq=None))
    clock.now += SEALED_WITHIN + timedelta(milliseconds=1)
    assert await service.tools.store.take_lease("audit", "thief", clock.now, clock.now + LEASE_TIME)

    sealed = await seal_if_mine(service.tools, "we", clock.now)

    assert sealed == Sealed(count=0, forged=0, overdue=waiting)
    assert bob.id


async def test_a_log_that_is_wiped_with_its_head_is_missing(
    service: Service, clock: Clock, database: Database, bob: Person
) -> None:
    assert (await verify_audit(service.tools, clock.now)).broken is None
    await sealed_rows(service, database)

    database.remove("audit")
    database.remove("installation", name=OF_THE_AUDIT_LOG)

    assert (await verify_audit(service.tools, clock.now)).broken == Broken(Damage.MISSING)
    assert bob.id


async def test_a_database_that_was_never_used_is_whole(service: Service, clock: Clock) -> None:
    verdict = await verify_audit(service.tools, clock.now)

    assert (verdict.head, verdict.sealed, verdict.broken) == (None, 0, None)


@pytest.mark.parametrize("seq", [0, -1, -(2**63)])
async def test_a_record_below_the_first_place_is_inserted(
    service: Service, clock: Clock, database: Database, bob: Person, seq: int
) -> None:
    rows = await sealed_rows(service, database)
    made_up = {**rows[-1], "id": f"{rows[-1]['id'][:-4]}ffff", "seq": seq, "actor": bob.id}

    database.add("audit", [made_up])

    broken = (await verify_audit(service.tools, clock.now)).broken
    assert broken == Broken(Damage.INSERTED, record=made_up["id"])


@pytest.mark.only_on("sqlite", "mongo", because="elsewhere a number is nothing but a number")
async def test_a_record_whose_place_is_a_text_is_inserted(
    service: Service, clock: Clock, database: Database, bob: Person
) -> None:
    rows = await sealed_rows(service, database)
    made_up = {**rows[-1], "id": f"{rows[-1]['id'][:-4]}ffff", "seq": "first", "actor": bob.id}

    database.add("audit", [made_up])

    broken = (await verify_audit(service.tools, clock.now)).broken
    assert broken == Broken(Damage.INSERTED, record=made_up["id"])


async def nothing_happens_unrecorded(
    database: Database, ada: Person, bob: Person, status: int = 503
) -> None:
    # What is there already is sealed at a moment of its own.
    before = {row["id"] for row in database.rows("audit")}

    assert (await ada.put(f"/users/{bob.id}/admin")).status_code == status
    assert (await ada.delete(f"/users/{bob.id}")).status_code == status
    assert (await bob.login()).status_code == status

    assert database.rows("users", id=bob.id)[0]["role"] == "user"
    assert {row["id"] for row in database.rows("audit")} == before


@pytest.mark.only_on("sqlite", because="each database has triggers of its own")
async def test_a_trigger_that_drops_records_stops_what_they_tell_of_on_sqlite(
    database: Any,  # The one of this store.
    ada: Person,
    bob: Person,
) -> None:
    with closing(sqlite3.connect(database.path, isolation_level=None)) as db:
        db.execute("CREATE TRIGGER silence BEFORE INSERT ON audit BEGIN SELECT RAISE(IGNORE); END")

    await nothing_happens_unrecorded(database, ada, bob)


@pytest.mark.only_on("postgres", because="each database has triggers of its own")
async def test_a_trigger_that_drops_records_stops_what_they_tell_of_on_postgresql(
    database: Any,  # The one of this store.
    ada: Person,
    bob: Person,
) -> None:
    database.run(
        "CREATE FUNCTION silence() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    )
    database.run(
        "CREATE TRIGGER silence BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION silence()"
    )
    try:
        await nothing_happens_unrecorded(database, ada, bob)
    finally:
        database.run("DROP FUNCTION silence CASCADE")


@pytest.mark.only_on("postgres", because="no other database has rules")
async def test_a_rule_that_drops_records_stops_what_they_tell_of(
    database: Any,  # The one of this store.
    ada: Person,
    bob: Person,
) -> None:
    database.run("CREATE RULE silence AS ON INSERT TO audit DO INSTEAD NOTHING")
    try:
        await nothing_happens_unrecorded(database, ada, bob, status=500)
    finally:
        database.run("DROP RULE silence ON audit")


@contextmanager
def records_refused(database: Any) -> Iterator[None]:
    """Whatever would add a record fails, as on a disk without room: the change it tells of came first."""
    match urlsplit(database.url).scheme:
        case "sqlite":
            with closing(sqlite3.connect(database.path, isolation_level=None)) as db:
                db.execute(
                    "CREATE TRIGGER refuse BEFORE INSERT ON audit "
                    "BEGIN SELECT RAISE(ABORT, 'no room'); END"
                )
            yield
        case "postgresql":
            database.run(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$"
            )
            database.run(
                "CREATE TRIGGER refuse BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
            try:
                yield
            finally:
                database.run("DROP FUNCTION refuse CASCADE")
        case _:
            refused = 14031  # OutOfDiskSpace
            with database.failing("alwaysOn", failCommands=["insert"], errorCode=refused):
                yield


async def test_what_an_admin_does_is_undone_where_it_cannot_be_recorded(
    database: Database, ada: Person, bob: Person
) -> None:
    before = {row["id"] for row in database.rows("audit")}
    account = database.rows("users", id=bob.id)
    with records_refused(database):
        answers = [
            await ada.put(f"/users/{bob.id}/admin"),
            await ada.put(f"/users/{bob.id}/status", {"status": "disabled"}),
            await ada.delete(f"/users/{bob.id}/sessions"),
            await ada.delete(f"/users/{bob.id}"),
            await bob.post("/auth/register", {"email": "new@example.com", "password": PASSWORD}),
        ]
        assert {answer.status_code // 100 for answer in answers} == {5}
        assert await bob.is_signed_in()

    assert database.rows("users", id=bob.id) == account
    assert database.rows("users", email="new@example.com") == []
    assert {row["id"] for row in database.rows("audit")} == before
