"""What the console shows of Keeper beside the database: Kafka, health, and how runs plan."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeVar

from keeper.breaker import Breaker
from keeper.clock import Clock, utc_now
from keeper.console.threads import TooLateError, result_within
from keeper.domain.tokens.candidates import RequestPolicy
from keeper.errors import TransientError
from keeper.pipeline.prices.ask_check import AirflowUnavailableError
from keeper.pipeline.services.health import PartHealth
from keeper.streams.config import KafkaConfig

_LOG: Final = logging.getLogger(__name__)
_FIRST_PAUSE: Final = timedelta(seconds=5)
_LAST_PAUSE: Final = timedelta(seconds=30)
_ANSWER_S: Final = 25.0
_AT_ONCE: Final = 4
_HEALTH_S: Final = 35.0
"""All parts are asked at once, and given up after half a minute at most."""
_RUNS_S: Final = 10.0
"""Three requests of two seconds each, and some waiting for a thread."""
_SIX_HOURLY: Final = RequestPolicy(timedelta(hours=6))
_T = TypeVar("_T")


class PartAwayError(TransientError):
    """A part of Keeper beside PostgreSQL does not answer, or was not asked lately.

    Attributes:
        part: Which.
        wait: Until it may be asked again.
    """

    def __init__(self, part: str, wait: timedelta, why: str) -> None:
        """Say which, for how long, and for the log why."""
        super().__init__(f"{part}: {why}")
        self.part = part
        self.wait = wait


class ConsoleKafka:
    """Looks into Kafka, a little at once, behind a circuit breaker.

    After a look without an answer nobody asks for five seconds, then one for all, and so on up to
    every thirty; meanwhile whoever comes gets that answer at once.
    """

    def __init__(self, config: KafkaConfig, *, clock: Clock = utc_now) -> None:
        """Prepare; nothing is asked yet."""
        self._config = config
        self._clock = clock
        self._breaker = Breaker(first_pause=_FIRST_PAUSE, last_pause=_LAST_PAUSE)
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="kafka")

    async def run(self, look: Callable[[KafkaConfig], _T]) -> _T:
        """Look into Kafka and return what that gives.

        Raises:
            PartAwayError: Kafka does not answer, or has not lately.
            Exception: What the look raises.
        """
        if wait := self._breaker.wait(self._clock()):
            raise PartAwayError("kafka", wait, "not asked")
        try:
            return await result_within(self._threads.submit(self._do, look), _ANSWER_S)
        except TooLateError as late:
            why = f"no answer within {_ANSWER_S:g} s"
            if not late.has_begun:
                # The threads were busy with others' looks; it was never asked.
                raise PartAwayError("kafka", _FIRST_PAUSE, why) from None
            raise self._away(why) from None

    def _do(self, look: Callable[[KafkaConfig], _T]) -> _T:
        if wait := self._breaker.admit(self._clock()):
            raise PartAwayError("kafka", wait, "not asked")
        try:
            done = look(self._config)
        except TransientError as error:
            raise self._away(str(error)) from error
        except Exception:
            # Whatever is wrong, it has answered.
            self._breaker.worked()
            raise
        self._breaker.worked()
        return done

    def _away(self, why: str) -> PartAwayError:
        pause = self._breaker.failed(self._clock()) or _FIRST_PAUSE
        return PartAwayError("kafka", pause, why)


@dataclass(frozen=True, slots=True)
class Operations:
    """What operators see of Keeper beside the database.

    Attributes:
        kafka: Looks into Kafka; None where the console has none.
        ask_health: Returns how the outside systems are; blocks meanwhile.
        policy: How much price runs ask for, and how often.
        reserve_share: What of Keepa's tokens is kept back for products about to alert.
        runs_asker: The threads in which Airflow is asked how runs are.
        asker: The one thread in which health is asked for: who waits for it takes none of those
            that other requests need.
    """

    kafka: ConsoleKafka | None = None
    ask_health: Callable[[], Sequence[PartHealth]] = list
    policy: RequestPolicy = _SIX_HOURLY
    reserve_share: float = 0.1
    runs_asker: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="airflow")
    )
    asker: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="status")
    )

    async def health(self) -> Sequence[PartHealth]:
        """Return how the outside systems are.

        Raises:
            PartAwayError: A part keeps who asks it waiting longer than any may.
        """
        try:
            return await result_within(self.asker.submit(self.ask_health), _HEALTH_S)
        except TooLateError:
            why = f"no answer within {_HEALTH_S:g} s"
            raise PartAwayError("health", _FIRST_PAUSE, why) from None

    async def of_runs(self, look: Callable[[], _T]) -> _T:
        """Ask Airflow how a run is and return what that gives.

        Raises:
            AirflowUnavailableError: It keeps who asks it waiting longer than any may.
            Exception: What the look raises.
        """
        try:
            return await result_within(self.runs_asker.submit(look), _RUNS_S)
        except TooLateError:
            raise AirflowUnavailableError(f"Airflow: no answer within {_RUNS_S:g} s") from None

    async def in_kafka(self, look: Callable[[KafkaConfig], _T]) -> _T:
        """Look into Kafka and return what that gives.

        Raises:
            PartAwayError: There is none, it does not answer, or has not lately.
        """
        if self.kafka is None:
            raise PartAwayError("kafka", _LAST_PAUSE, "the console has none")
        return await self.kafka.run(look)
