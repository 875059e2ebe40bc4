"""What a password hash costs on this machine."""

from collections.abc import AsyncIterator
from time import perf_counter

from keystead.cli.doctor.case import Case, Finding, fine, note, warning

ROUNDS = 5

TOO_CHEAP_MS = 10.0
TOO_DEAR_MS = 500.0
"""OWASP: less than a second for each; with one core that is two sign-ins in a second."""


async def examine(case: Case) -> AsyncIterator[Finding]:
    """Hash a few times with the parameters of the settings."""
    if case.tools is None:
        return
    times = []
    for _ in range(ROUNDS):
        began = perf_counter()
        await case.tools.passwords.hash("how long does this take")
        times.append((perf_counter() - began) * 1000)
    ms = min(times)
    memory = case.settings.argon2_memory_kib
    said = f"a password hash takes {ms:.0f} ms: {1000 / ms:.0f} sign-ins a second for each core"
    if ms < TOO_CHEAP_MS:
        yield note(
            said,
            "whoever steals hashes and pepper guesses as fast",
            f"KEYSTEAD_ARGON2_MEMORY_KIB={round(memory * 20 / ms / 1024) * 1024 or 19456} would take 20 ms",
        )
    elif ms > TOO_DEAR_MS:
        yield warning(
            said,
            "a few people who sign in at once keep everybody else waiting",
            "KEYSTEAD_ARGON2_MEMORY_KIB=19456 KEYSTEAD_ARGON2_ITERATIONS=2 are OWASP's first choice",
        )
    else:
        yield fine(said)
