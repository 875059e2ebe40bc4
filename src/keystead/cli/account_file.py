"""The file that `keystead import file` reads: JSON Lines, an account on each."""

from collections.abc import AsyncGenerator, Iterator
from itertools import count
from pathlib import Path

from keystead.domain.exported import ExportedUser
from keystead.domain.json_object import read_object

MAX_LINE_BYTES = 64 * 1024
"""Nothing that could be an account is as long."""


class AccountFile:
    """`domain.foreign.ForeignSystem` on a file, in which the line that comes first has the better right."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def count(self) -> dict[str, int]:
        """See `ForeignSystem.count`: lines that are not empty."""
        return {"users": sum(1 for _ in self._lines())}

    async def users(self) -> AsyncGenerator[ExportedUser]:
        """See `ForeignSystem.users`."""
        for number, line in self._lines():
            yield ExportedUser(number, _members(line))

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with self._path.open("rb") as file:
            for number in count(1):
                line = rest = file.readline(MAX_LINE_BYTES + 1)
                if not line:
                    return
                while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
                    rest = file.readline(MAX_LINE_BYTES + 1)
                if line.strip():
                    yield number, line


def _members(line: bytes) -> dict[str, object] | None:
    if len(line) > MAX_LINE_BYTES:
        return None
    try:
        return read_object(line)
    except ValueError:
        return None
