"""The relay: from PostgreSQL's notifications to the topic `keeper-changes`.

Who reads the topic knows, by each heartbeat, that everything committed before it set out has come.
A heartbeat goes the whole way: through PostgreSQL, which delivers notifications in the order of
the commits, and to Kafka only after what came before it was taken. PostgreSQL repeats nothing, and
a message that Kafka has not taken may be lost: after either trouble the relay begins anew, with a
message that anything may have changed.
"""

import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

from keeper.clock import Clock, utc_now
from keeper.domain.changes import SERIES, Change, ChangeKind, Notification, merged
from keeper.stores.postgres.changes.notifications import (
    becomes_relay,
    listen,
    products_of,
    received,
    send_heartbeat,
)
from keeper.stores.postgres.connection import (
    Connection,
    DatabaseUnavailableError,
    PostgresConfig,
    session,
)
from keeper.streams.changes.publisher import ChangePublisher
from keeper.streams.config import KafkaConfig
from keeper.streams.topics import KEEPER_CHANGES

HEARTBEAT_EVERY_S: Final = 1.0
_CONNECT_S: Final = 3
_STATEMENT_S: Final = 5
_ROUND_S: Final = 10.0
_ENDS_SOON: Final = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=20000"
)
"""The server's own settings of the session: it holds the lock for a relay whose host is gone, by
PostgreSQL's defaults for up to two hours, while another one stands by."""
_KINDS: Final = {kind.value: kind for kind in ChangeKind}
"""Of a kind that a later version notifies this one knows only that something has changed."""


class Relay:
    """Relays until it is stopped or something fails; then another one begins anew."""

    def __init__(
        self,
        database: PostgresConfig,
        kafka: KafkaConfig,
        *,
        topic: str = KEEPER_CHANGES,
        clock: Clock = utc_now,
        heartbeat_every_s: float = HEARTBEAT_EVERY_S,
        report_turn: Callable[[], object] = lambda: None,
    ) -> None:
        """Connect with `run`.

        Args:
            database: Where PostgreSQL is.
            kafka: Where Kafka is.
            topic: Where to publish.
            clock: The time.
            heartbeat_every_s: Seconds between two heartbeats, and two looks whether it is its turn.
            report_turn: Called when both services have answered, or another relay does its work.
        """
        self._database = replace(
            database, connect_timeout_s=_CONNECT_S, statement_timeout_s=_STATEMENT_S
        )
        self._kafka = kafka
        self._topic = topic
        self._clock = clock
        self._heartbeat_every_s = heartbeat_every_s
        self._report_turn = report_turn

    def run(self, *, stopped: Callable[[], bool], wait: Callable[[float], object]) -> None:
        """Relay until `stopped`, or wait for the turn while another relay does it.

        Args:
            stopped: Asked between two heartbeats.
            wait: Lets seconds pass.

        Raises:
            TransientError: PostgreSQL or Kafka does not answer.
        """
        with session(self._database, options=_ENDS_SOON) as connection:
            while not becomes_relay(connection):
                # Another one relays: all is well.
                self._report_turn()
                wait(self._heartbeat_every_s)
                if stopped():
                    return
            # Before it says so: what is committed from here on is notified.
            listen(connection)
            with ChangePublisher(self._kafka, topic=self._topic) as publisher:
                publisher.publish([self._change(ChangeKind.ANYTHING)])
                self._report_turn()
                turn = _Turn(connection, publisher, self._clock, self._heartbeat_every_s)
                turn.relay_until(stopped)

    def _change(self, kind: ChangeKind) -> Change:
        return Change(kind=kind, published_at=self._clock())


class _Turn:
    """What the one relay does while all goes well."""

    def __init__(
        self, connection: Connection, publisher: ChangePublisher, clock: Clock, every_s: float
    ) -> None:
        """Relay from a connection that listens to a publisher that has said so."""
        self._connection = connection
        self._publisher = publisher
        self._clock = clock
        self._every_s = every_s
        self._beat: tuple[str, Change] | None = None
        self._beat_at = 0.0

    def relay_until(self, stopped: Callable[[], bool]) -> None:
        """Relay what comes, with a heartbeat now and then.

        Raises:
            TransientError: PostgreSQL or Kafka does not answer.
        """
        while not stopped():
            now = time.monotonic()
            if now >= self._beat_at + self._every_s:
                self._send_heartbeat(now)
            left = self._beat_at + self._every_s - time.monotonic()
            notifications = received(self._connection, left if left > 0 else self._every_s)
            if changes := self._changes(notifications):
                self._publisher.publish(changes)
            if self._beat and any(self._beat[0] in (one.ids or ()) for one in notifications):
                self._publisher.publish([self._beat[1]])
                self._beat = None

    def _send_heartbeat(self, now: float) -> None:
        if self._beat is not None:
            if now > self._beat_at + _ROUND_S:
                raise DatabaseUnavailableError(f"no heartbeat has come round in {_ROUND_S:g} s")
            return
        self._beat_at = now
        name = secrets.token_hex(8)
        self._beat = name, Change(kind=ChangeKind.HEARTBEAT, published_at=self._clock())
        send_heartbeat(self._connection, name)

    def _changes(self, notifications: Sequence[Notification]) -> list[Change]:
        """Return what to publish of notifications, heartbeats left out."""
        found = merged(notifications)
        found.pop(ChangeKind.HEARTBEAT, None)
        if SERIES in found:
            series = found.pop(SERIES)
            others = found.get(ChangeKind.PRODUCT, frozenset())
            found[ChangeKind.PRODUCT] = self._products(series, others)
        at = self._clock()
        return [
            Change(
                kind=_KINDS.get(kind, ChangeKind.ANYTHING),
                published_at=at,
                ids=None if ids is None or kind not in _KINDS else tuple(sorted(ids)),
            )
            for kind, ids in found.items()
        ]

    def _products(
        self, series: Collection[str] | None, others: Collection[str] | None
    ) -> frozenset[str] | None:
        if series is None or others is None:
            return None
        return frozenset((*products_of(self._connection, series), *others))
