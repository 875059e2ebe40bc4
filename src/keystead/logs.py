"""
What is written to the log: one line for each request, one for each security event.

Lines are JSON in production. A field that no list here names is never written, so no secret can
come in by accident. A log that cannot be written (a full disk, a closed pipe) never stops a request.
"""

import asyncio
import json
import logging
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from keystead.domain.events import Event, Severity

FIELDS = frozenset({
    "event", "level", "timestamp", "exception",
    "request_id", "method", "route", "status", "ms", "user_id", "ip",
    "actor", "subject", "session", "detail",
    "url", "count", "path", "reason", "version", "setting",
})  # fmt: skip
"""The allow-list."""

FLUSH_SECONDS = 0.1
"""Lines of requests are written together at least this often; all other lines at once."""

_LEVELS = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "critical"}

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RequestLine:
    """What is said of every request; *ms* are milliseconds, *route* is the template of the path."""

    timestamp: datetime
    request_id: str
    method: str
    route: str | None
    status: int
    ms: float
    user_id: str | None
    ip: str | None
    event: str = "request"
    level: str = "info"


class Log:
    """Where lines go. What cannot be written is dropped: signing in matters more."""

    def __init__(self, style: Literal["console", "json"], stream: TextIO) -> None:
        self._is_json = style == "json"
        self._stream = stream
        self._is_flush_due = False

    def request(self, line: RequestLine) -> None:
        """Write the line of one request, together with those of the next moments."""
        if not self._is_json:
            fields = asdict(line)
            log.info(fields.pop("event"), **fields)
            return
        # Not through structlog, line by line: that took a quarter of the time of a request.
        self._write(orjson.dumps(line, option=orjson.OPT_UTC_Z).decode())
        if not self._is_flush_due:
            self._is_flush_due = True
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def msg(self, line: str) -> None:
        """Write a finished line at once, after whatever waits; what structlog calls."""
        self._write(line)
        self.flush()

    debug = info = warning = error = critical = msg

    def flush(self) -> None:
        """Write what waits."""
        self._is_flush_due = False
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self.has_dropped = True

    def _write(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
        except (OSError, ValueError):
            self.has_dropped = True


_lines = Log("console", sys.stdout)


def configure(style: Literal["console", "json"], stream: TextIO | None = None) -> None:
    """Choose how lines look, and where they go (standard output)."""
    global _lines  # noqa: PLW0603 - a process has one log; structlog keeps its own the same way.
    lines = _lines = Log(style, stream or sys.stdout)
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if style == "json":
        processors += [structlog.processors.format_exc_info, _keep_listed, _to_json]
    else:
        # The console's own way to show a traceback prints local variables, passwords among them.
        console = structlog.dev.ConsoleRenderer(colors=(stream or sys.stdout).isatty())
        processors += [structlog.processors.format_exc_info, _keep_listed, _escape, console]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: lines,
    )


def log_request(line: RequestLine) -> None:
    """Write the line of one request."""
    _lines.request(line)


def record(event: Event) -> None:
    """Write a security event down; `domain.ports.Record`."""
    fields = {
        "actor": event.actor,
        "subject": event.subject,
        "session": event.session,
        "detail": event.detail,
    }
    write = getattr(log, _LEVELS[event.severity])
    write(event.name.value, **{name: value for name, value in fields.items() if value is not None})


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
