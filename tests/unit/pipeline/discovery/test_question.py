"""The question about proposed products and how its answer is read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from keeper.domain.discovery import Proposal
from keeper.domain.prices.landed import LANDED_SINCE
from keeper.pipeline.discovery.question import (
    ALL,
    LATER,
    NONE,
    Answer,
    AnswerError,
    ask_about,
    read_answer,
)

NOW = datetime(2026, 9, 1, tzinfo=UTC)
KEYBOARD = Proposal(
    asin="B000000001",
    domain="us",
    discovery_id=1,
    title="Keyboard, 87 keys",
    price_type="NEW",
    price_minor=4999,
    currency="USD",
    average_90_days_minor=5999,
    target_minor=5399,
    rating=4.5,
    review_count=1234,
    sales_rank=12,
    source="keepa",
    run_id="discover_products/one",
    found_by="best sellers of 7",
)
MOUSE = replace(
    KEYBOARD,
    asin="B000000002",
    domain="jp",
    currency="JPY",
    title="マウス " * 40,
    price_minor=None,
    average_90_days_minor=1980,
    rating=None,
    sales_rank=None,
)
KEYBOARD_KEY, MOUSE_KEY = ("us", "B000000001"), ("jp", "B000000002")


def options() -> tuple[str, ...]:
    question = ask_about([KEYBOARD, MOUSE], None, at=NOW)
    assert question is not None
    return question.options[3:] + question.options[:3]


def test_nothing_proposed_is_no_question() -> None:
    assert ask_about([], None, at=NOW) is None


def test_the_question_shows_each_product_with_what_a_decision_needs() -> None:
    question = ask_about([KEYBOARD], "reader@example.org", at=NOW)

    assert question is not None
    assert question.subject == "1 product to watch?"
    row = question.body.splitlines()[-1]
    for said in (
        "[Keyboard, 87 keys](https://www.amazon.com/dp/B000000001)",
        "$49.99",
        "$59.99",
        "$53.99",
        "4.5 (1,234)",
        "| 12 |",
        "best sellers of 7",
    ):
        assert said in row
    assert "reader@example\\.org" in question.body
    assert question.options == (ALL, NONE, LATER, "us B000000001 Keyboard, 87 keys · $49.99")


def test_the_systems_own_list_has_no_targets_and_the_question_says_so() -> None:
    question = ask_about([KEYBOARD], None, at=NOW)

    assert question is not None
    assert "$53.99" not in question.body
    assert "without targets" in question.body


@pytest.mark.parametrize(
    ("price_type", "days_later", "cell"),
    [
        ("NEW", 40, "$59.99 since February 2026"),
        ("NEW", 90, "$59.99"),
        ("AMAZON", 40, "$59.99"),
    ],
)
def test_an_average_of_less_than_90_days_says_since_when(
    price_type: str, days_later: int, cell: str
) -> None:
    at = LANDED_SINCE + timedelta(days=days_later)

    question = ask_about([replace(KEYBOARD, price_type=price_type)], None, at=at)

    assert question is not None
    assert f"| {cell} |" in question.body


def test_simulated_products_are_labelled() -> None:
    question = ask_about([replace(KEYBOARD, source="simulator")], None, at=NOW)

    assert question is not None
    assert "simulated" in question.subject
    assert "SIMULATED" in question.body


def test_options_are_short_and_say_when_there_is_no_offer() -> None:
    _, mouse, *_ = options()

    assert len(mouse) < 100
    assert mouse.endswith("… · no offer")


def test_a_title_cannot_write_markdown() -> None:
    wicked = "x](https://evil.example) | <img src=a> `y` **z**\n# w"
    question = ask_about([replace(KEYBOARD, title=wicked)], None, at=NOW)

    assert question is not None
    row = question.body.splitlines()[-1]
    assert row.count("](") - row.count("\\](") - row.count("]\\(") <= 1
    assert "\\<img" in row
    assert row.startswith("| [x\\]\\(https://evil\\.example\\) \\| ")


@pytest.mark.parametrize(
    ("picked", "expected"),
    [
        ((0,), Answer((KEYBOARD_KEY,), (MOUSE_KEY,))),
        ((0, 1), Answer((KEYBOARD_KEY, MOUSE_KEY), ())),
        ((ALL,), Answer((KEYBOARD_KEY, MOUSE_KEY), ())),
        ((ALL, 1), Answer((KEYBOARD_KEY, MOUSE_KEY), ())),
        ((NONE,), Answer((), (KEYBOARD_KEY, MOUSE_KEY))),
        ((LATER,), Answer((), ())),
        ((1, LATER), Answer((MOUSE_KEY,), ())),
    ],
    ids=["one", "both", "all", "all and one", "none", "later", "one and the other later"],
)
def test_answers(picked: tuple[int | str, ...], expected: Answer) -> None:
    asked = options()

    assert read_answer(asked, [asked[p] if isinstance(p, int) else p for p in picked]) == expected


@pytest.mark.parametrize(
    "picked",
    [(0, NONE), (ALL, NONE), (ALL, LATER), ()],
    ids=["one and none", "all and none", "all and later", "nothing"],
)
def test_an_answer_that_contradicts_itself_decides_nothing(picked: tuple[int | str, ...]) -> None:
    asked = options()

    with pytest.raises(AnswerError, match="clear the task `approve`"):
        read_answer(asked, [asked[p] if isinstance(p, int) else p for p in picked])
