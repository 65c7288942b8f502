"""What the bot shows keeps within what Telegram takes, whatever Amazon says."""

from datetime import UTC, datetime

import pytest

from keeper.bot.api.replies import Assessment, Money, Price, Product, TypedPrice, Watch
from keeper.bot.shown import Show, best_known, rank_text
from keeper.bot.texts.english import ENGLISH
from keeper.bot.texts.speak import LANGUAGES
from keeper.domain.messages.buttons import MOST_BYTES, Buttons
from keeper.domain.prices.types import PRICE_TYPES
from tests.chat_rules import telegram_refusal

AT = datetime(2026, 3, 1, tzinfo=UTC)
BUTTONS = Buttons("4711:secret-word")
LARGEST = 2**53


def price(minor: int | None, price_type: str = "NEW", state: str = "known") -> TypedPrice:
    amount = None if minor is None else Money(minor, "EUR", "shown")
    return TypedPrice(
        state=state,
        amount=amount,
        shipping=None,
        checked_at=AT,
        is_stale=False,
        source="keepa",
        price_type=price_type,
    )


def assessed(dearer: float | None, offered: float | None) -> Assessment:
    since = None if offered is None else AT
    return Assessment("", [], price(100), since, dearer, offered, None, None)


@pytest.mark.parametrize(
    ("dearer", "offered", "text"),
    [
        (86.4, 100.0, "cheaper than on 86 of 100 days with an offer since 1 March 2026"),
        (100.0, 100.0, "cheaper than on 100 of 100 days with an offer since 1 March 2026"),
        (99.99, 100.0, "cheaper than on 99 of 100 days with an offer since 1 March 2026"),
        (0.0, 100.0, "never dearer in 100 days since 1 March 2026"),
        (None, None, ENGLISH.rank_too_short),
    ],
)
def test_a_rank_never_says_more_than_is_true(
    dearer: float | None, offered: float | None, text: str
) -> None:
    assert rank_text(assessed(dearer, offered), ENGLISH) == text


@pytest.mark.parametrize("kind", [one.name for one in PRICE_TYPES if one.is_price])
def test_no_button_is_too_long_for_telegram(kind: str) -> None:
    show = Show(LARGEST, ENGLISH, BUTTONS)
    product = Product("B00EXAMPL0", "de", "EUR", None, "https://www.amazon.de/dp/B00EXAMPL0", [])
    shown = show.product(product, price(10**9, kind), None)
    data = [one.callback_data for row in shown.rows for one in row if one.callback_data]
    assert len(data) == 2
    assert all(len(str(one).encode()) <= MOST_BYTES for one in data)


def test_a_full_list_of_long_titles_is_taken_by_telegram() -> None:
    title = '<b>"&" \u202e' + "𝕏" * 500
    watches = [
        Watch(
            id=10**15 + number,
            asin="B00EXAMPL0",
            domain="de",
            price_type="NEW",
            title=title,
            url="https://www.amazon.de/dp/B00EXAMPL0",
            target=Money(10**9, "EUR", ""),
            status="PAUSED",
            snoozed_until=AT,
            price=Price("known", Money(10**9, "EUR", ""), None, AT, True, "simulator"),
        )
        for number in range(10)
    ]
    for texts in LANGUAGES:
        show = Show(7, texts, BUTTONS)
        for shown in (show.watches(watches, has_more=True), show.watch(watches[0])):
            fields = {"text": shown.html, "parse_mode": "HTML"}
            assert telegram_refusal("sendMessage", fields, {}) is None


def test_the_price_that_is_asked_for_most_is_shown() -> None:
    assert best_known([price(1, "USED"), price(2, "NEW")], None) == price(2, "NEW")
    assert best_known([price(1, "USED"), price(2, "NEW")], "USED") == price(1, "USED")
    assert best_known([price(None, "NEW"), price(3, "AMAZON")], None) == price(3, "AMAZON")
    assert best_known([], None) is None


def test_what_cannot_stand_behind_a_button_is_refused() -> None:
    for parts in (("two words",), ("x" * 60,)):
        with pytest.raises(ValueError, match="cannot stand behind a button"):
            BUTTONS.signed(1, *parts)


def test_a_button_is_read_in_its_chat_alone() -> None:
    data = BUTTONS.signed(7, "stop", 12)
    assert BUTTONS.read(7, data) == ["stop", "12"]
    assert BUTTONS.read(8, data) is None
    assert BUTTONS.read(7, data.replace("12", "13", 1)) is None
    assert BUTTONS.read(7, "") is None
