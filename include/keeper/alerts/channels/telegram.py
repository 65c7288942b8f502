"""Telegram, by its Bot API: https://core.telegram.org/bots/api."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from keeper.alerts.channels.http import Answer, post, refused
from keeper.alerts.message import Link, Message, Section
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus

_MOST_TEXT: Final = 4096
_MOST_CAPTION: Final = 1024
"""UTF-16 units after Telegram has read the markup."""
_TITLE: Final = 200
_FACTS_OF_MANY: Final = 2
_LEFT_OUT: Final = "… and more"
_LEAST_OF_AN_ALBUM: Final = 2
_MOST_OF_AN_ALBUM: Final = 10


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
        drawn = [section for section in message.sections if section.chart is not None]
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
            album = self._send_album(address, drawn) if chart is None else ""
            return DeliveryResult(DeliveryStatus.SENT, f"message {number}{album}")
        return _refused(answer)

    def _send_album(self, address: str, drawn: Sequence[Section]) -> str:
        """Send the charts of several products after their text; say if that failed.

        The text has arrived by then: a failure of its charts must not send it again.
        """
        pictures: dict[str, bytes] = {}
        media = []
        for number, section in enumerate(drawn[:_MOST_OF_AN_ALBUM], 1):
            if section.chart is not None:
                name, says = f"chart-{number}", f"{_short(section.title)}. {section.chart.says}"
                pictures[name] = section.chart.png
                media.append({"type": "photo", "media": f"attach://{name}", "caption": says})
        if len(media) < _LEAST_OF_AN_ALBUM:
            return ""
        answer = self._call(
            "sendMediaGroup",
            {
                "chat_id": address,
                "disable_notification": "true",
                "media": json.dumps(media, ensure_ascii=False),
            },
            pictures,
        )
        if isinstance(answer, DeliveryResult):
            return f", without its charts: {answer.detail}"
        return "" if answer.is_ok else f", without its charts: {_refused(answer).detail}"

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
        if section.heading:
            yield _underlined(_short(section.heading))
        yield _bold(_short(section.title))
        if is_single:
            yield from (_plain(f"{name}: {value}") for name, value in section.facts)
        else:
            yield from _brief(section)
        yield _linked(section.link)
    if message.closing:
        yield "", ""
        yield from (_plain(line) for line in message.closing.splitlines())
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


def _underlined(text: str) -> tuple[str, str]:
    return f"<u>{escape(text, quote=False)}</u>", text


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
