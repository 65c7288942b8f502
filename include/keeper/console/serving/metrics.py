"""The console's own numbers for Prometheus, at /metrics; nginx does not serve them.

No label comes from a request: who sends made-up addresses makes no new series.
"""

import time
from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keeper.console.database import ConsoleDatabase

METRICS_PATH: Final = "/metrics"
_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_UNKNOWN: Final = "unknown"
_PAGE: Final = "page"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class ConsoleMetrics:
    """Counts what a console does; each has its own registry."""

    def __init__(self, database: ConsoleDatabase) -> None:
        """Begin with zero."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(_DatabaseNumbers(database))
        self.requests = Counter(
            "keeper_console_requests",
            "Requests that were answered, by operation of the API, or page.",
            ("operation", "method", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "keeper_console_request_seconds",
            "From a request's last header to the first byte of its answer.",
            ("operation",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.open = Gauge(
            "keeper_console_requests_open",
            "Requests that are being answered, streams among them.",
            registry=self.registry,
        )

    def route(self) -> Route:
        """Return the route that shows them."""

        async def show(request: Request) -> Response:
            return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

        return Route(METRICS_PATH, show, methods=["GET"])


class Measured:
    """Counts an application's answers and measures how long they took to begin."""

    def __init__(self, app: ASGIApp, metrics: ConsoleMetrics) -> None:
        """Wrap an application."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI says."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        metrics = self._metrics
        started = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                operation = _operation_of(scope)
                method = scope["method"] if scope["method"] in _METHODS else _UNKNOWN
                metrics.requests.labels(operation, method, message["status"]).inc()
                metrics.seconds.labels(operation).observe(time.perf_counter() - started)
            await send(message)

        with metrics.open.track_inprogress():
            await self._app(scope, receive, counted)


class _DatabaseNumbers(Collector):
    """How the console's way to PostgreSQL is, at the moment somebody asks."""

    def __init__(self, database: ConsoleDatabase) -> None:
        """Ask this one."""
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """Yield its numbers."""
        yield CounterMetricFamily(
            "keeper_console_database_connections_opened",
            "Connections to PostgreSQL that were opened.",
            self._database.opened,
        )
        yield GaugeMetricFamily(
            "keeper_console_database_connections_idle",
            "Connections to PostgreSQL that are open and unused.",
            self._database.idle,
        )
        breaker = GaugeMetricFamily(
            "keeper_breaker_open",
            "1 while a service is left alone because it did not answer.",
            labels=("of",),
        )
        breaker.add_metric(("postgres",), float(self._database.is_left_alone))
        yield breaker


def _operation_of(scope: Scope) -> str:
    """Return the operation that answered, by its id; one word for all pages, and for what is none.

    The router writes what it has chosen into the scope.
    """
    route = scope.get("route")
    if route is not None:
        return str(getattr(route, "unique_id", _PAGE))
    return _PAGE if "endpoint" in scope else _UNKNOWN
