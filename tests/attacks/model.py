"""
Who is signed in, said once more in a hundred lines: what any order of requests must come to.

Nothing here is shared with the program. Times are seconds since the story began.
"""

from dataclasses import dataclass, field

ACCESS_SECONDS = 5 * 60
LEEWAY_SECONDS = 10
TOUCH_SECONDS = 60
IDLE_SECONDS = 14 * 86_400
LIFETIME_SECONDS = 30 * 86_400

ENDED = "session_ended"


@dataclass
class Account:
    name: str
    is_admin: bool = False
    is_active: bool = True


@dataclass
class Session:
    owner: Account
    ends_at: int
    last_active_at: int
    expires_at: int
    generation: int = 0
    rotated_at: int = 0
    is_open: bool = True

    def is_live(self, now: int) -> bool:
        return self.is_open and self.owner.is_active and now < min(self.expires_at, self.ends_at)

    def use(self, now: int) -> None:
        self.last_active_at = now
        self.expires_at = min(now + IDLE_SECONDS, self.ends_at)


@dataclass(frozen=True)
class Tokens:
    """One pair as it was handed out; whoever copied it holds it for ever."""

    session: Session = field(hash=False)
    generation: int
    access_until: int
    access: str
    refresh: str


@dataclass
class Model:
    """Each method returns the code that the service must answer, and "ok" for success."""

    now: int = 0
    accounts: dict[str, Account] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)

    def register(self, name: str) -> str:
        if name in self.accounts:
            return "email_taken"
        self.accounts[name] = Account(name)
        return "ok"

    def login(self, name: str, *, knows_password: bool) -> Session | None:
        account = self.accounts.get(name)
        if account is None or not account.is_active or not knows_password:
            return None
        session = Session(account, self.now + LIFETIME_SECONDS, self.now, self.now + IDLE_SECONDS)
        self.sessions.append(session)
        return session

    def access_until(self, session: Session) -> int:
        return min(self.now + ACCESS_SECONDS, session.ends_at)

    def refresh(self, tokens: Tokens) -> str:
        session = tokens.session
        if not session.is_live(self.now):
            return ENDED
        if tokens.generation == session.generation:
            session.generation += 1
            session.rotated_at = self.now
            session.use(self.now)
            return "ok"
        is_race = self.now - session.rotated_at <= LEEWAY_SECONDS
        if tokens.generation == session.generation - 1 and is_race:
            return "refresh_superseded"
        session.is_open = False
        return "refresh_reused"

    def visit(self, tokens: Tokens) -> str:
        if self.now >= tokens.access_until:
            return "token_expired"
        if not tokens.session.is_live(self.now):
            return ENDED
        if self.now - tokens.session.last_active_at >= TOUCH_SECONDS:
            tokens.session.use(self.now)
        return "ok"

    def visit_users(self, tokens: Tokens) -> str:
        code = self.visit(tokens)
        return "forbidden" if code == "ok" and not tokens.session.owner.is_admin else code

    def logout(self, bearer: Tokens | None, cookie: Tokens | None) -> None:
        if bearer is not None and self.now < bearer.access_until:
            bearer.session.is_open = False
        if cookie is not None:
            cookie.session.is_open = False

    def administer(self, name: str, act: str) -> str:
        account = self.accounts.get(name)
        if account is None:
            return "user_not_found"
        if act in {"promote", "demote"}:
            account.is_admin = act == "promote"
        if act in {"enable", "disable"}:
            account.is_active = act == "enable"
        if act in {"disable", "delete"}:
            self._close_all(account)
        if act == "delete":
            del self.accounts[name]
        return "ok"

    def _close_all(self, account: Account) -> None:
        for session in self.sessions:
            if session.owner is account:
                session.is_open = False
