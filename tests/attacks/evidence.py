"""What an investigator looks at besides the database: every line of the log, everything that was sent."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from keystead import logs
from tests.conftest import Service


@contextmanager
def logged(monkeypatch: pytest.MonkeyPatch, style: Any = "json") -> Iterator[io.StringIO]:
    """Collect every line that is logged meanwhile."""
    stream = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(logs, "_lines", logs._lines)
        logs.configure(style, stream)
        try:
            yield stream
            logs.finish()
        finally:
            logs.configure("console")


class Wiretap:
    """Records all traffic of one service's clients."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.answers: list[httpx.Response] = []

    def client(self) -> httpx.AsyncClient:
        client = self._service.client()
        client.event_hooks["response"].append(self._note)
        return client

    async def _note(self, answer: httpx.Response) -> None:
        await answer.aread()
        self.answers.append(answer)

    @property
    def bodies(self) -> str:
        return "\n".join(answer.text for answer in self.answers)

    @property
    def urls(self) -> str:
        return "\n".join(str(answer.request.url) for answer in self.answers)

    def headers(self, *, but: str = "") -> str:
        """Return all response headers except those named *but*."""
        lines = (line for answer in self.answers for line in answer.headers.multi_items())
        return "\n".join(f"{name}: {value}" for name, value in lines if name != but)
