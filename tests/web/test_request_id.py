"""The id under which a request stands in the log: the client's own, if it is a harmless one."""

import re

import httpx
import pytest

from tests.conftest import ReadLog, Service, StartService

pytestmark = pytest.mark.only_on("sqlite", because="no database is asked about it")

UUID = "019b796d-d600-7bb9-b780-d2641cd13b89"


@pytest.mark.parametrize("given", ["12345678", "a.B_c-9" * 9, UUID])
async def test_a_well_formed_request_id_is_kept(
    anybody: httpx.AsyncClient, read_log: ReadLog, given: str
) -> None:
    answer = await anybody.get("/profile", headers={"X-Request-ID": given})

    assert answer.headers["x-request-id"] == answer.json()["request_id"] == given
    assert [line["request_id"] for line in read_log() if line["event"] == "request"] == [given]


REPLACED = [
    b"", b"1234567", b"x" * 65, b"with a space", b'<script>"', b"\xc3\xa9" * 9, b"12345678\t9",
    b"\x1b[31mred---", b"${jndi:x}", b"12345678, 12345678",
]  # fmt: skip


@pytest.mark.parametrize("given", REPLACED)
async def test_any_other_request_id_is_replaced(
    service: Service, read_log: ReadLog, given: bytes
) -> None:
    """OWASP ASVS 5.0 16.4.1: nothing in it forges a line of the log."""
    headers = [(b"X-Request-ID", given)]

    answers = [await service.client().get("/profile", headers=headers) for _ in range(2)]

    ids = [answer.headers["x-request-id"] for answer in answers]
    assert ids == [answer.json()["request_id"] for answer in answers]
    assert len(set(ids)) == 2
    assert given.decode("latin-1") not in ids
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{8,64}", each) for each in ids)
    assert [line["request_id"] for line in read_log() if line["event"] == "request"] == ids


async def test_two_servers_never_give_the_same_id(service: Service, start: StartService) -> None:
    clients = [service.client(), (await start()).client()]

    answers = [await client.get("/livez") for client in clients for _ in range(20)]

    assert len({answer.headers["x-request-id"] for answer in answers}) == 40
