"""Discord, by webhooks: https://discord.com/developers/docs/resources/webhook#execute-webhook."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from keeper.alerts.channels.http import Answer, post, refused
from keeper.alerts.message import Message, Section
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus

_MOST_EMBEDS: Final = 10
_MOST_OF_ALL: Final = 5_900
"""Discord allows 6,000 characters in all embeds together."""
_TITLE: Final = 256
_FIELD: Final = 1024
_MOST_FACTS: Final = 25
_CONTENT: Final = 2_000
_COLOUR: Final = 0x1A7F37
_MARKDOWN: Final = re.compile(r"([\\`*_~|<>\[\]()#+\-.!@:])")


class DiscordChannel:
    """Posts messages by webhooks; the address is a webhook's name in the settings."""

    def __init__(self, webhooks: Mapping[str, str], *, timeout_s: float = 20) -> None:
        """Post to these.

        Args:
            webhooks: Their addresses, which are secrets, by name.
            timeout_s: How long to wait for an answer.
        """
        self._webhooks = webhooks
        self._timeout_s = timeout_s

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        """Try once; blocks up to the timeout."""
        url = self._webhooks.get(address)
        if url is None:
            return DeliveryResult(
                DeliveryStatus.NOT_CONFIGURED, f"no webhook is called {address} in the settings"
            )
        payload = discord_payload(message)
        shown = message.sections[: len(payload["embeds"])]
        answer = post(
            url,
            query={"wait": "true"},
            fields={"payload_json": json.dumps(payload)},
            files={
                _chart_name(number): section.chart.png
                for number, section in enumerate(shown, 1)
                if section.chart is not None
            },
            timeout_s=self._timeout_s,
        )
        if isinstance(answer, DeliveryResult):
            return answer
        if answer.is_ok:
            return DeliveryResult(DeliveryStatus.SENT, f"message {answer.body.get('id')}")
        return _refused(answer, address)


def discord_payload(message: Message) -> dict[str, Any]:
    """Return the webhook's JSON: an embed for each product, nobody mentioned, nothing marked up.

    What exceeds Discord's sizes is left out and said to be.
    """
    lines = [f"**{inert_markdown(message.notice)}**"] if message.notice else []
    lines.append(inert_markdown(message.lead))
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
        lines.append(f"… and {left_out} more")
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
    if not is_single:
        embed["description"] = inert_markdown(f"{section.price}, {section.reason}")
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
    says = str(answer.body.get("message", ""))[:300]
    if answer.code in (401, 404):
        says = f"{says}; check the webhook {name} in the settings"
    asked = answer.body.get("retry_after")
    return refused(answer, says, retry_after_s=float(asked) if asked else None)
