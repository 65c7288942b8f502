"""The names of Keeper's topics; quick to import, for it knows no Kafka client."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

PRICE_UPDATES: Final = "price-updates"
DEAL_UPDATES: Final = "deal-updates"
PRICE_BACKFILL: Final = "price-backfill"
KEEPER_EVENTS: Final = "keeper-events"
KEEPER_CHANGES: Final = "keeper-changes"
KEEPER_GROUPS: Final = "keeper-groups"
"""What consumer groups leave for their next workers; the latest record of each key is kept."""
DATA_TOPICS: Final = (PRICE_UPDATES, DEAL_UPDATES, PRICE_BACKFILL)
"""What is loaded into the stores; each has its dead letters beside it."""

CONTROL_TOPICS: Final = (KEEPER_EVENTS, KEEPER_CHANGES)
"""What Keeper's own processes notify each other of: in order, for a day."""

EVENTS_GROUP: Final = "keeper-doorbell"

_DEAD_LETTERS: Final = ".dlq"
MAX_MESSAGE_BYTES: Final = 2_000_000
"""Twice what a topic takes by default."""
MAX_DEAD_LETTER_BYTES: Final = 16_000_000
"""Far more: a dead letter is its message, of a topic that may have been set to take large ones, and
the headers beside it."""


def dead_letter_topic(topic: str) -> str:
    """Return where messages of `topic` go that can never be loaded."""
    return f"{topic}{_DEAD_LETTERS}"


def is_dead_letter_topic(topic: str) -> bool:
    """Return whether a topic holds dead letters."""
    return topic.endswith(_DEAD_LETTERS)


def topics_to_make() -> tuple[str, ...]:
    """Return every topic the migration makes.

    Events of Keeper's own have no dead letters: one that cannot be read is no loss.
    """
    letters = (dead_letter_topic(topic) for topic in DATA_TOPICS)
    return (*DATA_TOPICS, *CONTROL_TOPICS, KEEPER_GROUPS, *letters)


def remedy_for_missing(topic: str, there_are: Collection[str] = ()) -> str:
    """Return what to do about a topic that is not among those there are."""
    if topic in topics_to_make():
        return "make it with: keeper migrate"
    similar = get_close_matches(topic, there_are, 1)
    return f"did you mean {similar[0]}?" if similar else "see: keeper topics list"
