"""Which checks there are, and how they are run."""

import ssl
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
from keystead.cli.doctor.bounded import Bounded
from keystead.cli.doctor.case import Case, Check, Finding, error
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
            httpx.AsyncClient(
                base_url=base,
                transport=Bounded(verify=ssl.create_default_context()),
                headers={"Accept-Encoding": "identity"},  # So that no answer grows in being read.
                trust_env=False,
            )
        )
        case = Case(settings, tools, refusal, url, http)
        for name, examine in CHECKS.items():
            try:
                async for finding in examine(case):
                    found += [(name, finding)]
            except httpx.HTTPError as failure:
                found.append((name, _unanswered(case, failure)))
    return found


def _unanswered(case: Case, failure: httpx.HTTPError) -> Finding:
    return error(
        f"{case.url} stopped answering: {failure or type(failure).__name__}",
        "what this check asks is not known",
        "look at its log, and ask again",
    )


async def _open(settings: Settings, stack: AsyncExitStack) -> Tools:
    url = settings.database_url.get_secret_value()
    if is_embedded(url) and not sqlite_path(url).exists():
        raise UnknownDatabase(f"there is no database at {sqlite_path(url)}; a start makes it")
    return await stack.enter_async_context(open_tools(settings))
