"""What refusals mean for a delivery: whom they concern, for how long, and what helps."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus


@dataclass(frozen=True, slots=True)
class Meaning:
    """Whom a refusal concerns, and for how long; see DeliveryResult."""

    retry: bool = False
    unreachable: bool = False
    closes_channel: bool = False
    address_is_gone: bool = False


THIS_MESSAGE: Final = Meaning()
LATER: Final = Meaning(retry=True)
IS_AWAY: Final = Meaning(retry=True, unreachable=True)
CLOSED: Final = Meaning(retry=True, closes_channel=True)
GONE: Final = Meaning(address_is_gone=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of a table of refusals.

    Attributes:
        answers: Fits the beginning of those answers it is for; they are in lower case.
        meaning: What such an answer means.
        remedy: What helps; blank if nothing is known.
    """

    answers: re.Pattern[str]
    meaning: Meaning
    remedy: str = ""


def rule(answers: str, meaning: Meaning, remedy: str = "") -> Rule:
    """Return a row whose pattern is a regular expression."""
    return Rule(re.compile(answers), meaning, remedy)


def first_rule(rules: Iterable[Rule], answer: str) -> Rule:
    """Return the first rule that an answer fits; a refusal of this message alone if none does."""
    asked = answer.lower()
    return next((one for one in rules if one.answers.match(asked)), Rule(_ANY, THIS_MESSAGE))


def failed(
    meaning: Meaning, detail: str, remedy: str = "", *, retry_after_s: float | None = None
) -> DeliveryResult:
    """Return an attempt that failed."""
    return DeliveryResult(
        DeliveryStatus.FAILED,
        detail,
        retry=meaning.retry,
        unreachable=meaning.unreachable,
        retry_after_s=retry_after_s,
        closes_channel=meaning.closes_channel,
        address_is_gone=meaning.address_is_gone,
        remedy=remedy,
    )


def unknown(detail: str) -> DeliveryResult:
    """Return an attempt that may have succeeded."""
    return DeliveryResult(DeliveryStatus.UNKNOWN, f"{detail}; it may have arrived", retry=True)


_ANY: Final = re.compile("")
