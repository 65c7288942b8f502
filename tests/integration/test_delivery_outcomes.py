"""Each message is sent once, whatever keeps the deliverer from recording that it was."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import time as time_of_day
from datetime import timedelta

import psycopg
import pytest

from keeper.alerts.words.en import ENGLISH
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.messages.queue import (
    Address,
    ChannelKind,
    DeliveryResult,
    DeliveryStatus,
    MessageStatus,
)
from keeper.domain.watches.watch import Watch
from keeper.errors import TransientError
from keeper.pipeline.messages.choose import LEASE, Claimed, choose
from keeper.pipeline.messages.deliver import Delivery, deliver_due
from keeper.pipeline.messages.record import UNKNOWN_RETRY
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.messages.channels import (
    list_alerts,
    list_channels,
    save_channel,
    save_delivery_rules,
    set_channel_active,
)
from keeper.stores.postgres.messages.claims import Outcome, record_outcome
from keeper.stores.postgres.messages.outbox import requeue_undelivered
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.outbox import (
    BUSY,
    NOW,
    READER,
    SENT,
    UNKNOWN,
    Clock,
    Scripted,
    by_mail,
    outbox,
    statuses,
)

PERHAPS_DOUBLED = ENGLISH.perhaps_doubled

MAIL = Address(ChannelKind.EMAIL, READER)
_DISK_FULL = """
CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER disk_is_full BEFORE INSERT ON alert_deliveries EXECUTE FUNCTION disk_is_full();
"""


def drain(database: PostgresConfig, delivery: Delivery) -> dict[str, int]:
    """Deliver in a session of its own, as the worker does after each trouble."""
    with session(database) as own:
        return deliver_due(own, delivery)


def _killed() -> DeliveryResult:
    raise KeyboardInterrupt


def attempts(connection: Connection) -> list[int]:
    rows = connection.execute("SELECT attempts FROM outbox ORDER BY message_id")
    return [row["attempts"] for row in rows]


def test_a_server_that_ends_idle_transactions_does_not_double_messages(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    connection.execute("SET idle_in_transaction_session_timeout = '1s'")

    def slow() -> DeliveryResult:
        # Longer than the limit that PostgreSQL has for idle transactions above.
        time.sleep(1.3)
        return SENT

    mail = Scripted(slow)
    assert deliver_due(connection, by_mail(mail))["sent"] == 1

    assert len(mail.received) == 1
    assert statuses(connection) == [("SENT", "SENT", 1)]


def test_a_disk_that_is_full_after_the_message_went_out_does_not_send_it_again(
    connection: Connection, database: PostgresConfig, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    connection.execute(_DISK_FULL)
    mail, clock = Scripted(SENT), Clock()
    delivery = by_mail(mail, clock)

    for _ in range(100):
        with pytest.raises(TransientError, match="No space left"):
            drain(database, delivery)
        clock.wait(5)
    assert mail.keys == ["alert-1"]
    assert outbox(connection) == [("PENDING", None)]
    connection.execute("DROP TRIGGER disk_is_full ON alert_deliveries")

    drain(database, delivery)

    assert mail.keys == ["alert-1"]
    assert statuses(connection) == [("SENT", "SENT", 1)]
    assert attempts(connection) == [1]


def test_a_session_that_is_ended_while_a_message_is_sent_records_it_in_the_next(
    connection: Connection, database: PostgresConfig, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(2)

    def failover() -> DeliveryResult:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return SENT

    mail = Scripted(failover, SENT)
    delivery = by_mail(mail)
    with pytest.raises(TransientError):
        drain(database, delivery)

    assert drain(database, delivery)["sent"] == 1

    assert len(mail.keys) == len(set(mail.keys)) == 2
    assert statuses(connection) == [("SENT", "SENT", 1)] * 2


def test_a_deliverer_that_ended_while_sending_leaves_the_message_unknown(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    mail, clock = Scripted(_killed, SENT), Clock()
    with pytest.raises(KeyboardInterrupt):
        deliver_due(connection, by_mail(mail, clock))

    clock.wait(LEASE.total_seconds() - 1)
    assert not any(deliver_due(connection, by_mail(mail, clock)).values())
    clock.wait(1)
    assert deliver_due(connection, by_mail(mail, clock))["unknown"] == 1
    clock.wait(UNKNOWN_RETRY.total_seconds() - 1)
    assert not any(deliver_due(connection, by_mail(mail, clock)).values())
    clock.wait(1)
    assert deliver_due(connection, by_mail(mail, clock))["sent"] == 1

    assert mail.keys == ["alert-1", "alert-1"]
    assert [PERHAPS_DOUBLED in message.notice for _, message in mail.received] == [
        False,
        True,
    ]
    assert statuses(connection) == [("SENT", "UNKNOWN", 1), ("SENT", "SENT", 2)]


def test_who_says_after_the_lease_that_it_was_sent_is_believed(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    clock = Clock()
    other = Scripted(SENT)

    def longer_than_the_lease() -> DeliveryResult:
        clock.wait(LEASE.total_seconds() + 60)
        assert deliver_due(connection, by_mail(other, clock))["unknown"] == 1
        return SENT

    deliver_due(connection, by_mail(Scripted(longer_than_the_lease), clock))
    clock.wait(7200)

    assert not any(deliver_due(connection, by_mail(other, clock)).values())
    assert other.received == []
    assert outbox(connection) == [("SENT", None)]


def test_a_mail_server_that_takes_eleven_minutes_has_the_channel_to_itself(
    connection: Connection, database: PostgresConfig, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(3)
    clock = Clock()
    second = Scripted(SENT)

    def scans_for_long() -> DeliveryResult:
        clock.wait(660)
        counts = drain(database, by_mail(second, clock))
        assert not any(counts.values())
        return SENT

    mail = Scripted(scans_for_long)
    assert deliver_due(connection, by_mail(mail, clock))["sent"] == 3

    assert len(set(mail.keys)) == len(mail.keys) == 3
    assert second.received == []


def test_no_row_is_locked_while_a_message_is_sent(
    connection: Connection, database: PostgresConfig, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(2)

    def unsubscribes() -> DeliveryResult:
        with session(database) as reader:
            reader.execute("SET lock_timeout = '1s'")
            assert set_channel_active(reader, READER, MAIL, active=False)
            (row,) = reader.execute(
                "SELECT count(*) AS n FROM pg_stat_activity"
                " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
            ).fetchall()
            assert row["n"] == 0
        return SENT

    counts = deliver_due(connection, by_mail(Scripted(unsubscribes)))

    assert counts["sent"] == 1
    assert sorted(status for status, _ in outbox(connection)) == ["CANCELLED", "SENT"]


def test_a_message_made_due_again_by_hand_is_sent_once_more(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    mail = Scripted(SENT)
    deliver_due(connection, by_mail(mail))
    connection.execute(
        "UPDATE outbox SET status = 'PENDING', settled_at = NULL, next_attempt_at = now()"
    )

    for _ in range(3):
        deliver_due(connection, by_mail(mail))

    assert mail.keys == ["alert-1"] * 2
    assert statuses(connection) == [("SENT", "SENT", 1), ("SENT", "SENT", 2)]


def test_of_an_unknown_one_a_second_copy_says_so_and_a_third_is_never_sent(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    mail, clock = Scripted(UNKNOWN), Clock()
    delivery = by_mail(mail, clock, operator="operator@example.org")

    assert deliver_due(connection, delivery) == {
        **dict.fromkeys(("sent", "failed", "not_configured", "held", "cancelled"), 0),
        "unknown": 1,
    }
    (alert,) = list_alerts(connection, READER)
    assert (alert.status, alert.channels) == ("PENDING", "email unknown, sent once more")
    for _ in range(100):
        clock.wait(3600)
        deliver_due(connection, delivery)

    alerted = [message for _, message in mail.received if message.alert_ids]
    assert [message.key for message in alerted] == ["alert-1"] * 2
    assert [PERHAPS_DOUBLED in message.notice for message in alerted] == [False, True]
    (alert,) = list_alerts(connection, READER)
    assert (alert.status, alert.channels) == ("UNKNOWN", "email unknown")
    (channel,) = list_channels(connection, READER)
    assert (channel.sent, channel.waiting, channel.failed, channel.unknown) == (0, 0, 0, 1)
    (row,) = connection.execute("SELECT subject FROM operator_notices").fetchall()
    assert row["subject"] == "nobody knows whether a message by email arrived"


def test_an_unknown_one_that_then_fails_is_never_called_failed(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    mail, clock = Scripted(UNKNOWN, BUSY), Clock()

    for _ in range(80):
        deliver_due(connection, by_mail(mail, clock))
        clock.wait(3600)

    assert outbox(connection) == [("UNKNOWN", None)]


def test_a_digest_nobody_knows_the_arrival_of_comes_again_as_it_was(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    save_delivery_rules(connection, READER, DeliveryRules("UTC", time_of_day(11), time_of_day(13)))
    mail, clock = Scripted(UNKNOWN, SENT), Clock()
    delivery = by_mail(mail, clock)
    raise_alerts(3)
    deliver_due(connection, delivery)
    clock.wait(3600)
    assert deliver_due(connection, delivery)["unknown"] == 3
    # A day later, with others that were held meanwhile.
    clock.now = NOW + timedelta(days=1)
    raise_alerts(2, hour=1)
    deliver_due(connection, delivery)
    clock.wait(3600)

    assert deliver_due(connection, delivery)["sent"] == 5

    first, again, other = (message for _, message in mail.received)
    assert first.key == again.key != other.key
    assert set(first.alert_ids) == set(again.alert_ids)
    assert len(other.alert_ids) == 2
    assert (PERHAPS_DOUBLED in again.notice, PERHAPS_DOUBLED in other.notice) == (
        True,
        False,
    )
    assert {status for status, _ in outbox(connection)} == {"SENT"}


def test_two_deliverers_use_a_channel_one_after_the_other(
    connection: Connection, database: PostgresConfig, raise_alerts: Callable[..., None]
) -> None:
    for number in range(2):
        raise_alerts(10, hour=number, user=f"reader{number}@example.org")
    busy: set[str] = set()
    doubled: list[str] = []

    class OneAtATime(Scripted):
        def deliver(self, address: str, message: object) -> DeliveryResult:
            if address in busy:
                doubled.append(address)
            busy.add(address)
            # A provider takes a moment, in which another deliverer could use the channel too.
            time.sleep(0.01)
            busy.discard(address)
            return super().deliver(address, message)  # type: ignore[arg-type]

    mail = OneAtATime(SENT)
    threads = [threading.Thread(target=drain, args=(database, by_mail(mail))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while drain(database, by_mail(mail))["sent"]:
        pass

    assert doubled == []
    assert len(mail.keys) == len(set(mail.keys)) == 20
    assert statuses(connection) == [("SENT", "SENT", 1)] * 20


def test_what_the_database_refuses_of_one_outcome_keeps_no_other_waiting(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(3)
    connection.execute("ALTER TABLE alert_deliveries ADD CHECK (detail NOT LIKE '%odd%') NOT VALID")
    odd = DeliveryResult(SENT.status, "odd")
    mail = Scripted(SENT, odd, SENT)
    delivery = by_mail(mail)

    for _ in range(3):
        deliver_due(connection, delivery)

    assert len(mail.keys) == len(set(mail.keys)) == 3
    assert sorted(status for status, _ in outbox(connection)) == ["PENDING", "SENT", "SENT"]
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("UPDATE alert_deliveries SET detail = 'odd'")


def test_two_deliverers_that_end_an_alert_together_leave_it_as_both_say(
    connection: Connection, database: PostgresConfig, raise_alerts: Callable[..., None]
) -> None:
    save_watches(connection, READER, [Watch("B000000009", "us", "NEW", 1)])
    save_channel(connection, READER, Address(ChannelKind.TELEGRAM, "4711"))
    raise_alerts(1)
    refused = DeliveryResult(DeliveryStatus.FAILED, "550 no")
    channel = Scripted(refused)
    options = replace(
        by_mail(channel), channels={ChannelKind.EMAIL: channel, ChannelKind.TELEGRAM: channel}
    )

    def outcome(own: Connection) -> Outcome:
        claimed = choose(own, options)
        assert isinstance(claimed, Claimed)
        return Outcome(
            claim=claimed.claim,
            due=claimed.due,
            message_ids=(claimed.due.message_id,),
            result=refused,
            status=MessageStatus.FAILED,
            next_attempt_at=None,
            unknown_at=None,
            digest_id=None,
            seconds=0,
            at=NOW,
        )

    with session(database) as other:
        first, second = outcome(connection), outcome(other)
        with connection.transaction():
            record_outcome(connection, first)
            waiting = threading.Thread(target=record_outcome, args=(other, second))
            waiting.start()
            waiting.join(0.5)
            assert waiting.is_alive()
        waiting.join()

    assert statuses(connection)[0][0] == "FAILED"


def test_a_channel_that_does_not_answer_is_left_alone_and_the_others_go_on(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    save_watches(connection, READER, [Watch("B000000009", "us", "NEW", 1)])
    save_channel(connection, READER, Address(ChannelKind.TELEGRAM, "4711"))
    raise_alerts(3)
    mail, chat, clock = Scripted(UNKNOWN), Scripted(SENT), Clock()
    options = replace(
        by_mail(mail, clock, timeout_s=20),
        channels={ChannelKind.EMAIL: mail, ChannelKind.TELEGRAM: chat},
    )

    counts = deliver_due(connection, options)

    assert (counts["unknown"], counts["sent"]) == (1, 3)
    assert (len(mail.received), len(chat.received)) == (1, 3)


def test_what_failed_on_a_paused_channel_is_not_made_due_again(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    gone = DeliveryResult(DeliveryStatus.FAILED, "550 no such user", address_is_gone=True)
    deliver_due(connection, by_mail(Scripted(gone)))

    assert requeue_undelivered(connection) == 0
    assert outbox(connection)[0][0] == "FAILED"
