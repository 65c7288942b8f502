"""What a channel is given to send: the same facts, whatever they are written in."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final

TITLE_LENGTH: Final = 500


@dataclass(frozen=True, slots=True)
class Link:
    """Words to click on, and where they lead."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a message's own, as PNG, and what it shows in words."""

    png: bytes
    says: str


@dataclass(frozen=True, slots=True)
class Press:
    """A button that the Telegram bot answers: its label, and the words that stand behind it."""

    label: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What a message says of one product.

    Attributes:
        title: The product's, on one line and inert; channels escape it for their own markup.
        reason: Why it is in the message.
        price: The price, as its locale writes it.
        facts: Names and values, in the order of their worth.
        link: To the product.
        image_url: Address of its picture; mail carries what is there, or shows none.
        chart: What it has cost.
        heading: What this section and those after it have in common; blank to go on.
    """

    title: str
    reason: str
    price: str
    facts: tuple[tuple[str, str], ...]
    link: Link
    image_url: str | None = None
    chart: Picture | None = None
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message ready for any channel.

    Attributes:
        key: The same at every attempt, so that a channel which recognises it sends it once.
        subject: One line.
        lead: What it is about, above the sections.
        sections: One for each product.
        made_at: The date it bears; the same at every attempt.
        notice: What must not be overlooked, that prices are simulated say; blank for nothing.
        closing: Lines below the sections; blank for none.
        actions: What its reader may do about it.
        alert_ids: The alerts it contains.
        unsubscribe_url: Where one click ends messages to this channel; None if nowhere.
        presses: The same as actions, for a chat that the bot answers, which shows them instead.
    """

    key: str
    subject: str
    lead: str
    sections: tuple[Section, ...]
    made_at: datetime
    notice: str = ""
    closing: str = ""
    actions: tuple[Link, ...] = ()
    alert_ids: tuple[int, ...] = ()
    unsubscribe_url: str | None = None
    presses: tuple[Press, ...] = ()


def inert(text: str | None, length: int = TITLE_LENGTH) -> str:
    """Return a text of others on one line, without control, format and line-separating characters.

    Markup in it is left as it is: each channel escapes what it would read as such.
    """
    if not text:
        return ""
    kept = (
        character if unicodedata.category(character)[0] not in "CZ" else " " for character in text
    )
    return " ".join("".join(kept).split())[:length]
