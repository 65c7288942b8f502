"""Rules as people write them: read, written back and explained."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.watches.rule_texts import (
    EXAMPLES,
    explain,
    explain_all,
    parse_rule,
    parse_rules,
    rule_text,
)
from keeper.domain.watches.rules import (
    Above,
    AlertRule,
    AnyChange,
    AtOrBelow,
    BackInStock,
    BelowAverage,
    BelowPrevious,
    InvalidRuleError,
    Lowest,
    Score,
    SoldOut,
    read_rules,
    rules_schema,
    write_rules,
)

CONDITIONS = (
    st.builds(AtOrBelow, st.integers(1, 10**9))
    | st.builds(Above, st.integers(1, 10**9))
    | st.builds(BelowAverage, st.integers(1, 95), st.sampled_from((30, 90)))
    | st.builds(BelowPrevious, st.integers(1, 95))
    | st.builds(Lowest, st.none() | st.integers(7, 3650))
    | st.builds(BackInStock)
    | st.builds(SoldOut)
    | st.builds(AnyChange)
    | st.builds(Score, st.integers(1, 100))
)


def possible(conditions: tuple[object, ...]) -> AlertRule | None:
    try:
        return AlertRule(conditions)  # type: ignore[arg-type]  # wrong on purpose
    except InvalidRuleError:
        return None


RULES = (
    st.lists(CONDITIONS, min_size=1, max_size=3)
    .map(lambda conditions: possible(tuple(conditions)))
    .filter(lambda rule: rule is not None)
)


@given(RULES, st.sampled_from(("USD", "JPY", "EUR")))
def test_a_rule_is_read_back_as_it_was_written(rule: AlertRule, currency: str) -> None:
    assert parse_rule(rule_text(rule, currency), currency) == rule
    assert read_rules(write_rules((rule,))) == (rule,)
    assert explain(rule, currency).startswith("Alerts when ")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Below 24.99", "Alerts when the price is at or below $24.99."),
        ("above 80", "Alerts when the price rises above $80.00."),
        (
            "20 % below the 90-day average",
            "Alerts when the price is at least 20 % below its average of the last 90 days.",
        ),
        ("10% below previous", "Alerts when the price falls by 10 % or more at once."),
        ("lowest ever", "Alerts when the price is the lowest ever known."),
        (
            "Lowest in 90 days AND below 50",
            "Alerts when the price is the lowest in 90 days and the price is at or below $50.00.",
        ),
        ("back in stock", "Alerts when the product is back in stock."),
        ("sold out", "Alerts when the product is sold out."),
        ("any change", "Alerts when the price changes in any way."),
        (
            "deal score 70",
            "Alerts when the price is worth 70 or more of 100 points as a deal.",
        ),
    ],
)
def test_a_rule_is_one_plain_sentence(text: str, sentence: str) -> None:
    assert explain(parse_rule(text, "USD"), "USD") == sentence


def test_shipping_is_said_where_it_counts() -> None:
    rule = parse_rule("lowest ever", "EUR")
    assert explain(rule, "EUR", with_shipping=True).endswith(", shipping included.")
    assert "shipping" not in explain(parse_rule("sold out", "EUR"), "EUR", with_shipping=True)


def test_the_lowest_ever_says_since_when_prices_include_shipping() -> None:
    rules = parse_rules("lowest ever and below 50; lowest in 90 days", "USD")

    assert explain_all(rules, None, "USD", with_shipping=False, is_landed=True) == [
        "Alerts when the price is the lowest known since February 2026 and the price is at or "
        "below $50.00.",
        "Alerts when the price is the lowest in 90 days.",
    ]


def test_a_watch_is_explained_with_its_target_first() -> None:
    assert explain_all(parse_rules("sold out", "USD"), 2000, "USD", with_shipping=False) == [
        "Alerts when the price is at or below $20.00.",
        "Alerts when the product is sold out.",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cheap", "is no rule; write one like: at or below 24.99"),
        ("", "is no rule"),
        ("below 12.3456", "more decimals than USD has"),
        ("below 12.345", "can mean"),
        ("below -3", "above zero"),
        ("20% below 60-day average", "30 or 90 days"),
        ("120% below previous", "percent: expected `int` <= 95"),
        ("lowest in 3 days", "days: expected `int` >= 7"),
        ("deal score 101", "points: expected `int` <= 100"),
        ("sold out and below 5", "stands alone"),
        ("any change and back in stock", "one event"),
        ("above 50 and below 20", "no price is above"),
        ("lowest ever and lowest ever", "twice"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(InvalidRuleError, match=reason):
        parse_rule(text, "USD")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("nonsense", "list in JSON"),
        ('[{"all": []}]', "length >= 1"),
        ('[{"all": [{"kind": "magic"}]}]', "magic"),
        ('[{"all": [{"kind": "at_or_below", "price_minor": 0}]}]', r"\$\[0\]\.all\[0\]"),
        ('[{"all": [{"kind": "below_average", "percent": 10, "days": 60}]}]', "days|60"),
        ('[{"all": [{"kind": "sold_out"}, {"kind": "any_change"}]}]', "stands alone"),
        ('[{"all": [{"kind": "sold_out"}]}, {"all": [{"kind": "sold_out"}]}]', "twice"),
    ],
)
def test_wrong_rules_in_json_name_the_place(document: str, reason: str) -> None:
    with pytest.raises(InvalidRuleError, match=reason):
        read_rules(document)


def test_several_rules_are_separated_by_semicolons() -> None:
    assert len(parse_rules("; ".join(EXAMPLES), "USD")) == len(EXAMPLES)
    assert parse_rules("  ", "USD") == ()
    with pytest.raises(InvalidRuleError, match="twice"):
        parse_rules("sold out; Sold  out", "USD")


def test_the_schema_names_every_kind() -> None:
    text = str(rules_schema())
    for kind in ("at_or_below", "above", "below_average", "below_previous", "lowest", "any_change"):
        assert kind in text
