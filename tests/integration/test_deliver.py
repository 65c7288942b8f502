"""Draining the outbox of a real PostgreSQL to a real SMTP server."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from keeper.alerts.channels.email import EmailChannel, SmtpConfig
from keeper.domain.watches import Watch
from keeper.pipeline.deliver import MAX_ATTEMPTS, deliver_due_alerts
from keeper.stores.postgres.alert_outbox import requeue_undelivered
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.price_writer import PriceWriter
from keeper.stores.postgres.watch_list import save_watches
from tests.price_events import price_event
from tests.services import free_port

NOW = datetime(2100, 1, 1, tzinfo=UTC)


class Mailbox:
    """Keeps what arrives, or answers what it is told to."""

    def __init__(self) -> None:
        self.answer = "250 OK"
        self.received: list[tuple[str, str]] = []

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.received.append((envelope.rcpt_tos[0], content.decode()))
        return self.answer


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def channel(mailbox: Mailbox) -> Iterator[EmailChannel]:
    port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield EmailChannel(
        SmtpConfig("127.0.0.1", port, "Keeper <keeper@example.org>", tls="none", timeout_s=5)
    )
    controller.stop()


@pytest.fixture
def raise_alerts(
    database: PostgresConfig, connection: Connection
) -> Iterator[Callable[[int], None]]:
    writer = PriceWriter(database)

    def raise_them(count: int) -> None:
        asins = [f"B{number:09d}" for number in range(count)]
        save_watches(connection, "reader@example.org", [Watch(a, "us", "NEW", 1000) for a in asins])
        assert writer.store([price_event(900, asin=asin) for asin in asins]).alerts == count

    yield raise_them
    writer.close()


def statuses(connection: Connection) -> list[tuple[str, str, int]]:
    rows = connection.execute(
        "SELECT a.status, d.status AS delivery, d.attempt FROM price_alerts a"
        " JOIN alert_deliveries d USING (alert_id) ORDER BY alert_id, attempt"
    )
    return [(row["status"], row["delivery"], row["attempt"]) for row in rows]


def test_every_alert_is_mailed_once(
    connection: Connection,
    channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[[int], None],
) -> None:
    raise_alerts(3)

    assert deliver_due_alerts(connection, channel)["sent"] == 3
    assert deliver_due_alerts(connection, channel)["sent"] == 0

    assert len(mailbox.received) == 3
    assert statuses(connection) == [("SENT", "SENT", 1)] * 3


def test_two_deliverers_share_the_outbox(
    connection: Connection,
    database: PostgresConfig,
    channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[[int], None],
) -> None:
    raise_alerts(40)

    def drain() -> None:
        with session(database) as own:
            deliver_due_alerts(own, channel)

    threads = [threading.Thread(target=drain) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(mailbox.received) == 40
    assert statuses(connection) == [("SENT", "SENT", 1)] * 40


def test_a_passing_refusal_is_tried_again_later(
    connection: Connection,
    channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[[int], None],
) -> None:
    raise_alerts(1)
    mailbox.answer = "451 come back later"

    assert deliver_due_alerts(connection, channel, clock=lambda: NOW)["failed"] == 1
    assert deliver_due_alerts(connection, channel, clock=lambda: NOW)["failed"] == 0
    assert statuses(connection) == [("PENDING", "FAILED", 1)]

    mailbox.answer = "250 OK"
    later = NOW + timedelta(minutes=1)
    assert deliver_due_alerts(connection, channel, clock=lambda: later)["sent"] == 1
    assert statuses(connection) == [("SENT", "FAILED", 1), ("SENT", "SENT", 2)]


def test_a_final_refusal_is_not_tried_again(
    connection: Connection,
    channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[[int], None],
) -> None:
    raise_alerts(1)
    mailbox.answer = "550 no such person"

    assert deliver_due_alerts(connection, channel)["failed"] == 1

    assert statuses(connection) == [("FAILED", "FAILED", 1)]
    (row,) = connection.execute("SELECT detail FROM alert_deliveries").fetchall()
    assert "no such person" in row["detail"]


def test_a_server_that_is_away_is_asked_once_and_the_others_wait(
    connection: Connection, raise_alerts: Callable[[int], None]
) -> None:
    raise_alerts(3)
    nobody = EmailChannel(SmtpConfig("127.0.0.1", 9, "keeper@example.org", tls="none", timeout_s=1))

    assert deliver_due_alerts(connection, nobody)["failed"] == 1

    assert statuses(connection) == [("PENDING", "FAILED", 1)]


def test_failed_alerts_are_sent_after_all_when_asked_to(
    connection: Connection,
    channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[[int], None],
) -> None:
    raise_alerts(2)
    mailbox.answer = "550 no such person"
    deliver_due_alerts(connection, channel)
    mailbox.answer = "250 OK"

    assert requeue_undelivered(connection) == 2
    assert deliver_due_alerts(connection, channel)["sent"] == 2
    assert requeue_undelivered(connection) == 0
    assert statuses(connection) == [("SENT", "FAILED", 1), ("SENT", "SENT", 2)] * 2


def test_an_alert_of_a_price_that_is_over_says_so(
    connection: Connection,
    database: PostgresConfig,
    channel: EmailChannel,
    mailbox: Mailbox,
) -> None:
    save_watches(connection, "reader@example.org", [Watch("B000000001", "us", "NEW", 1000)])
    writer = PriceWriter(database)
    writer.store([price_event(900, hour=1, check=6), price_event(3000, hour=2, check=6)])
    writer.close()

    deliver_due_alerts(connection, channel)

    ((_, mail),) = mailbox.received
    assert "Price then: $9.00" in mail
    assert "Price now: $30.00" in mail


def test_after_the_last_attempt_it_has_failed(
    connection: Connection, raise_alerts: Callable[[int], None]
) -> None:
    raise_alerts(1)
    nobody = EmailChannel(SmtpConfig("127.0.0.1", 9, "keeper@example.org", tls="none", timeout_s=1))

    for hour in range(MAX_ATTEMPTS + 3):
        at = NOW + timedelta(hours=2 * hour)
        deliver_due_alerts(connection, nobody, clock=lambda at=at: at)

    found = statuses(connection)
    assert len(found) == MAX_ATTEMPTS
    assert found[-1] == ("FAILED", "FAILED", MAX_ATTEMPTS)


def test_without_a_mail_server_it_is_recorded_as_not_configured(
    connection: Connection, raise_alerts: Callable[[int], None]
) -> None:
    raise_alerts(1)

    assert deliver_due_alerts(connection, EmailChannel(None)) == {
        "sent": 0,
        "failed": 0,
        "not_configured": 1,
    }
    assert statuses(connection) == [("NOT_CONFIGURED", "NOT_CONFIGURED", 1)]


def test_a_login_is_never_sent_in_the_clear(
    connection: Connection,
    channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[[int], None],
) -> None:
    raise_alerts(1)
    config = channel._config
    assert config is not None
    careful = EmailChannel(
        SmtpConfig(config.host, config.port, config.sender, "me", "secret-word", timeout_s=5)
    )

    assert deliver_due_alerts(connection, careful)["failed"] == 1

    assert mailbox.received == []
    (row,) = connection.execute("SELECT detail FROM alert_deliveries").fetchall()
    assert "TLS" in row["detail"]
    assert "secret-word" not in row["detail"]
