"""Reading in batches, committing only after the store has the data.

The contract with a store: `handle` returns after the batch's events are durable, raises
EventsRefusedError when all but some are, TransientError when trying again later may work, and
anything else only for a defect. A batch may come again after a crash or a rebalance; stores make
that harmless. `handle` runs in a thread of its own, one batch at a time, while the next batch is
read and decoded: what arrives meanwhile is the next batch, so batches are small when it is quiet
and large in a backlog.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final, Generic

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from keeper.clock import Clock, utc_now
from keeper.errors import EventsRefusedError, TransientError
from keeper.metrics import WorkerMetrics
from keeper.streams.closing import close_within
from keeper.streams.codec import UndecodableMessageError
from keeper.streams.config import KafkaConfig
from keeper.streams.consumers.batch import Batch, BatchPolicy, EventT
from keeper.streams.consumers.commits import Commits
from keeper.streams.consumers.losses import Loss, Losses
from keeper.streams.consumers.positions import Positions
from keeper.streams.consumers.reachability import Reachability
from keeper.streams.consumers.refusals import Refusals, is_fatal
from keeper.streams.dead_letters.producer import DeadLetter, DeadLetterProducer, DeadLetterRate

_LOG: Final = logging.getLogger(__name__)
_CHUNK: Final = 2_000
"""Messages decoded between two looks at the store and the clock."""
_QUIET_WAIT_S: Final = 0.5
_BUSY_WAIT_S: Final = 0.02
_PAUSE_AFTER_S: Final = 2.0
_REVOKED_WAIT_S: Final = 30.0
_MARKERS_EVERY_S: Final = 1.0
_LAG_EVERY_S: Final = 5.0


class BatchConsumer(Generic[EventT]):
    """Consumes one topic in one group until asked to stop."""

    def __init__(
        self,
        config: KafkaConfig,
        *,
        topic: str,
        group: str,
        decode: Callable[[bytes | None], EventT],
        handle: Callable[[Sequence[EventT]], None],
        on_cycle: Callable[[], None] = lambda: None,
        policy: BatchPolicy | None = None,
        instance: str | None = None,
        metrics: WorkerMetrics | None = None,
        on_loss: Callable[[Loss], None] = lambda _: None,
        clock: Clock = utc_now,
    ) -> None:
        """Prepare; nothing is read before `run`.

        Args:
            config: Where Kafka is.
            topic: The topic read.
            group: The consumer group; a new one starts at the earliest offset.
            decode: Turns a message into an event or raises UndecodableMessageError.
            handle: Stores a batch, see the module's contract.
            on_cycle: Called at every turn, quiet or not: a heartbeat.
            policy: Batch sizes, waits, and how many messages may be given up.
            instance: A name no other member of the group has and that a restarted worker has again:
                it gets its partitions back at once, without a rebalance. None joins as anybody.
            metrics: Where to count.
            on_loss: Gets what retention removed before it was read, once each.
            clock: Time written on dead letters.
        """
        self._group = group
        self._refusals = Refusals(group, instance)
        self._fatal: KafkaError | None = None
        self._topic = topic
        self._decode = decode
        self._handle = handle
        self._on_cycle = on_cycle
        self._clock = clock
        self._policy = policy or BatchPolicy()
        self._metrics = metrics or WorkerMetrics()
        self._stopping = threading.Event()
        self._gathered: Batch[EventT] = Batch()
        self._stored: Batch[EventT] | None = None
        self._storing: Future[list[DeadLetter] | None] | None = None
        self._storing_since = 0.0
        # Partitions of the batch being stored that have gone to another consumer meanwhile.
        self._forfeited: set[int] = set()
        self._is_paused = False
        # There was as much to read as was asked for: a backlog, whose batches shall be large.
        self._is_flowing = False
        # The latest read brought nothing.
        self._is_quiet = False
        self._lag_asked = self._markers_passed = 0.0
        self._rate = DeadLetterRate(self._policy.dead_letters)
        self._commits: Commits
        self._consumer = Consumer(
            {"error_cb": self._record_error, "on_commit": lambda *said: self._commits.record(*said)}  # noqa: PLW0108  # made below
            | config.for_client(
                {
                    "group.id": group,
                    **({"group.instance.id": instance} if instance else {}),
                    "enable.auto.commit": False,
                    "enable.auto.offset.store": False,
                    "auto.offset.reset": "earliest",
                    "partition.assignment.strategy": "cooperative-sticky",
                    "isolation.level": "read_committed",
                    "allow.auto.create.topics": False,
                    "session.timeout.ms": config.session_timeout_ms,
                    "fetch.wait.max.ms": 100,
                    # What is fetched ahead is the worker's largest piece of memory.
                    "queued.max.messages.kbytes": 16_384,
                }
            ),
            logger=_LOG,
        )
        self._positions = Positions(self._consumer)
        self._commits = Commits(
            topic,
            group,
            DeadLetterProducer(config, group=group, instance=instance),
            self._positions,
            retry_s=self._policy.first_backoff_s,
            limit_s=self._policy.commit_limit_s,
            metrics=self._metrics,
            clock=clock,
        )
        self._losses = Losses(
            self._consumer, topic, group, self._positions, self._refusals, self._metrics, on_loss
        )
        self._kafka = Reachability(self._consumer, topic, config.bootstrap_servers)

    @property
    def metrics(self) -> WorkerMetrics:
        """What has been done so far."""
        return self._metrics

    def stop(self) -> None:
        """Ask `run` to return after the batch at hand; safe to call from a signal handler."""
        self._stopping.set()

    def run(self, *, until_idle: bool = False) -> int:
        """Consume until `stop`, or with `until_idle` until all that is there has been read.

        Returns:
            How many messages were handled, dead letters included.

        Raises:
            KafkaException: Kafka refused in a way that waiting does not cure.
            InstanceTakenError: Another worker runs under the same name.
            TooManyDeadLettersError: The topic holds more rubbish than may be given up.
        """
        before = self._metrics.messages
        self._consumer.subscribe([self._topic], on_revoke=self._revoked, on_lost=self._lost)
        try:
            with ThreadPoolExecutor(1, thread_name_prefix="store") as store:
                try:
                    while not self._stopping.is_set():
                        self._on_cycle()
                        self._metrics.watch_batch()
                        self._kafka.look(self._metrics.waits)
                        self._read()
                        self._report_lag()
                        if self._fatal is not None:
                            self._refusals.end_if_fatal(self._fatal)
                        self._finish_batch(self._commits.send)
                        if self._losses.look(is_quiet=self._is_quiet):
                            self._start_batch(store)
                        if until_idle and self._is_idle():
                            break
                    if self._storing is not None:
                        wait([self._storing])
                    self._finish_batch(lambda consumer: self._commits.finish(consumer, self._serve))
                finally:
                    self._stopping.set()
        finally:
            close_within(self._consumer)
        return self._metrics.messages - before

    def _read(self) -> None:
        """Gather what is there; wait a little for more, or for the store, when that is nothing."""
        room = self._policy.max_messages - len(self._gathered)
        if room <= 0:
            self._hold()
            return
        self._go_on()
        timeout = _QUIET_WAIT_S
        if self._storing is not None or self._commits:
            timeout = _BUSY_WAIT_S
        if self._storing is not None and len(self._gathered):
            # Nothing is urgent but the store's end.
            wait([self._storing], timeout=_BUSY_WAIT_S)
            timeout = 0
        with self._metrics.timed("read"):
            # Asked for many, librdkafka waits for all of them.
            messages = self._consumer.consume(1, timeout)
            if messages and room > 1:
                messages += self._consumer.consume(min(room, _CHUNK) - 1, 0)
        self._is_flowing = len(messages) == min(room, _CHUNK)
        self._is_quiet = not messages
        if messages:
            with self._metrics.timed("decode"):
                self._gather(messages)
                self._positions.record_times(messages)

    def _hold(self) -> None:
        """The next batch is full: wait for the store, keeping the membership of the group."""
        if self._storing is not None:
            wait([self._storing], timeout=0.1)
            if time.monotonic() - self._storing_since < _PAUSE_AFTER_S:
                return
        self._consumer.pause(self._consumer.assignment())
        self._is_paused = True
        # What was on its way before the pause took hold makes the batch a little larger.
        if (message := self._consumer.poll(0)) is not None:
            self._gather([message])

    def _go_on(self) -> None:
        if self._is_paused:
            self._consumer.resume(self._consumer.assignment())
            self._is_paused = False

    def _gather(self, messages: Sequence[Message]) -> None:
        gathered, decode = self._gathered, self._decode
        read_until = self._positions.read_until
        for message in messages:
            if (failure := message.error()) is not None:
                self._pass_over(failure)
                continue
            try:
                event = decode(message.value())
            except UndecodableMessageError as error:
                gathered.put_aside(message, error)
            else:
                gathered.events.append(event)
                gathered.messages.append(message)
            partition, offset = message.partition(), message.offset()
            if partition is not None and offset is not None:
                if (expected := read_until.get(partition)) != offset:
                    self._losses.meet(partition, expected, offset)
                gathered.read_until[partition] = read_until[partition] = offset + 1

    def _pass_over(self, error: KafkaError) -> None:
        self._kafka.record(error)
        self._refusals.end_if_hopeless(error)
        _LOG.warning("%s: %s", self._topic, error.str())

    def _record_error(self, error: KafkaError) -> None:
        """Keep what no reconnecting cures; librdkafka calls this inside a read or a commit."""
        self._kafka.record(error)
        if is_fatal(error):
            self._fatal = error

    def _start_batch(self, store: ThreadPoolExecutor) -> None:
        waits_for_more = self._is_flowing and len(self._gathered) < self._policy.max_messages
        if (
            self._storing is None
            and len(self._gathered)
            and not waits_for_more
            and not self._stopping.is_set()
        ):
            batch, self._gathered = self._gathered, Batch()
            self._stored = batch
            self._storing_since, self._metrics.batch_since = time.monotonic(), time.time()
            self._storing = store.submit(self._store, batch)

    def _store(self, batch: Batch[EventT]) -> list[DeadLetter] | None:
        """Store a batch, waiting as long as it takes; None if asked to stop before it worked.

        Returns:
            A letter for each event the store refuses.
        """
        backoff = self._policy.first_backoff_s
        while batch.events:
            try:
                with self._metrics.timed("store"):
                    batch.validate_clock(self._clock())
                    self._handle(batch.events)
            except EventsRefusedError as error:
                self._metrics.waits.record("store", None)
                kind = type(error).__name__
                return [
                    DeadLetter(batch.messages[position], reason, kind)
                    for position, reason in error.reasons.items()
                ]
            except TransientError as error:
                self._metrics.failures += 1
                self._metrics.waits.record("store", str(error))
                _LOG.warning("%s: %s; trying again in %.1f s", self._group, error, backoff)
                if self._stopping.wait(backoff):
                    return None
                backoff = min(backoff * 2, self._policy.max_backoff_s)
            else:
                self._metrics.waits.record("store", None)
                break
        return []

    def _finish_batch(self, commit: Callable[[Consumer], None]) -> None:
        """Commit a batch the store is done with, or what is still to be committed."""
        if self._storing is not None and self._storing.done():
            refused, batch = self._storing.result(), self._stored
            self._storing = self._stored = self._metrics.batch_since = None
            if refused is None or batch is None:
                return
            letters = [
                one
                for one in (*batch.letters, *refused)
                if one.message.partition() not in self._forfeited
            ]
            self._rate.add(len(batch), letters)
            stored_until = {
                p: offset for p, offset in batch.read_until.items() if p not in self._forfeited
            }
            self._commits.add(stored_until, letters)
            self._forfeited = set()
            self._metrics.batches += 1
            self._metrics.messages += len(batch)
            self._metrics.last_batch = len(batch)
        with self._metrics.timed("commit"):
            try:
                commit(self._consumer)
            except KafkaException as error:
                self._refusals.end_if_fatal(self._fatal or error.args[0])

    def _serve(self) -> None:
        """Let what is not a message come in; nothing more is read."""
        self._on_cycle()
        self._consumer.poll(_BUSY_WAIT_S)

    def _revoked(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """Give partitions back: commit what is stored of them, leave the rest to their next owner.

        Called by librdkafka inside a read; the group waits meanwhile.
        """
        gone = {place.partition for place in partitions}
        self._gathered = self._gathered.without(gone)
        if self._storing and self._stored and gone & self._stored.read_until.keys():
            wait([self._storing], timeout=_REVOKED_WAIT_S)
        self._finish_batch(self._commits.finish)
        self._forget(gone)

    def _lost(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """Partitions have gone to somebody else already; nothing of them may be committed."""
        gone = {place.partition for place in partitions}
        self._gathered = self._gathered.without(gone)
        self._forget(gone)

    def _forget(self, partitions: set[int]) -> None:
        self._commits.forget(partitions)
        self._positions.forget(partitions)
        self._losses.forget(partitions)
        if self._stored is not None:
            # What becomes of the batch at hand is not this consumer's to commit.
            self._forfeited |= partitions & self._stored.read_until.keys()

    def _report_lag(self) -> None:
        """Report, now and then, how much of the topic the group has still to commit."""
        now = time.monotonic()
        if now - self._markers_passed >= _MARKERS_EVERY_S:
            self._markers_passed = now
            self._pass_markers()
        if now - self._lag_asked < _LAG_EVERY_S:
            return
        self._lag_asked = now
        try:
            self._metrics.lag = None if self._kafka.is_doubted else self._positions.lag()
        except KafkaException:
            self._metrics.lag = None

    def _pass_markers(self) -> None:
        """Commit past markers of transactions, together with what was read before them."""
        for partition, offset in self._positions.passed_markers():
            batches = [one for one in (self._gathered, self._stored) if one is not None]
            batch = next((one for one in batches if partition in one.read_until), None)
            if batch is not None:
                batch.read_until[partition] = offset
            else:
                self._commits.add({partition: offset}, [])

    def _is_idle(self) -> bool:
        """Return whether everything there is has been read, stored and committed."""
        if self._storing is not None or len(self._gathered):
            return False
        try:
            self._pass_markers()
            return not self._commits and self._positions.are_at_end()
        except KafkaException as error:
            # Kafka does not say where a group stands while a killed member's transaction is open.
            self._pass_over(error.args[0])
            return False
