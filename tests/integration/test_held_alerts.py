"""Alerts that wait for their reader, and those nobody wants any more."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from keeper.alerts.channels.email import EmailChannel
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.messages.queue import Address, ChannelKind
from keeper.domain.watches.watch import Watch, WatchStatus
from keeper.pipeline.messages.deliver import deliver_due
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.messages.channels import (
    acknowledge,
    save_delivery_rules,
    set_channel_active,
    snooze_watches,
)
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches, set_status
from tests.outbox import NOW, READER, Clock, by_mail, outbox, statuses
from tests.price_events import price_event
from tests.smtp_server import Mailbox


def test_two_deliverers_together_keep_the_days_most(
    connection: Connection,
    database: PostgresConfig,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(30)
    save_delivery_rules(connection, READER, DeliveryRules(daily_cap=5))

    def drain() -> None:
        with session(database) as own:
            deliver_due(own, by_mail(mail_channel))

    threads = [threading.Thread(target=drain) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(mailbox.received) == 5


def test_in_the_morning_the_nights_alerts_come_as_one(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    save_delivery_rules(connection, READER, DeliveryRules("Europe/Berlin", time(22), time(7)))
    clock = Clock(datetime(2100, 1, 1, 21, 30, tzinfo=UTC))
    delivery = by_mail(mail_channel, clock)
    raise_alerts(3)

    assert deliver_due(connection, delivery)["held"] == 3
    assert outbox(connection) == [("PENDING", "quiet hours")] * 3
    assert statuses(connection) == []
    clock.wait(8 * 3600)
    assert deliver_due(connection, delivery)["held"] == 0
    clock.wait(1800)
    assert deliver_due(connection, delivery)["sent"] == 3

    (mail,) = mailbox.mails()
    assert mail["Subject"] == "[simulated] 3 price alerts for 3 products"
    assert statuses(connection) == [("SENT", "SENT", 1)] * 3


def test_beyond_the_days_most_the_others_come_as_one_the_day_after(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    save_delivery_rules(connection, READER, DeliveryRules(daily_cap=2))
    clock = Clock()
    delivery = by_mail(mail_channel, clock)
    raise_alerts(7)

    counts = deliver_due(connection, delivery)
    assert (counts["sent"], counts["held"]) == (2, 5)
    clock.wait(12 * 3600)
    assert deliver_due(connection, delivery)["sent"] == 5

    subjects = [mail["Subject"] for mail in mailbox.mails()]
    assert len(subjects) == 3
    assert subjects[-1].startswith("[simulated] 5 price alerts")
    # The digest counts as one message of its day.
    raise_alerts(3, hour=1)
    counts = deliver_due(connection, delivery)
    assert (counts["sent"], counts["held"]) == (1, 2)


def test_a_digest_that_fails_is_tried_again_as_one(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    save_delivery_rules(connection, READER, DeliveryRules("UTC", time(11), time(13)))
    clock = Clock()
    delivery = by_mail(mail_channel, clock)
    raise_alerts(3)
    deliver_due(connection, delivery)
    clock.wait(3600)
    mailbox.answer = "451 later"

    assert deliver_due(connection, delivery)["failed"] == 3
    mailbox.answer = "250 OK"
    clock.wait(60)
    assert deliver_due(connection, delivery)["sent"] == 3

    assert len(mailbox.received) == 1
    assert statuses(connection) == [("SENT", "FAILED", 1), ("SENT", "SENT", 2)] * 3


def test_a_snoozed_product_is_held_and_the_others_come(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    clock = Clock()
    raise_alerts(2)
    until = NOW + timedelta(days=2)
    assert len(snooze_watches(connection, READER, "B000000000", until, domain=None)) == 1

    counts = deliver_due(connection, by_mail(mail_channel, clock))
    assert (counts["sent"], counts["held"]) == (1, 1)
    snooze_watches(connection, READER, "B000000000", None, domain=None)
    assert deliver_due(connection, by_mail(mail_channel, clock))["sent"] == 1

    assert len(mailbox.received) == 2


def test_a_digest_is_about_what_its_reader_wants_to_know_of_by_then(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    save_delivery_rules(connection, READER, DeliveryRules("UTC", time(11), time(13)))
    clock = Clock()
    delivery = by_mail(mail_channel, clock)
    raise_alerts(4)
    assert deliver_due(connection, delivery)["held"] == 4
    set_status(connection, READER, "B000000001", WatchStatus.INACTIVE)
    snooze_watches(connection, READER, "B000000002", NOW + timedelta(hours=3), domain=None)
    clock.wait(3600)

    counts = deliver_due(connection, delivery)

    assert (counts["sent"], counts["cancelled"], counts["held"]) == (2, 1, 1)
    assert [status for status, _ in outbox(connection)] == ["SENT", "CANCELLED", "PENDING", "SENT"]
    clock.wait(2 * 3600)
    assert deliver_due(connection, delivery)["sent"] == 1
    subjects = [mail["Subject"] for mail in mailbox.mails()]
    assert subjects[0] == "[simulated] 2 price alerts for 2 products"


def test_what_a_user_removed_or_has_seen_is_not_delivered(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(3)
    set_status(connection, READER, "B000000000", WatchStatus.INACTIVE)
    (row,) = connection.execute(
        "SELECT alert_id FROM price_alerts WHERE asin = 'B000000001'"
    ).fetchall()
    assert acknowledge(connection, "other@example.org", row["alert_id"]) is None
    seen = acknowledge(connection, READER, row["alert_id"])
    assert seen is not None
    assert (seen["dropped"], seen["calmed"]) == (1, 1)

    counts = deliver_due(connection, by_mail(mail_channel))

    assert (counts["sent"], counts["cancelled"]) == (1, 1)
    rows = connection.execute("SELECT status FROM price_alerts ORDER BY asin").fetchall()
    assert [one["status"] for one in rows] == ["CANCELLED", "CANCELLED", "SENT"]


def test_an_acknowledged_alert_is_not_raised_again_by_a_further_drop(
    connection: Connection, database: PostgresConfig
) -> None:
    save_watches(connection, READER, [Watch("B000000001", "us", "NEW", 1000)])
    writer = PriceWriter(database)
    writer.store([price_event(900)])
    (row,) = connection.execute("SELECT alert_id FROM price_alerts").fetchall()
    acknowledge(connection, READER, row["alert_id"])

    assert writer.store([price_event(500, hour=6)]).alerts == 0
    assert writer.store([price_event(2000, hour=12), price_event(900, hour=18)]).alerts == 1
    writer.close()


def test_a_deleted_user_takes_alerts_in_flight_along(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(2)
    raise_alerts(2, hour=1, user="other@example.org")
    connection.execute("DELETE FROM users WHERE email = %s", (READER,))

    assert deliver_due(connection, by_mail(mail_channel))["sent"] == 2
    assert {recipient for recipient, _ in mailbox.received} == {"other@example.org"}


def test_a_time_zone_nobody_knows_is_utc(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(1)
    connection.execute("UPDATE users SET time_zone = 'Mars/Base'")

    assert deliver_due(connection, by_mail(mail_channel))["sent"] == 1
    assert "UTC" in mailbox.texts()[0]


def test_what_waits_for_a_paused_channel_does_not_come_weeks_later(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(2)
    mail = Address(ChannelKind.EMAIL, READER)
    assert set_channel_active(connection, READER, mail, active=False)
    assert set_channel_active(connection, READER, mail, active=True)

    assert deliver_due(connection, by_mail(mail_channel))["sent"] == 0
    rows = connection.execute("SELECT DISTINCT status FROM price_alerts").fetchall()
    assert [row["status"] for row in rows] == ["CANCELLED"]
    assert mailbox.received == []
