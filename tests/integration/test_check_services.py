"""What is wrong with a service is named, with the remedy."""

import re

import pytest

from keeper.alerts.channels.reachable import (
    ChannelUnreachableError,
    reach_discord,
    reach_telegram,
    read_apprise,
)
from keeper.alerts.channels.telegram import TelegramConfig
from keeper.errors import KeeperError, SettingsError
from keeper.pipeline.services.probes import (
    NotConfiguredError,
    NotMigratedError,
    ServiceUnwellError,
    probe_chats,
    probe_mail,
    probe_postgres,
)
from keeper.settings import Settings
from keeper.stores.postgres.connection import Connection, PostgresConfig
from tests.chat_server import TOKEN, ChatServer


def test_a_migration_that_is_missing_is_named(
    database: PostgresConfig, connection: Connection
) -> None:
    assert probe_postgres(database).endswith("0 active watches")
    (gone,) = connection.execute(
        "DELETE FROM _yoyo_migration WHERE migration_id ="
        " (SELECT max(migration_id) FROM _yoyo_migration) RETURNING migration_id"
    ).fetchall()

    with pytest.raises(NotMigratedError, match=f"{gone['migration_id']}: keeper migrate"):
        probe_postgres(database)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, SettingsError, "Telegram is refused (401); check TELEGRAM_BOT_TOKEN"),
        (502, ChannelUnreachableError, "Telegram answers 502; try again later"),
    ],
)
def test_telegrams_answer_says_what_to_do(
    chat: ChatServer, status: int, kind: type[KeeperError], said: str
) -> None:
    chat.answers.append((status, {"ok": False}))

    with pytest.raises(kind, match=re.escape(said)) as caught:
        reach_telegram(TelegramConfig(TOKEN, chat.url))
    assert TOKEN not in str(caught.value)


def test_a_webhook_that_is_gone_is_named_without_its_address(chat: ChatServer) -> None:
    with pytest.raises(SettingsError, match=r"webhook deals is refused \(404\)") as caught:
        reach_discord("deals", f"{chat.url}/api/webhooks/1/secret-word")

    assert "secret-word" not in str(caught.value)


def test_an_apprise_url_is_read_but_nobody_is_asked() -> None:
    assert read_apprise("phone", "json://127.0.0.1:9/x").startswith("phone (JSON")
    with pytest.raises(SettingsError, match="cannot read the URL called phone"):
        read_apprise("phone", "nonsense://secret-word")


def test_one_chat_that_is_refused_does_not_hide_the_others(chat: ChatServer) -> None:
    settings = Settings.from_variables(
        {
            "TELEGRAM_BOT_TOKEN": "1:of-nobody",
            "KEEPER_TELEGRAM_URL": chat.url,
            "KEEPER_DISCORD_WEBHOOKS": f'{{"deals": "{chat.url}/gone"}}',
        }
    )

    with pytest.raises(ServiceUnwellError, match=r"Telegram: .*401|404.*; Discord deals: .*404"):
        probe_chats(settings)
    assert [request.path for request in chat.requests] == ["/bot1:of-nobody/getMe", "/gone"]


def test_what_is_not_configured_is_said_so() -> None:
    nothing = Settings()

    with pytest.raises(NotConfiguredError, match="SMTP_HOST"):
        probe_mail(nothing)
    with pytest.raises(NotConfiguredError, match="TELEGRAM_BOT_TOKEN"):
        probe_chats(nothing)
