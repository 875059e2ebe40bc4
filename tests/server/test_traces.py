"""Traces of a server that runs, as a collector gets them; and a collector that stops nothing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import pytest

from tests.databases import Database, environment_of
from tests.people import Person
from tests.server.collector import Collector, Span, collecting
from tests.server.running import Server, eventually, free_port, keystead, running

SERVER, CLIENT = 2, 3
"""Kinds of spans, as the protocol numbers them."""

STOP_SECONDS = 8.0
"""Two for the last spans, and what any server takes to stop."""

SLOWEST_SECONDS = 5.0
JSON = {"KEYSTEAD_LOG_FORMAT": "json", "KEYSTEAD_THROTTLE": "off"}

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@contextmanager
def traced(database: Database, **env: str) -> Iterator[tuple[Server, Collector]]:
    with (
        collecting() as collector,
        running(database, **{**collector.environment, **JSON, **env}) as server,
    ):
        yield server, collector


def request_of(collector: Collector, name: str, status: int = 200) -> Span:
    """Wait for the span of the one request with this name and status."""

    def found() -> list[Span]:
        return [
            span
            for span in collector.named(name)
            if span.attributes.get("http.response.status_code") == status
        ]

    eventually(lambda: bool(found()))
    (span,) = found()
    return span


async def test_a_sign_in_is_a_request_with_a_hash_and_verbs_of_the_store(
    database: Database,
) -> None:
    with traced(database) as (server, collector):
        async with server.client() as client:
            await server.person("bob", client)
        span = request_of(collector, "POST /auth/login")
        eventually(lambda: "store.open_session" in collector.below(span))
        below = collector.below(span)
        eventually(lambda: '"route":"/auth/login"' in server.output)
        output = server.output

    assert (span.kind, span.parent, span.is_error) == (SERVER, "", False)
    assert span.attributes == {
        "url.scheme": "http",
        "http.request.method": "POST",
        "http.route": "/auth/login",
        "http.response.status_code": 200,
    }
    assert {"store.find_credentials", "password hash: wait", "password hash: work"} <= set(below)
    children = [child for child in collector.spans if child.parent == span.id]
    assert {child.trace for child in children} == {span.trace}
    assert sum(child.seconds for child in children) < span.seconds
    (verb,) = (child for child in children if child.name == "store.find_credentials")
    assert verb.kind == CLIENT
    assert verb.attributes["db.operation.name"] == "find_credentials"
    assert verb.attributes["db.system.name"] in {"sqlite", "postgresql", "mongodb"}
    assert span.of_process["service.name"] == "Keystead"
    assert collector.paths == {"/v1/traces"}
    lines = [orjson.loads(line) for line in output.splitlines() if line.startswith("{")]
    ids = [line["trace_id"] for line in lines if line.get("route") == "/auth/login"]
    assert ids == [span.trace]


async def test_a_refusal_says_why_and_only_a_fault_of_ours_is_an_error(database: Database) -> None:
    with traced(database) as (server, collector):
        async with server.client() as client:
            bob = await server.person("bob", client)
            assert (await Person(client, bob.email, "not the password").login()).status_code == 401
            with database.broken():
                assert (await bob.refresh()).status_code == 503
        refused = request_of(collector, "POST /auth/login", 401)
        failed = request_of(collector, "POST /auth/refresh", 503)
        eventually(lambda: bool(collector.below(failed)))
        verbs = [span for span in collector.spans if span.parent == failed.id]

    assert refused.attributes["keystead.code"] == "invalid_credentials"
    assert not refused.is_error
    assert failed.attributes["error.type"] == "store_unavailable"
    assert failed.is_error
    assert {verb.attributes.get("error.type") for verb in verbs} == {"StoreDown"}


async def test_nothing_of_a_person_and_nothing_a_client_writes_is_sent(database: Database) -> None:
    with traced(database) as (server, collector):
        async with server.client(
            **{"User-Agent": "xyzzy", "X-Request-ID": "xyzzy-12345"}
        ) as client:
            bob = await server.person("bob", client)
            assert (await bob.get(f"/users/{bob.id}?xyzzy=1")).status_code == 200
            assert (await bob.get("/xyzzy/1")).status_code == 404
            assert (await client.request("XYZZY", "/profile")).status_code == 405
            await client.get("/livez", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
            sessions = (await bob.get("/sessions")).json()["sessions"]
            secrets = [bob.access_token, str(bob.refresh_token)]
        request_of(collector, "GET /sessions")
        request_of(collector, "GET", 404)
        unknown = request_of(collector, "HTTP", 405)

    assert unknown.attributes["http.request.method"] == "_OTHER"
    assert request_of(collector, "GET /users/{user_id}").attributes.get("url.path") is None
    told = [
        bob.id,
        "bob@",
        "127.0.0.1",
        "xyzzy",
        sessions[0]["sessionId"],
        *secrets,
        "correct horse",
    ]
    assert [text for text in told if text.lower().encode() in collector.raw.lower()] == []
    assert TRACE not in {span.trace for span in collector.spans}


@pytest.mark.only_on("sqlite", because="no database is asked about it")
@pytest.mark.parametrize(
    ("env", "is_joined"),
    [
        pytest.param({}, False, id="a stranger"),
        pytest.param({"TRUST_PROXY": "127.0.0.1"}, False, id="a proxy that was not asked about"),
        pytest.param({"OTEL_PROPAGATORS": "tracecontext"}, False, id="a stranger all the same"),
        pytest.param(
            {"OTEL_PROPAGATORS": "tracecontext,baggage", "TRUST_PROXY": "127.0.0.1"},
            True,
            id="a proxy that traces",
        ),
    ],
)
async def test_only_a_trusted_proxy_says_which_trace_it_is_and_only_if_that_is_asked_for(
    database: Database, env: dict[str, str], *, is_joined: bool
) -> None:
    with traced(database, **env) as (server, collector):
        async with server.client() as client:
            parent = f"00-{TRACE}-{PARENT}-01"
            await client.get("/", headers={"traceparent": parent})
            await client.get("/readyz", headers=[("traceparent", parent), ("traceparent", parent)])
            await client.get("/jwks.json", headers={"traceparent": f"{parent}garbage"})
            # Not sampled, says whoever may say it.
            await client.get("/profile", headers={"traceparent": parent[:-1] + "0"})
            await client.get("/sessions")
        span = request_of(collector, "GET /")
        others = [request_of(collector, "GET /readyz"), request_of(collector, "GET /sessions", 401)]

    assert ((span.trace, span.parent) == (TRACE, PARENT)) is is_joined
    assert TRACE not in {other.trace for other in others}
    assert bool(collector.named("GET /profile")) is not is_joined


def test_what_runs_beside_requests_makes_no_traces(database: Database) -> None:
    with traced(database) as (server, collector):
        eventually(lambda: server.is_alive() and bool(collector.named("GET /livez")))
        time.sleep(0.5)  # Upkeep, sealing and keys have been looked at by then.
        assert {span.name for span in collector.spans} == {"GET /livez"}


@pytest.mark.only_on("sqlite", because="no database is asked about it")
async def test_the_environment_says_how_it_is_called_what_is_sampled_and_with_which_header(
    database: Database,
) -> None:
    named = {
        "OTEL_SERVICE_NAME": "accounts",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.5",
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=abc",
    }
    asked = 200
    with traced(database, **named) as (server, collector):
        async with server.client() as client:
            for _ in range(asked):
                await client.get("/livez")
        assert server.stop() == 0

    assert 0.2 * asked < len(collector.named("GET /livez")) < 0.8 * asked
    assert {span.of_process["service.name"] for span in collector.spans} == {"accounts"}
    assert collector.headers["api-key"] == "abc"


@pytest.mark.only_on("sqlite", because="no database is asked about it")
@pytest.mark.parametrize("how", ["away", "silent", "refusing", "failing"])
async def test_a_collector_that_is_no_use_slows_and_stops_nothing(
    database: Database, how: str
) -> None:
    statuses = {"refusing": 401, "failing": 503}
    broken = Collector(status=statuses.get(how, 200), is_silent=how == "silent")
    with collecting(broken) as collector:
        env = {
            **collector.environment,
            "OTEL_BSP_MAX_QUEUE_SIZE": "64",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "16",
        }
        if how == "away":
            env["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{free_port()}"
        with running(database, **env, **JSON) as server:
            async with server.client() as client:
                slowest = 0.0
                for _ in range(200):
                    began = time.monotonic()
                    assert (await client.get("/livez")).status_code == 200
                    slowest = max(slowest, time.monotonic() - began)
                await server.person("bob", client)
            assert slowest < SLOWEST_SECONDS
            assert how == "away" or collector.requests
            asked = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - asked < STOP_SECONDS
            output = server.output

    assert output.count("traces_not_sent") == 1
    assert "Traceback" not in output
    assert "OtelBatch" not in output


@pytest.mark.only_on("sqlite", because="no database is asked about it")
def test_nothing_is_loaded_and_nothing_sent_unless_a_collector_is_named(
    database: Database,
) -> None:
    with collecting() as collector, running(database, OTEL_BSP_SCHEDULE_DELAY="50") as server:
        assert server.is_alive()
        (worker,) = server.workers
        maps = f"/proc/{worker}/maps"
        with open(maps) as loaded:  # noqa: PTH123 - the kernel's, of no size.
            assert "google" not in loaded.read()
        assert "trace_id" not in server.output
    assert collector.requests == 0


@pytest.mark.only_on("sqlite", because="no database is asked about it")
@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "allowed: http/protobuf"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "allowed: otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "user:word@host"}, "allowed: http://host:4318"),
    ],
)
def test_what_could_never_be_sent_stops_the_start(
    database: Database, env: dict[str, str], said: str
) -> None:
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", **env}
    refused = keystead(database.folder, "serve", **environment_of(database), **named)

    assert refused.returncode == 2
    assert said in refused.stderr
    assert "word@" not in refused.stderr


@pytest.mark.only_on("sqlite", because="no database is asked about it")
@pytest.mark.parametrize("off", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_it_can_be_switched_off_where_the_platform_names_a_collector(
    database: Database, off: dict[str, str]
) -> None:
    with collecting() as collector, running(database, **collector.environment, **off) as server:
        assert server.is_alive()
        assert server.stop() == 0
    assert collector.requests == 0


@pytest.mark.only_on("sqlite", because="no database is asked about it")
def test_a_value_that_the_library_does_not_take_is_said_and_stops_nothing(
    database: Database,
) -> None:
    with traced(database, OTEL_BSP_MAX_EXPORT_BATCH_SIZE="-1") as (server, _):
        assert server.is_alive()
        assert "traces_not_sent" in server.output
