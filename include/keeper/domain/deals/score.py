"""How good a deal truly is: its price against what the product itself has cost before.

A score is 0 to 100 points, the sum of four parts, times two gates.

Parts, from the product's own history:
- drop, up to 40: how far the price lies below its average of 90 days; full at 40 %.
- low, up to 25: how near it is to the lowest price before it; full at or below that, none from a
  quarter above it.
- rarity ever, up to 20: full when the product was hardly ever this cheap, none when it was so half
  of the time or more.
- rarity in 90 days, up to 15: the same of the last 90 days.
A young history proves little: drop and rarity in 90 days grow to their full weight over 90 tracked
days, low and rarity ever over 365.

Gates, so that a price nobody needs to hurry for scores low whatever else is good about it:
- usual price: 0 at or above the average of 90 days, 1 from 10 % below it.
- raised price: 0 when the product was this cheap for half of the last 90 days or more, 1 when for
  a quarter or less. A price that is raised and "discounted" soon after fails here.

Without the product's history there is only Keepa's average: the drop alone counts, from the lower
of the averages of 90 and 31 days, so that at most 40 points are reached. A product without a price
in the last 90 days has no usual price: only low and rarity ever count.

The list price takes no part: it is whatever a seller says it is.

Where prices began to include shipping within the time looked at, it begins there
(keeper.domain.prices.landed), and the sentences say so.
"""

from dataclasses import dataclass
from typing import Final

from keeper.domain.deals.deal import Deal, DealScore
from keeper.domain.prices.history import DealHistory
from keeper.domain.prices.landed import SINCE_LANDED
from keeper.domain.site_money import site_money

DROP_POINTS: Final = 40
FULL_DROP: Final = 0.4
LOW_POINTS: Final = 25
NO_LOW_ABOVE: Final = 0.25
RARE_EVER_POINTS: Final = 20
RARE_90_POINTS: Final = 15
NEVER_RARE: Final = 0.5
USUAL_DISCOUNT: Final = 0.1
GROWN_90_DAYS: Final = 90
GROWN_EVER_DAYS: Final = 365
_AVERAGE_OF_90: Final = "average of 90 days"


@dataclass(frozen=True, slots=True)
class _Finding:
    """Points, and the sentence that says why; what bars points comes first."""

    points: float
    sentence: str
    bars: bool = False


def score_deal(deal: Deal, history: DealHistory | None) -> DealScore:
    """Score a deal; the formula is above.

    A lower price never scores lower, all else equal.

    Args:
        deal: The deal; one whose offer has gone scores 0.
        past: The product's own history, None if it is not known.
    """
    usual = deal.average_90_days_minor if history is None else history.average_90_minor
    days = history.tracked_days if history else 0
    price = deal.price_minor
    if price is None:
        return DealScore(0, ("The offer has gone since.",), usual, None, days)
    if history is None:
        findings, factor = _by_average(deal, price, usual)
    else:
        findings, factor = _by_history(price, deal.domain, history)
    return _scored(price, findings, factor, usual, days)


def score_price(price_minor: int, history: DealHistory, domain: str = "us") -> DealScore:
    """Score a price that no deal search found; the formula is above.

    Args:
        price_minor: What the product costs.
        past: Its own history.
        domain: The locale, as whose site the reasons write amounts.
    """
    findings, factor = _by_history(price_minor, domain, history)
    return _scored(price_minor, findings, factor, history.average_90_minor, history.tracked_days)


def _scored(
    price: int, findings: list[_Finding], factor: float, usual: int | None, days: int
) -> DealScore:
    findings.sort(key=lambda finding: (not finding.bars, -finding.points))
    return DealScore(
        points=int(factor * sum(finding.points for finding in findings)),
        reasons=tuple(finding.sentence for finding in findings if finding.sentence),
        original_minor=usual,
        discount_percent=_percent_below(price, usual) if usual else None,
        history_days=days,
    )


def _by_average(deal: Deal, price: int, usual: int | None) -> tuple[list[_Finding], float]:
    if not usual:
        nothing = "Neither its own history nor an average of 90 days shows whether it is cheap."
        return [_Finding(0, nothing)], 0
    lower = min(usual, deal.average_month_minor or usual)
    drop = (usual - price) / usual
    findings = [
        _drop(price, deal.domain, usual, (lower - price) / lower, DROP_POINTS),
        _Finding(
            0,
            "Only Keepa's averages are known, not its own history, so it scores "
            f"{DROP_POINTS} at most.",
        ),
    ]
    if lower < usual and drop > 0:
        month = site_money(lower, deal.domain)
        findings.append(_Finding(0, f"Its average of the last 31 days was {month} only.", True))
    return findings, _clipped((lower - price) / lower / USUAL_DISCOUNT)


