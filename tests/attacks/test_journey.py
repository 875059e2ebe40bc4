"""
Any order of honest and dishonest requests, against a model of who is signed in.

Every token ever handed out stays in the attacker's pocket and is tried again at any later time: after
sign-out, replay, disabling, deletion, expiry. Ada, the one admin who acts, is not part of the story.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from keystead.domain.user import Role
from keystead.settings import Settings
from tests.attacks.evidence import logged
from tests.attacks.model import Model, Session, Tokens
from tests.conftest import CHEAPEST_ARGON2, Clock, serving
from tests.databases import Database, settings_of
from tests.databases.effort import times
from tests.people import COOKIE, PASSWORD, Person

NAMES = st.sampled_from(["bob", "eve"])
ACTS = st.sampled_from(["promote", "demote", "enable", "disable", "delete"])
STEPS = st.sampled_from([1, 10, 11, 61, 299, 300, 3600, 86_400, 13 * 86_400, 14 * 86_400])
"""Seconds, on both sides of every limit."""


@pytest.mark.requirement(54)
@pytest.mark.timeout(180)  # Some thousand requests.
def test_no_order_of_requests_keeps_anybody_signed_in_who_should_not_be(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = settings(
        max_examples=times(40),
        stateful_step_count=30,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    with logged(monkeypatch), World.opened(database) as Story.world:
        run_state_machine_as_test(Story, settings=limits)


@dataclass
class World:
    """One service for all stories: each has people of its own, and time only ever goes on."""

    runner: asyncio.Runner
    clock: Clock
    client: httpx.AsyncClient
    ada: Person
    stories: int = 0

    @classmethod
    @contextmanager
    def opened(cls, database: Database) -> Iterator["World"]:
        clock = Clock()
        config = Settings.load(**{**settings_of(database), **CHEAPEST_ARGON2, "throttle": "off"})
        service = serving(config, clock)
        with asyncio.Runner() as runner:
            running = runner.run(service.__aenter__())
            try:
                ada = runner.run(running.person("ada", Role.ADMIN))
                yield cls(runner, clock, running.client(), ada)
            finally:
                runner.run(service.__aexit__(None, None, None))


class Story(RuleBasedStateMachine):
    world: ClassVar[World]
    pairs: Bundle[Tokens] = Bundle("pairs")

    def __init__(self) -> None:
        super().__init__()
        self.world.stories += 1
        self.model = Model()
        self.ids: dict[str, str] = {}

    def credentials(self, name: str) -> dict[str, str]:
        return {"email": f"{name}{self.world.stories}@example.com", "password": PASSWORD}

    @initialize(target=pairs)
    def begin(self) -> MultipleResults[Tokens]:
        self.register("bob")
        self.register("eve")
        return self._sign_in("bob", knows_password=True)

    @rule(name=NAMES)
    def register(self, name: str) -> None:
        answer = self.send("POST", "/auth/register", json=self.credentials(name))
        assert code_of(answer) == self.model.register(name)
        if answer.status_code == 201:
            self.ids[name] = answer.json()["user"]["_id"]

    @rule(target=pairs, name=NAMES, knows_password=st.sampled_from([True, True, True, False]))
    def login(self, name: str, *, knows_password: bool) -> MultipleResults[Tokens]:
        return self._sign_in(name, knows_password=knows_password)

    def _sign_in(self, name: str, *, knows_password: bool) -> MultipleResults[Tokens]:
        password = PASSWORD if knows_password else "incorrect horse battery"
        answer = self.send(
            "POST", "/auth/login", json={**self.credentials(name), "password": password}
        )
        session = self.model.login(name, knows_password=knows_password)
        if session is None:
            assert code_of(answer) == "invalid_credentials"
            return multiple()
        assert code_of(answer) == "ok"
        return multiple(self.pair(answer, session))

    @rule(target=pairs, held=pairs)
    def refresh(self, held: Tokens) -> MultipleResults[Tokens]:
        answer = self.send("POST", "/auth/refresh", cookie=held.refresh)
        expected = self.model.refresh(held)
        assert code_of(answer) == expected
        assert (COOKIE in answer.cookies) is (expected == "ok")
        return multiple(self.pair(answer, held.session)) if expected == "ok" else multiple()

    @rule(held=pairs)
    def visit(self, held: Tokens) -> None:
        assert code_of(self.send("GET", "/profile", bearer=held.access)) == self.model.visit(held)

    @rule(held=pairs)
    def visit_users(self, held: Tokens) -> None:
        answer = self.send("GET", "/users", bearer=held.access)
        assert code_of(answer) == self.model.visit_users(held)

    @rule(held=pairs, other=pairs, what=st.sampled_from(["bearer", "cookie", "both"]))
    def logout(self, held: Tokens, other: Tokens, what: str) -> None:
        bearer = held if what != "cookie" else None
        cookie = other if what != "bearer" else None
        answer = self.send(
            "POST", "/auth/logout",
            bearer=bearer.access if bearer else None, cookie=cookie.refresh if cookie else None,
        )  # fmt: skip
        self.model.logout(bearer, cookie)
        assert code_of(answer) == "ok"

    @rule(name=NAMES, act=ACTS)
    def administer(self, name: str, act: str) -> None:
        target = f"/users/{self.ids.get(name, 'nobody')}"
        method, path, body = {
            "promote": ("PUT", f"{target}/admin", None),
            "demote": ("PUT", f"{target}/user", None),
            "enable": ("PUT", f"{target}/status", {"status": "active"}),
            "disable": ("PUT", f"{target}/status", {"status": "disabled"}),
            "delete": ("DELETE", target, None),
        }[act]
        ada = self.world.ada
        self.world.runner.run(ada.login())
        answer = self.send(method, path, bearer=ada.access_token, json=body)
        assert code_of(answer) == self.model.administer(name, act)

    @rule(seconds=STEPS)
    def wait(self, seconds: int) -> None:
        self.world.clock.advance(seconds=seconds)
        self.model.now += seconds

    def send(
        self, method: str, path: str, *, bearer: str | None = None, cookie: str | None = None,
        json: object = None,
    ) -> httpx.Response:  # fmt: skip
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        headers |= {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
        client = self.world.client
        client.cookies.clear()
        return self.world.runner.run(client.request(method, path, headers=headers, json=json))

    def pair(self, answer: httpx.Response, session: Session) -> Tokens:
        access, refresh = answer.json()["accessToken"], answer.cookies[COOKIE]
        until = self.model.access_until(session)
        return Tokens(session, session.generation, until, access, refresh)


def code_of(answer: httpx.Response) -> str:
    return str(answer.json().get("code", "ok"))
