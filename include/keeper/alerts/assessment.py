"""How good a price is, in the words of messages and of the API."""

from datetime import datetime, timedelta
from typing import Final

from keeper.alerts.formats import day
from keeper.domain.prices.landed import SINCE_LANDED
from keeper.domain.prices.verdict import PriceContext
from keeper.domain.site_money import site_money

_DAY: Final = timedelta(days=1)


def assessment(
    context: PriceContext, *, domain: str, observed_at: datetime, time_zone: str
) -> list[tuple[str, str]]:
    """Say how good a price is, as far as its history shows: names and texts, the best one first.

    Args:
        context: How the price compares with its history.
        domain: The locale, for its money.
        observed_at: Since when the price holds.
        time_zone: The reader's, for days.
    """
    if context.known_since is None:
        return []
    known = SINCE_LANDED if context.is_cut else f"since {day(context.known_since, time_zone)}"
    facts = []
    if context.dearer is not None and context.offered is not None:
        without_gaps = context.until - context.known_since
        facts.append(
            ("How good", f"{_rank(context.dearer, context.offered, without_gaps)} {known}")
        )
    if context.lowest_since is None:
        facts.append(("Lowest", f"of all prices known {known}"))
    elif context.lowest_since < observed_at:
        facts.append(("Lowest since", day(context.lowest_since, time_zone)))
    if context.average_90_minor is not None:
        average = site_money(context.average_90_minor, domain)
        facts.append(
            ("Average", f"{average} {SINCE_LANDED}")
            if context.is_90_days_cut
            else ("90-day average", average)
        )
    return facts


def _rank(dearer: timedelta, offered: timedelta, known: timedelta) -> str:
    """Say on how many days the price was higher, in whole days, never more than it truly was."""
    days = max(round(offered / _DAY), 1)
    higher = days if dearer == offered else min(dearer // _DAY, days)
    counted = f"{days} day{'s' if days > 1 else ''}"
    if offered < known - _DAY:
        counted += " with an offer"
    if not dearer:
        return f"never dearer in {counted}"
    return f"cheaper than on {higher or 'less than one'} of {counted}"