def _by_history(price: int, domain: str, history: DealHistory) -> tuple[list[_Finding], float]:
    grown_90 = _clipped(history.tracked_days / GROWN_90_DAYS)
    grown_ever = _clipped(history.tracked_days / GROWN_EVER_DAYS)
    usual, rare_90 = history.average_90_minor, history.share_of_90_days_at_or_below
    findings = [
        _low(price, domain, history, LOW_POINTS * grown_ever),
        _rare_ever(history, RARE_EVER_POINTS * grown_ever),
    ]
    if history.tracked_days < GROWN_90_DAYS:
        findings.append(_young(history))
    in_90_days = SINCE_LANDED if history.is_90_days_cut else "in the last 90 days"
    if not usual:
        unusual = f"It had no price {in_90_days}, so it has no usual one."
        return [*findings, _Finding(0, unusual, True)], 1
    drop = (usual - price) / usual
    average = f"average {SINCE_LANDED}" if history.is_90_days_cut else _AVERAGE_OF_90
    findings.append(_drop(price, domain, usual, drop, DROP_POINTS * grown_90, average))
    is_common = rare_90 is not None and rare_90 > NEVER_RARE / 2
    findings.append(_rare(rare_90, in_90_days, RARE_90_POINTS * grown_90, bars=is_common))
    factor = _clipped(drop / USUAL_DISCOUNT)
    if rare_90 is not None:
        factor *= _clipped(2 - 4 * rare_90)
        if drop >= USUAL_DISCOUNT and rare_90 >= NEVER_RARE:
            findings.append(_Finding(0, "The price was raised before it fell.", True))
    return findings, factor


def _young(history: DealHistory) -> _Finding:
    days = f"{history.tracked_days} days only"
    if history.is_cut:
        sentence = f"Its prices with shipping are known for {days}, {SINCE_LANDED}"
    else:
        sentence = f"It has been known for {days}"
    return _Finding(0, f"{sentence}, which proves little.", bars=True)


def _drop(
    price: int, domain: str, usual: int, drop: float, most: float, average: str = _AVERAGE_OF_90
) -> _Finding:
    now, before = site_money(price, domain), site_money(usual, domain)
    percent = _percent_below(price, usual)
    if percent > 0:
        how = f"{percent} % below"
    else:
        how = f"{-percent} % above" if percent < 0 else "as much as"
    sentence = f"{now} is {how} its {average}, {before}."
    return _Finding(most * _clipped(drop / FULL_DROP), sentence, bars=drop < USUAL_DISCOUNT)


def _low(price: int, domain: str, history: DealHistory, most: float) -> _Finding:
    low = history.low_ever_minor
    if not low:
        return _Finding(0, "")
    lowest, known = site_money(low, domain), f"the {history.tracked_days} days known"
    if history.is_cut:
        known += f" {SINCE_LANDED}"
    if price < low:
        sentence = f"It was never this cheap in {known}; the lowest before was {lowest}."
    elif price == low:
        sentence = f"It is at the lowest price in {known}, {lowest}."
    else:
        until = history.cheaper_until
        last = f"; it was last cheaper on {until.day} {until:%B %Y}" if until else ""
        sentence = f"Its lowest price in {known} was {lowest}{last}."
    return _Finding(most * _clipped(1 - (price - low) / low / NO_LOW_ABOVE), sentence)


def _rare_ever(history: DealHistory, most: float) -> _Finding:
    share = history.share_of_history_at_or_below
    if history.is_90_days_cut and share is not None:
        # Both spans begin at the same point then; the sentence of the 90 days says it.
        return _Finding(_rarity(share, most), "")
    span = SINCE_LANDED if history.is_cut else f"in the last {history.tracked_days} days"
    return _rare(share, span, most)


def _rare(share: float | None, span: str, most: float, *, bars: bool = False) -> _Finding:
    if share is None:
        return _Finding(0, "")
    percent = "less than 1 %" if share < 0.005 else f"{100 * share:.0f} %"
    sentence = f"It cost this or less for {percent} of the time it was on offer {span}."
    return _Finding(_rarity(share, most), sentence, bars)


def _rarity(share: float, most: float) -> float:
    return most * _clipped(1 - share / NEVER_RARE)


def _percent_below(price: int, usual: int) -> int:
    return (200 * (usual - price) + usual) // (2 * usual)


def _clipped(share: float) -> float:
    return min(max(share, 0.0), 1.0)
