"""Whom Alertmanager calls, by the settings."""

import json
from pathlib import Path
from typing import Any

import pytest

from keeper.errors import SettingsError
from keeper.pipeline.metrics.alertmanager import alertmanager_configuration, write_alertmanager
from keeper.settings import Settings

MAIL = {"SMTP_HOST": "mail.example.org", "KEEPER_OPERATOR_EMAIL": "operator@example.org"}


def operator(tmp_path: Path, **variables: str) -> dict[str, Any]:
    made = alertmanager_configuration(Settings.from_variables(variables), tmp_path)
    found: dict[str, Any]
    (found,) = (one for one in made["receivers"] if one["name"] == made["route"]["receiver"])
    return found


def test_without_settings_it_calls_nobody_and_shows_alerts(tmp_path: Path) -> None:
    assert operator(tmp_path) == {"name": "operator"}


@pytest.mark.parametrize(
    ("given", "needs_tls"),
    [
        ({}, True),
        ({"KEEPER_SMTP_TLS": "none"}, False),
        ({"SMTP_HOST": "localhost"}, False),
        ({"SMTP_HOST": "localhost", "KEEPER_SMTP_TLS": "starttls"}, True),
        ({"SMTP_PORT": "465", "KEEPER_SMTP_TLS": "implicit"}, False),
    ],
)
def test_mail_goes_as_keepers_own_does(
    tmp_path: Path, given: dict[str, str], needs_tls: bool
) -> None:
    (mail,) = operator(tmp_path, **MAIL | given)["email_configs"]
    assert mail["to"] == "operator@example.org"
    assert mail["require_tls"] is needs_tls
    assert "auth_username" not in mail


def test_implicit_tls_at_another_port_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="KEEPER_SMTP_TLS"):
        operator(tmp_path, **MAIL, KEEPER_SMTP_TLS="implicit", SMTP_PORT="2465")


def test_a_port_of_an_ipv6_address_stands_behind_its_brackets(tmp_path: Path) -> None:
    (mail,) = operator(tmp_path, SMTP_HOST="::1", SMTP_PORT="25")["email_configs"]
    assert mail["smarthost"] == "[::1]:25"


def test_chats_are_called_by_alertmanager_itself(tmp_path: Path) -> None:
    found = operator(
        tmp_path,
        TELEGRAM_BOT_TOKEN="1:abc",
        KEEPER_OPERATOR_TELEGRAM_CHAT="-1001",
        DISCORD_WEBHOOK="https://discord.example.org/hook",
        KEEPER_OPERATOR_DISCORD="main",
    )
    (telegram,), (discord,) = found["telegram_configs"], found["discord_configs"]
    assert (telegram["bot_token"], telegram["chat_id"]) == ("1:abc", -1001)
    assert discord["webhook_url"] == "https://discord.example.org/hook"


@pytest.mark.parametrize(
    "given",
    [{"KEEPER_OPERATOR_TELEGRAM_CHAT": "5"}, {"KEEPER_OPERATOR_DISCORD": "family"}],
)
def test_a_channel_without_its_secret_is_named(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(given))):
        operator(tmp_path, **given)


@pytest.mark.parametrize("url", [None, "https://outside.example.org/ping"])
def test_the_watchdog_goes_outside_and_never_to_the_operator(
    tmp_path: Path, url: str | None
) -> None:
    settings = Settings.from_variables({} if url is None else {"KEEPER_WATCHDOG_URL": url})
    made = alertmanager_configuration(settings, tmp_path)
    (route,) = (one for one in made["route"]["routes"] if "Watchdog" in one["matchers"][0])
    (receiver,) = (one for one in made["receivers"] if one["name"] == route["receiver"])
    hooks = [hook["url"] for hook in receiver.get("webhook_configs", [])]
    assert hooks == ([] if url is None else [url])
    assert route["receiver"] != "operator"


def test_secrets_are_in_files_that_their_owner_alone_reads(tmp_path: Path) -> None:
    given = MAIL | {"SMTP_USER": "keeper", "SMTP_PASSWORD": "never-shown"}
    folder = tmp_path / "alertmanager"
    file = write_alertmanager(Settings.from_variables(given), folder)
    text = file.read_text("utf-8")
    assert "never-shown" not in text
    (mail,) = json.loads(text)["receivers"][0]["email_configs"]
    assert Path(mail["auth_password_file"]).read_text("utf-8") == "never-shown"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
