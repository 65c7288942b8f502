"""`keeper alerts`, `keeper channels` and `keeper deliver`, as a person types them."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keeper.alerts.channels.smtp import SmtpConfig
from keeper.cli.app import app
from keeper.domain.messages.queue import Address, ChannelKind
from keeper.domain.watches.watch import Watch
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.messages.channels import (
    RemovedChannel,
    remove_channel,
    save_channel,
)
from keeper.stores.postgres.messages.outbox import listen, wait_for_messages
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.chat_server import TOKEN, ChatServer
from tests.odd_smtp import (
    ParticularMailbox,
    own_certificate,
    particular_server,
    server_context,
)
from tests.price_events import price_event
from tests.smtp_server import Mailbox
from tests.waiting import HUNG_AFTER_S, wait_until

READER = "reader@example.org"


@pytest.fixture(autouse=True)
def _settings(
    database: PostgresConfig,
    mail_server: SmtpConfig,
    chat: ChatServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": database.url,
        "KEEPER_USER_EMAIL": READER,
        "KEEPER_RUN_DIR": str(tmp_path),
        "SMTP_HOST": mail_server.host,
        "SMTP_PORT": str(mail_server.port),
        "KEEPER_SMTP_TLS": "none",
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "KEEPER_TELEGRAM_URL": chat.url,
        "DISCORD_WEBHOOK": chat.webhook,
        "KEEPER_APPRISE_URLS": '{"family": "json://127.0.0.1:9/"}',
    }.items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.fixture
def raise_alert(database: PostgresConfig, connection: Connection) -> Iterator[Callable[[], None]]:
    writer = PriceWriter(database)
    hours = iter(range(0, 1000, 6))

    def raise_it() -> None:
        hour = next(hours)
        asin = f"B{hour:09d}"
        save_watches(connection, READER, [Watch(asin, "us", "NEW", 1000)])
        dear = price_event(5000, hour=hour - 1, asin=asin)
        assert writer.store([dear, price_event(900, hour=hour, asin=asin)]).alerts == 1

    yield raise_it
    writer.close()


def keeper(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def said(result: Result) -> str:
    return " ".join(result.output.replace("│", " ").split())


def test_channels_are_added_tried_listed_and_paused(
    chat: ChatServer, mailbox: Mailbox, raise_alert: Callable[[], None]
) -> None:
    assert "added: telegram:4711" in keeper("channels", "add", "telegram", "4711").stdout
    assert "active: telegram:4711" in keeper("channels", "add", "telegram", "4711").stdout
    keeper("channels", "add", "discord", "main")
    assert "sent: message 1" in keeper("channels", "test", "telegram", "4711").stdout
    raise_alert()
    assert "3 sent" in keeper("deliver", "--once").stdout
    assert len(chat.requests) == 3
    assert len(mailbox.received) == 1

    paused = keeper("channels", "pause", "discord", "main").stdout
    assert paused == "paused: discord:main; 0 messages that waited for it are cancelled\n"
    assert "paused already" in keeper("channels", "pause", "discord", "main").stdout
    listed = keeper("channels", "list").stdout
    assert "paused" in listed
    raise_alert()
    assert "2 sent" in keeper("deliver", "--once").stdout


def test_a_channel_is_removed_with_what_waits_for_it(
    connection: Connection, raise_alert: Callable[[], None]
) -> None:
    keeper("channels", "add", "telegram", "4711")
    raise_alert()
    assert "2 sent" in keeper("deliver", "--once").stdout
    raise_alert()

    removed = keeper("channels", "remove", "telegram", "4711")

    assert removed.exit_code == 0
    assert removed.stdout == (
        "removed: telegram:4711, and the record of 2 messages; "
        "1 message that waited for it is cancelled\n"
    )
    assert "telegram" not in keeper("channels", "list").stdout
    again = keeper("channels", "remove", "telegram", "4711")
    assert again.exit_code == 0
    assert "telegram:4711 is none of the channels of reader@example.org" in again.stdout
    assert "(email:reader@example.org); nothing was removed" in again.stdout
    # The other channel still delivers what waited for both.
    assert "1 sent" in keeper("deliver", "--once").stdout
    statuses = connection.execute("SELECT status FROM price_alerts").fetchall()
    assert [row["status"] for row in statuses] == ["SENT", "SENT"]


def test_a_message_that_is_just_queued_for_a_removed_channel_is_cancelled_too(
    database: PostgresConfig, connection: Connection, raise_alert: Callable[[], None]
) -> None:
    raise_alert()
    to = Address(ChannelKind.TELEGRAM, "4711")
    save_channel(connection, READER, to)
    queue = "INSERT INTO outbox (channel_id, alert_id) SELECT max(channel_id), 1 FROM channels"
    waits = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'outbox'::regclass"
    removed: list[RemovedChannel | None] = []

    def remove() -> None:
        with session(database) as own:
            removed.append(remove_channel(own, READER, to))

    removing = threading.Thread(target=remove)
    with session(database) as loader, loader.transaction():
        loader.execute(queue)
        removing.start()
        wait_until(lambda: connection.execute(waits).fetchone() is not None, "the removal waits")
    removing.join(HUNG_AFTER_S)

    assert removed == [RemovedChannel(cancelled=1, messages=1)]


def test_the_last_channel_goes_only_after_a_question(
    connection: Connection, raise_alert: Callable[[], None]
) -> None:
    raise_alert()
    words = ("channels", "remove", "email", READER)

    kept = CliRunner().invoke(app, list(words), input="n\n")
    assert kept.exit_code == 1
    assert f"email:{READER} is the last active channel of {READER}" in said(kept)
    assert "pending" in keeper("alerts", "list").stdout

    assert "1 message that waited" in keeper(*words, "--yes").stdout
    assert "No channels yet" in keeper("channels", "list").stdout
    # Nothing of it goes to whatever channel comes next.
    (row,) = connection.execute("SELECT status FROM price_alerts").fetchall()
    assert row["status"] == "CANCELLED"
    keeper("channels", "add", "telegram", "4711")
    assert "0 messages are due again" in keeper("deliver", "--once", "--retry-failed").stdout


def test_what_failed_for_want_of_a_removed_channel_is_not_sent_by_the_next(
    connection: Connection, raise_alert: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper("channels", "add", "telegram", "4711")
    keeper("channels", "pause", "email", READER)
    raise_alert()
    keeper("channels", "pause", "email", READER)
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN")
    load_settings.cache_clear()
    keeper("deliver", "--once")
    (row,) = connection.execute("SELECT status FROM price_alerts").fetchall()
    assert row["status"] == "NOT_CONFIGURED"

    assert keeper("channels", "remove", "telegram", "4711", "--yes").exit_code == 0
    keeper("channels", "add", "email", READER)

    assert "0 messages are due again" in keeper("deliver", "--once", "--retry-failed").stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("add", "pigeon", "x"), "none of email, telegram, discord, apprise"),
        (("add", "discord", "other"), "have no discord called other, but main"),
        (("add", "apprise", "work"), "have no apprise called work, but family"),
        (("add", "email", "nobody"), "is not an e-mail address"),
        (("add", "email", "a@münchen..de"), "is not an e-mail address"),
        (("add", "email", "jörg@münchen.de"), "it lacks SMTPUTF8"),
        (("add", "telegram", "kalle"), "is no Telegram chat"),
        (("add", "apprise", "ntfy://secret@host"), "put it into the settings under a name"),
        (("pause", "telegram", "99"), "is none of the channels of reader@example.org (none yet)"),
    ],
)
def test_a_wrong_channel_is_one_sentence(words: tuple[str, ...], reason: str) -> None:
    result = keeper("channels", *words)

    assert result.exit_code != 0
    assert reason in said(result)
    assert "secret" not in result.output or "ntfy" not in result.output


def test_a_domain_of_other_letters_and_the_number_of_a_group_are_taken() -> None:
    mail, group = ("email", "info@münchen.de"), ("telegram", "-100123")

    assert "added: email:info@münchen.de" in keeper("channels", "add", *mail).stdout
    assert "sent: accepted by" in keeper("channels", "test", *mail).stdout
    assert "added: telegram:-100123" in keeper("channels", "add", *group).stdout
    assert "paused: telegram:-100123" in keeper("channels", "pause", *group).stdout
    assert "removed: telegram:-100123" in keeper("channels", "remove", *group, "--yes").stdout


def test_a_private_authority_is_trusted_once_its_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = own_certificate(tmp_path)
    context = server_context(certificate)
    with particular_server(ParticularMailbox(), tls_context=context) as config:
        monkeypatch.setenv("SMTP_PORT", str(config.port))
        monkeypatch.setenv("KEEPER_SMTP_TLS", "starttls")
        load_settings.cache_clear()
        refused = keeper("channels", "test", "email", READER)
        monkeypatch.setenv("KEEPER_SMTP_CA_FILE", str(certificate))
        load_settings.cache_clear()
        taken = keeper("channels", "test", "email", READER)

    assert refused.exit_code == 1
    assert "not trusted" in refused.stdout
    assert "KEEPER_SMTP_CA_FILE" in refused.stdout
    assert "sent: accepted by" in taken.stdout


def test_a_test_of_a_channel_says_what_helps(chat: ChatServer) -> None:
    chat.answers = [(401, {"ok": False, "description": "Unauthorized"})]

    result = keeper("channels", "test", "telegram", "4711")

    assert result.exit_code == 1
    assert "telegram:4711: failed: 401 Unauthorized" in result.stdout
    assert "what helps: check TELEGRAM_BOT_TOKEN" in result.stdout


def test_a_pasted_address_steers_no_terminal() -> None:
    result = keeper("channels", "test", "discord", "\x1b]0;owned\x07\u202emain")

    assert result.exit_code == 1
    assert r"discord:\x1b]0;owned\x07\u202emain: not configured" in result.stdout
    assert not {"\x1b", "\x07", "\u202e"} & {*result.stdout}


def test_a_channel_that_does_not_answer_is_known_by_its_test() -> None:
    result = keeper("channels", "test", "apprise", "family")

    assert result.exit_code == 1
    assert "failed: A Connection error occurred sending JSON" in result.stdout
    assert "what helps: check family in KEEPER_APPRISE_URLS" in result.stdout


def test_hours_are_set_and_shown() -> None:
    assert "quiet hours: none, UTC" in keeper("alerts", "hours").stdout
    keeper("alerts", "hours", "--quiet", "22:00-07:00", "--zone", "Europe/Berlin", "--cap", "5")

    shown = keeper("alerts", "hours").stdout
    assert "quiet hours: 22:00 to 07:00, Europe/Berlin" in shown
    assert "at most 5 messages a day" in shown
    without = keeper("alerts", "hours", "--quiet", "none").stdout
    assert "quiet hours: none, Europe/Berlin (before: quiet hours: 22:00 to 07:00" in without
    for words in (("--zone", "Mars/Base"), ("--quiet", "night"), ("--cap", "0")):
        assert keeper("alerts", "hours", *words).exit_code == 2


def test_alerts_are_listed_acknowledged_and_snoozed(raise_alert: Callable[[], None]) -> None:
    assert "No alerts so far" in keeper("alerts", "list").stdout
    raise_alert()
    raise_alert()
    listed = keeper("alerts", "list").stdout
    assert "at or below your target" in listed
    assert "email pending" in listed
    assert keeper("alerts", "list", "--domain", "US", "--since", "1d").stdout == listed
    for words in (("--domain", "de"), ("--since", "0s")):
        assert "No such alerts" in keeper("alerts", "list", *words).stdout

    assert "acknowledged; 1 deliveries dropped" in keeper("alerts", "ack", "1").stdout
    assert keeper("alerts", "ack", "99").exit_code == 1
    snoozed = keeper("alerts", "snooze", "B000000006").stdout
    assert "B000000006 us NEW: awake → snoozed until" in snoozed
    assert keeper("alerts", "snooze", "B000000099").exit_code == 1
    assert "1 held" in keeper("deliver", "--once").stdout
    assert "email pending: snooze" in keeper("alerts", "list").stdout
    assert " → awake" in keeper("alerts", "snooze", "B000000006", "--days", "0").stdout
    assert "1 sent" in keeper("deliver", "--once").stdout
    assert "everything: awake → snoozed" in keeper("alerts", "snooze").stdout
    raise_alert()
    assert "1 held" in keeper("deliver", "--once").stdout


def test_a_new_alert_wakes_a_deliverer_that_listens(
    database: PostgresConfig, raise_alert: Callable[[], None]
) -> None:
    with session(database) as connection:
        listen(connection)
        started = time.monotonic()
        woken: list[float] = []

        def wait() -> None:
            wait_for_messages(connection, HUNG_AFTER_S)
            woken.append(time.monotonic())

        waiting = threading.Thread(target=wait)
        waiting.start()
        raise_alert()
        waiting.join(HUNG_AFTER_S)

    assert woken[0] - started < HUNG_AFTER_S / 2


def test_what_came_while_it_did_not_wait_is_not_missed(
    database: PostgresConfig, raise_alert: Callable[[], None]
) -> None:
    with session(database) as connection:
        listen(connection)
        raise_alert()
        connection.execute("SELECT 1")
        started = time.monotonic()
        wait_for_messages(connection, HUNG_AFTER_S)

    assert time.monotonic() - started < HUNG_AFTER_S / 2
