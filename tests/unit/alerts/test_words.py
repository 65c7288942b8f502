"""Each language says the same, also what Keeper has stored in English."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.alerts.stored_reasons import reason_in, sentence_in
from keeper.alerts.words import Plural, words_in
from keeper.alerts.words.catalogue import Reasons
from keeper.alerts.words.de import GERMAN
from keeper.alerts.words.en import ENGLISH
from keeper.domain.deals.score import score_price
from keeper.domain.locales import LOCALES
from keeper.domain.prices.history import DealHistory, PriceSeries
from keeper.domain.prices.listing import Availability
from keeper.domain.users.languages import Language
from keeper.domain.watches.reasons import reason_of, target_reason
from keeper.domain.watches.rule_state import AlertCause
from keeper.domain.watches.rules import (
    Above,
    AlertRule,
    AnyChange,
    AtOrBelow,
    BackInStock,
    BelowAverage,
    BelowPrevious,
    Condition,
    Lowest,
    Score,
    SoldOut,
)

NOW = datetime(2026, 4, 1, tzinfo=UTC)
PLACES = re.compile(r"\{(\w+)\}")
ENGLISH_WORDS = re.compile(
    r"\b(the|its|it|is|was|of|and|at|or|below|above|from|price|days|back|only|less|than)\b",
    re.IGNORECASE,
)
CONDITIONS: list[Condition] = [
    *(AtOrBelow(99_900), Above(50_00), BelowAverage(5, 30), BelowAverage(5, 90)),
    *(BelowPrevious(10), Lowest(None), Lowest(90), Score(10), BackInStock(), SoldOut()),
    AnyChange(),
]


def sentences(words: object, path: str = "") -> Iterator[tuple[str, str]]:
    assert is_dataclass(words)
    for field in fields(words):
        value = getattr(words, field.name)
        if isinstance(value, str):
            yield f"{path}{field.name}", value
        elif is_dataclass(value):
            yield from sentences(value, f"{path}{field.name}.")


def figures(text: str) -> list[str]:
    """Return the numbers of a text; what a date becomes keeps its own."""
    return sorted(re.findall(r"\d+", text))


def test_every_sentence_has_the_same_places_in_every_language() -> None:
    english, german = dict(sentences(ENGLISH)), dict(sentences(GERMAN))

    assert english.keys() - german.keys() <= {"axis_pattern"}
    for name, says in english.items():
        here, there = set(PLACES.findall(says)), set(PLACES.findall(german[name]))
        # "1 day" may be "a day".
        allowed = {"n"} if name.endswith(".one") else set()
        assert here ^ there <= allowed, name
        assert german[name].strip()


def test_plurals_are_those_of_the_language() -> None:
    days = Plural("{n} Tag", "{n} Tage")

    assert [GERMAN.counted(days, number) for number in (0, 1, 2, 21)] == [
        *("0 Tage", "1 Tag", "2 Tage", "21 Tage"),
    ]


def assert_translated(english: str, german: str) -> None:
    assert german != english
    assert not ENGLISH_WORDS.search(german), (english, german)


@pytest.mark.parametrize("landed", [None, NOW - timedelta(days=40)])
@pytest.mark.parametrize("cause", list(AlertCause))
@pytest.mark.parametrize("locale", [one.domain for one in LOCALES])
def test_why_an_alert_was_raised_is_said_in_german(
    locale: str, cause: AlertCause, landed: datetime | None
) -> None:
    points = [(NOW - timedelta(days=ago), price) for ago, price in ((300, 150_000), (60, 120_000))]
    history = PriceSeries([*points, (NOW - timedelta(days=30), 130_000)], landed).until(NOW, NOW)
    deliveries: list[Availability | None] = [None, "pre-order", "back-order", "delayed"]
    reasons = [target_reason(cause)]
    for one in CONDITIONS:
        for amount, before in ((99_900, 110_000), (110_000, 99_900), (99_900, None), (None, 1)):
            reasons += [
                reason_of(AlertRule((one,)), cause, amount, before, history, locale, availability)
                for availability in deliveries
            ]

    for reason in {*reasons, "; ".join(sorted(set(reasons)))}:
        german = reason_in(Language.GERMAN, reason)
        assert_translated(reason, german)
        assert figures(german) == figures(reason)
        assert reason_in(Language.ENGLISH, reason) == reason


HISTORIES = st.builds(
    DealHistory,
    average_90_minor=st.none() | st.integers(0, 500_00),
    low_ever_minor=st.none() | st.integers(0, 300_00),
    share_of_90_days_at_or_below=st.none() | st.floats(0, 1),
    share_of_history_at_or_below=st.none() | st.floats(0, 1),
    tracked_days=st.integers(0, 2_000),
    cheaper_until=st.none() | st.integers(0, 5_000).map(lambda days: NOW - timedelta(days=days)),
    is_cut=st.booleans(),
    is_90_days_cut=st.booleans(),
)


@given(HISTORIES, st.integers(1, 400_00), st.sampled_from([one.domain for one in LOCALES]))
def test_why_a_deal_has_its_score_is_said_in_german(
    history: DealHistory, price: int, domain: str
) -> None:
    for sentence in score_price(price, history, domain).reasons:
        assert_translated(sentence, sentence_in(Language.GERMAN, sentence))


def test_every_stored_sentence_is_read_back_with_its_figures() -> None:
    values = {"amount": "1.234,50 €", "usual": "2.000 €", "percent": "38", "days": "290"}
    values |= {"points": "70", "date": "3 March 2025"}
    for field in fields(Reasons):
        english = getattr(words_in(Language.ENGLISH).reasons, field.name).format(**values)
        expected = getattr(GERMAN.reasons, field.name).format(**values | {"date": "3. März 2025"})
        assert sentence_in(Language.GERMAN, english) == expected, field.name


@pytest.mark.parametrize(
    "sentence", ["a sentence of a later version", "", "at or below nothing", "{amount}", "50 %"]
)
def test_a_sentence_of_another_version_stays_as_it_is(sentence: str) -> None:
    assert reason_in(Language.GERMAN, sentence) == sentence
