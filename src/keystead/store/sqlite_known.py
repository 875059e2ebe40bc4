"""
Sessions as the file has them, remembered exactly as long as a read would find the same.

All of them hold for one header of the WAL-index (`sqlite_wal_index`). Whoever looks for a session
looks at the header first; if it is still that one, nobody has committed since.

*Remembering.* The header was looked at before the row was read, so the row is of that state or of a
later one. It is given to nobody but those who find that very header, and a header that was left
never comes back: nobody is given what was over before they asked.

*Our own commits* would empty this all the time, since each session in use is written once a minute.
So whoever writes says which header it found and left, and which sessions it changed; only those are
dropped, or replaced by what they were changed to. While it holds the write lock nobody else commits, so what it changes is the state
it finds. If somebody commits behind it before it has looked at what it left, its `PRAGMA
data_version` has moved: then it says nothing, the header is a strange one, and all is dropped.
It speaks before anybody hears that the commit is done.

What was changed is told by the database, through triggers of the writing connection: a new verb
cannot forget to.
"""

import sqlite3
import threading
from collections.abc import Mapping
from contextlib import suppress

from keystead.domain.session import SessionId, SignedIn
from keystead.store.rows import REMEMBERED
from keystead.store.sqlite_wal_index import WalIndex, is_settled

TRIGGERS = (
    """CREATE TEMP TRIGGER session_changed AFTER UPDATE ON main.sessions
    BEGIN SELECT note_change(OLD.id); END""",
    """CREATE TEMP TRIGGER session_ended AFTER DELETE ON main.sessions
    BEGIN SELECT note_change(OLD.id); END""",
    """CREATE TEMP TRIGGER user_changed AFTER UPDATE ON main.users
    BEGIN SELECT note_change(id) FROM sessions WHERE user_id = OLD.id; END""",
)
"""Who is deleted takes their sessions along, and that fires the second one. Nothing is remembered of
a session that is not there, so an INSERT changes nothing that is."""


class KnownSessions:
    """What one process remembers; read on the event loop's thread, told of by the one that writes."""

    def __init__(self, index: WalIndex) -> None:
        self._index = index
        self._found: dict[SessionId, SignedIn] = {}
        self._header = b""
        self._being_changed: bytes | None = None
        self._lock = threading.Lock()

    def header(self) -> bytes:
        """Return the header now: a state of the file, for the two verbs below."""
        return self._index.read()

    def find(self, session_id: SessionId, header: bytes) -> SignedIn | None:
        """Return what is remembered of the session, if it holds for *header*."""
        # No lock: who writes drops what it changed first and moves to the new header then, so what
        # is found under the old one was true when that was read, a moment ago.
        return self._found.get(session_id) if header == self._header else None

    def keep(self, session_id: SessionId, found: SignedIn, header: bytes) -> None:
        """Remember what was read after a look at *header*."""
        if not is_settled(header):
            return
        with self._lock:
            if header != self._header:
                if self._being_changed not in {None, header}:
                    return  # In a moment the thread that writes says what is still good.
                self._found.clear()
                self._header = header
            elif len(self._found) >= REMEMBERED:
                del self._found[next(iter(self._found))]
            self._found[session_id] = found

    def change_begins(self) -> bytes:
        """Return the header that is about to be left; the write lock is held."""
        self._being_changed = self._index.read()
        return self._being_changed

    def change_ends(
        self, before: bytes, after: bytes | None, changed: Mapping[SessionId, SignedIn | None]
    ) -> None:
        """Go on with *after*, if all holds for *before*, and with what was *changed* as it is now."""
        with self._lock:
            self._being_changed = None
            if after is not None and before == self._header:
                for session_id, found in changed.items():
                    if self._found.pop(session_id, None) and found:
                        self._found[session_id] = found
                self._header = after

    def close(self) -> None:
        """Give the mapping back, while a connection is still open."""
        self._index.close()


class Changes:
    """
    Tells `KnownSessions` of every commit of the one connection that writes.

    Who changes a session that is known may say what it has become: then it need not be read again.
    """

    def __init__(self, db: sqlite3.Connection, known: KnownSessions) -> None:
        self._db = db
        self._known = known
        self._changed: dict[SessionId, SignedIn | None] = {}
        self._before = b""
        self._others = 0
        self._is_open = False
        db.execute("PRAGMA temp_store = MEMORY")  # There may be no folder for a file with triggers.
        db.create_function("note_change", 1, self._note)
        for trigger in TRIGGERS:
            db.execute(trigger)

    def begin(self) -> None:
        """Note where a transaction that holds the write lock begins."""
        self._changed.clear()
        self._others = self._commits_of_others()
        self._before = self._known.change_begins()
        self._is_open = True

    def find(self, session_id: SessionId) -> SignedIn | None:
        """Return what is known of a session in this transaction, as of all that it did so far."""
        if session_id in self._changed:
            return self._changed[session_id]
        return self._known.find(session_id, self._before)

    def became(self, changed: SignedIn) -> None:
        """Note what a session is after a change, as it would be read."""
        self._changed[changed.session.id] = changed

    def end(self, *, is_committed: bool) -> None:
        """Say what changed: it is committed, or will be rolled back."""
        if not self._is_open:
            return
        self._is_open = False
        changed = self._changed if is_committed else dict.fromkeys(self._changed)
        after = self._known.header()
        with suppress(sqlite3.Error):
            if self._commits_of_others() == self._others and is_settled(after):
                self._known.change_ends(self._before, after, changed)
                return
        self._known.change_ends(self._before, None, changed)

    def _note(self, session_id: SessionId) -> None:
        self._changed[session_id] = None

    def _commits_of_others(self) -> int:
        # Moves exactly when another connection has committed (https://sqlite.org/pragma.html).
        number: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        return number
