"""Telegram, by its Bot API: https://core.telegram.org/bots/api."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Final

import httpx

from keeper.alerts.channels.http import TIMEOUT_S, Answer, File, post, refused
from keeper.alerts.channels.refusals import CLOSED, GONE, THIS_MESSAGE, first_rule, rule, unknown
from keeper.alerts.message import Link, Message, Section, inert
from keeper.domain.messages.buttons import Buttons
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus

_MOST_TEXT: Final = 4096
_MOST_CAPTION: Final = 1024
"""UTF-16 units after Telegram has read the markup."""
_TITLE: Final = 200
_FACTS_OF_MANY: Final = 2
_LEFT_OUT: Final = "… and more"
_LONGEST_TEXT: Final = 300
_NOT_THIS_PICTURE: Final = (httpx.codes.BAD_REQUEST, httpx.codes.REQUEST_ENTITY_TOO_LARGE)
_LEAST_OF_AN_ALBUM: Final = 2
_MOST_OF_AN_ALBUM: Final = 10
_ADD: Final = "then keeper channels add telegram {chat}"
_RULES: Final = (
    rule("40[14]", CLOSED, "check TELEGRAM_BOT_TOKEN"),
    rule(".*upgraded to a supergroup", GONE,
         "the group has a new number: keeper channels add telegram {moved_to}"),
    rule("403 .*blocked by the user", GONE, f"start the bot again in Telegram, {_ADD}"),
    rule("403 .*can't (initiate|send messages to bots)", GONE,
         f"write /start to the bot in Telegram, {_ADD}"),
    rule("40[03] .*(group|chat) (was|is) (deleted|deactivated)", GONE,
         "this group no longer exists"),
    rule("403 .*deactivated", GONE, "this Telegram account no longer exists"),
    rule("403", GONE, f"let the bot into the chat again and allow it to write, {_ADD}"),
    rule("400 .*(chat|user) not found|400 .*peer_id_invalid|400 .*chat_id is empty", GONE,
         "check the chat's number; write /start to the bot, or add it to the group, "
         f"{_ADD}"),
    rule("400 .*(chat_write_forbidden|have no (rights to send a message|write access)|not enough "
         "rights to send text|need administrator rights|bot is not a member)", GONE,
         f"allow the bot to write in the chat, {_ADD}"),
    rule("400 .*topic_(closed|deleted)", THIS_MESSAGE, "open the topic General of the group again"),
)  # fmt: skip
"""https://core.telegram.org/bots/api#making-requests names no list of descriptions; these are those
that its server (tdlib/telegram-bot-api) answers."""


@dataclass(frozen=True, slots=True, repr=False)
class TelegramConfig:
    """A bot; `token` is left out of the repr."""

    token: str
    url: str = "https://api.telegram.org"
    timeout_s: float = TIMEOUT_S


class TelegramChannel:
    """Sends messages to chats a bot may write to; the address is the chat's id or @name."""

    def __init__(self, config: TelegramConfig) -> None:
        """Send as the bot of `config`."""
        self._config = config

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        """Try once; blocks up to the timeout for each of text and pictures.

        A chart that Telegram refuses, since the chat takes no pictures, say, is left out.
        """
        drawn = [section for section in message.sections if section.chart is not None]
        chart = message.sections[0].chart if len(message.sections) == 1 else None
        if chart is None:
            return self._send_text(address, message, drawn)
        answer = self._call(
            "sendPhoto",
            {
                "chat_id": address,
                "parse_mode": "HTML",
                "caption": telegram_text(message, _MOST_CAPTION),
                **self._buttons(address, message),
            },
            [File("photo", "photo.png", chart.png)],
        )
        if isinstance(answer, Answer) and answer.code in _NOT_THIS_PICTURE:
            refusal = _refused(answer, address)
            if not refusal.address_is_gone:
                result = self._send_text(address, message, ())
                is_sent = result.status is DeliveryStatus.SENT
                without = f"{result.detail}, without its chart: {refusal.detail}"
                return replace(result, detail=without) if is_sent else result
        return _outcome(answer, address)

    def _send_text(
        self, address: str, message: Message, drawn: Sequence[Section]
    ) -> DeliveryResult:
        answer = self._call(
            "sendMessage",
            {
                "chat_id": address,
                "parse_mode": "HTML",
                "link_preview_options": json.dumps({"is_disabled": True}),
                "text": telegram_text(message, _MOST_TEXT),
                **self._buttons(address, message),
            },
        )
        result = _outcome(answer, address)
        if result.status is not DeliveryStatus.SENT:
            return result
        return replace(result, detail=result.detail + self._send_album(address, drawn))

    def _send_album(self, address: str, drawn: Sequence[Section]) -> str:
        """Send the charts of several products after their text; say if that failed.

        The text has arrived by then: a failure of its charts must not send it again.
        """
        pictures: list[File] = []
        media = []
        for number, section in enumerate(drawn[:_MOST_OF_AN_ALBUM], 1):
            if section.chart is not None:
                name, says = f"chart-{number}", f"{_short(section.title)}. {section.chart.says}"
                pictures.append(File(name, f"{name}.png", section.chart.png))
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
        result = _outcome(answer, address)
        is_sent = result.status is DeliveryStatus.SENT
        return "" if is_sent else f", without its charts: {result.detail}"

    def _buttons(self, address: str, message: Message) -> dict[str, str]:
        if not message.presses:
            return {}
        signer = Buttons(self._config.token)
        rows = [
            [{"text": one.label, "callback_data": signer.signed(int(address), *one.words)}]
            for one in message.presses
        ]
        return {"reply_markup": json.dumps({"inline_keyboard": rows}, ensure_ascii=False)}

    def _call(
        self, method: str, fields: dict[str, str], files: Sequence[File] = ()
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
    if message.actions and not message.presses:
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


def _outcome(answer: Answer | DeliveryResult, address: str) -> DeliveryResult:
    if isinstance(answer, DeliveryResult):
        return answer
    if answer.is_ok and not answer.body.get("ok"):
        return unknown(f"{answer.code} without Telegram's own answer")
    if answer.is_ok:
        sent = answer.body.get("result")
        number = sent.get("message_id") if isinstance(sent, dict) else None
        return DeliveryResult(DeliveryStatus.SENT, f"message {number}" if number else "sent")
    return _refused(answer, address)


def _refused(answer: Answer, address: str) -> DeliveryResult:
    says = inert(str(answer.body.get("description", "")), _LONGEST_TEXT)
    given = answer.body.get("parameters")
    parameters = given if isinstance(given, dict) else {}
    found = first_rule(_RULES, f"{answer.code} {says}")
    moved_to = parameters.get("migrate_to_chat_id")
    remedy = found.remedy.format(
        chat=address, moved_to=moved_to if isinstance(moved_to, int) else "with its new number"
    )
    return refused(answer, says, found, remedy, pause_s=parameters.get("retry_after"))
