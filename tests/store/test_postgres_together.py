"""Sessions found in one statement: who shares it, and that nobody notices who they share it with."""

import asyncio
from collections.abc import Sequence

import pytest

from keystead.domain.errors import StoreDown
from keystead.domain.session import SessionId
from keystead.store.postgres_together import Together
from keystead.store.rows import Row


class Reads:
    """A database with the sessions "a" to "c", which answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[list[SessionId]] = []
        self.begun = asyncio.Semaphore(0)
        self.answers = asyncio.Event()
        self.answers.set()
        self.fault: Exception | None = None

    async def __call__(self, ids: list[SessionId]) -> Sequence[Row]:
        self.asked.append(ids)
        self.begun.release()
        await self.answers.wait()
        if self.fault is not None:
            raise self.fault
        return [(each, f"row of {each}") for each in "cba" if each in ids]


async def test_who_asks_in_one_turn_shares_a_statement() -> None:
    reads = Reads()
    together = Together(reads)

    found = await asyncio.gather(*(together.find(SessionId(each)) for each in "abxa"))

    assert found == [("a", "row of a"), ("b", "row of b"), None, ("a", "row of a")]
    assert reads.asked == [["a", "b", "x", "a"]]


async def test_who_asks_later_is_answered_by_a_later_statement_and_waits_for_no_other() -> None:
    # What was revoked in between must not be found by a statement that began before.
    reads = Reads()
    reads.answers.clear()
    together = Together(reads)
    early = asyncio.create_task(together.find(SessionId("a")))
    await reads.begun.acquire()

    late = asyncio.create_task(together.find(SessionId("a")))
    await reads.begun.acquire()

    reads.answers.set()
    assert await early == await late == ("a", "row of a")
    assert reads.asked == [["a"], ["a"]]


async def test_who_goes_away_takes_nothing_from_the_others() -> None:
    reads = Reads()
    reads.answers.clear()
    together = Together(reads)
    tasks = [asyncio.create_task(together.find(SessionId(each))) for each in "abc"]
    await reads.begun.acquire()

    tasks[0].cancel()
    await asyncio.sleep(0)
    reads.answers.set()

    assert await asyncio.gather(*tasks[1:]) == [("b", "row of b"), ("c", "row of c")]
    assert tasks[0].cancelled()


@pytest.mark.parametrize("fault", [StoreDown(), ValueError("a bug")])
async def test_a_failure_is_everybodys_and_over_with_the_statement(fault: Exception) -> None:
    reads = Reads()
    together = Together(reads)
    fault.__cause__ = OSError("the wire was cut")
    reads.fault = fault

    outcomes = await asyncio.gather(
        *(together.find(SessionId(each)) for each in "ab"), return_exceptions=True
    )

    assert [type(each) for each in outcomes] == [type(fault)] * 2
    assert all(
        isinstance(each, Exception) and each.__cause__ is fault.__cause__ for each in outcomes
    )
    reads.fault = None
    assert await together.find(SessionId("a")) == ("a", "row of a")
