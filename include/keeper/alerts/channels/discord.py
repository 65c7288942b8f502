"""Discord, by webhooks: https://discord.com/developers/docs/resources/webhook#execute-webhook."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import httpx

from keeper.alerts.channels.http import TIMEOUT_S, Answer, File, post, refused
from keeper.alerts.channels.refusals import (
    GONE,
    IS_AWAY,
    THIS_MESSAGE,
    failed,
    first_rule,
    rule,
    unknown,
)
from keeper.alerts.message import Message, Section, inert
from keeper.alerts.words import words_in
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus

_MOST_EMBEDS: Final = 10
_MOST_OF_ALL: Final = 5_900
"""Discord allows 6,000 characters in all embeds together."""
_TITLE: Final = 256
_FIELD: Final = 1024
_MOST_FACTS: Final = 25
_CONTENT: Final = 2_000
_COLOUR: Final = 0x1A7F37
_THREAD_NAME: Final = 100
_LONGEST_TEXT: Final = 300
_MAIN: Final = "main"
_NEEDS_A_THREAD: Final = 220001
_MARKDOWN: Final = re.compile(r"([\\`*_~|<>\[\]()#+\-.!@:])")
_RULES: Final = (
    rule("40[14] 10003", GONE, "check thread_id in the webhook's address: {setting}"),
    rule("401|404|... (10015|50027)", GONE,
         "the webhook is gone: make one in Discord (the channel's settings, Integrations) and "
         "set {setting}, then keeper channels add discord {name}"),
    rule("400 40067", GONE,
         "this forum demands a tag: lift that in Discord, or add ?thread_id=NUMBER of one of its "
         "posts to {setting}, then keeper channels add discord {name}"),
    rule("400 22000[123]", GONE,
         "add ?thread_id=NUMBER of a post to {setting}, then keeper channels add discord {name}"),
    rule("... (160005|50083)", THIS_MESSAGE, "open the thread of thread_id in Discord again"),
    rule("413|... 40005", THIS_MESSAGE, "the message is larger than Discord takes"),
)  # fmt: skip
"""By HTTP status and Discord's code:
https://discord.com/developers/docs/topics/opcodes-and-status-codes#json."""


class DiscordChannel:
    """Posts messages by webhooks; the address is a webhook's name in the settings."""

    def __init__(self, webhooks: Mapping[str, str], *, timeout_s: float = TIMEOUT_S) -> None:
        """Post to these.

        Args:
            webhooks: Their addresses, which are secrets, by name.
            timeout_s: How long a request may take in all.
        """
        self._webhooks = webhooks
        self._timeout_s = timeout_s

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        """Try once; blocks up to the timeout, twice so long for a forum."""
        url = self._webhooks.get(address)
        if url is None:
            return DeliveryResult(
                DeliveryStatus.NOT_CONFIGURED, f"no webhook is called {address} in the settings"
            )
        payload = discord_payload(message)
        pictures = [
            File(f"files[{number}]", f"{_chart_name(number)}.png", section.chart.png)
            for number, section in enumerate(message.sections[: len(payload["embeds"])], 1)
            if section.chart is not None
        ]
        answer = self._post(url, payload, pictures)
        if isinstance(answer, Answer) and answer.body.get("code") == _NEEDS_A_THREAD:
            # A channel of the kind "forum": each message becomes a post of its own.
            payload["thread_name"] = message.subject[:_THREAD_NAME]
            answer = self._post(url, payload, pictures)
        if isinstance(answer, DeliveryResult):
            return answer
        if answer.is_ok:
            if not answer.body.get("id"):
                # With wait=true Discord returns the message.
                return unknown(f"{answer.code} without Discord's own answer")
            is_last = answer.headers.get("x-ratelimit-remaining") == "0"
            reset = answer.headers.get("x-ratelimit-reset-after") if is_last else None
            detail = f"message {answer.body.get('id')}"
            # The next one would be refused with 429.
            return DeliveryResult(DeliveryStatus.SENT, detail, retry_after_s=answer.pause_s(reset))
        return _refused(answer, address)

    def _post(
        self, url: str, payload: Mapping[str, Any], pictures: Sequence[File]
    ) -> Answer | DeliveryResult:
        """Post JSON; with pictures as the part `payload_json` of a form, where alone it is read."""
        query = {"wait": "true"}
        if not pictures:
            return post(url, query=query, body=payload, timeout_s=self._timeout_s)
        fields = {"payload_json": json.dumps(payload)}
        return post(url, query=query, fields=fields, files=pictures, timeout_s=self._timeout_s)


