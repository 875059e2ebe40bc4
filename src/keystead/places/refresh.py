"""Keep the city database fresh while the server runs."""

import threading
from collections.abc import Callable
from pathlib import Path

CHECK_SECONDS = 24 * 3600
"""Between two checks: MaxMind publishes twice a week, and a check that finds nothing is one request."""


def keep_fresh(
    target: Path, account_id: str, license_key: str, tell: Callable[[str, str], None]
) -> threading.Event:
    """
    Update *target* now and once a day, in a thread that never holds up a start or a stop.

    Args:    tell: called with an event name and what happened.
    Returns: set it to end the thread after the update under way.
    """
    stop = threading.Event()

    def run() -> None:
        # The HTTP client costs 10 MiB: only for those who use it.
        from keystead.places.download import GeoUpdateFailed, update  # noqa: PLC0415

        while not stop.is_set():
            try:
                outcome = update(target, account_id, license_key)
            except GeoUpdateFailed as error:
                tell("geo_update_failed", str(error))
            else:
                tell("geo_update", type(outcome).__name__)
            stop.wait(CHECK_SECONDS)

    threading.Thread(target=run, name="geo-update", daemon=True).start()
    return stop
