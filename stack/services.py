"""What a service and a one-off step are, to the code that starts them in order."""

from collections.abc import Callable
from dataclasses import dataclass, field

from stack.programs import Program

# Given the Unix time of the program's start; returns None when healthy, else what is missing.
Probe = Callable[[float], str | None]


def nothing_to_prepare() -> None:
    """Stand in for the preparation of a service that needs none."""


def waits_for_nothing() -> None:
    """Stand in for what a service that never waits for another would say."""


@dataclass(frozen=True, slots=True)
class Service:
    """A program with everything around it.

    Attributes:
        program: The process.
        title: What people call it.
        needs: Services and steps that must be ready first.
        probe: Asks the service itself whether it works; errors it raises count as "not yet".
        prepare: Makes its files; runs before every start and must be repeatable.
        waits: What it says it waits for while it is healthy; None when it can do its work.
        timeout: Seconds it may take to become healthy, on a slow machine.
        memory_mib: What it takes once it runs steadily.
        ports: Names of the ports it listens on.
    """

    program: Program
    title: str
    probe: Probe
    needs: frozenset[str] = frozenset()
    prepare: Callable[[], None] = nothing_to_prepare
    waits: Callable[[], str | None] = waits_for_nothing
    timeout: float = 120
    memory_mib: int = 100
    ports: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name, the program's."""
        return self.program.name


def missing_for_health(service: Service, started: float) -> str | None:
    """Ask a running service for its health; None when it is healthy, else what is missing.

    Args:
        service: The service.
        started: Unix time of its program's start.
    """
    try:
        return service.probe(started)
    # Every client has its own way to say "not yet", down to a half-sent answer.
    except Exception as error:  # noqa: BLE001
        return (str(error) or type(error).__name__).splitlines()[0]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done once and then is done.

    Attributes:
        name: Its name, for `needs`.
        title: What people read while it runs.
        action: Does it; returns a remark for the display.
        needs: Services and steps that must be ready first.
    """

    name: str
    title: str
    action: Callable[[], str]
    needs: frozenset[str] = field(default_factory=frozenset)
