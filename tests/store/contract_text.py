import pytest

from keystead.domain.session import SessionId
from keystead.domain.store import Store
from keystead.domain.tokens import Unknown
from keystead.domain.user import EmailAddress, Role, Status, UserId, UserQuery
from tests.store.samples import HASH, IDLE, NOW, signed_in

each_text = pytest.mark.parametrize(
    "text",
    ["\0", "bob\0@example.com", "\ud800", "x\udfff", "\udc00\ud800"],
    ids=["NUL", "NUL inside", "lone surrogate", "low surrogate", "surrogates in the wrong order"],
)
"""What no text that is kept can hold: no database keeps all of these."""


class TextPromises:
    @each_text
    async def test_what_cannot_be_kept_is_nobodys(self, store: Store, text: str) -> None:
        user, session = await signed_in(store)
        user_id, session_id = UserId(user.id + text), SessionId(session.id + text)

        assert await store.find_user(user_id) is None
        assert await store.find_credentials(EmailAddress(text)) is None
        assert await store.find_session(session_id) is None
        assert await store.change_role(user_id, Role.ADMIN, NOW, record=None) is None
        assert await store.change_status(user_id, Status.DISABLED, NOW, record=None) is None
        assert await store.delete_user(user_id, record=None) is None
        assert await store.list_sessions(user_id, NOW) == []
        assert await store.list_users(UserQuery(10, search=text)) == []
        assert await store.find_session(session.id) is not None

    @each_text
    async def test_nothing_is_done_to_what_cannot_be_kept(self, store: Store, text: str) -> None:
        user, session = await signed_in(store)
        user_id, session_id = UserId(user.id + text), SessionId(session.id + text)

        assert not await store.replace_password_hash(user_id, HASH, HASH)
        assert not await store.close_session(session_id, record=None)
        assert not await store.close_session(session.id, owner=user_id, record=None)
        assert await store.close_sessions(user_id, record=None) == 0
        await store.touch_session(session_id, NOW + IDLE, NOW + IDLE)
        assert await store.rotate_refresh_token(session_id, 0, NOW, NOW + IDLE) == Unknown()

        found = await store.find_session(session.id)
        assert found is not None
        assert found.session == session
