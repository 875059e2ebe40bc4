"""
The stand-in for MongoDB as the tests start it: `python -P mongo_stand_in.py --port ...`, a process of its own.

Its own command, but for what only costs time in a test. Nothing here changes an answer. What was
acknowledged survives the kill of the process, and may not survive the loss of power.
"""

import gc
import sys
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import wiredtiger
from secantus import cli, commands, server, storage, transactions

Index = tuple[str, dict[str, Any], dict[str, Any]]

SAME_INDEXES = {
    *("find", "aggregate", "getMore", "insert", "update", "delete", "findAndModify", "hello"),
    *("commitTransaction", "abortTransaction", "endSessions", "ping", "configureFailPoint"),
}
"""Commands after which every collection has the indexes that it had before."""


class Storage(storage.Storage):  # type: ignore[misc]  # It has no types.
    """What the server keeps its documents with."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # Nobody watches for changes, so there is no need to tell of them.
        super().__init__(*arguments, **{**options, "enable_oplog": False})

    def _iter_indexes(self, db: str, coll: str) -> Iterable[Index]:
        """Remember them: each command would read and decode them eight times."""
        known = INDEXES.known.get((db, coll))
        if known is None:
            before = INDEXES.changes
            known = list(super()._iter_indexes(db, coll))
            if before == INDEXES.changes:
                INDEXES.known[db, coll] = known
        else:
            # What looks them up leaves a cursor behind, and that keeps a command to one snapshot.
            cursor = self._cursor(storage._IDX_TABLE)
            cursor.set_key(db, coll, "")
            cursor.search_near()
        return known

    def _maybe_mark_multikey(self, *arguments: Any) -> set[str]:
        *_, already = arguments
        before = len(already)
        marked: set[str] = super()._maybe_mark_multikey(*arguments)
        if len(marked) > before:
            INDEXES.forget()
        return marked


class Indexes:
    """The indexes of each collection, as they are since the last change of any of them."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], list[Index]] = {}
        self.changes = 0

    def forget(self) -> None:
        self.changes += 1
        self.known.clear()


INDEXES = Indexes()


def dispatch(document: dict[str, Any], context: Any) -> Any:
    """Carry out a command."""
    if next(iter(document), None) in SAME_INDEXES:
        return commands.dispatch(document, context)
    INDEXES.forget()
    try:
        return commands.dispatch(document, context)
    finally:
        INDEXES.forget()


def open_without_waiting_for_the_disk(home: str, config: str) -> Any:
    """Hand the journal to the operating system at each commit, which keeps it if this is killed."""
    waiting = "transaction_sync=(enabled=false,method=fsync)"
    return wiredtiger.wiredtiger_open(
        home, config.replace(waiting, "transaction_sync=(enabled=true,method=none)")
    )


def main() -> None:
    # The clock of the tests stands in the past: what a sweeper finds over is not.
    server.SecantusDBServer.__init__.__kwdefaults__["ttl_sweep_seconds"] = 0
    # Looked through twice at each write: a repeated one is among the last of them.
    transactions._RETRYABLE_RECORD_MAX = 100
    server.Storage = Storage
    server.dispatch = dispatch
    storage.wt = SimpleNamespace(
        **{**vars(wiredtiger), "wiredtiger_open": open_without_waiting_for_the_disk}
    )
    gc.freeze()
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
