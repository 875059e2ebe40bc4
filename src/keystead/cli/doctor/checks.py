"""Which checks there are, and how they are run."""

from contextlib import AsyncExitStack

import httpx

from keystead.assembly import open_tools
from keystead.cli.doctor import (
    browser,
    configuration,
    database,
    files,
    hashing,
    keys,
    places,
    reach,
    tls,
)
from keystead.cli.doctor.case import Case, Check, Finding
from keystead.crypto.secrets_file import SecretsFileUnusable
from keystead.domain.errors import Fault, StoreDown
from keystead.domain.transfer import CopyUnfinished
from keystead.flows.tools import Tools
from keystead.settings import Settings
from keystead.store import SchemaUnknown, UnknownDatabase, is_embedded, sqlite_path

CHECKS: dict[str, Check] = {
    "configuration": configuration.examine,
    "files": files.examine,
    "keys": keys.examine,
    "database": database.examine,
    "hashing": hashing.examine,
    "places": places.examine,
    "reach": reach.examine,
    "tls": tls.examine,
    "browser": browser.examine,
}

WAIT_SECONDS = 10

REFUSALS = (Fault, SchemaUnknown, UnknownDatabase, CopyUnfinished, SecretsFileUnusable)


async def examine_all(settings: Settings, url: str | None) -> list[tuple[str, Finding]]:
    """Run every check. Returns: what each found, in their order."""
    found = []
    async with AsyncExitStack() as stack:
        tools, refusal = None, None
        try:
            tools = await _open(settings, stack)
        except REFUSALS as reason:
            cause = reason.__cause__ if isinstance(reason, StoreDown) else None
            refusal = str(cause or getattr(reason, "message", reason))
        base = url.rstrip("/") if url else "http://localhost"
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=base, timeout=WAIT_SECONDS, trust_env=False)
        )
        case = Case(settings, tools, refusal, url, http)
        for name, examine in CHECKS.items():
            found.extend([(name, finding) async for finding in examine(case)])
    return found


async def _open(settings: Settings, stack: AsyncExitStack) -> Tools:
    url = settings.database_url.get_secret_value()
    if is_embedded(url) and not sqlite_path(url).exists():
        raise UnknownDatabase(f"there is no database at {sqlite_path(url)}; a start makes it")
    return await stack.enter_async_context(open_tools(settings))
