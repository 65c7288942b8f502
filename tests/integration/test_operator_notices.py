"""What the operator is notified of: once, once a day while it lasts, and no more after."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from keeper.alerts.channels.email import EmailChannel
from keeper.clock import utc_now
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.messages.notices import Trouble
from keeper.domain.messages.queue import ChannelKind
from keeper.domain.watches.watch import Watch, WatchStatus
from keeper.errors import TransientError
from keeper.pipeline.messages.deliver import GIVE_UP_AFTER, deliver_due
from keeper.pipeline.messages.operator import notify_operator
from keeper.pipeline.runs.consumers import price_consumer
from keeper.pipeline.services.monitor import (
    lag_of,
    letters_of,
    monitor_outbox,
    monitor_products,
    monitor_tokens,
    record_findings,
)
from keeper.pipeline.services.monitor_backups import monitor_backups
from keeper.stores.postgres.backups.wal import slot_of
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.messages.channels import save_delivery_rules
from keeper.stores.postgres.messages.notices import list_notices, raise_notice, resolve_notices
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.runs.runs import start_run
from keeper.stores.postgres.watches.watch_list import ensure_user, save_watches
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from tests.outbox import BUSY, NOW, READER, SENT, Clock, Scripted, by_mail, nobody, outbox
from tests.price_events import price_event
from tests.price_runs import EVERY_SIX_HOURS
from tests.services import free_port
from tests.smtp_server import Mailbox

OPERATOR = "operator@example.org"
TROUBLE = Trouble("run:track_prices", "track_prices failed", "Run 1.\nSee its log.")
HOUR = timedelta(hours=1)


def notice(connection: Connection, hours: float = 0, **changes: str) -> bool:
    trouble = Trouble(**{name: getattr(TROUBLE, name) for name in TROUBLE.__slots__} | changes)
    return raise_notice(connection, trouble, operator=OPERATOR, at=NOW + hours * HOUR)


def subjects(mailbox: Mailbox) -> list[str]:
    return [str(mail["Subject"]) for mail in mailbox.mails()]


def test_what_is_seen_again_and_again_is_said_once_a_day(
    connection: Connection, mail_channel: EmailChannel, mailbox: Mailbox
) -> None:
    said = [hour for hour in range(50) if notice(connection, hour)]

    assert said == [0, 24, 48]
    deliver_due(connection, by_mail(mail_channel))
    # The first two were overtaken before anybody delivered them.
    assert subjects(mailbox) == ["Keeper: track_prices failed, still"]
    assert "since 1 Jan 2100, 12:00 UTC, seen 50 times" in mailbox.texts()[0]
    assert mailbox.mails()[0]["To"] == OPERATOR
    (known,) = list_notices(connection, with_resolved=False, most=10)
    assert (known.times, known.since, known.channels) == (50, NOW, "email sent")


def test_what_is_over_is_not_said_any_more_and_what_comes_again_is(
    connection: Connection, mail_channel: EmailChannel, mailbox: Mailbox
) -> None:
    notice(connection)
    assert resolve_notices(connection, TROUBLE.topic, at=NOW + HOUR) == [TROUBLE.topic]
    assert resolve_notices(connection, TROUBLE.topic, at=NOW + HOUR) == []
    assert deliver_due(connection, by_mail(mail_channel))["cancelled"] == 1

    assert notice(connection, 2)
    deliver_due(connection, by_mail(mail_channel))

    assert subjects(mailbox) == ["Keeper: track_prices failed"]
    assert len(list_notices(connection, with_resolved=True, most=10)) == 2


def test_a_notice_waits_neither_for_quiet_hours_nor_for_a_snooze_nor_for_the_days_most(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(2, user=OPERATOR)
    rules = DeliveryRules("UTC", time(11), time(13), 1, NOW + 72 * HOUR)
    save_delivery_rules(connection, OPERATOR, rules)
    notice(connection)

    counts = deliver_due(connection, by_mail(mail_channel))

    assert (counts["sent"], counts["held"]) == (1, 2)
    assert subjects(mailbox) == ["Keeper: track_prices failed"]


def alerts(connection: Connection) -> list[dict[str, Any]]:
    return connection.execute("SELECT status FROM price_alerts").fetchall()


def test_a_message_given_up_is_said_to_the_operator_until_the_channel_takes_one(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(1)
    raise_alerts(1, hour=2, user="another@example.org")
    clock = Clock()
    away = by_mail(nobody(), clock, operator=OPERATOR)
    # While the channel is away each look tries one message.
    while {"status": "PENDING"} in alerts(connection):
        deliver_due(connection, away)
        clock.wait((GIVE_UP_AFTER + HOUR).total_seconds())

    (notice,) = list_notices(connection, with_resolved=False, most=10)
    assert (notice.topic, notice.times) == ("delivery:email", 2)
    assert "Connection refused" in notice.details
    # The notice itself waits for the mail server, and raises none about itself.
    clock.wait(3600)
    raise_alerts(1, hour=1)
    deliver_due(connection, by_mail(mail_channel, clock, operator=OPERATOR))
    assert list_notices(connection, with_resolved=False, most=10) == []
    assert "Keeper: a message by email was given up, still" in subjects(mailbox)


def test_that_messages_were_lost_is_said_also_once_the_channel_works_again(
    connection: Connection, mail_channel: EmailChannel, mailbox: Mailbox
) -> None:
    lost = "delivery:email"
    assert notice(connection, topic=lost)
    assert notice(connection, 25, topic=lost)
    resolve_notices(connection, lost, at=NOW + 26 * HOUR)

    counts = deliver_due(connection, by_mail(mail_channel))

    assert (counts["sent"], counts["cancelled"]) == (1, 1)
    assert subjects(mailbox) == ["Keeper: track_prices failed, still"]


def test_an_address_a_server_refuses_for_good_is_said_at_once(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
) -> None:
    raise_alerts(2)
    mailbox.answer = "550 no such user"

    deliver_due(connection, by_mail(mail_channel, operator=OPERATOR))

    (notice,) = list_notices(connection, with_resolved=False, most=10)
    assert "550 no such user" in notice.details
    assert notice.times == 2
    assert outbox(connection) == [("FAILED", None)] * 3


def test_without_a_database_the_operator_is_mailed_at_once(
    mail_channel: EmailChannel, mailbox: Mailbox
) -> None:
    away = PostgresConfig(f"postgresql://keeper@127.0.0.1:{free_port()}/keeper")

    def database() -> AbstractContextManager[Connection]:
        return session(away)

    def say_by(channels: dict[ChannelKind, Any]) -> None:
        notify_operator(TROUBLE, database, lambda: channels, operator=OPERATOR, at=NOW)

    say_by({ChannelKind.EMAIL: mail_channel})

    (mail,) = mailbox.mails()
    assert (mail["To"], mail["Subject"]) == (OPERATOR, "Keeper: track_prices failed")
    assert "database cannot be reached: PostgreSQL does not answer" in mailbox.texts()[0]
    for channels in ({}, {ChannelKind.EMAIL: nobody()}):
        with pytest.raises(TransientError, match="does not answer"):
            say_by(channels)


def run(connection: Connection, number: int, postponed: int, kind: str = "scheduled") -> None:
    connection.execute(
        "INSERT INTO pipeline_runs (run_id, dag_id, source, state, started_at, finished_at,"
        " products_planned, products_postponed) VALUES (%s, 'track_prices', 'keepa', 'SUCCESS',"
        " %s, %s, 90, %s)",
        [f"track_prices/{kind}__{number}", at := NOW + number * HOUR, at + HOUR / 2, postponed],
    )


def test_products_that_waited_for_tokens_are_said_by_the_latest_run(
    connection: Connection,
) -> None:
    assert monitor_tokens(connection).trouble is None
    run(connection, 1, 10)
    run(connection, 2, 0, "backfill")

    trouble = monitor_tokens(connection).trouble
    elsewhere = monitor_tokens(connection, zone="Asia/Tokyo").trouble
    run(connection, 3, 0)

    assert trouble is not None
    assert trouble.subject == "tokens reach for 90 products, 10 have to wait"
    assert elsewhere is not None
    assert "started 1 Jan 2100, 22:00 JST." in elsewhere.details
    assert monitor_tokens(connection).trouble is None


def test_a_want_of_tokens_is_said_as_soon_as_a_run_is_planned(connection: Connection) -> None:
    running: dict[str, Any] = {
        "run_id": "track_prices/a",
        "dag_id": "track_prices",
        "source": "keepa",
    }
    run(connection, 1, 0)

    start_run(connection, **running, started_at=NOW + 2 * HOUR)
    assert monitor_tokens(connection).trouble is None
    start_run(
        connection,
        **running,
        started_at=NOW + 2 * HOUR,
        products_planned=70,
        products_postponed=30,
    )

    trouble = monitor_tokens(connection).trouble
    assert trouble is not None
    assert trouble.subject == "tokens reach for 70 products, 30 have to wait"


def test_products_nobody_checked_for_two_intervals_are_stale(
    connection: Connection, database: PostgresConfig
) -> None:
    asins = ("B000000001", "B000000002", "B000000003")
    watches = [Watch(asin, "us", "NEW", 1000) for asin in asins]
    paused = Watch("B000000004", "us", "NEW", 1000, WatchStatus.PAUSED)
    save_watches(connection, READER, [*watches, paused])
    with closing(PriceWriter(database)) as writer:
        writer.store([price_event(900, asin=asins[0], hour=0)])
        writer.store([price_event(900, asin=asins[1], hour=9)])
    connection.execute("UPDATE watched_products SET created_at = '2026-03-01 05:00Z'")
    (row,) = connection.execute(
        "SELECT max(last_checked_at) AS at FROM watched_products"
    ).fetchall()

    def stale(hours: float) -> str:
        found = monitor_products(
            connection, policy=EVERY_SIX_HOURS, at=row["at"] + timedelta(hours=hours)
        )
        return "" if found.trouble is None else found.trouble.subject

    assert stale(2) == ""
    assert stale(4) == "1 of 3 watched products are stale"
    assert stale(11) == "2 of 3 watched products are stale"
    assert stale(13) == "3 of 3 watched products are stale"


def test_offers_that_are_asked_for_daily_are_stale_after_two_days_and_the_unknown_never(
    connection: Connection,
) -> None:
    asins = [f"B00000000{number}" for number in range(1, 4)]
    types = ("NEW", "WAREHOUSE", "NEW")
    watches = [Watch(asin, "us", name, None) for asin, name in zip(asins, types, strict=True)]
    save_watches(connection, READER, watches)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    connection.execute("UPDATE watched_products SET last_checked_at = %s", (at,))
    connection.execute(
        "INSERT INTO product_kinds (asin, domain, kind, misses, asked_at)"
        " VALUES (%s, 'us', 'not found', 2, %s)",
        (asins[2], at),
    )
    daily = replace(EVERY_SIX_HOURS, offers_interval=timedelta(hours=24))

    def stale(hours: float) -> str:
        now = at + timedelta(hours=hours)
        found = monitor_products(connection, policy=daily, at=now)
        return "" if found.trouble is None else found.trouble.subject

    assert stale(11) == ""
    assert stale(13) == "1 of 2 watched products are stale"
    assert stale(49) == "2 of 2 watched products are stale"


def test_messages_that_are_due_and_wait_are_recorded_and_those_held_are_not(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(2)
    raise_alerts(1, hour=1, user="sleeper@example.org")
    save_delivery_rules(connection, "sleeper@example.org", DeliveryRules("UTC", time(0), time(23)))
    connection.execute("UPDATE outbox SET next_attempt_at = %s", (NOW,))

    deliver_due(connection, by_mail(Scripted(BUSY)))

    def waiting(minutes: int) -> str:
        trouble = monitor_outbox(connection, at=NOW + timedelta(minutes=minutes)).trouble
        return "" if trouble is None else f"{trouble.subject}\n{trouble.details}"

    assert waiting(15) == ""
    assert waiting(16).startswith("2 messages by email wait to be delivered")
    assert "due since 1 Jan 2100, 12:00 UTC" in waiting(16)
    assert "failed: 451 later" in waiting(16)
    deliver_due(connection, by_mail(Scripted(SENT), Clock(NOW + timedelta(hours=1))))
    assert waiting(60) == ""


@pytest.fixture
def kept(topic: str, kafka: KafkaConfig) -> Iterator[EventProducer]:
    with EventProducer(kafka) as producer:
        yield producer


def test_dead_letters_of_a_day_are_said_until_they_are_replayed(
    database: PostgresConfig,
    kafka: KafkaConfig,
    topic: str,
    kept: EventProducer,
) -> None:
    assert letters_of(kafka, topic, at=utc_now()).trouble is None
    kept.send_all(topic, [(b"x", b"rubbish"), (b"y", b"{}")])
    with closing(PriceWriter(database)) as writer:
        consumer = price_consumer(
            kafka, writer, group=f"g-{topic}", topic=topic, on_cycle=lambda: None
        )
        assert consumer.run(until_idle=True) == 2

    finding = letters_of(kafka, topic, at=utc_now())

    assert finding.trouble is not None
    assert finding.trouble.subject == f"2 dead letters of {topic} in a day"
    assert f"keeper topics dlq replay {topic}" in finding.trouble.details
    assert letters_of(kafka, topic, at=utc_now() + timedelta(hours=25)).trouble is None


def test_a_worker_is_behind_once_a_message_has_waited_for_a_quarter_of_an_hour(
    database: PostgresConfig,
    kafka: KafkaConfig,
    topic: str,
    kept: EventProducer,
) -> None:
    group = f"g-{topic}"
    later = utc_now() + timedelta(minutes=16)
    assert lag_of(kafka, group, topic, at=later).trouble is None
    kept.send_all(topic, [(b"B000000001", encode_price_event(price_event(900)))] * 3)

    assert lag_of(kafka, group, topic, at=utc_now()).trouble is None
    trouble = lag_of(kafka, group, topic, at=later, zone="Asia/Tokyo").trouble
    with closing(PriceWriter(database)) as writer:
        price_consumer(kafka, writer, group=group, topic=topic, on_cycle=lambda: None).run(
            until_idle=True
        )

    assert trouble is not None
    assert trouble.subject == f"{group} is behind by 3 messages of {topic}"
    assert " JST.\n" in trouble.details
    assert lag_of(kafka, group, topic, at=later).trouble is None


def test_findings_become_notices_and_end_them(connection: Connection) -> None:
    run(connection, 1, 10)

    def note() -> dict[str, list[str]]:
        return record_findings(connection, [monitor_tokens(connection)], operator=OPERATOR, at=NOW)

    assert note() == {"trouble": ["tokens"], "notified": ["tokens"], "over": []}
    assert note() == {"trouble": ["tokens"], "notified": [], "over": []}
    run(connection, 2, 0)
    assert note() == {"trouble": [], "notified": [], "over": ["tokens"]}
    assert note() == {"trouble": [], "notified": [], "over": []}


def test_a_backup_that_is_missing_is_said_after_a_night(connection: Connection) -> None:
    day = timedelta(hours=26)
    user_id = ensure_user(connection, OPERATOR)
    connection.execute("UPDATE users SET created_at = %s", (NOW,))

    def subject(*, is_wanted: bool, at: datetime) -> str | None:
        found = monitor_backups(connection, is_wanted=is_wanted, at=at).trouble
        return None if found is None else found.details.partition("\n")[0]

    assert subject(is_wanted=False, at=NOW + 2 * day) is None
    assert subject(is_wanted=True, at=NOW + day) is None
    assert subject(is_wanted=True, at=NOW + 2 * day) == "None was ever made."
    connection.execute(
        "INSERT INTO requests (kind, arguments, user_id, created_at, due_at, state, finished_at) "
        "VALUES ('back-up', '{}', %(user)s, %(at)s, %(at)s, 'done', %(at)s)",
        {"user": user_id, "at": NOW + day},
    )
    assert subject(is_wanted=True, at=NOW + 2 * day) is None
    assert "The newest is of" in (subject(is_wanted=True, at=NOW + 3 * day) or "")


def test_the_log_is_looked_at_on_servers_that_do_not_know_since_when_nobody_receives(
    connection: Connection,
) -> None:
    connection.execute(
        "CREATE TEMP TABLE pg_replication_slots AS SELECT 'keeper_backup' AS slot_name, "
        "'extended' AS wal_status, pg_current_wal_lsn() - 16 AS restart_lsn"
    )
    connection.execute("SET search_path = pg_temp, pg_catalog")
    slot = slot_of(connection)
    assert slot is not None
    assert (slot.inactive_since, slot.is_lost) == (None, False)
    assert slot.kept_bytes >= 16

    # One of PostgreSQL 17 does.
    connection.execute("ALTER TABLE pg_replication_slots ADD inactive_since timestamptz")
    connection.execute("UPDATE pg_replication_slots SET inactive_since = %s", [NOW])
    slot = slot_of(connection)
    assert slot is not None
    assert slot.inactive_since == NOW
