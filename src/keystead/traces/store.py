"""A store, with a span for each verb that a request calls."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, cast

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, get_current_span

from keystead.domain.errors import Fault, Unavailable
from keystead.domain.store import Store

NO_REQUEST = frozenset({"open", "close", "migrate"})

VERBS = tuple(
    name
    for name, verb in vars(Store).items()
    if iscoroutinefunction(verb) and name not in NO_REQUEST
)

Verb = Callable[..., Awaitable[Any]]


def traced(store: Store, tracer: Tracer, product: str) -> Store:
    """
    Return *store* with spans named by its verbs, below the one of the request.

    What runs beside requests has none: it would be a trace of its own every few seconds.
    """
    return cast("Store", _Traced(store, tracer, product))


class _Traced:
    def __init__(self, store: Store, tracer: Tracer, product: str) -> None:
        self._store = store
        for name in VERBS:
            setattr(self, name, _with_span(getattr(store, name), name, tracer, product))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has.
        return getattr(self._store, name)


def _with_span(verb: Verb, name: str, tracer: Tracer, product: str) -> Verb:
    about = {"db.system.name": product.lower(), "db.operation.name": name}

    async def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the verb takes.
        if not get_current_span().is_recording():
            return await verb(*args, **kwargs)
        span = tracer.start_span(f"store.{name}", kind=SpanKind.CLIENT, attributes=about)
        try:
            return await verb(*args, **kwargs)
        except Exception as error:
            _note(span, error)
            raise
        finally:
            span.end()

    return call


def _note(span: Span, error: Exception) -> None:
    # By its kind only: a message may hold what was to be stored.
    span.set_attribute("error.type", type(error).__name__)
    if isinstance(error, Unavailable) or not isinstance(error, Fault):
        span.set_status(Status(StatusCode.ERROR))
