"""How each outside system is: ready, degraded or down; all are asked at once."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock
from typing import Final

from keeper.errors import KeeperError
from keeper.pipeline.services.configuration import (
    elasticsearch_config,
    kafka_config,
    keepa_config,
    lake,
    postgres_config,
)
from keeper.pipeline.services.names import ANSWER_WITHIN_S, SERVICES, Configurations, probes_of
from keeper.pipeline.services.probes import NotConfiguredError, NotMigratedError, ServiceUnwellError
from keeper.settings import Settings

_RECENT_S: Final = 5.0


class HealthState(StrEnum):
    """How a part is; the later, the worse."""

    NOT_CONFIGURED = "not configured"
    READY = "ready"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class PartHealth:
    """A part, how it is, and a sentence with what it says or what to do."""

    part: str
    state: HealthState
    says: str


def health_of(settings: Settings, parts: Iterable[str] | None = None) -> list[PartHealth]:
    """Ask the outside systems, all at once, and return how they are, in the order of SERVICES.

    Blocks as long as the slowest takes to answer or to be given up: half a minute at most.

    Args:
        settings: Where they are.
        parts: Which of SERVICES; all if None.
    """
    checks = probes_of(_configurations(settings))
    wanted = [part for part in SERVICES if parts is None or part in set(parts)]
    with ThreadPoolExecutor(len(wanted) or 1, thread_name_prefix="health") as pool:
        return list(pool.map(lambda part: _asked(part, checks[part]), wanted))


def recent(
    ask: Callable[[], list[PartHealth]], *, seconds: Callable[[], float] = time.monotonic
) -> Callable[[], list[PartHealth]]:
    """Return `ask` as a function that asks at most every five seconds, whoever calls it.

    Others that call meanwhile wait for the answer, however long it takes.

    Args:
        ask: What asks.
        seconds: A clock that only goes forward.
    """
    lock = Lock()
    last: tuple[float, list[PartHealth]] | None = None

    def asked() -> list[PartHealth]:
        nonlocal last
        with lock:
            if last is None or seconds() - last[0] >= _RECENT_S:
                found = ask()
                # From when it has answered: those who waited meanwhile do not ask again.
                last = seconds(), found
            return last[1]

    return asked


def _asked(part: str, check: Callable[[], str]) -> PartHealth:
    try:
        return PartHealth(part, HealthState.READY, check())
    except NotConfiguredError as error:
        return PartHealth(part, HealthState.NOT_CONFIGURED, str(error))
    except (NotMigratedError, ServiceUnwellError) as error:
        return PartHealth(part, HealthState.DEGRADED, str(error))
    except KeeperError as error:
        return PartHealth(part, HealthState.DOWN, str(error))


def _configurations(settings: Settings) -> Configurations:
    """Return what the settings say, with time limits for somebody who waits for the answer."""
    return Configurations(
        postgres=lambda: postgres_config(settings),
        kafka=lambda: kafka_config(settings),
        elasticsearch=lambda: replace(elasticsearch_config(settings), timeout_s=ANSWER_WITHIN_S),
        keepa=lambda: replace(keepa_config(settings), timeout_s=ANSWER_WITHIN_S, max_attempts=1),
        lake=lambda: lake(settings),
        settings=lambda: settings,
    )