def discord_payload(message: Message) -> dict[str, Any]:
    """Return the webhook's JSON: an embed for each product, nobody mentioned, nothing marked up.

    What exceeds Discord's sizes is left out and said to be.
    """
    lines = [f"**{inert_markdown(message.notice)}**"] if message.notice else []
    lines += [inert_markdown(said) for said in (message.opening, message.lead) if said]
    words = words_in(message.language)
    is_single = len(message.sections) == 1
    embeds: list[dict[str, Any]] = []
    used = 0
    for number, section in enumerate(message.sections[:_MOST_EMBEDS], 1):
        embed = _embed(section, number, is_single=is_single)
        size = _size(embed)
        if used + size > _MOST_OF_ALL:
            break
        used += size
        embeds.append(embed)
    left_out = len(message.sections) - len(embeds)
    if left_out:
        lines.append(words.more_counted.format(n=left_out))
    if message.closing:
        lines.append(inert_markdown(message.closing))
    lines += [f"[{inert_markdown(one.label)}](<{one.url}>)" for one in message.actions]
    return {
        "content": "\n".join(lines)[:_CONTENT],
        "embeds": embeds,
        "allowed_mentions": {"parse": []},
    }


def inert_markdown(text: str) -> str:
    """Return a text so that Discord shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


def _chart_name(number: int) -> str:
    return f"chart-{number}"


def _embed(section: Section, number: int, *, is_single: bool) -> dict[str, Any]:
    embed: dict[str, Any] = {
        "title": _title(section.title),
        "url": section.link.url,
        "color": _COLOUR,
        "fields": [
            {"name": name, "value": inert_markdown(value)[:_FIELD], "inline": True}
            for name, value in section.facts[: _MOST_FACTS if is_single else 2]
        ],
    }
    description = [] if is_single else [inert_markdown(f"{section.price}, {section.reason}")]
    if section.opening and not is_single:
        description.insert(0, inert_markdown(section.opening))
    if section.page is not None:
        # The title leads to one place only.
        embed["url"] = section.page.url
        description.append(f"[{inert_markdown(section.link.label)}](<{section.link.url}>)")
    if description:
        embed["description"] = "\n".join(description)
    if section.image_url and section.image_url.startswith("https://"):
        embed["thumbnail"] = {"url": section.image_url}
    if section.heading:
        # No markup is read there.
        embed["author"] = {"name": section.heading[:_TITLE]}
    if section.chart is not None:
        embed["image"] = {"url": f"attachment://{_chart_name(number)}.png"}
    return embed


def _title(title: str) -> str:
    while len(inert_markdown(title)) > _TITLE:
        title = title[:-1]
    return inert_markdown(title)


def _size(embed: Mapping[str, Any]) -> int:
    fields = sum(len(field["name"]) + len(field["value"]) for field in embed["fields"])
    heading = len(embed.get("author", {}).get("name", ""))
    return heading + len(embed["title"]) + len(embed.get("description", "")) + fields


def _refused(answer: Answer, name: str) -> DeliveryResult:
    code = answer.body.get("code", "")
    says = inert(str(answer.body.get("message", "")), _LONGEST_TEXT)
    if details := list(_details(answer.body.get("errors"))):
        says = f"{says} ({inert('; '.join(details), _LONGEST_TEXT)})"
    if answer.code == httpx.codes.TOO_MANY_REQUESTS and answer.body.get("global") is True:
        says = f"{says} (for all that Keeper posts)"
    if answer.code == httpx.codes.FORBIDDEN and not answer.body:
        # Not Discord but what stands before it: it refuses addresses of the Internet for a while.
        return failed(IS_AWAY, f"{answer.code} without Discord's own answer")
    found = first_rule(_RULES, f"{answer.code} {code} {says}")
    remedy = found.remedy.format(name=name, setting=_setting(name))
    return refused(answer, says, found, remedy, pause_s=answer.body.get("retry_after"))


def _details(errors: object, path: str = "") -> Iterator[str]:
    """Yield what is wrong with which part of a message, as Discord's `errors` nest it."""
    if not isinstance(errors, dict):
        return
    for name, inner in errors.items():
        if name == "_errors" and isinstance(inner, list):
            yield from (f"{path}: {one.get('message')}" for one in inner if isinstance(one, dict))
        else:
            yield from _details(inner, f"{path}.{name}".lstrip("."))


def _setting(name: str) -> str:
    return "DISCORD_WEBHOOK" if name == _MAIN else f"{name} in KEEPER_DISCORD_WEBHOOKS"
