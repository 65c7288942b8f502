"""Telegram, by its Bot API: https://core.telegram.org/bots/api."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from keeper.alerts.channels.http import Answer, post, refused
from keeper.alerts.message import Link, Message, Section
from keeper.domain.alerts import DeliveryResult, DeliveryStatus

_MOST_TEXT: Final = 4096
_MOST_CAPTION: Final = 1024
"""UTF-16 units after Telegram has read the markup."""
_TITLE: Final = 200
_FACTS_OF_MANY: Final = 2
_LEFT_OUT: Final = "… and more"


@dataclass(frozen=True, slots=True, repr=False)
class TelegramConfig:
    """A bot; `token` is left out of the repr."""

    token: str
    url: str = "https://api.telegram.org"
    timeout_s: float = 20


class TelegramChannel:
    """Sends messages to chats a bot may write to; the address is the chat's id or @name."""

    def __init__(self, config: TelegramConfig) -> None:
        """Send as the bot of `config`."""
        self._config = config

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        """Try once; blocks up to the timeout."""
        chart = message.sections[0].chart if len(message.sections) == 1 else None
        fields = {"chat_id": address, "parse_mode": "HTML"}
        if chart is not None:
            answer = self._call(
                "sendPhoto",
                {**fields, "caption": telegram_text(message, _MOST_CAPTION)},
                {"photo": chart.png},
            )
        else:
            fields["link_preview_options"] = json.dumps({"is_disabled": True})
            text = telegram_text(message, _MOST_TEXT)
            answer = self._call("sendMessage", {**fields, "text": text}, {})
        if isinstance(answer, DeliveryResult):
            return answer
        if answer.is_ok and answer.body.get("ok"):
            sent = answer.body.get("result")
            number = sent.get("message_id") if isinstance(sent, dict) else None
            return DeliveryResult(DeliveryStatus.SENT, f"message {number}")
        return _refused(answer)

    def _call(
        self, method: str, fields: dict[str, str], files: dict[str, bytes]
    ) -> Answer | DeliveryResult:
        url = f"{self._config.url}/bot{self._config.token}/{method}"
        return post(url, fields=fields, files=files, timeout_s=self._config.timeout_s)


def telegram_text(message: Message, most: int = _MOST_TEXT) -> str:
    """Return the message in Telegram's HTML, at most so long once it is read.

    What does not fit is left out from the end, whole lines at a time, and said to be.
    """
    lines = list(_lines(message))
    kept: list[tuple[str, str]] = []
    room = most - _length(_LEFT_OUT) - 1
    for position, line in enumerate(lines):
        used = sum(_length(plain) + 1 for _, plain in kept)
        is_last = position == len(lines) - 1
        if used + _length(line[1]) > (most if is_last else room):
            kept.append((_LEFT_OUT, _LEFT_OUT))
            break
        kept.append(line)
    return "\n".join(marked for marked, _ in kept).strip()


def _lines(message: Message) -> Iterator[tuple[str, str]]:
    """Yield lines with markup, and as they are read."""
    if message.notice:
        yield _bold(message.notice)
        yield "", ""
    yield _plain(message.lead)
    is_single = len(message.sections) == 1
    for section in message.sections:
        yield "", ""
        yield _bold(_short(section.title))
        if is_single:
            yield from (_plain(f"{name}: {value}") for name, value in section.facts)
        else:
            yield from _brief(section)
        yield _linked(section.link)
    if message.closing:
        yield "", ""
        yield _plain(message.closing)
    if message.actions:
        # Not as buttons: Telegram refuses a message with a button it cannot follow.
        yield "", ""
        yield from (_linked(action) for action in message.actions)


def _brief(section: Section) -> Iterator[tuple[str, str]]:
    yield _plain(f"{section.price}, {section.reason}")
    shown: Sequence[tuple[str, str]] = section.facts[:_FACTS_OF_MANY]
    yield from (_plain(f"{name}: {value}") for name, value in shown)


def _linked(link: Link) -> tuple[str, str]:
    return f'<a href="{escape(link.url)}">{escape(link.label)}</a>', link.label


def _plain(text: str) -> tuple[str, str]:
    return escape(text, quote=False), text


def _bold(text: str) -> tuple[str, str]:
    return f"<b>{escape(text, quote=False)}</b>", text


def _short(title: str) -> str:
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _refused(answer: Answer) -> DeliveryResult:
    says = str(answer.body.get("description", ""))[:300]
    if answer.code in (401, 404):
        # Of the bot, not of the chat: no message would fare better.
        return DeliveryResult(
            DeliveryStatus.FAILED,
            f"{answer.code} {says}; check TELEGRAM_BOT_TOKEN",
            retry=True,
            unreachable=True,
        )
    parameters = answer.body.get("parameters")
    asked = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return refused(answer, says, retry_after_s=float(asked) if asked else None)
