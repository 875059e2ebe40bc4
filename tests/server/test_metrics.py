"""What operators can ask a server that runs, on a port that clients do not reach."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.databases import Database, environment_of, secrets_of
from tests.people import Person, refresh_with
from tests.server.running import (
    Server,
    eventually,
    free_port,
    is_listening,
    keystead,
    running,
    running_in,
)

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Operator:
    """Who asks on the ports for operators, of which each server process has one."""

    ports: tuple[int, ...]

    def text(self, port: int) -> str:
        """What one process says."""
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
        assert answer.status_code == 200
        return answer.text

    def numbers(self) -> dict[tuple[str, Labels], float]:
        """Every sample, added up over the processes."""
        found: dict[tuple[str, Labels], float] = {}
        for port in self.ports:
            for family in text_string_to_metric_families(self.text(port)):
                for sample in family.samples:
                    key = (sample.name, frozenset(sample.labels.items()))
                    found[key] = found.get(key, 0) + sample.value
        return found

    def number(self, name: str, **labels: str) -> float:
        """What all samples of *name* with these labels come to."""
        return sum(
            value
            for (found, others), value in self.numbers().items()
            if found == name and labels.items() <= dict(others).items()
        )

    def processes_that_say(self, name: str) -> int:
        """How many processes have a sample of this name."""
        return sum(f"\n{name} " in self.text(port) for port in self.ports)

    def readiness(self) -> tuple[int, dict[str, object]]:
        answer = httpx.get(f"http://127.0.0.1:{self.ports[0]}/readyz", trust_env=False, timeout=20)
        return answer.status_code, answer.json()


@contextmanager
def overseen(database: Database, workers: int = 1) -> Iterator[tuple[Server, Operator]]:
    first = _ports(workers)
    with running(
        database, KEYSTEAD_METRICS_PORT=str(first), KEYSTEAD_WORKERS=str(workers)
    ) as server:
        ports = tuple(range(first, first + workers))
        eventually(lambda: all(is_listening(port) for port in ports))
        yield server, Operator(ports)


def _ports(count: int) -> int:
    """The first of *count* neighbouring ports that nobody has."""
    while True:
        first = free_port()
        if not any(is_listening(port) for port in range(first, first + count)):
            return first


async def test_requests_are_counted_by_route_and_outcome_in_every_process(
    database: Database,
) -> None:
    with overseen(database, workers=2) as (server, operator):
        async with server.client() as client:
            bob = await server.person("bob", client)
            old = bob.refresh_token
            for _ in range(2):
                assert (await bob.refresh()).status_code == 200
            assert (await refresh_with(client, old)).status_code == 401
            for _ in range(6):  # Each may go to another process.
                assert (
                    await client.get("/livez", headers={"Connection": "close"})
                ).status_code == 200
            assert (await Person(client, bob.email, "not the password").login()).status_code == 401

        login = {"route": "/auth/login", "method": "POST"}
        requests = "keystead_http_requests_total"
        assert operator.number(requests, route="/livez") >= 6
        assert operator.number(requests, **login, status="200", code="") == 1
        assert operator.number(requests, **login, code="invalid_credentials") == 1
        assert operator.number(requests, route="/auth/refresh", status="200") == 2
        assert operator.number(requests, route="/auth/refresh", code="refresh_reused") == 1
        seconds = "keystead_http_request_duration_seconds"
        assert operator.number(f"{seconds}_count", **login) == 2
        assert operator.number(f"{seconds}_bucket", **login, le="+Inf") == 2
        assert operator.number(f"{seconds}_sum", **login) > 0
        assert operator.number("keystead_hashing_duration_seconds_count") == 3
        assert operator.number("keystead_log_events_total", event="authn_token_reuse") == 1
        assert operator.number("keystead_store_duration_seconds_count") > 3
        assert operator.number("keystead_event_loop_lag_seconds_count") > 0
        assert operator.number("keystead_hashing_busy") == 0


async def test_a_reached_limit_is_counted(database: Database) -> None:
    with overseen(database) as (server, operator):
        async with server.client() as client:
            bob = await server.person("bob", client)
            async with server.client() as stranger:
                eve = Person(stranger, bob.email, "not the password")
                statuses = [(await eve.login()).status_code for _ in range(12)]

        assert 429 in statuses
        limited = operator.number("keystead_http_requests_total", route="/auth/login", status="429")
        assert limited == statuses.count(429)


async def test_what_a_client_writes_is_in_no_metric(database: Database) -> None:
    with overseen(database) as (server, operator):
        async with server.client() as client:
            await client.request("XYZZY", "/xyzzy/by-a-client")
            await client.get("/users/xyzzy-id", headers={"User-Agent": "xyzzy"})
            await client.request("XYZZY", "/profile")

        text = operator.text(operator.ports[0])

    assert "xyzzy" not in text.lower()
    assert 'code="method_not_allowed"' in text


@pytest.mark.only_on("sqlite", because="no database is asked about it")
async def test_clients_reach_neither(database: Database) -> None:
    with overseen(database) as (server, _):
        async with server.client() as client:
            assert (await client.get("/metrics")).status_code == 404
            assert (await client.get("/readyz")).json() == {"status": "ok"}


@pytest.mark.only_on("sqlite", because="no database is asked about it")
def test_the_operators_port_has_room_for_few_and_changes_nothing(database: Database) -> None:
    with overseen(database) as (server, operator), ExitStack() as stack:
        (port,) = operator.ports
        for _ in range(24):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            ended = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        with suppress(ConnectionError):
            assert ended.recv(1) == b""
        assert server.is_alive()

        stack.close()
        eventually(lambda: operator.readiness()[0] == 200)
        assert httpx.delete(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 405
        assert "Traceback" not in server.output


@pytest.mark.only_on("sqlite", because="no database is asked about it")
def test_nothing_listens_unless_it_is_asked_for(database: Database) -> None:
    with running(database) as server:
        listening = {
            int(line.split()[1].rpartition(":")[2], 16)
            for table in ("tcp", "tcp6")
            for process in (server.process.pid, *server.workers)
            for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]
            if line.split()[3] == "0A" and line.split()[9] in _sockets(process)
        }

    assert listening == {server.port}


def _sockets(process: int) -> set[str]:
    found = set()
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        try:
            name = str(descriptor.readlink())
        except OSError:
            continue
        if name.startswith("socket:["):
            found.add(name[8:-1])
    return found


@pytest.mark.only_on("sqlite", because="no database is asked about it")
def test_a_port_that_is_taken_stops_the_start(database: Database) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])

        refused = keystead(
            database.folder,
            "serve",
            "--port",
            str(free_port()),
            **environment_of(database),
            KEYSTEAD_METRICS_PORT=taken,
        )

    assert refused.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {taken}" in refused.stderr


@pytest.mark.only_on("sqlite", because="no database is asked about it")
async def test_without_a_city_database_signing_in_works_and_readiness_says_absent(
    database: Database,
) -> None:
    with overseen(database) as (server, operator):
        async with server.client() as client:
            bob = await server.person("bob", client)
            sessions = (await bob.get("/sessions")).json()["sessions"]

        status, found = operator.readiness()

    assert [session["location"] for session in sessions] == [None]
    assert (status, found["status"]) == (200, "ok")
    assert '"geo": "absent"' in json.dumps(found)


@pytest.mark.only_on("sqlite", because="no database is asked about it")
def test_a_city_database_that_cannot_be_read_is_said_and_stops_nothing(database: Database) -> None:
    (database.folder / "GeoLite2-City.mmdb").write_bytes(b"not one")
    with overseen(database) as (_, operator):
        status, found = operator.readiness()

    assert (status, found["status"]) == (200, "degraded")
    assert '"geo": "unusable"' in json.dumps(found)


def test_readiness_names_every_part(database: Database) -> None:
    with overseen(database) as (_, operator):
        status, found = operator.readiness()
        parts = {"store": "ok", "migrations": "ok", "keys": "ok", "geo": "absent"}
        assert (status, found) == (200, {"status": "ok", "parts": parts})

        secrets_of(database).unlink()
        eventually(lambda: operator.readiness()[1]["status"] == "degraded")

        status, found = operator.readiness()
        assert status == 200
        assert "cannot read" in json.dumps(found["parts"])


@pytest.mark.parametrize("scheme", ["postgresql", "mongodb"])
def test_a_database_that_is_away_is_named_as_the_reason(tmp_path: Path, scheme: str) -> None:
    port = free_port()
    url = f"{scheme}://127.0.0.1:{free_port()}/keystead"
    with running_in(tmp_path, DB_URL=url, KEYSTEAD_METRICS_PORT=str(port)):
        operator = Operator((port,))
        eventually(lambda: is_listening(port) and operator.readiness()[1]["status"] != "ok")

        status, found = operator.readiness()
        assert status == 503
        assert found["status"] == "unavailable"
        assert isinstance(found["parts"], dict)
        assert found["parts"]["store"] != "ok"
        assert operator.number("keystead_info") == 1


async def test_live_sessions_are_counted_by_one_process_only(database: Database) -> None:
    with overseen(database, workers=2) as (_, operator):
        eventually(lambda: bool(operator.processes_that_say("keystead_sessions")))

        assert operator.processes_that_say("keystead_sessions") == 1
        assert operator.processes_that_say("keystead_store_limit") == 2
