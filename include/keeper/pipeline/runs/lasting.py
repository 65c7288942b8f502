"""A worker that lasts: after too many dead letters it waits for an operator, also when restarted.

What is started again by Supervisor or by Docker would else give up another hundred messages each
time, until the whole topic lies among the dead letters.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from keeper.clock import Clock, utc_now
from keeper.errors import TransientError
from keeper.metrics import WorkerMetrics
from keeper.pipeline.services.groups import let_go_on
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.consumers.losses import LOSSES, Loss
from keeper.streams.dead_letters.producer import TooManyDeadLettersError
from keeper.streams.groups.records import GroupRecords, Lost, Stop

_LOG: Final = logging.getLogger(__name__)
_ASK_EVERY_S: Final = 2.0
_PART: Final = "stop"


class LastingConsumer:
    """Runs consumers of one group, one after another, for as long as the worker lives."""

    def __init__(
        self,
        make: Callable[[Mapping[int, int]], BatchConsumer[Any]],
        records: GroupRecords,
        *,
        group: str,
        topic: str,
        metrics: WorkerMetrics,
        on_cycle: Callable[[], None] = lambda: None,
        gives_up_all: bool = False,
        ask_every_s: float = _ASK_EVERY_S,
        clock: Clock = utc_now,
    ) -> None:
        """Prepare; nothing is asked before `run`.

        Args:
            make: Makes a consumer; gets, by partition, up to where dead letters do not count.
            records: Where it is kept that the group has stopped.
            group: The group.
            topic: The topic it reads.
            metrics: Where what it waits for is said.
            on_cycle: Called while it waits: a heartbeat.
            gives_up_all: No number of dead letters stops it, nor does an earlier stop.
            ask_every_s: How long to wait before asking again whether it may go on.
            clock: The time of a stop.
        """
        self._make = make
        self._records = records
        self._group = group
        self._topic = topic
        self._metrics = metrics
        self._on_cycle = on_cycle
        self._gives_up_all = gives_up_all
        self._ask_every_s = ask_every_s
        self._clock = clock
        self._stopping = threading.Event()
        self._consumer: BatchConsumer[Any] | None = None

    def stop(self) -> None:
        """Ask `run` to return; safe to call from a signal handler."""
        self._stopping.set()
        if self._consumer is not None:
            self._consumer.stop()

    def run(self, *, until_idle: bool = False) -> int:
        """Consume until `stop`, waiting for an operator after too many dead letters.

        Args:
            until_idle: End once everything there is has been read; wait for no operator.

        Returns:
            How many messages were handled.

        Raises:
            TooManyDeadLettersError: With `until_idle`: the group has stopped.
            KafkaException: Kafka refused in a way that waiting does not cure.
        """
        before = self._metrics.messages
        while (given_up := self._allowed(until_idle=until_idle)) is not None:
            self._consumer = self._make(given_up)
            if self._stopping.is_set():
                break
            try:
                self._consumer.run(until_idle=until_idle)
                break
            except TooManyDeadLettersError as error:
                _LOG.error("%s has stopped: %s", self._group, error)
                self._record(str(error), given_up)
        return self._metrics.messages - before

    @property
    def _about(self) -> dict[str, Any]:
        return {"group": self._group, "topic": self._topic, "at": self._clock()}

    def _allowed(self, *, until_idle: bool) -> dict[int, int] | None:
        """Wait until the group may read; return up to where letters do not count, None to end."""
        while not self._stopping.is_set():
            self._metrics.watch_batch()
            self._on_cycle()
            try:
                stop = self._records.stop_of(self._group, self._topic)
            except TransientError as error:
                self._metrics.waits.record(_PART, str(error))
            else:
                if stop is None or stop.reason is None:
                    self._metrics.waits.record(_PART, None)
                    return {} if stop is None else stop.given_up_until
                if self._gives_up_all:
                    self._record(None, stop.given_up_until)
                    continue
                said = f"{stop.reason} {let_go_on(self._group)}"
                if until_idle:
                    raise TooManyDeadLettersError(said)
                self._metrics.waits.record(_PART, f"it has stopped: {said}")
            self._stopping.wait(self._ask_every_s)
        return None

    def _record(self, reason: str | None, given_up: dict[int, int]) -> None:
        """Keep why it has stopped, None if it may go on, trying until Kafka has it or it is to end.

        Several workers of a group stop one after another. What an operator gave up since this one
        began, with `given_up`, stays given up: nothing is kept then, and it goes on with that.
        """
        while True:
            try:
                known = self._records.stop_of(self._group, self._topic)
                until = given_up if known is None else known.given_up_until
                if known is None or known.reason is not None or until == given_up:
                    self._records.write([Stop(**self._about, reason=reason, given_up_until=until)])
            except TransientError as error:
                self._metrics.waits.record(_PART, f"{reason or 'it may go on'} {error}")
            else:
                return
            self._on_cycle()
            if self._stopping.wait(self._ask_every_s):
                return


class LossRecorder:
    """Keeps what a group has lost where its next workers and the operator find it."""

    def __init__(
        self, records: GroupRecords, metrics: WorkerMetrics, *, clock: Clock = utc_now
    ) -> None:
        """Name where to keep it, and where to say that it cannot be kept."""
        self._records = records
        self._metrics = metrics
        self._clock = clock

    def record(self, loss: Loss) -> None:
        """Add a loss to those of its partition, once however often it is noticed.

        Raises:
            TransientError: Kafka does not take it.
        """
        try:
            lost = self._added(loss)
            if lost is not None:
                self._records.write([lost])
        except TransientError as error:
            self._metrics.waits.record(LOSSES, str(error))
            raise
        self._metrics.waits.record(LOSSES, None)
        if lost is not None:
            _LOG.error(
                "%s: %d messages of %s, partition %d, were removed before they were read; see: "
                "keeper topics lag",
                loss.group,
                loss.messages,
                loss.topic,
                loss.partition,
            )

    def _added(self, loss: Loss) -> Lost | None:
        place = (loss.group, loss.topic, loss.partition)
        known = next(
            (
                one
                for one in self._records.losses()
                if (one.group, one.topic, one.partition) == place
            ),
            None,
        )
        first, before = loss.first, 0
        if known is not None:
            # A worker killed before it committed notices the same loss again.
            first, before = max(first, known.until), known.messages
        if loss.until <= first:
            return None
        return Lost(
            group=loss.group,
            topic=loss.topic,
            partition=loss.partition,
            messages=before + loss.until - first,
            until=loss.until,
            at=self._clock(),
            since=loss.published_after,
            has_position=loss.has_position,
        )
