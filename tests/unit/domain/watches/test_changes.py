"""What adding a watch again changes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.watches.changes import UnclearWatchError, change_of
from keeper.domain.watches.rule_texts import parse_rules
from keeper.domain.watches.watch import Priority, Unsaid, Watch, WatchStatus

ASIN = "B000000001"
FORMER = Watch(
    ASIN,
    "us",
    "NEW",
    2499,
    WatchStatus.PAUSED,
    Priority.HIGH,
    parse_rules("sold out", "USD"),
    with_shipping=False,
    tags=("kitchen",),
)
BARE = Watch(ASIN, "us", "NEW", None, unsaid=frozenset(Unsaid))


def test_a_new_watch_has_defaults_for_what_was_not_given() -> None:
    change = change_of(BARE, [replace(FORMER, domain="de")])

    assert change.before is None
    kept = (WatchStatus.ACTIVE, Priority.NORMAL, (), False)
    assert change.after == Watch(ASIN, "us", "NEW", None, *kept, tags=())
    assert change.differences() == []


@given(st.sampled_from(WatchStatus), st.none() | st.integers(1, 10**6), st.sampled_from(Priority))
def test_nothing_given_changes_nothing_but_that_a_removed_watch_comes_back(
    status: WatchStatus, target: int | None, priority: Priority
) -> None:
    former = replace(FORMER, status=status, target_minor=target, priority=priority)

    change = change_of(BARE, [former])

    back = status is WatchStatus.INACTIVE
    assert change.after == (replace(former, status=WatchStatus.ACTIVE) if back else former)
    assert change.differences() == (["status: removed → active"] if back else [])


def test_what_is_given_is_named_before_and_after() -> None:
    asked = Watch(
        ASIN, "us", "NEW", 1999, WatchStatus.ACTIVE, Priority.LOW, parse_rules("below 5", "USD")
    )

    assert change_of(asked, [FORMER]).differences() == [
        "target: $24.99 → $19.99",
        "rules: sold out → at or below 5.00",
        "status: paused → active",
        "priority: high → low",
    ]


def test_none_removes_a_target_and_rules() -> None:
    asked = replace(BARE, rules=(), unsaid=frozenset({Unsaid.STATUS}))

    change = change_of(asked, [FORMER])

    assert change.differences() == ["target: $24.99 → none", "rules: sold out → none"]
    assert change.after.status is WatchStatus.PAUSED


@pytest.mark.parametrize(
    ("watched", "meant"),
    [([], "NEW"), (["AMAZON"], "AMAZON"), (["AMAZON", "NEW"], "NEW"), (["NEW"], "NEW")],
)
def test_without_a_price_type_the_only_watch_is_meant(watched: list[str], meant: str) -> None:
    listed = [replace(FORMER, price_type=name) for name in watched]
    removed = replace(FORMER, price_type="USED", status=WatchStatus.INACTIVE)

    assert change_of(BARE, [removed, *listed]).after.price_type == meant


def test_several_watches_without_new_are_unclear() -> None:
    listed = [replace(FORMER, price_type=name) for name in ("USED", "AMAZON")]

    with pytest.raises(UnclearWatchError, match="watched as AMAZON and USED; say which"):
        change_of(BARE, listed)


def test_what_does_not_go_with_the_watch_that_is_meant_is_refused() -> None:
    amazon = replace(FORMER, price_type="AMAZON")
    with pytest.raises(ValueError, match="gives AMAZON without shipping"):
        change_of(replace(BARE, with_shipping=True), [amazon])

    rent = replace(FORMER, price_type="RENT")
    awake = replace(BARE, unsaid=frozenset({Unsaid.PRICE_TYPE, Unsaid.TARGET}))
    with pytest.raises(UnclearWatchError, match="no RENT prices"):
        change_of(awake, [rent])


def test_tags_are_replaced_only_when_they_are_given() -> None:
    change = change_of(replace(BARE, tags=("garden", "kitchen")), [FORMER])
    assert change.differences() == ["tags: kitchen → garden, kitchen"]
    assert change_of(replace(BARE, tags=()), [FORMER]).after.tags == ()
