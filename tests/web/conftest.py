"""What the tests over HTTP share: every answer is checked, the log can be read."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import orjson
import pytest
import structlog

from keystead import logs
from tests.conftest import Service
from tests.people import FIREFOX
from tests.web.expect import check_answer

ReadLog = Callable[[], list[dict[str, Any]]]


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


@pytest.fixture
def read_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReadLog]:
    """Log as in production, to a text that the returned function reads, line by line."""
    stream = io.StringIO()
    monkeypatch.setattr(logs, "_lines", logs._lines)
    logs.configure("json", stream)

    def read() -> list[dict[str, Any]]:
        logs.finish()
        return [orjson.loads(line) for line in stream.getvalue().splitlines()]

    yield read
    structlog.reset_defaults()
