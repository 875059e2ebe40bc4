"""Asks a service of which nothing is known: it may be slow, endless, or anything else than Keystead."""

import asyncio

import httpx

WAIT_SECONDS = 10
"""For a whole answer, however it comes."""

MAX_BYTES = 256 * 1024
"""Of an answer; ours are smaller."""


class Bounded(httpx.AsyncHTTPTransport):
    """Gives answers that are whole, or raises."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return a whole answer. Raises: HTTPError: none, not in time, or too long a one."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                answer = await super().handle_async_request(request)
                try:
                    body = await self._read(answer)
                finally:
                    await answer.aclose()
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"no whole answer in {WAIT_SECONDS} s") from error
        return httpx.Response(answer.status_code, headers=_but_its_coding(answer), content=body)

    async def _read(self, answer: httpx.Response) -> bytes:
        body = bytearray()
        async for piece in answer.aiter_raw():
            body += piece
            if len(body) > MAX_BYTES:
                raise httpx.ReadError(f"an answer of more than {MAX_BYTES // 1024} KiB")
        return bytes(body)


def _but_its_coding(answer: httpx.Response) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, value in answer.headers.multi_items()
        if name not in {"transfer-encoding", "content-length"}
    ]
