"""How old the city database is."""

from collections.abc import AsyncIterator

from keystead.assembly import system_clock
from keystead.cli.doctor.case import Case, Finding, fine, note, warning
from keystead.domain.overview import GEO_DATABASE_OLD
from keystead.places.lookup import Places


async def examine(case: Case) -> AsyncIterator[Finding]:
    """Open it as the service does."""
    path, reasons = case.settings.geo_db_file_path, list[str]()
    if not path.exists():
        yield note(
            f"there is no city database at {path}",
            "sessions show no place; everything else is the same",
            "set MAXMIND_ACCOUNT_ID and MAXMIND_LICENSE_KEY, or put one there",
        )
        return
    places = Places(path, warn=reasons.append)
    found = places.describe()
    places.close()
    if found is None:
        yield warning(
            f"{path} cannot be used: {'; '.join(reasons)}",
            "sessions show no place",
            "keystead geo update, or rename a whole one over it",
        )
    elif found.age(system_clock()) > GEO_DATABASE_OLD:
        yield warning(
            f"the city database is from {found.built_at:%Y-%m-%d}",
            "addresses move: places become wrong",
            "keystead geo update",
        )
    else:
        yield fine(f"the city database is from {found.built_at:%Y-%m-%d}")
