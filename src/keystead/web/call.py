"""One request, as an endpoint sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from starlette.requests import Request
from starlette.types import Receive, Scope

from keystead.domain.errors import RefreshInvalid, StoreDown
from keystead.domain.permissions import Actor
from keystead.domain.session import Origin
from keystead.flows.tools import Tools
from keystead.logs import RequestLine
from keystead.web.cookies import CookiePolicy
from keystead.web.head import Head
from keystead.web.page_files import PageFiles


@dataclass(slots=True)
class Context:
    """
    What `app` hands to the web: the same for every request.

    Args:
        first_request: a random number to count the requests of this process from.
        pages: what the pages are made of.
        has_hints: refusals say more than they would to strangers: in development.
        connected: the tools, once the database has answered for the first time.
        refusal: why there are none yet, or why the keys cannot be read any more.
        live_sessions: how many there were a moment ago, in the process that sees to upkeep.

    """

    clock: Callable[[], datetime]
    cookies: CookiePolicy
    service: str
    version: str
    first_request: int
    pages: PageFiles
    has_hints: bool = False
    connected: Tools | None = None
    refusal: Exception | None = None
    live_sessions: int | None = None

    @property
    def tools(self) -> Tools:
        """
        The ports and policies for the flows.

        Raises: StoreDown: the database has not answered yet.
        """
        if self.connected is None:
            raise StoreDown
        return self.connected


class Call(Request):
    """
    A request with its time, its tools and, once admitted, whoever is asking.

    `now` is one moment for the whole request, so that no two of its steps disagree; `trace` is what
    the log will say of it.
    """

    def __init__(
        self, scope: Scope, receive: Receive, head: Head, context: Context, trace: RequestLine
    ) -> None:
        super().__init__(scope, receive)
        self.head = head
        self.context = context
        self.trace = trace
        self.now = trace.timestamp
        self._actor: Actor | None = None

    @cached_property
    def tools(self) -> Tools:
        """The ports and policies for the flows, and where this request comes from."""
        return self.context.tools.asked_from(self.origin)

    @property
    def actor(self) -> Actor:
        """Who is asking; only on routes that are not public."""
        if self._actor is None:
            raise RuntimeError("a public route asked for the actor")
        return self._actor

    @actor.setter
    def actor(self, actor: Actor) -> None:
        self._actor = actor
        self.trace.user_id = actor.user.id

    @cached_property
    def refresh_cookies(self) -> tuple[str, ...]:
        """All that could be the refresh token: enough to end a session, not to go on with one."""
        return self.context.cookies.read_all(self.head.cookies)

    @property
    def origin(self) -> Origin:
        """What is known, or claimed, of where this comes from."""
        devices = self.context.cookies.read_devices(self.head.cookies)
        return Origin(self.trace.ip, self.user_agent, self.refresh_cookies, devices)

    @property
    def refresh_cookie(self) -> str | None:
        """
        The refresh token of the cookie, if there is one.

        Raises: RefreshInvalid: there are several, so somebody planted one.
        """
        found = self.refresh_cookies
        if len(found) > 1:
            raise RefreshInvalid
        return found[0] if found else None

    @property
    def user_agent(self) -> str | None:
        """What the client says it is."""
        return self.head.user_agent
