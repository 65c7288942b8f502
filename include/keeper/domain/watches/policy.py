"""Tolerance, hysteresis and further drop: what keeps a rule from alerting twice for one thing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """How rules of levels behave, in whole percent so that the arithmetic is exact.

    Attributes:
        tolerance_percent: The rule holds up to this much above the target.
        hysteresis_percent: It re-arms once the price is this much above that limit.
        further_drop_percent: While still below, a drop of this much under the price last alerted
            raises another alert.
        score_hysteresis: A rule about a deal's score re-arms this many points below it.
    """

    tolerance_percent: int = 1
    hysteresis_percent: int = 2
    further_drop_percent: int = 5
    score_hysteresis: int = 5

    def is_due(self, price_minor: int, target_minor: int) -> bool:
        """Return whether the rule holds: price ≤ target × 1.01 with the default tolerance."""
        return price_minor * 100 <= target_minor * (100 + self.tolerance_percent)

    def is_clear(self, price_minor: int, target_minor: int) -> bool:
        """Return whether the price is far enough above the limit to re-arm."""
        limit = target_minor * (100 + self.tolerance_percent) * (100 + self.hysteresis_percent)
        return price_minor * 10_000 > limit

    def is_further_drop(self, price_minor: int, alerted_minor: int) -> bool:
        """Return whether the price fell by a further set share since the last alert."""
        return price_minor * 100 <= alerted_minor * (100 - self.further_drop_percent)
