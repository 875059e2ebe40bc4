"""The server in this process, and what verifies its tokens."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from keystead.client import Verifier
from tests.conftest import HOME, Clock, Service


def seconds_of(clock: Clock) -> Callable[[], float]:
    """Return that clock as seconds since 1970."""

    def read() -> float:
        return clock().timestamp()

    return read


@pytest.fixture
async def verifier(service: Service, clock: Clock) -> AsyncIterator[Verifier]:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(service.app))
    async with Verifier(HOME, http=http, clock=seconds_of(clock)) as verifier:
        yield verifier
