"""Alertmanager's configuration, from the settings by which the operator gets mail and messages.

Its alerts do not go through Keeper's outbox: mostly they say that something on that way is broken.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from keeper.errors import SettingsError
from keeper.settings import Settings
from keeper.settings.group import is_this_machine
from keeper.settings.messages import MailSettings

CONFIGURATION: Final = "alertmanager.yml"
_PASSWORD: Final = "smtp_password"  # noqa: S105 - a file's name
_IMPLICIT_TLS_PORT: Final = 465
_SUBJECT: Final = (
    "[Keeper] {{ if eq .Status `firing` }}{{ .CommonLabels.severity }}{{ else }}resolved{{ end }}:"
    " {{ .CommonLabels.alertname }}"
)
_TEXT: Final = (
    "{{ range .Alerts }}{{ .Status }}: {{ .Annotations.summary }}\n"
    "since {{ .StartsAt.UTC.Format `2006-01-02 15:04:05` }} UTC\n"
    "{{ .Annotations.runbook }}\n\n{{ end }}"
)
_EXPLAINED: Final[tuple[tuple[list[str], list[str], list[str]], ...]] = (
    (['alertname="ManyDeadLetters"'], ['alertname="DeadLetters"'], ["worker"]),
    (
        ['alertname="SourceAway"', 'source="postgres"'],
        ['alertname="WorkerWaiting"', 'worker!~"index-.*"', 'part=~"store|database|postgres"'],
        [],
    ),
    (
        ['alertname="SourceAway"', 'source="kafka"'],
        ['alertname=~"WorkerWaiting"', 'part="kafka"'],
        [],
    ),
    (['alertname="WorkerStuck"'], ['alertname=~"WorkerSilent|WorkerWaiting"'], ["worker"]),
)
"""Which alert is not sent while which other fires, and what both have in common."""


def write_alertmanager(settings: Settings, folder: Path) -> Path:
    """Write the configuration into a folder, readable by its owner alone; return its file.

    The password of the mail server is in a file of its own beside it. The token of Telegram and the
    webhook of Discord stand in the configuration: Alertmanager 0.25 takes no files for them.

    Raises:
        SettingsError: Alertmanager cannot do what the settings ask for.
    """
    # Alertmanager may be started anywhere.
    folder = folder.resolve()
    configuration = alertmanager_configuration(settings, folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = settings.mail.password
    _write(folder / _PASSWORD, "" if password is None else password.get_secret_value())
    # JSON is YAML.
    _write(folder / CONFIGURATION, json.dumps(configuration, indent=1))
    return folder / CONFIGURATION


def alertmanager_configuration(settings: Settings, folder: Path) -> dict[str, Any]:
    """Return the configuration whose files are in a folder.

    Raises:
        SettingsError: Alertmanager cannot do what the settings ask for.
    """
    receivers = [{"name": "operator"} | dict(_ways(settings, folder)), {"name": "nobody"}]
    watchdog = "nobody"
    if settings.metrics.watchdog_url is not None:
        watchdog = "outside"
        hook = {"url": settings.metrics.watchdog_url, "send_resolved": False}
        receivers.append({"name": watchdog, "webhook_configs": [hook]})
    return {
        "route": {
            "receiver": "operator",
            "group_by": ["alertname"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "4h",
            "routes": [
                {
                    "receiver": watchdog,
                    "matchers": ['alertname="Watchdog"'],
                    "group_wait": "0s",
                    "group_interval": "1m",
                    "repeat_interval": "1m",
                },
                {
                    "receiver": "operator",
                    "matchers": ['severity="ticket"'],
                    "repeat_interval": "24h",
                },
            ],
        },
        "inhibit_rules": [
            {"source_matchers": cause, "target_matchers": effect, "equal": common}
            for cause, effect, common in _EXPLAINED
        ],
        "receivers": receivers,
    }


def _ways(settings: Settings, folder: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    if settings.mail.host is not None:
        mail = _mail(settings.mail, settings.people.operator_email, folder)
        yield "email_configs", [mail]
    own, chat = settings.metrics, settings.chat
    text = {"message": _TEXT, "send_resolved": True}
    if own.telegram_chat is not None:
        token = chat.telegram_bot_token
        if token is None:
            raise SettingsError("KEEPER_OPERATOR_TELEGRAM_CHAT needs TELEGRAM_BOT_TOKEN")
        yield (
            "telegram_configs",
            [
                text
                | {
                    "api_url": chat.telegram_url,
                    "bot_token": token.get_secret_value(),
                    "chat_id": own.telegram_chat,
                    # As it is, whatever a summary holds.
                    "parse_mode": "",
                }
            ],
        )
    if own.discord is not None:
        webhook = chat.discord_webhooks.get(own.discord)
        if webhook is None:
            raise SettingsError(
                f"KEEPER_OPERATOR_DISCORD: no webhook of Discord is called {own.discord}"
            )
        yield (
            "discord_configs",
            [
                {
                    "webhook_url": webhook.get_secret_value(),
                    "title": _SUBJECT,
                    "message": _TEXT,
                    "send_resolved": True,
                }
            ],
        )


def _mail(mail: MailSettings, to: str, folder: Path) -> dict[str, Any]:
    port = mail.port
    # As Keeper's own mail takes `auto`.
    is_implicit = mail.tls == "implicit" or (mail.tls == "auto" and port == _IMPLICIT_TLS_PORT)
    if (port == _IMPLICIT_TLS_PORT) != is_implicit:
        raise SettingsError(
            "KEEPER_SMTP_TLS: Alertmanager speaks implicit TLS at port 465, and there alone; "
            "use starttls at another port"
        )
    host = str(mail.host)
    login = {
        "auth_username": mail.user,
        "auth_password_file": str(folder / _PASSWORD),
    }
    return {
        "to": to,
        "from": mail.sender,
        "smarthost": f"{host}:{port}" if ":" not in host else f"[{host.strip('[]')}]:{port}",
        # It has no "if offered": what goes through a network is encrypted, or not sent.
        "require_tls": not is_implicit
        and (mail.tls == "starttls" or (mail.tls == "auto" and not is_this_machine(host))),
        "headers": {"Subject": _SUBJECT},
        "html": "",
        "text": _TEXT,
        "send_resolved": True,
        **(login if mail.user else {}),
        **({"tls_config": {"ca_file": str(Path(mail.ca_file).resolve())}} if mail.ca_file else {}),
    }


def _write(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
