"""How good a price is, in the words of messages and of the API."""

from datetime import datetime, timedelta
from typing import Final

from keeper.alerts.formats import day, month
from keeper.alerts.words import Words, words_in
from keeper.domain.prices.verdict import PriceContext
from keeper.domain.site_money import site_money
from keeper.domain.users.languages import Language

_DAY: Final = timedelta(days=1)


def assessment(
    context: PriceContext,
    *,
    domain: str,
    observed_at: datetime,
    time_zone: str,
    language: Language = Language.ENGLISH,
) -> list[tuple[str, str]]:
    """Say how good a price is, as far as its history shows: names and texts, the best one first.

    Args:
        context: How the price compares with its history.
        domain: The locale, for its money.
        observed_at: Since when the price holds.
        time_zone: The reader's, for days.
        language: The reader's.
    """
    if context.known_since is None:
        return []
    words = words_in(language)
    if context.is_cut:
        known = words.since_landed
    else:
        known = words.since_day.format(day=day(context.known_since, time_zone, language))
    facts = []
    if (rank := _rank(context, words)) is not None:
        facts.append((words.how_good, words.how_good_since.format(good=rank, since=known)))
    if context.lowest_since is None:
        facts.append((words.lowest, words.of_all_prices.format(since=known)))
    elif context.lowest_since < observed_at:
        facts.append((words.lowest_since, day(context.lowest_since, time_zone, language)))
    if context.average_90_minor is not None:
        average = site_money(context.average_90_minor, domain)
        facts.append(
            (words.average, words.amount_since_landed.format(amount=average))
            if context.is_90_days_cut
            else (words.average_90, average)
        )
    return facts


def opening(
    price: str,
    context: PriceContext,
    *,
    domain: str,
    observed_at: datetime,
    time_zone: str,
    language: Language,
) -> str:
    """Return the sentence a message begins with; blank where too little is known.

    "€ 70.39: cheaper than on 86 of the last 100 days; it was € 62.20 in September."

    Args:
        price: The price, as its locale writes it.
        context: How it compares with its history.
        domain: The locale, for its money.
        observed_at: Since when the price holds.
        time_zone: The reader's, for days and months.
        language: The reader's.
    """
    words = words_in(language)
    good = _rank_of_late(context, words)
    if good is None or context.known_since is None:
        return ""
    before = ""
    if context.earlier_low is not None:
        at, minor = context.earlier_low
        before = words.was_lower.format(
            amount=site_money(minor, domain),
            month=month(at, time_zone, language, until=context.until),
        )
    elif context.lowest_since is None and not context.is_cut:
        since = day(context.known_since, time_zone, language)
        before = words.the_lowest_since.format(day=since)
    elif context.lowest_since is not None and context.lowest_since < observed_at:
        since = day(context.lowest_since, time_zone, language)
        before = words.the_lowest_since.format(day=since)
    if not before:
        return words.opening.format(price=price, good=good)
    return words.opening_in_two.format(price=price, good=good, before=before)


def _rank_of_late(context: PriceContext, words: Words) -> str | None:
    """Say the rank by the last days where these are all that is known, without a gap."""
    rank = _rank(context, words)
    if rank is None or context.dearer is None or context.offered is None:
        return None
    if context.is_cut:
        return words.how_good_since.format(good=rank, since=words.since_landed)
    if _has_gaps(context):
        return rank
    days = _days(context.offered)
    if not context.dearer:
        return words.counted(words.last_days_never_dearer, days)
    return words.counted(words.last_days_cheaper, days, higher=_higher(context, words))


def _rank(context: PriceContext, words: Words) -> str | None:
    """Say on how many days the price was higher, in whole days, never more than it truly was."""
    if context.dearer is None or context.offered is None:
        return None
    plural = words.days_with_offer if _has_gaps(context) else words.days
    counted = words.counted(plural, _days(context.offered))
    if not context.dearer:
        return words.never_dearer.format(days=counted)
    return words.cheaper_than_on.format(higher=_higher(context, words), days=counted)


def _higher(context: PriceContext, words: Words) -> str:
    dearer, offered = context.dearer or timedelta(), context.offered or timedelta()
    days = _days(offered)
    higher = days if dearer == offered else min(dearer // _DAY, days)
    return str(higher) if higher else words.less_than_one


def _has_gaps(context: PriceContext) -> bool:
    if context.known_since is None or context.offered is None:
        return False
    return context.offered < context.until - context.known_since - _DAY


def _days(offered: timedelta) -> int:
    return max(round(offered / _DAY), 1)
