"""What the log says, what it never says, and that it stops nobody: OWASP ASVS 16.2.5, 16.4.1."""

import asyncio
import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TextIO

import pytest

from keystead import logs
from keystead.domain.events import Event, EventName, Severity
from keystead.logs import MAX_WAITING, RequestLine, configure, finish, log, log_request, record
from tests.store.samples import NOW, new_session, new_user

Style = Literal["console", "json"]
Configure = Callable[[Style], io.StringIO]
each_style = pytest.mark.parametrize("style", ["console", "json"])

BOB = new_user()
SESSION = new_session(BOB)
REQUEST = RequestLine(NOW, "0199", "GET", "/users/{id}", 200, 1.25, BOB.id, "192.0.2.1")

FORGED = "x\r\n2026-01-01 forged\x1b[31m\x1b]0;title\x07\x08\0"


@pytest.fixture(autouse=True)
def _own_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process has one log; it is as before after each test."""
    monkeypatch.setattr(logs, "_lines", logs._lines)
    yield
    logs.configure("console")


def written(style: Style) -> io.StringIO:
    stream = io.StringIO()
    configure(style, stream)
    return stream


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def controls(text: str) -> set[str]:
    """Return what a terminal would act upon."""
    return {char for char in text if ord(char) < 32} - {"\n", "\t"}


@each_style
def test_a_field_that_nobody_listed_is_not_written(style: Style) -> None:
    stream = written(style)

    log.info("started", password="hunter2", token="ksr_hunter3", email="hunter4@x.com", count=4711)

    assert "hunter" not in stream.getvalue()
    assert "4711" in stream.getvalue()


def test_no_name_of_a_secret_is_listed() -> None:
    secrets = {"password", "token", "secret", "cookie", "authorization", "email", "hash", "headers"}

    assert not {name for name in logs.FIELDS if any(secret in name for secret in secrets)}


@each_style
def test_a_traceback_is_written_without_the_values_in_it(style: Style) -> None:
    stream = written(style)

    password = "hunter2"

    def check(password: str) -> None:
        raise ZeroDivisionError(len(password))

    try:
        check(password)
    except ZeroDivisionError:
        log.exception("unexpected", password="hunter3")

    assert "ZeroDivisionError: 7" in stream.getvalue()
    assert "Traceback" in stream.getvalue()
    assert "hunter" not in stream.getvalue()


def test_json_is_one_object_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    stream = written("json")
    try:
        int(FORGED)
    except ValueError:
        log.exception("unexpected", reason=FORGED)
    log.info(FORGED)
    record(Event(EventName.LOGIN_FAIL, detail=FORGED))

    one, two, three = lines_of(stream)
    assert stream.getvalue().count("\n") == 3
    assert (one["reason"], two["event"], three["detail"]) == (FORGED, FORGED, FORGED)
    assert "ValueError: invalid literal" in one["exception"]
    assert capsys.readouterr().out == ""


@pytest.mark.requirement(88)
@each_style
def test_no_value_can_forge_a_line_or_speak_to_a_terminal(style: Style) -> None:
    stream = written(style)
    log.warning(FORGED, reason=FORGED, path=FORGED)
    record(Event(EventName.LOGIN_FAIL, detail=FORGED))

    async def request() -> None:
        log_request(replace(REQUEST, method=FORGED, route=FORGED, ip=FORGED))
        logs._lines.flush()

    asyncio.run(request())

    assert len(stream.getvalue().splitlines()) == 3
    assert controls(stream.getvalue()) == set()


@each_style
@pytest.mark.parametrize("value", [b"\xff\x1b", {"a": FORGED}, [FORGED], {1}, object(), 1.5, None])
def test_a_value_of_any_kind_is_written_on_one_line(style: Style, value: object) -> None:
    stream = written(style)

    log.info("started", reason=value)

    assert len(stream.getvalue().splitlines()) == 1
    assert controls(stream.getvalue()) == set()


def test_times_are_utc_and_levels_are_named() -> None:
    stream = written("json")
    log.debug("not worth a line")
    log.info("one")
    log.error("two")

    one, two = lines_of(stream)
    assert one["timestamp"].endswith("Z")
    assert (one["level"], two["level"]) == ("info", "error")


@pytest.mark.parametrize("severity", Severity)
def test_an_event_is_written_with_its_severity(severity: Severity) -> None:
    stream = written("json")

    record(Event(EventName.TOKEN_REUSE, severity, None, BOB.id, SESSION.id))

    (line,) = lines_of(stream)
    assert line == {
        "timestamp": line["timestamp"],
        "event": "authn_token_reuse",
        "level": severity.value,
        "subject": BOB.id,
        "session": SESSION.id,
    }


@pytest.mark.parametrize("name", EventName)
def test_every_event_of_the_vocabulary_can_be_written(name: EventName) -> None:
    stream = written("json")

    record(Event(name, Severity.INFO, BOB.id, BOB.id, SESSION.id, SESSION.id, "detail"))

    assert lines_of(stream)[0]["event"] == name.value


async def test_a_request_is_one_line_in_the_order_things_happened() -> None:
    stream = written("json")
    log_request(REQUEST)
    log_request(replace(REQUEST, status=401, user_id=None))
    record(Event(EventName.LOGIN_FAIL))

    first, second, third = lines_of(stream)
    assert first == {
        "timestamp": "2026-01-01T12:00:00Z",
        "request_id": "0199",
        "method": "GET",
        "route": "/users/{id}",
        "status": 200,
        "ms": 1.25,
        "user_id": BOB.id,
        "ip": "192.0.2.1",
        "code": None,
        "limit": None,
        "event": "request",
        "level": "info",
    }
    assert (second["status"], third["event"]) == (401, "authn_login_fail")


async def test_the_lines_of_requests_reach_the_file_by_themselves(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w") as stream:
        configure("json", stream)
        log_request(REQUEST)
        assert path.read_text() == ""

        loop = asyncio.get_running_loop()
        flushed = loop.create_future()
        loop.call_later(2 * logs.FLUSH_SECONDS, flushed.set_result, None)
        await flushed

        assert json.loads(path.read_text())["status"] == 200


def full() -> TextIO:
    return Path("/dev/full").open("w", buffering=1)


def without_a_reader() -> TextIO:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w", buffering=1)


@each_style
@pytest.mark.parametrize("broken", [io.StringIO, full, without_a_reader])
async def test_a_log_that_cannot_be_written_stops_nobody(
    style: Style, broken: Callable[[], TextIO]
) -> None:
    stream = broken()
    configure(style, stream)
    if isinstance(stream, io.StringIO):
        stream.close()
    for _ in range(100):
        log.info("started", reason="x" * 1000)
        log_request(REQUEST)
        logs._lines.flush()

    if not stream.closed:
        # The interpreter would complain of what is still in the buffer when the stream goes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        stream.close()


@each_style
def test_after_a_failure_the_next_line_is_written(style: Style) -> None:
    class FailsOnce(io.StringIO):
        has_failed = False

        def write(self, text: str) -> int:
            if not self.has_failed:
                self.has_failed = True
                raise OSError
            return super().write(text)

    stream = FailsOnce()
    configure(style, stream)
    log.info("lost")
    log.info("kept")

    assert "kept" in stream.getvalue()


class Stalled(io.StringIO):
    """A pipe whose reader does nothing until *goes_on* is set."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()

    def write(self, text: str) -> int:
        self.goes_on.wait(10)
        return super().write(text)


def test_a_reader_that_stalls_stops_nobody_and_what_is_too_much_is_dropped() -> None:
    stream = Stalled()
    configure("json", stream, in_background=True)
    for number in range(3 * MAX_WAITING):
        log.info("sessions_purged", count=number)
    assert stream.getvalue() == ""

    stream.goes_on.set()
    finish()

    assert MAX_WAITING <= len(lines_of(stream)) <= MAX_WAITING + 2


def test_a_server_that_stops_has_written_its_last_line() -> None:
    stream = io.StringIO()
    configure("json", stream, in_background=True)
    log.info("sessions_purged", count=7)

    finish()

    assert lines_of(stream)[-1]["count"] == 7
