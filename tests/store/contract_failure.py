import asyncio
from collections.abc import Awaitable, Callable

import pytest

from keystead.domain.audit import AuditHead, AuditQuery, Seal
from keystead.domain.errors import StoreDown
from keystead.domain.session import SessionId
from keystead.domain.store import Store
from keystead.domain.throttle import HOUR, Limit
from keystead.domain.transfer import CopyState, Transfer
from keystead.domain.user import Credentials, EmailAddress, Role, Status, UserId, UserQuery
from tests.store.samples import HASH, NOW, new_record, new_session, new_user

USER = new_user()
SESSION = new_session(USER)
RECORD = new_record()
HEAD = AuditHead(1, b"x", 1, b"x")

Call = Callable[[Transfer], Awaitable[object]]
READS: dict[str, Call] = {
    "check": lambda store: store.check(),
    "find_user": lambda store: store.find_user(UserId("x")),
    "find_credentials": lambda store: store.find_credentials(EmailAddress("x@example.com")),
    "list_users": lambda store: store.list_users(UserQuery(1)),
    "count_sessions": lambda store: store.count_sessions(NOW),
    "count_hashes": lambda store: store.count_hashes(1),
    "has_admin": lambda store: store.has_admin(),
    "find_session": lambda store: store.find_session(SessionId("x")),
    "list_sessions": lambda store: store.list_sessions(UserId("x"), NOW),
    "find_fingerprint": lambda store: store.find_fingerprint(),
    "count": lambda store: store.count(NOW),
    "export_users": lambda store: store.export_users("", 10),
    "export_sessions": lambda store: store.export_sessions("", 10, NOW),
    "find_copy": lambda store: store.find_copy(),
    "list_audit": lambda store: store.list_audit(AuditQuery(1)),
    "export_audit": lambda store: store.export_audit("", 10),
    "list_sealed": lambda store: store.list_sealed(0, 10),
    "list_unsealed": lambda store: store.list_unsealed("", 10),
    "find_audit_head": lambda store: store.find_audit_head(),
    "count_all": lambda store: store.count_all(NOW, 10),
    "count_audit": lambda store: store.count_audit("x", "", "y", 10),
    "sample_whereabouts": lambda store: store.sample_whereabouts(NOW, 10),
}
WRITES: dict[str, Call] = {
    "add_user": lambda store: store.add_user(USER, HASH, record=None),
    "replace_password_hash": lambda store: store.replace_password_hash(USER.id, HASH, HASH),
    "change_role": lambda store: store.change_role(USER.id, Role.USER, NOW, record=None),
    "change_status": lambda store: store.change_status(USER.id, Status.DISABLED, NOW, record=None),
    "delete_user": lambda store: store.delete_user(USER.id, record=None),
    "open_session": lambda store: store.open_session(SESSION, 50, record=None),
    "touch_session": lambda store: store.touch_session(SESSION.id, NOW, NOW),
    "renew_authentication": lambda store: store.renew_authentication(SESSION.id, NOW, record=None),
    "rotate_refresh_token": lambda store: store.rotate_refresh_token(SESSION.id, 0, NOW, NOW),
    "close_session": lambda store: store.close_session(SESSION.id, record=None),
    "close_sessions": lambda store: store.close_sessions(USER.id, record=None),
    "purge_expired": lambda store: store.purge_expired(NOW, 10),
    "count_attempt": lambda store: store.count_attempt("x", Limit.window("x", 9, HOUR), NOW),
    "count_attempts": lambda store: store.count_attempts([("x", Limit.window("x", 9, HOUR))], NOW),
    "take_attempt_back": lambda store: store.take_attempt_back("x", NOW),
    "forget_attempts": lambda store: store.forget_attempts("x"),
    "purge_attempts": lambda store: store.purge_attempts(NOW, 10),
    "take_lease": lambda store: store.take_lease("x", "y", NOW, NOW),
    "bind_secrets": lambda store: store.bind_secrets("x"),
    "import_users": lambda store: store.import_users([Credentials(USER, HASH)], ["x"]),
    "import_sessions": lambda store: store.import_sessions([SESSION], ["x"]),
    "keep_copy": lambda store: store.keep_copy(CopyState("x")),
    "add_audit_record": lambda store: store.add_audit_record(RECORD),
    "seal_audit": lambda store: store.seal_audit([Seal("x", 1, b"x")], None, HEAD),
    "trim_audit": lambda store: store.trim_audit(NOW, 10),
    "import_audit": lambda store: store.import_audit([RECORD], ["x"]),
    "keep_audit_head": lambda store: store.keep_audit_head(HEAD),
}
VERBS = READS | WRITES
each_verb = pytest.mark.parametrize("call", VERBS.values(), ids=VERBS.keys())

PATIENCE_SECONDS = 8
"""A database that does not answer is given up after 5 s."""


async def is_refused_as_down(call: Call, store: Transfer) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(StoreDown):
            await call(store)


class FailurePromises:
    def test_no_verb_is_left_out(self) -> None:
        verbs = {name for name in (*vars(Store), *vars(Transfer)) if not name.startswith("_")}

        assert set(VERBS) == verbs - {"migrate", "open", "open_to_read", "close", "load"}

    @each_verb
    async def test_a_store_that_answers_does(self, store: Transfer, call: Call) -> None:
        await call(store)

    @each_verb
    async def test_a_closed_store_is_down(self, closed_store: Transfer, call: Call) -> None:
        await is_refused_as_down(call, closed_store)

    @each_verb
    async def test_an_unusable_database_is_down(self, unusable_store: Transfer, call: Call) -> None:
        await is_refused_as_down(call, unusable_store)

    async def test_what_was_written_is_there_after_closing(
        self, store: Store, another_store: Store
    ) -> None:
        added = asyncio.create_task(another_store.add_user(USER, HASH, record=None))
        await asyncio.sleep(0)

        await another_store.close()

        assert await added
        assert await store.find_user(USER.id) == USER
