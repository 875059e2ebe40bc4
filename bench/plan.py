"""What one run of the benchmark was asked to do, and what its measurements share."""

from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import Cores
from bench.servers import Seeded, seed

TOKENS = 1000
"""How many sessions of a database are used, chosen at random among all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how often, how large, and where."""

    rounds: int
    seconds: int
    sessions: list[int]
    folder: Path
    cores: Cores
    wrk: str | None
    _seeded: dict[int, Seeded] = field(default_factory=dict)

    def folder_of(self, sessions: int) -> Path:
        """Return the folder of the database with so many sessions."""
        return self.folder / f"sessions-{sessions}"

    def folder_of_peer(self, name: str, sessions: int) -> Path:
        """Return the folder of the database with so many sessions that *name* is compared with."""
        return self.folder / f"{name.lower().replace(' ', '-')}-{sessions}"

    def seeded(self, sessions: int) -> Seeded:
        """Fill a database with so many sessions, the first time somebody asks for it."""
        if sessions not in self._seeded:
            print(f"filling a database with {sessions:,} sessions ...", flush=True)
            self._seeded[sessions] = seed(self.folder_of(sessions), sessions, TOKENS)
        return self._seeded[sessions]
