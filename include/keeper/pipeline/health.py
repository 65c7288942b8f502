"""How each outside system is: ready, degraded or down; all are asked at once."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock
from typing import Final

from keeper.errors import KeeperError
from keeper.pipeline.check_services import (
    NotConfiguredError,
    NotMigratedError,
    ServiceUnwellError,
    check_chats,
    check_elasticsearch,
    check_kafka,
    check_keepa,
    check_lake,
    check_mail,
    check_postgres,
)
from keeper.pipeline.services import (
    elasticsearch_config,
    kafka_config,
    keepa_config,
    lake,
    postgres_config,
)
from keeper.settings import Settings
from keeper.sources.keepa.client import KeepaClient
from keeper.stores.postgres.connection import session

_SEARCH_TIMEOUT_S: Final = 10.0
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
    """Ask the outside systems, all at once, and return how they are, in the order of PARTS.

    Blocks as long as the slowest takes to answer or to be given up: half a minute at most.

    Args:
        settings: Where they are.
        parts: Which of PARTS; all if None.
    """
    wanted = [part for part in PARTS if parts is None or part in set(parts)]
    with ThreadPoolExecutor(len(wanted) or 1, thread_name_prefix="health") as pool:
        return list(pool.map(lambda part: _asked(part, settings), wanted))


def recent(ask: Callable[[], list[PartHealth]]) -> Callable[[], list[PartHealth]]:
    """Return `ask` as a function that asks at most every five seconds, whoever calls it.

    Others that call meanwhile wait for the answer.
    """
    lock = Lock()
    last: tuple[float, list[PartHealth]] | None = None

    def asked() -> list[PartHealth]:
        nonlocal last
        with lock:
            if last is None or time.monotonic() - last[0] >= _RECENT_S:
                last = time.monotonic(), ask()
            return last[1]

    return asked


def _asked(part: str, settings: Settings) -> PartHealth:
    try:
        return PartHealth(part, HealthState.READY, PARTS[part](settings))
    except NotConfiguredError as error:
        return PartHealth(part, HealthState.NOT_CONFIGURED, str(error))
    except (NotMigratedError, ServiceUnwellError) as error:
        return PartHealth(part, HealthState.DEGRADED, str(error))
    except KeeperError as error:
        return PartHealth(part, HealthState.DOWN, str(error))


def _postgres(settings: Settings) -> str:
    with session(postgres_config(settings)) as connection:
        return check_postgres(connection)


def _kafka(settings: Settings) -> str:
    return check_kafka(kafka_config(settings))


def _elasticsearch(settings: Settings) -> str:
    config = replace(elasticsearch_config(settings), timeout_s=_SEARCH_TIMEOUT_S)
    with config.client() as client:
        return check_elasticsearch(client)


def _keepa(settings: Settings) -> str:
    # Without the ledger, which is PostgreSQL's, and without a second try.
    with KeepaClient(replace(keepa_config(settings), timeout_s=10, max_attempts=1)) as client:
        return check_keepa(client)


def _lake(settings: Settings) -> str:
    return check_lake(lake(settings))


PARTS: Final[Mapping[str, Callable[[Settings], str]]] = {
    "postgres": _postgres,
    "kafka": _kafka,
    "elasticsearch": _elasticsearch,
    "keepa": _keepa,
    "lake": _lake,
    "mail": check_mail,
    "chats": check_chats,
}
"""The outside systems by name, each with what asks it."""
