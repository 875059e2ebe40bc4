"""What is said of metrics, in documents, alerts and the dashboard, are metrics that there are."""

import json
import re
from datetime import UTC, datetime

import pytest
import yaml
from prometheus_client import CollectorRegistry

from keystead.domain.errors import Fault
from keystead.domain.events import EventName
from keystead.domain.load import Histogram, Load
from keystead.metrics.numbers import Numbers, Sources
from tests.docs.markdown import ROOT, codes, read, rows, section

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "keystead.json"

NAME = re.compile(r"\b(?:keystead|process)_[a-z_]+")
LABELS = re.compile(r"(\w+)[=!]~?\"([^\"]*)\"")
OF_PROCESSES = {"process_resident_memory_bytes"}
"""Of the library's own."""


def exported() -> set[str]:
    """The names of all samples that a process can have."""
    load = Load(Histogram(), 0, 0, 1)
    sources = Sources(
        version="1",
        answers=lambda: {("GET", "/", 200, None, None): Histogram()},
        events={("x", "info"): 1},
        loop_lag=Histogram(),
        store=lambda: load,
        hashing=lambda: load,
        sessions=lambda: 1,
        geo_built_at=lambda: datetime(2026, 1, 1, tzinfo=UTC),
    )
    registry = CollectorRegistry()
    registry.register(Numbers(sources))
    return {sample.name for family in registry.collect() for sample in family.samples}


def expressions() -> list[str]:
    """All that alerts and dashboard ask Prometheus."""
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [
        *(rule["expr"] for group in groups for rule in group["rules"]),
        *(target["expr"] for panel in panels for target in panel["targets"]),
    ]


@pytest.mark.parametrize("expression", expressions())
def test_alerts_and_dashboard_ask_for_what_there_is(expression: str) -> None:
    named = set(NAME.findall(expression))

    assert named or expression.startswith("up{")
    assert named - exported() - OF_PROCESSES == set()


def test_alerts_and_dashboard_name_codes_routes_and_events_that_there_are() -> None:
    routes = {line.split()[1] for line in read("tests/snapshots/routes.txt").splitlines()}
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    events = {*EventName, *re.findall(r'(?:log\.\w+|tell)\(\s*"(\w+)"', source)}
    known = {"code": codes_of(Fault), "route": routes, "event": events}
    found = [pair for expression in expressions() for pair in LABELS.findall(expression)]

    for label, value in found:
        if label in known and "|" not in value:
            assert value in known[label], value
    assert {label for label, _ in found} >= set(known)


def codes_of(kind: type[Fault]) -> set[str]:
    return {getattr(kind, "code", ""), *(c for sub in kind.__subclasses__() for c in codes_of(sub))}


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"critical", "warning", "info"}
            assert rule["annotations"]["summary"].endswith(".")
            assert rule["annotations"]["fix"].endswith(".")


def test_every_metric_is_described_and_nothing_else() -> None:
    listed = {
        code.removesuffix("_total")
        for cells in rows(section(read("docs/operations.md"), "## Metrics"))
        for code in codes(cells[0])
        if code.startswith("keystead_")
    }
    families = {re.sub(r"_(total|bucket|count|sum|created)$", "", name) for name in exported()}

    assert listed == families
