"""
Password hashes: HMAC-SHA-256 with a pepper, then Argon2id. Those of others are read, never written.

Hashing runs in threads of its own, at most one per core, with a bounded queue: the event loop never
hashes, and a flood of sign-ins is refused instead of piling up memory (a hash takes 19 MiB).
"""

import asyncio
import base64
import gzip
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from time import perf_counter
from typing import Any, Protocol, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from keystead.crypto.foreign_hashes import is_match
from keystead.crypto.keyring import Keyring
from keystead.crypto.mac import Mac
from keystead.domain.errors import HashingBusy
from keystead.domain.load import Histogram, Load
from keystead.domain.passwords import is_hashable, normalise
from keystead.domain.user import PasswordHash

QUEUE_PER_WORKER = 8
"""Sign-ins that may wait per hashing thread: about 8 x 21 ms at OWASP's parameters."""

RESERVED_PER_WORKER = 2
"""Places beyond those, only for devices whose owners are known: a flood of strangers leaves them free."""

DUMMY_PASSWORD = "no account has this password"  # noqa: S105 - it opens nothing.

T = TypeVar("T")


def as_it_is(work: Callable[[], T]) -> Callable[[], T]:
    """Return *work*."""
    return work


class Around(Protocol):
    """Watches pieces of work: called when one begins to wait, and returns what is to be done."""

    def __call__(self, work: Callable[[], T], /) -> Callable[[], T]:
        """Return *work* with whatever is to happen around it."""


@dataclass(frozen=True, slots=True)
class Argon2Profile:
    """Argon2id parameters (RFC 9106): memory in KiB, passes, lanes."""

    memory_kib: int
    iterations: int
    parallelism: int


class PepperedPasswords:
    """Hashes and verifies with the keys of one installation."""

    def __init__(
        self,
        keyring: Keyring,
        profile: Argon2Profile,
        workers: int,
        around: Around = as_it_is,
    ) -> None:
        self._argon2 = PasswordHasher(
            time_cost=profile.iterations,
            memory_cost=profile.memory_kib,
            parallelism=profile.parallelism,
            type=Type.ID,
        )
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="hash")
        self._workers = workers
        self._around = around
        self._durations = Histogram()
        self._jobs: set[Future[Any]] = set()
        strangers = workers * (1 + QUEUE_PER_WORKER)
        self._places_of_strangers = threading.BoundedSemaphore(strangers)
        self._places = threading.BoundedSemaphore(strangers + workers * RESERVED_PER_WORKER)
        self._peppers: dict[int, Mac] = {}
        self.change_keys(keyring)

    def change_keys(self, keyring: Keyring) -> None:
        """Go on with these keys, under which a hash is computed: not on the event loop."""
        # In this order: whatever is hashed meanwhile finds its pepper.
        peppers = keyring.derive_each("password pepper")
        self._peppers = {**self._peppers, **peppers}
        self._newest = keyring.newest_id
        self._dummy = self._hash(DUMMY_PASSWORD)
        self._peppers = peppers

    def close(self) -> None:
        """Let the hashes under way finish and stop the threads."""
        self._executor.shutdown()

    async def hash(self, password: str) -> PasswordHash:
        """
        Hash a new password.

        Raises: HashingBusy: the queue is full.
        """
        return await self._run(lambda: self._hash(password))

    async def verify(
        self, password: str, stored: PasswordHash | None, *, is_known: bool = False
    ) -> bool:
        """
        Check *password*, spending the same time whether or not there is anything to check against.

        What *is_known* comes from a device that its owner has used.

        Raises: HashingBusy: the queue is full.
        """
        # One hash is always computed: for an unknown account, and for a password that no account
        # can have, it is a dummy's (OWASP ASVS 6.3.8).
        if stored is None or not is_hashable(password):
            await self._run(lambda: self._verify(DUMMY_PASSWORD, self._dummy), is_known=is_known)
            return False
        return await self._run(lambda: self._verify(password, stored), is_known=is_known)

    def is_outdated(self, stored: PasswordHash) -> bool:
        """Say whether *stored* should be made anew with the current parameters."""
        return stored.pepper_id != self._newest or self._argon2.check_needs_rehash(stored.text)

    def load(self) -> Load:
        """See `domain.ports.Passwords.load`."""
        busy = min(len(self._jobs), self._workers)
        return Load(self._durations, busy, len(self._jobs) - busy, self._workers)

    async def _run(self, work: Callable[[], T], *, is_known: bool = False) -> T:
        taken: list[threading.Semaphore] = []
        for places in (self._places,) if is_known else (self._places_of_strangers, self._places):
            if not places.acquire(blocking=False):
                _release(taken)
                raise HashingBusy
            taken.append(places)
        began = perf_counter()
        job = self._executor.submit(self._around(work))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        # The place is free when the thread is, not when the caller has gone away.
        job.add_done_callback(lambda _: _release(taken))
        try:
            return await asyncio.wrap_future(job)
        finally:
            self._durations.add(perf_counter() - began)

    def _hash(self, password: str) -> PasswordHash:
        return PasswordHash(self._argon2.hash(self._pepper(password, self._newest)), self._newest)

    def _verify(self, password: str, stored: PasswordHash) -> bool:
        if stored.pepper_id is None:
            return is_match(password, stored.text)
        if stored.pepper_id not in self._peppers:
            return False
        try:
            return self._argon2.verify(stored.text, self._pepper(password, stored.pepper_id))
        except (VerificationError, InvalidHashError):
            return False

    def _pepper(self, password: str, key_id: int) -> bytes:
        return base64.b64encode(self._peppers[key_id](normalise(password).encode()))


def _release(places: Iterable[threading.Semaphore]) -> None:
    for each in places:
        each.release()


@cache
def load_blocklist() -> frozenset[str]:
    """Read the common passwords (19,640) that ship with the package, lower case."""
    packed = files(__package__).joinpath("common_passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().split("\n"))
