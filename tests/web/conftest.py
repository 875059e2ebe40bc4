"""What the tests over HTTP share: every answer is checked."""

import httpx
import pytest

from tests.conftest import Service
from tests.people import FIREFOX
from tests.web.expect import check_answer


@pytest.fixture(autouse=True)
def _every_answer_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    make = Service.client

    def client(
        service: Service, ip: str = "192.0.2.1", user_agent: str = FIREFOX
    ) -> httpx.AsyncClient:
        made = make(service, ip, user_agent)
        made.event_hooks = {"response": [check_answer]}
        return made

    monkeypatch.setattr(Service, "client", client)
