"""What fails, fails alone and with its reason, and who can act is notified by a way that works."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any, LiteralString

import pytest

from keeper.alerts.compose import alert_message
from keeper.alerts.message import Message
from keeper.alerts.words.en import ENGLISH
from keeper.cli.streams.heartbeats import heartbeat_in
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.messages.queue import (
    Address,
    ChannelKind,
    DeliveryResult,
    DeliveryStatus,
    QueuedAlert,
)
from keeper.pipeline.messages import write
from keeper.pipeline.messages.deliver import GIVE_UP_AFTER, Delivery, deliver_due
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.messages.channels import (
    list_channels,
    save_channel,
    save_delivery_rules,
    set_channel_active,
)
from keeper.stores.postgres.messages.notices import KnownNotice, list_notices
from tests.odd_smtp import ParticularMailbox, particular_server
from tests.outbox import READER, SENT, Clock, Scripted, by_mail, outbox, statuses
from tests.waiting import wait_until

PERHAPS_DOUBLED = ENGLISH.perhaps_doubled

OPERATOR = "operator@example.org"
CHAT = Address(ChannelKind.TELEGRAM, "4711")
HOUR = 3600.0
LOGIN = DeliveryResult(
    DeliveryStatus.FAILED,
    "535 login refused",
    closes_channel=True,
    remedy="Check SMTP_USER and SMTP_PASSWORD.",
)
GONE = DeliveryResult(
    DeliveryStatus.FAILED,
    "403 bot was blocked by the user",
    address_is_gone=True,
    remedy="Unblock the bot.",
)


def notices(connection: Connection) -> list[KnownNotice]:
    return list_notices(connection, with_resolved=False, most=10)


def details(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT detail FROM alert_deliveries ORDER BY delivery_id")
    return [row["detail"] for row in rows]


def by_both(mail: Scripted, chat: Scripted, clock: Clock, **more: Any) -> Delivery:
    both = {ChannelKind.EMAIL: mail, ChannelKind.TELEGRAM: chat}
    return replace(by_mail(mail, clock, operator=OPERATOR, **more), channels=both)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            "UPDATE price_alerts SET domain = 'au' WHERE alert_id = 1",
            "written: UnknownLocaleError: Keepa has no Amazon locale 'au'",
        ),
        (
            "UPDATE price_alerts SET price_type = 'LATER' WHERE alert_id = 1;"
            "UPDATE watched_products SET with_shipping = true",
            "read: UnknownPriceTypeError: Keepa has no price type 'LATER'",
        ),
    ],
    ids=["a locale of a later version", "a price type of a later version"],
)
def test_a_message_that_cannot_be_written_fails_alone(
    connection: Connection, raise_alerts: Callable[..., None], change: LiteralString, reason: str
) -> None:
    raise_alerts(3)
    connection.execute(change)
    mail, clock = Scripted(SENT), Clock()
    delivery = by_mail(mail, clock, operator=OPERATOR)

    counts = deliver_due(connection, delivery)

    assert (counts["sent"], counts["failed"]) == (3, 1)
    assert mail.keys == ["alert-2", "alert-3", "notice-1"]
    assert statuses(connection)[0] == ("PENDING", "FAILED", 1)
    assert details(connection)[0].startswith(f"cannot be {reason}")
    (notice,) = notices(connection)
    assert (notice.topic, notice.subject) == ("delivery:unwritten", "a message cannot be written")
    assert reason in notice.details
    for _ in range(int(GIVE_UP_AFTER.total_seconds() // HOUR) + 2):
        clock.wait(HOUR)
        deliver_due(connection, delivery)
    assert [status for status, _ in outbox(connection)][:3] == ["FAILED", "SENT", "SENT"]
    # Once a day, as of any trouble that lasts.
    assert len([key for key in mail.keys if key.startswith("notice")]) == 4


def test_whatever_writing_raises_it_fails_that_message_alone(
    connection: Connection, raise_alerts: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_alerts(3)

    def without_memory(queued: QueuedAlert, *rest: Any, **more: Any) -> Message:
        if queued.alert.alert_id == 2:
            raise MemoryError
        return alert_message(queued, *rest, **more)

    monkeypatch.setattr(write, "alert_message", without_memory)
    mail = Scripted(SENT)

    counts = deliver_due(connection, by_mail(mail))

    assert (counts["sent"], counts["failed"]) == (2, 1)
    assert mail.keys == ["alert-1", "alert-3"]
    assert details(connection)[1] == "cannot be written: MemoryError"


def test_once_the_message_can_be_written_it_comes_and_the_notice_is_over(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(2)
    connection.execute("UPDATE price_alerts SET domain = 'au' WHERE alert_id = 1")
    mail, clock = Scripted(SENT), Clock()
    delivery = by_mail(mail, clock, operator=OPERATOR)
    deliver_due(connection, delivery)
    assert len(notices(connection)) == 1
    connection.execute("UPDATE price_alerts SET domain = 'us'")
    clock.wait(60)

    deliver_due(connection, delivery)

    assert sorted(mail.keys) == ["alert-1", "alert-2", "notice-1"]
    assert notices(connection) == []


def test_a_digest_goes_out_without_what_cannot_be_written(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    save_delivery_rules(connection, READER, DeliveryRules("UTC", time(11), time(13)))
    raise_alerts(5)
    mail, clock = Scripted(SENT), Clock()
    delivery = by_mail(mail, clock)
    deliver_due(connection, delivery)
    connection.execute("UPDATE price_alerts SET domain = 'au' WHERE alert_id = 2")
    connection.execute("UPDATE price_alerts SET price_type = 'LATER' WHERE alert_id = 4")
    clock.wait(HOUR)

    counts = deliver_due(connection, delivery)

    assert (counts["sent"], counts["failed"]) == (3, 2)
    ((_, digest),) = mail.received
    assert digest.alert_ids == (1, 3, 5)


def test_a_channel_that_raises_fails_that_message_alone_and_keeps_its_secrets(
    connection: Connection, raise_alerts: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    raise_alerts(3)
    wrong = TypeError("float() of None at https://api.telegram.org/bot1:abc/send, login hunter2")
    mail, clock = Scripted(wrong, SENT), Clock()
    delivery = by_mail(mail, clock, operator=OPERATOR, secrets=("hunter2",))

    counts = deliver_due(connection, delivery)

    assert (counts["sent"], counts["unknown"]) == (3, 1)
    detail = details(connection)[0]
    assert detail == "the channel raised TypeError: float() of None at … login …"
    notice = notices(connection)
    assert [one.topic for one in notice] == []
    (row,) = connection.execute("SELECT subject, details FROM operator_notices").fetchall()
    assert row["subject"] == "email fails unexpectedly"
    assert detail in row["details"]
    for secret in ("hunter2", "bot1:abc"):
        assert secret not in caplog.text + row["details"]
    clock.wait(HOUR)
    assert deliver_due(connection, delivery)["sent"] == 1
    last = mail.received[-1][1]
    assert (last.key, PERHAPS_DOUBLED in last.notice) == ("alert-1", True)


def test_a_providers_odd_words_are_recorded(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    odd = DeliveryResult(DeliveryStatus.FAILED, "half of \ud83d a pair, NUL \0, \u202e")

    deliver_due(connection, by_mail(Scripted(odd), operator=OPERATOR))

    assert details(connection)[0] == "half of ? a pair, NUL , \u202e"
    assert "half of ? a pair" in notices(connection)[0].details


def test_a_refused_login_closes_mail_and_the_operator_knows_by_another_way(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(50)
    save_delivery_rules(connection, READER, DeliveryRules(daily_cap=100))
    save_channel(connection, OPERATOR, CHAT)
    mail, chat, clock = Scripted(LOGIN), Scripted(SENT), Clock()
    reported: list[tuple[str, str | None]] = []
    delivery = by_both(
        mail, chat, clock, report_closed=lambda kind, why: reported.append((kind, why))
    )

    for _ in range(24 * 12):
        deliver_due(connection, delivery)
        clock.wait(300)

    assert len(mail.received) <= 26
    assert {status for status, _ in outbox(connection)} == {"PENDING", "SENT"}
    assert len(chat.received) == 1
    message = chat.received[0][1]
    assert message.lead == "email is closed: the provider refuses Keeper itself"
    assert "Check SMTP_USER and SMTP_PASSWORD." in message.closing
    says = "email is closed: 535 login refused; Check SMTP_USER and SMTP_PASSWORD."
    assert [one for one in reported if one[0] == "email"][-1] == ("email", says)
    mail.answers = [SENT]
    clock.wait(HOUR)
    counts = deliver_due(connection, delivery)
    clock.wait(2 * HOUR)
    assert counts["sent"] + deliver_due(connection, delivery)["sent"] >= 50
    assert reported[-1] == ("email", None)
    assert notices(connection) == []


def test_where_mail_is_all_the_operator_has_the_log_says_that_it_is_closed(
    connection: Connection, raise_alerts: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    raise_alerts(1)
    delivery = by_mail(Scripted(LOGIN), operator=OPERATOR)

    deliver_due(connection, delivery)

    errors = [one.message for one in caplog.records if one.levelno == logging.ERROR]
    assert errors == [
        f"email is closed, and the operator {OPERATOR} has no other channel to be notified by: "
        "535 login refused; Check SMTP_USER and SMTP_PASSWORD.; add one: keeper channels add"
    ]


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "telegram 4711 is paused: it takes no more messages"),
        ("de", "telegram 4711 ist angehalten: Dort kommt nichts mehr an"),
    ],
)
def test_an_address_that_is_gone_pauses_its_channel_and_its_reader_knows_elsewhere(
    connection: Connection, raise_alerts: Callable[..., None], language: str, says: str
) -> None:
    raise_alerts(1, user="other@example.org")
    save_delivery_rules(connection, READER, DeliveryRules())
    save_channel(connection, READER, CHAT)
    raise_alerts(3, hour=1)
    connection.execute("UPDATE users SET language = %s WHERE email = %s", (language, READER))
    mail, chat, clock = Scripted(SENT), Scripted(GONE), Clock()

    deliver_due(connection, by_both(mail, chat, clock))

    assert len(chat.received) == 1
    by_kind = {one.to.kind: one for one in list_channels(connection, READER)}
    paused = by_kind[ChannelKind.TELEGRAM]
    assert (paused.is_active, paused.waiting, paused.failed) == (False, 0, 1)
    assert paused.problem == "403 bot was blocked by the user; Unblock the bot."
    notified = [(to, message) for to, message in mail.received if message.key.startswith("notice")]
    ((to, message),) = notified
    assert (to, message.lead) == (READER, says)
    assert "Unblock the bot." in message.closing
    assert "keeper channels add telegram 4711" in message.closing
    save_channel(connection, READER, CHAT)
    assert notices(connection) == []
    by_kind = {one.to.kind: one for one in list_channels(connection, READER)}
    assert by_kind[ChannelKind.TELEGRAM].is_active


def test_of_a_reader_without_another_channel_the_operator_knows(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    save_channel(connection, READER, CHAT)
    set_channel_active(connection, READER, Address(ChannelKind.EMAIL, READER), active=False)
    raise_alerts(1, hour=1)
    mail, chat = Scripted(SENT), Scripted(GONE)

    deliver_due(connection, by_both(mail, chat, Clock()))

    ((to, message),) = mail.received
    assert to == OPERATOR
    assert f"{READER} has no other channel." in message.closing


def test_of_an_operator_whose_only_channel_is_gone_the_log_says_so(
    connection: Connection, raise_alerts: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    raise_alerts(1, user=OPERATOR)

    deliver_due(connection, by_mail(Scripted(GONE), operator=OPERATOR))

    (error,) = [one.message for one in caplog.records if one.levelno == logging.ERROR]
    assert error.startswith(f"nobody can be notified that email {OPERATOR} is paused")


def test_the_deliverers_health_says_that_mail_is_closed(
    connection: Connection,
    database: PostgresConfig,
    raise_alerts: Callable[..., None],
    tmp_path: Path,
) -> None:
    raise_alerts(1)
    # Else it would wait a minute for the product's history.
    connection.execute("UPDATE outbox SET queued_at = queued_at - interval '1 hour'")
    mailbox = ParticularMailbox()
    mailbox.sender = "553 5.7.1 sender not allowed"
    with particular_server(mailbox) as config:
        environment = os.environ | {
            "DATABASE_URL": database.url,
            "SMTP_HOST": config.host,
            "SMTP_PORT": str(config.port),
            "KEEPER_SMTP_TLS": "none",
            "KEEPER_RUN_DIR": str(tmp_path),
        }
        command: list[str | Path] = [Path(sys.executable).with_name("keeper"), "deliver"]

        def says() -> list[str]:
            beat = heartbeat_in(tmp_path / "deliver.alive")
            return [] if beat is None else beat.says()

        with subprocess.Popen(command, env=environment, cwd=tmp_path) as deliverer:
            wait_until(
                lambda: any("email is closed: sender refused: 553" in one for one in says()),
                "its health",
            )
            deliverer.terminate()
    assert deliverer.returncode == 0
