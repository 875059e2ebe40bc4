"""
What is written to the log: one line for each request, one for each security event.

Lines are JSON in production. A field that no list here names is never written, so no secret can
come in by accident. A log that cannot be written (a full disk, a closed pipe) never stops a request.
"""

import asyncio
import json
import logging
import queue
import sys
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, TextIO

import orjson
import structlog
from structlog.processors import TimeStamper, add_log_level, format_exc_info
from structlog.typing import EventDict, Processor, WrappedLogger

from keystead.domain.events import Event

FIELDS = frozenset({
    "event", "level", "timestamp", "exception",
    "request_id", "trace_id", "method", "route", "status", "ms", "user_id", "ip", "code", "limit",
    "actor", "subject", "session", "ended", "detail",
    "count", "reason",
})  # fmt: skip
"""The allow-list."""

FLUSH_SECONDS = 0.1
"""Lines of requests are written together at least this often; all other lines at once."""

MAX_WAITING = 1024
"""Pieces that wait for a slow reader of the log: at most about 100 s of requests, or 1024 events."""

FINISH_SECONDS = 2.0
"""How long a server that stops waits for its last lines to be written."""

REQUEST_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE

_processors: list[Processor] = []


class _Chosen:
    def __getattr__(self, level: str) -> Any:  # noqa: ANN401 - a method of `Log`.
        return getattr(_lines, level)


# Not by structlog's own configuration: that is the program's which we may be mounted in.
log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
    _Chosen(), _processors, structlog.make_filtering_bound_logger(logging.INFO), dict
)


@dataclass  # With slots, writing one would take twice as long.
class RequestLine:
    """
    What is said of every request, filled in while it is answered.

    Args:
        route: the template of the path.
        ms: how long it took, in milliseconds.
        code: of the problem document, where the answer is one.
        limit: the name of the limit that was reached, where the answer is 429.

    """

    timestamp: datetime
    request_id: str
    method: str
    route: str | None
    status: int
    ms: float
    user_id: str | None
    ip: str | None
    code: str | None = None
    limit: str | None = None
    event: str = "request"
    level: str = "info"


class Log:
    """Where lines go. What cannot be written is dropped: signing in matters more."""

    def __init__(
        self, style: Literal["console", "json"], stream: TextIO, *, in_background: bool
    ) -> None:
        self._is_json = style == "json"
        self._waiting: list[bytes] = []
        self._is_flush_due = False
        self._writer = BackgroundWriter(stream) if in_background else None
        self._stream = stream

    def request(self, line: RequestLine) -> None:
        """Write the line of one request, together with those of the next moments."""
        if not self._is_json:
            fields = asdict(line)
            name = fields.pop("event")
            log.info(name, **{key: value for key, value in fields.items() if value is not None})
            return
        # Not through structlog, line by line: that took a quarter of the time of a request.
        self._waiting.append(orjson.dumps(line, option=REQUEST_OPTIONS))
        if not self._is_flush_due:
            self._is_flush_due = True
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def msg(self, line: str) -> None:
        """Write a finished line at once, after whatever waits; what structlog calls."""
        # What is not text, lone surrogates, a stream could not write either.
        self._waiting.append(f"{line}\n".encode(errors="backslashreplace"))
        self.flush()

    debug = info = warning = error = critical = msg

    def flush(self) -> None:
        """Write what waits."""
        self._is_flush_due = False
        lines, self._waiting = self._waiting, []
        text = b"".join(lines).decode()
        if self._writer is not None:
            self._writer.write(text)
        elif text:
            _write(self._stream, text)

    def finish(self) -> None:
        """Write what waits, and wait a moment for it to be written."""
        self.flush()
        if self._writer is not None:
            self._writer.finish()


class BackgroundWriter:
    """
    A thread that writes, so that a reader who stalls does not stop the event loop.

    While more waits than `MAX_WAITING` pieces, what comes is dropped.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pieces: queue.Queue[str] = queue.Queue(MAX_WAITING)
        self._is_idle = threading.Event()
        threading.Thread(target=self._serve, name="log", daemon=True).start()

    def write(self, text: str) -> None:
        """Have *text* written, or drop it."""
        with suppress(queue.Full):
            self._pieces.put_nowait(text)

    def finish(self) -> None:
        """Wait until all is written, but not for a reader who has stalled."""
        self._is_idle.clear()
        self.write("")
        self._is_idle.wait(FINISH_SECONDS)

    def _serve(self) -> None:
        while True:
            text = self._pieces.get()
            if text:
                _write(self._stream, text)
            elif self._pieces.empty():
                self._is_idle.set()


def _write(stream: TextIO, text: str) -> None:
    with suppress(OSError, ValueError):
        stream.write(text)
        stream.flush()


line_counts: Counter[tuple[str, str]] = Counter()
"""How many lines of each event and level this process has written, but for requests."""

_lines: Log


def configure(
    style: Literal["console", "json"], stream: TextIO | None = None, *, in_background: bool = False
) -> None:
    """Choose how lines look, where they go (standard output), and whether a thread writes them."""
    global _lines  # noqa: PLW0603 - a process has one log of ours.
    _lines = Log(style, stream or sys.stdout, in_background=in_background)
    stamp = TimeStamper(fmt="iso", utc=True)
    _processors[:] = [add_log_level, _count, stamp, format_exc_info, _keep_listed]
    if style == "json":
        _processors.append(_to_json)
    else:
        # The console's own way to show a traceback prints local variables, passwords among them.
        console = structlog.dev.ConsoleRenderer(colors=(stream or sys.stdout).isatty())
        _processors.extend((_escape, console))


def log_request(line: RequestLine) -> None:
    """Write the line of one request."""
    _lines.request(line)


def finish() -> None:
    """Write what waits; the last thing a server does."""
    _lines.finish()


def record(event: Event) -> None:
    """Write a security event down; `domain.ports.Record`."""
    names = ("actor", "subject", "session", "ended", "detail")
    said = {name: value for name in names if (value := getattr(event, name)) is not None}
    getattr(log, event.severity.value)(event.name.value, **said)


def _count(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    if line["event"] != RequestLine.event:
        line_counts[line["event"], line["level"]] += 1
    return line


def _keep_listed(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    return {name: line[name] for name in line if name in FIELDS or name == "exc_info"}


def _escape(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    # A line break or a terminal's escape sequence in a value would forge a line; JSON escapes them.
    return {
        name: _indent(value) if name == "exception" else _escaped(value)
        for name, value in line.items()
    }


def _indent(traceback: str) -> str:
    # Many lines by nature: each is marked, so that none can be taken for one of the log's own.
    return "\n".join(f"  | {_escaped(line)}" for line in traceback.splitlines())


def _escaped(value: Any) -> Any:  # noqa: ANN401 - whatever was logged.
    return value.encode("unicode_escape").decode() if isinstance(value, str) else value


def _to_json(_: WrappedLogger, __: str, line: EventDict) -> str:
    try:
        return orjson.dumps(line, default=str).decode()
    except TypeError:  # A number or a text that orjson does not take; slower, but nothing is lost.
        return json.dumps(line, default=str)


configure("console")  # Until somebody says otherwise.
