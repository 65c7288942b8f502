"""Whether the channels' providers answer and know Keeper, found out without sending a message."""

from collections.abc import Mapping
from typing import Final

import httpx

from keeper.alerts.channels.http import NoAnswerError, ask
from keeper.alerts.channels.smtp import MAIL_PROBLEMS, SmtpConfig, connect_to
from keeper.alerts.channels.smtp_results import failed_mail
from keeper.alerts.channels.telegram import TelegramConfig
from keeper.errors import SettingsError, TransientError

_TIMEOUT_S: Final = 20.0
_REFUSED: Final = (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND)


class ChannelUnreachableError(TransientError):
    """A provider does not answer, or is unwell."""


def reach_mail(config: SmtpConfig) -> str:
    """Greet the mail server, log in where there is a login, and return what it is.

    Raises:
        SettingsError: It refuses the login, or what it offers does not fit the settings.
        ChannelUnreachableError: It does not answer.
    """
    where = f"{config.host}:{config.port}"
    try:
        server = connect_to(config)
        try:
            code, _ = server.noop()
        finally:
            server.leave()
    except MAIL_PROBLEMS as error:
        result = failed_mail(error, config)
        said = "; ".join(filter(None, (f"the mail server {where}: {result.detail}", result.remedy)))
        problem = SettingsError if result.closes_channel else ChannelUnreachableError
        raise problem(said) from None
    login = f", login of {config.user} accepted" if config.user and config.tls != "none" else ""
    return f"{where} answers ({code}){login}"


def takes_utf8(config: SmtpConfig) -> bool | None:
    """Return whether the mail server takes addresses of other letters; None if it does not say."""
    try:
        server = connect_to(config)
    except MAIL_PROBLEMS:
        return None
    is_taken = server.has_extn("smtputf8")
    server.leave()
    return is_taken


def reach_telegram(config: TelegramConfig) -> str:
    """Ask Telegram who the bot is and return its name.

    Raises:
        SettingsError: Telegram does not know the token.
        ChannelUnreachableError: It does not answer.
    """
    answer = _ask(f"{config.url}/bot{config.token}/getMe", "Telegram", "TELEGRAM_BOT_TOKEN")
    bot = answer.get("result")
    return f"bot {bot.get('username')}" if isinstance(bot, Mapping) else "a bot without a name"


def reach_discord(name: str, webhook: str) -> str:
    """Ask Discord for a webhook and return what it is called there.

    Raises:
        SettingsError: Discord does not know it.
        ChannelUnreachableError: It does not answer.
    """
    answer = _ask(webhook, f"Discord's webhook {name}", "it in the settings")
    return f"webhook {name} ({answer.get('name')})"


def read_apprise(name: str, url: str) -> str:
    """Return the service of an Apprise URL; Apprise cannot ask it without sending something.

    Raises:
        SettingsError: Apprise cannot read the URL.
    """
    from apprise import Apprise

    service = Apprise.instantiate(url)
    if service is None:
        raise SettingsError(f"Apprise cannot read the URL called {name}; check KEEPER_APPRISE_URLS")
    return f"{name} ({service.service_name}, not asked)"


def _ask(url: str, who: str, setting: str) -> Mapping[str, object]:
    try:
        answer = ask("GET", url, timeout_s=_TIMEOUT_S)
    except NoAnswerError as error:
        raise ChannelUnreachableError(f"{who} does not answer ({error})") from None
    if answer.code in _REFUSED:
        raise SettingsError(f"{who} is refused ({answer.code}); check {setting}")
    if not answer.is_ok:
        raise ChannelUnreachableError(f"{who} answers {answer.code}; try again later")
    return answer.body
