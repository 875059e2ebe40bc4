"""
Every query of the audit log, once; placeholders and times as in `sql`.

Pages are read by id, which sorts by time, and by `seq`. What is not sealed yet, and what is not
trimmed yet, is found by an index of nothing else.
"""

import json
from collections.abc import Sequence
from dataclasses import fields

from keystead.domain.audit import AuditDamaged, AuditHead, AuditQuery, AuditRecord, Seal
from keystead.domain.errors import StoreDown
from keystead.store.rows import Row, from_millis, to_millis

COLUMNS = tuple(field.name for field in fields(AuditRecord))
AUDIT = ", ".join(COLUMNS)

_AT = COLUMNS.index("at")
_PLACES = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))

_INSERT = f"INSERT INTO audit ({AUDIT}) VALUES ({_PLACES})"

# What is returned shows that a trigger has not dropped it: see `refuse_unkept`.
ADD = f"{_INSERT} RETURNING id"

EXPORT = f"SELECT {AUDIT} FROM audit WHERE id > $1 ORDER BY id LIMIT $2"

LIST_SEALED = f"SELECT {AUDIT} FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2"

LIST_FIRST_SEALED = f"SELECT {AUDIT} FROM audit WHERE seq IS NOT NULL ORDER BY seq LIMIT $1"

LIST_UNSEALED = f"SELECT {AUDIT} FROM audit WHERE seq IS NULL AND id > $1 ORDER BY id LIMIT $2"

SEAL = "UPDATE audit SET seq = $2, chain = $3 WHERE id = $1 AND seq IS NULL"

FIND_HEAD = "SELECT value FROM installation WHERE name = 'audit_head'"

# Of those who have read the same head, one moves it. Where there is none yet, any may make it.
MOVE_HEAD = """
    INSERT INTO installation (name, value) VALUES ('audit_head', $2)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE installation.value = $1
    RETURNING name
"""

KEEP_HEAD = """
    INSERT INTO installation (name, value) VALUES ('audit_head', $1)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""

FORGET_HEAD = "DELETE FROM installation WHERE name = 'audit_head'"

TRIM = """
    UPDATE audit SET ip = NULL, user_agent = NULL, salt = NULL WHERE id IN (
        SELECT id FROM audit WHERE salt IS NOT NULL AND at < $1 ORDER BY at LIMIT $2
    )
    RETURNING id
"""

COUNT = "SELECT count(*) FROM audit"

DROP = "DELETE FROM audit WHERE id = $1"

IMPORT = f"""
    {_INSERT} ON CONFLICT (id) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])}
"""


def list_records(query: AuditQuery) -> tuple[str, list[str | int]]:
    """Return the query for one page, newest first, and its parameters."""
    given = {
        "actor =": query.actor,
        "subject =": query.subject,
        "name =": query.name,
        "id <": query.before,
    }
    conditions = [(test, value) for test, value in given.items() if value is not None]
    where = " AND ".join(f"{test} ${number}" for number, (test, _) in enumerate(conditions, 2))
    text = f"SELECT {AUDIT} FROM audit WHERE {where or 'true'} ORDER BY id DESC LIMIT $1"
    return text, [query.limit, *(value for _, value in conditions)]


def refuse_unkept(added: Sequence[Row]) -> None:
    """
    Look at what `ADD` returned.

    Raises: StoreDown: nothing, since a trigger dropped the record; what it tells of must not happen.
    """
    if not added:
        raise StoreDown from AuditDamaged("the database keeps no records of the audit log")


def record_from(row: Row) -> AuditRecord:
    """Build a record from the columns of `AUDIT`."""
    values = list(row)
    values[_AT] = from_millis(values[_AT])
    return AuditRecord(*values)


def from_record(record: AuditRecord) -> Row:
    """Return the parameters of `ADD`."""
    values = [getattr(record, name) for name in COLUMNS]
    values[_AT] = to_millis(record.at)
    return values


def from_seals(seals: Sequence[Seal]) -> list[Row]:
    """Return the parameters of `SEAL`, for each."""
    return [(seal.id, seal.seq, seal.chain) for seal in seals]


def head_from(text: str) -> AuditHead:
    """Read what `from_head` wrote."""
    found = json.loads(text)
    chain, mac = bytes.fromhex(found["chain"]), bytes.fromhex(found["mac"])
    return AuditHead(found["seq"], chain, found["key_id"], mac)


def from_head(head: AuditHead | None) -> str:
    """Return the text that is kept under the name `audit_head`; empty for none."""
    if head is None:
        return ""
    return json.dumps(
        {"seq": head.seq, "chain": head.chain.hex(), "key_id": head.key_id, "mac": head.mac.hex()}
    )
