"""What a check saw of a series, where a rule stands after it, and why an alert is raised."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Self


class Observation(NamedTuple):
    """What a check saw of a series, in the amount the watch counts: with shipping or without.

    A hidden price is no amount, and yet there is an offer.
    """

    checked_at: datetime
    observed_at: datetime
    amount: int | None
    implausible: bool = False
    is_hidden: bool = False

    @property
    def position(self) -> tuple[datetime, datetime]:
        """Where it stands in the order they are evaluated in."""
        return (self.checked_at, self.observed_at)


class RuleState(NamedTuple):
    """Where a rule stands.

    Attributes:
        armed: The rule alerts when it next holds.
        alerted_minor: Price of the last alert while the rule still holds; None once its owner has
            acknowledged it, so that further drops raise no alert.
        awaiting_minor: An implausible price that a later check must confirm.
        checked_at: Check of the last observation evaluated.
        observed_at: Time of the last observation evaluated.
        is_known: A price, or that there is none, has been evaluated.
        last_minor: The one last evaluated; None without an offer.
    """

    armed: bool
    alerted_minor: int | None
    awaiting_minor: int | None
    checked_at: datetime
    observed_at: datetime
    is_known: bool = False
    last_minor: int | None = None

    @property
    def position(self) -> tuple[datetime, datetime]:
        """The last observation evaluated; earlier ones and replays of it are ignored."""
        return (self.checked_at, self.observed_at)

    @classmethod
    def fresh(cls, seen: Observation) -> Self:
        """Return the state of a rule that has evaluated nothing until this observation."""
        return cls(True, None, None, seen.checked_at, seen.observed_at)

    @classmethod
    def absent(cls, checked_at: datetime) -> Self:
        """Return the state of a rule whose series had no price at all when it was last checked."""
        return cls(True, None, None, checked_at, checked_at, is_known=True)

    def moved_to(self, position: tuple[datetime, datetime]) -> Self:
        """Return the state with nothing but its position changed."""
        # Quicker than _replace, where observations are many.
        return type(self)(*self[:3], *position, *self[5:])

    def without_price(self) -> Self:
        """Return the state as that of a rule that keeps no last price."""
        return type(self)(*self[:5])

    def is_unmoved_by(self, seen: Observation) -> bool:
        """Whether the observation, evaluated, would change nothing but the position."""
        if seen.is_hidden or seen.position <= self.position:
            return True
        return self.is_known and self.awaiting_minor is None and seen.amount == self.last_minor


class AlertCause(StrEnum):
    """Why an alert is raised."""

    HOLDS = "holds"
    FURTHER_DROP = "further drop"
