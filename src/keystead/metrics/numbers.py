"""From what is counted here to what Prometheus calls metrics; put together when they are asked for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from keystead.domain.load import Histogram, Load

Answer = tuple[str, str | None, int, str | None, str | None]
"""Method, route, status, code of the problem, and limit reached."""


@dataclass(frozen=True, slots=True)
class Sources:
    """
    What to read, each when it is asked for; called on another thread than the event loop's.

    Args:
        answers: how long requests took, by how they were answered.
        events: how many lines were written to the log, by event and level.
        loop_lag: how late the event loop came to what was due.
        store: None until the database has answered.
        hashing: as *store*.
        sessions: how many are live; None in all processes but one.
        geo_built_at: of the city database; None if there is none.

    """

    version: str
    answers: Callable[[], Mapping[Answer, Histogram]]
    events: Mapping[tuple[str, str], int]
    loop_lag: Histogram
    store: Callable[[], Load | None]
    hashing: Callable[[], Load | None]
    sessions: Callable[[], int | None]
    geo_built_at: Callable[[], datetime | None]


class Numbers(Collector):
    """What `prometheus_client` asks."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as it is now."""
        of = self._sources
        yield InfoMetricFamily("keystead", "Which version this is.", {"version": of.version})
        yield from _requests(of.answers())
        yield _events(dict(of.events))
        yield _histogram(
            "keystead_event_loop_lag_seconds",
            "How late the event loop came to what was due.",
            of.loop_lag,
        )
        yield from _load("keystead_store", "the database", of.store())
        yield from _load("keystead_hashing", "password hashing", of.hashing())
        yield _gauge(
            "keystead_sessions",
            "Live sessions, as of the last minute, in one process.",
            of.sessions(),
        )
        built_at = of.geo_built_at()
        yield _gauge(
            "keystead_geo_database_built_timestamp_seconds",
            "When the city database was made.",
            None if built_at is None else built_at.timestamp(),
        )


def _requests(answers: Mapping[Answer, Histogram]) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "keystead_http_requests",
        "Answers, by the code of the problem if there was one.",
        labels=("method", "route", "status", "code", "limit"),
    )
    of_route: dict[tuple[str, str], Histogram] = {}
    for (method, route, status, code, limit), durations in answers.items():
        labels = (method, route or "", str(status), code or "", limit or "")
        requests.add_metric(labels, durations.count)
        of_route.setdefault(labels[:2], Histogram()).add_all(durations)
    yield requests
    seconds = HistogramMetricFamily(
        "keystead_http_request_duration_seconds",
        "From the first line of a request to its answer.",
        labels=("method", "route"),
    )
    for of_both, durations in of_route.items():
        seconds.add_metric(of_both, _buckets(durations), durations.sum_seconds)
    yield seconds


def _events(counted: Mapping[tuple[str, str], int]) -> Metric:
    events = CounterMetricFamily(
        "keystead_log_events", "Lines in the log, but for requests.", labels=("event", "level")
    )
    for labels, count in counted.items():
        events.add_metric(labels, count)
    return events


def _load(name: str, what: str, load: Load | None) -> Iterator[Metric]:
    if load is None:
        return
    yield _histogram(f"{name}_duration_seconds", f"How long {what} took.", load.durations)
    yield _gauge(f"{name}_busy", f"Pieces of work under way: {what}.", load.busy)
    yield _gauge(f"{name}_waiting", f"Pieces of work that wait: {what}.", load.waiting)
    yield _gauge(f"{name}_limit", f"How many can be under way: {what}.", load.limit)


def _histogram(name: str, help_text: str, durations: Histogram) -> Metric:
    return HistogramMetricFamily(name, help_text, _buckets(durations), durations.sum_seconds)


def _gauge(name: str, help_text: str, value: float | None) -> Metric:
    return GaugeMetricFamily(name, help_text, value)


def _buckets(durations: Histogram) -> list[tuple[str, float]]:
    named = ((repr(bound), count) for bound, count in durations.cumulated())
    return [("+Inf" if name == "inf" else name, count) for name, count in named]
