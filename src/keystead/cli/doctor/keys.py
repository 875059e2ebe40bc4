"""Whether the keys can be read, and whether one of them waits to be retired."""

from collections.abc import AsyncIterator
from datetime import timedelta

from keystead.assembly import key_reader, secrets_path, system_clock
from keystead.cli.doctor.case import Case, Finding, error, fine, note
from keystead.crypto.secrets_file import SecretsFileUnusable
from keystead.domain.keys import KeyState

RETIRE_AFTER = timedelta(days=60)
"""Every session is over by then, unless they were made to last longer."""


async def examine(case: Case) -> AsyncIterator[Finding]:
    """Look at each use of keys."""
    if case.is_new and not secrets_path(case.settings).exists():
        return  # `database` says so.
    try:
        keyring = key_reader(case.settings)()
    except SecretsFileUnusable as refusal:
        yield error(
            str(refusal),
            "every password and session depends on it",
            "put it back from your back-up, or `keystead serve` once for a new installation",
        )
        return
    now = system_clock()
    lines = keyring.all_lines(now)
    for line in lines:
        if line.state is KeyState.RETIRING and line.until and now - line.until > RETIRE_AFTER:
            yield note(
                f"the {line.use} key {line.id} has made nothing since {line.until:%Y-%m-%d}",
                "what it made is accepted as long as it is there",
                f"keystead keys retire {line.use} {line.id}",
            )
    if case.settings.jwt_secret is not None:
        yield note(
            "JWT_SECRET signs access tokens",
            "other services need the same secret, and it cannot be replaced without refusing all",
            "leave it out, unless services that verify with it depend on it",
        )
    yield fine(f"{len(lines)} keys can be read")
