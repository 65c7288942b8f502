"""Draining the outbox of a real PostgreSQL to real servers."""

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

from keeper.alerts.channels.email import EmailChannel
from keeper.alerts.channels.smtp import SmtpConfig
from keeper.alerts.channels.telegram import TelegramChannel, TelegramConfig
from keeper.clock import utc_now
from keeper.domain.messages.queue import Address, ChannelKind
from keeper.domain.watches.rule_texts import parse_rules
from keeper.domain.watches.watch import Watch
from keeper.pipeline.messages.deliver import GIVE_UP_AFTER, Delivery, deliver_due
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.messages.channels import (
    list_channels,
    save_channel,
    set_channel_active,
    snooze_user,
)
from keeper.stores.postgres.messages.outbox import requeue_undelivered
from keeper.stores.postgres.prices.writer import BackfillWriter, PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.chat_server import TOKEN, ChatServer
from tests.outbox import (
    BUSY,
    NOW,
    READER,
    Clock,
    Scripted,
    by_mail,
    nobody,
    outbox,
    statuses,
)
from tests.price_events import price_event
from tests.smtp_server import Mailbox


def test_every_alert_is_mailed_once(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(3)

    assert deliver_due(connection, by_mail(mail_channel))["sent"] == 3
    assert deliver_due(connection, by_mail(mail_channel))["sent"] == 0

    assert len(mailbox.received) == 3
    assert statuses(connection) == [("SENT", "SENT", 1)] * 3


def test_a_mail_says_what_the_database_has(
    connection: Connection,
    database: PostgresConfig,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
) -> None:
    save_watches(connection, READER, [Watch("B000000001", "de", "NEW", 1000)])
    writer = PriceWriter(database)
    writer.store(
        [
            price_event(price, hour=240 * number, domain="de", previous=1500)
            for number, price in enumerate((1500, None, 1400, 990))
        ]
    )
    writer.close()

    deliver_due(connection, by_mail(mail_channel))

    (mail,) = mailbox.mails()
    text = mailbox.texts()[0].replace("\xa0", " ")
    (row,) = connection.execute("SELECT alert_id, reason FROM price_alerts").fetchall()
    assert mail["Message-ID"] == f"<keeper-alert-{row['alert_id']}@example.org>"
    assert f"Price alert: {row['reason']}" in text
    for fact in (
        *("Price now: 9,90 €", "Price before: 15,00 €", "Your target: 10,00 €", "A kettle"),
        *("Lowest: of all prices known since 1 March 2026", "https://www.amazon.de/dp/B000000001"),
        "between 9,90 € and 15,00 €, with the target at 10,00 €, grey where there was no offer",
    ):
        assert fact in text
    assert [part.get_content_type() for part in mail.walk()].count("image/png") == 1


def test_two_deliverers_share_the_outbox(
    connection: Connection,
    database: PostgresConfig,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    for number in range(4):
        raise_alerts(10, hour=number, user=f"reader{number}@example.org")

    def drain() -> None:
        with session(database) as own:
            deliver_due(own, by_mail(mail_channel))

    threads = [threading.Thread(target=drain) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(mailbox.received) == 40
    assert statuses(connection) == [("SENT", "SENT", 1)] * 40


def test_a_passing_refusal_is_tried_again_later(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(1)
    clock = Clock()
    mailbox.answer = "451 come back later"

    assert deliver_due(connection, by_mail(mail_channel, clock))["failed"] == 1
    assert deliver_due(connection, by_mail(mail_channel, clock))["failed"] == 0
    assert statuses(connection) == [("PENDING", "FAILED", 1)]
    (row,) = connection.execute("SELECT next_attempt_at FROM alert_deliveries").fetchall()
    assert row["next_attempt_at"] == NOW + timedelta(seconds=30)

    mailbox.answer = "250 OK"
    clock.wait(60)
    assert deliver_due(connection, by_mail(mail_channel, clock))["sent"] == 1
    assert statuses(connection) == [("SENT", "FAILED", 1), ("SENT", "SENT", 2)]


def test_a_final_refusal_is_not_tried_again(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(1)
    mailbox.answer = "550 no such person"

    assert deliver_due(connection, by_mail(mail_channel))["failed"] == 1

    assert statuses(connection) == [("FAILED", "FAILED", 1)]
    (row,) = connection.execute("SELECT detail FROM alert_deliveries").fetchall()
    assert "no such person" in row["detail"]


def test_a_server_that_is_away_is_asked_once_and_the_others_wait(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(3)

    assert deliver_due(connection, by_mail(nobody()))["failed"] == 1

    assert statuses(connection) == [("PENDING", "FAILED", 1)]


def test_after_a_day_without_a_channel_nothing_is_lost(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(10)
    clock = Clock()
    delivery = by_mail(nobody(), clock, timeout_s=86_400)

    deliver_due(connection, delivery)
    attempts = connection.execute("SELECT count(*) AS n FROM alert_deliveries").fetchone()
    assert clock.now > NOW + timedelta(hours=23)
    # One attempt a quarter of an hour at most, however many messages there are.
    assert attempts is not None
    assert attempts["n"] < 24 * 4 + 10

    clock.wait(3600)
    deliver_due(connection, by_mail(mail_channel, clock))
    assert len(mailbox.received) == 10
    assert {status for status, _ in outbox(connection)} == {"SENT"}


def test_after_three_days_of_trying_it_has_failed(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    clock = Clock()

    while clock.now <= NOW + GIVE_UP_AFTER + timedelta(hours=2):
        deliver_due(connection, by_mail(nobody(), clock))
        clock.wait(3600)

    found = statuses(connection)
    assert len(found) > 70
    assert found[-1] == ("FAILED", "FAILED", len(found))


def test_the_time_its_reader_held_it_is_no_time_of_trying(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    clock, busy = Clock(), Scripted(BUSY)
    deliver_due(connection, by_mail(busy, clock))
    snooze_user(connection, READER, clock.now + GIVE_UP_AFTER * 2)
    clock.wait(60)
    assert deliver_due(connection, by_mail(busy, clock))["held"] == 1
    clock.wait(GIVE_UP_AFTER.total_seconds() * 2)

    deliver_due(connection, by_mail(busy, clock))
    assert [status for status, _ in outbox(connection)] == ["PENDING"]
    # It is held anew, and its reader ends that early: from then on it is tried for three days.
    snooze_user(connection, READER, clock.now + GIVE_UP_AFTER * 2)
    connection.execute("UPDATE outbox SET next_attempt_at = %s", (clock.now,))
    assert deliver_due(connection, by_mail(busy, clock))["held"] == 1
    snooze_user(connection, READER, None)
    connection.execute("UPDATE outbox SET next_attempt_at = %s", (clock.now,))
    for status in ("PENDING", "FAILED"):
        deliver_due(connection, by_mail(busy, clock))
        assert [status for status, _ in outbox(connection)] == [status]
        clock.wait(GIVE_UP_AFTER.total_seconds())


def test_failed_alerts_are_sent_after_all_when_asked_to(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(2)
    mailbox.answer = "550 no such person"
    deliver_due(connection, by_mail(mail_channel))
    mailbox.answer = "250 OK"

    assert requeue_undelivered(connection) == 2
    assert deliver_due(connection, by_mail(mail_channel))["sent"] == 2
    assert requeue_undelivered(connection) == 0
    assert statuses(connection) == [("SENT", "FAILED", 1), ("SENT", "SENT", 2)] * 2


def test_a_failed_alert_that_is_sent_after_all_is_tried_for_three_days_again(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(1)
    clock = Clock()
    mailbox.answer = "550 no such person"
    deliver_due(connection, by_mail(mail_channel, clock))
    clock.wait(GIVE_UP_AFTER.total_seconds())
    mailbox.answer = "451 come back later"

    assert requeue_undelivered(connection) == 1
    assert deliver_due(connection, by_mail(mail_channel, clock))["failed"] == 1

    assert statuses(connection) == [("PENDING", "FAILED", 1), ("PENDING", "FAILED", 2)]


def test_an_alert_of_a_price_that_is_over_says_so(
    connection: Connection,
    database: PostgresConfig,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
) -> None:
    save_watches(connection, READER, [Watch("B000000001", "us", "NEW", 1000)])
    writer = PriceWriter(database)
    writer.store([price_event(900, hour=1, check=6), price_event(3000, hour=2, check=6)])
    writer.close()

    deliver_due(connection, by_mail(mail_channel))

    (text,) = mailbox.texts()
    assert "Price then: $9.00" in text
    assert "Price now: $30.00" in text


def test_without_a_mail_server_it_is_recorded_as_not_configured(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)

    counts = deliver_due(connection, Delivery({}, clock=Clock()))

    assert counts["not_configured"] == 1
    assert statuses(connection) == [("NOT_CONFIGURED", "NOT_CONFIGURED", 1)]
    (row,) = connection.execute("SELECT detail FROM alert_deliveries").fetchall()
    assert row["detail"] == "SMTP_HOST is not set"


def test_a_user_without_a_channel_gets_it_once_there_is_one(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    save_watches(connection, READER, [Watch("B000000009", "us", "NEW", 1)])
    mail = Address(ChannelKind.EMAIL, READER)
    assert set_channel_active(connection, READER, mail, active=False)
    raise_alerts(1)
    (row,) = connection.execute("SELECT status FROM price_alerts").fetchall()
    assert row["status"] == "NOT_CONFIGURED"

    save_channel(connection, READER, mail)
    assert requeue_undelivered(connection) == 1
    deliver_due(connection, by_mail(mail_channel))

    assert len(mailbox.received) == 1


def test_a_login_is_never_sent_in_the_clear(
    connection: Connection,
    mail_server: SmtpConfig,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(1)
    config = mail_server
    careful = EmailChannel(SmtpConfig(config.host, config.port, config.sender, "me", "secret-word"))

    assert deliver_due(connection, by_mail(careful))["failed"] == 1

    assert mailbox.received == []
    (row,) = connection.execute("SELECT detail FROM alert_deliveries").fetchall()
    assert "TLS" in row["detail"]
    assert "secret-word" not in row["detail"]


def test_each_channel_gets_every_alert_and_one_that_is_away_holds_no_other(
    connection: Connection,
    mailbox: Mailbox,
    chat: ChatServer,
    raise_alerts: Callable[..., None],
) -> None:
    save_watches(connection, READER, [Watch("B000000009", "us", "NEW", 1)])
    save_channel(connection, READER, Address(ChannelKind.TELEGRAM, "4711"))
    raise_alerts(3)
    clock = Clock()
    bot = TelegramChannel(TelegramConfig(TOKEN, chat.url, 2))
    both = Delivery(
        {ChannelKind.EMAIL: nobody(), ChannelKind.TELEGRAM: bot},
        clock=clock,
        wait=clock.wait,
        timeout_s=20,
    )

    counts = deliver_due(connection, both)

    assert (counts["sent"], counts["failed"]) == (3, 1)
    assert len(chat.requests) == 3
    rows = connection.execute("SELECT status FROM price_alerts").fetchall()
    assert {row["status"] for row in rows} == {"SENT"}
    known = {one.to.kind: one for one in list_channels(connection, READER)}
    assert (known[ChannelKind.EMAIL].waiting, known[ChannelKind.TELEGRAM].sent) == (3, 3)


def test_a_hostile_title_harms_neither_its_message_nor_the_others(
    connection: Connection,
    database: PostgresConfig,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
) -> None:
    titles = ["<script>alert(1)</script>", "a\r\nBcc: x@example.org", "\u202e" * 500, "plain"]
    asins = [f"B{number:09d}" for number in range(len(titles))]
    watches = [
        Watch(asin, "us", "NEW", None, rules=parse_rules("above 1", "USD")) for asin in asins
    ]
    save_watches(connection, READER, watches)
    writer = PriceWriter(database)
    pairs = zip(asins, titles, strict=True)
    writer.store([price_event(900, asin=asin, title=title) for asin, title in pairs])
    writer.close()

    assert deliver_due(connection, by_mail(mail_channel))["sent"] == len(titles)

    for mail in mailbox.mails():
        page = mail.get_body(("html",))
        assert page is not None
        assert "<script" not in page.get_content()
        assert mail["Bcc"] is None


def test_an_alert_of_a_first_check_comes_with_the_products_past(
    connection: Connection,
    database: PostgresConfig,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
) -> None:
    save_watches(connection, READER, [Watch("B000000001", "us", "AMAZON", 1000)])
    with closing(PriceWriter(database)) as writer:
        writer.store([price_event(900, price_type="AMAZON")])
    clock = Clock(utc_now())

    def wait(seconds: float) -> None:
        clock.wait(seconds)
        with closing(BackfillWriter(database)) as past:
            past.store([price_event(2000, hour=-24 * 100, price_type="AMAZON")])

    delivery = Delivery({ChannelKind.EMAIL: mail_channel}, clock=clock, wait=wait, timeout_s=60)
    assert deliver_due(connection, delivery)["sent"] == 1

    (mail,) = mailbox.mails()
    assert "image/png" in [part.get_content_type() for part in mail.walk()]
    assert "How good: cheaper than" in mailbox.texts()[0]
