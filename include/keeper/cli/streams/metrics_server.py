"""Shows a process's numbers to Prometheus, at /metrics of an address of its own."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from keeper.errors import TerminalError

if TYPE_CHECKING:
    from prometheus_client.registry import Collector


class CannotListenError(TerminalError):
    """Another process listens there, or the address is none of this machine's."""


def show_metrics(address: tuple[str, int], collectors: "Iterable[Collector]") -> None:
    """Show the numbers of these collectors, and of this process, until it ends.

    Args:
        address: Host and port; port 0 is any free one.
        collectors: Each is asked once a request.

    Raises:
        CannotListenError: Nothing can listen there.
    """
    from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    for collector in collectors:
        registry.register(collector)
    host, port = address
    try:
        start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        raise CannotListenError(
            f"KEEPER_METRICS_LISTEN: {host}:{port} cannot be listened at "
            f"({error.strerror or error}); give each process another port"
        ) from None
