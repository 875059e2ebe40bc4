"""
Whether traces are sent, by the names that every program with OpenTelemetry answers to.

The library reads the rest itself, from the environment alone: where to, with which headers, how many.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
EXPORTER, DISABLED, PROPAGATORS = "OTEL_TRACES_EXPORTER", "OTEL_SDK_DISABLED", "OTEL_PROPAGATORS"

SPOKEN = "http/protobuf"


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """
    What the environment says of traces.

    Args:
        is_on: they are sent.
        believes_proxies: trusted proxies say which trace a request belongs to.

    """

    is_on: bool
    believes_proxies: bool


def read_traces(environment: Mapping[str, str]) -> TraceSettings:
    """Read *environment*."""
    is_off = (
        environment.get(DISABLED, "").strip().lower() == "true"
        or environment.get(EXPORTER, "").strip().lower() == "none"
    )
    propagators = environment.get(PROPAGATORS, "").split(",")
    return TraceSettings(
        is_on=not is_off and any(environment.get(name) for name in ENDPOINTS),
        believes_proxies="tracecontext" in {word.strip() for word in propagators},
    )


def unusable_traces(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each thing with which no trace would ever be sent."""
    if not read_traces(environment).is_on:
        return
    for name in ENDPOINTS:
        if not environment.get(name, "http://").startswith(("http://", "https://")):
            # Somebody may have written a password into it.
            yield f"{name}: read a value that is not shown; allowed: http://host:4318, or https://"
        elif "?" in environment.get(name, ""):
            # What the library says of a collector that is away would have it in the log.
            yield f"{name}: read a value with a ?; allowed: keys are in OTEL_EXPORTER_OTLP_HEADERS"
    for name, allowed in (*((name, SPOKEN) for name in PROTOCOLS), (EXPORTER, "otlp")):
        read = environment.get(name) or allowed
        if read.strip().lower() != allowed:
            yield f"{name}: read {read!r}; allowed: {allowed}"
    if not _has_library():
        yield (
            f"{' or '.join(ENDPOINTS)}: is set; allowed: only with the extra that sends traces: "
            f"pip install 'keystead[otel]', or {DISABLED}=true"
        )


def _has_library() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # Not even what that would be a part of.
        return False
