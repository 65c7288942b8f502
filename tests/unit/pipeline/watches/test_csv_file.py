"""The watch list as CSV."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.locales import LOCALES
from keeper.domain.prices.types import PRICE_TYPES, PriceType
from keeper.domain.watches.rule_texts import shipping_note
from keeper.domain.watches.watch import Priority, Unsaid, Watch, WatchStatus
from keeper.pipeline.watches.csv_file import (
    FileNote,
    RowError,
    WatchRow,
    read_watches,
    write_watches,
)
from keeper.pipeline.watches.typed import read_watch


def read(text: str) -> list[Watch | RowError | FileNote]:
    rows = read_watches(text.encode())
    return [row.watch if isinstance(row, WatchRow) else row for row in rows]


def bare(asin: str) -> Watch:
    return Watch(asin, "us", "NEW", None, unsaid=frozenset(Unsaid))


def test_only_the_asin_is_required() -> None:
    assert read("asin\nB000000001\n") == [bare("B000000001")]


def test_every_column_is_read_in_any_order_and_case() -> None:
    text = (
        "Target_Price,STATUS,domain,asin,Priority,price_type\n"
        "24.99,paused,DE,https://www.amazon.de/dp/B000000001,high,amazon\n"
    )

    assert read(text) == [
        Watch("B000000001", "de", "AMAZON", 2499, WatchStatus.PAUSED, Priority.HIGH)
    ]


def test_a_price_type_keepa_keeps_no_more_can_only_be_put_aside() -> None:
    with pytest.raises(ValueError, match="Keepa keeps no RENT prices any more"):
        read_watch("B000000001", price_type="rent")
    # An exported list is read back.
    assert read_watch("B000000001", price_type="rent", status="paused").watch.price_type == "RENT"


@pytest.mark.parametrize(
    "kind",
    [kind for kind in PRICE_TYPES if kind.is_price and not kind.is_gone],
    ids=lambda kind: kind.name,
)
def test_shipping_counts_only_where_keepa_gives_it_apart(kind: PriceType) -> None:
    if not (kind.has_shipping or kind.landed_since):
        with pytest.raises(ValueError, match=f"gives {kind.name} without shipping.*BUY_BOX_SHIPP"):
            read_watch("B000000001", price_type=kind.name, with_shipping="yes")
        watch = read_watch("B000000001", price_type=kind.name, with_shipping="no").watch
        assert not watch.counts_shipping
        return

    watch = read_watch("B000000001", price_type=kind.name, with_shipping="yes").watch

    assert watch.counts_shipping is kind.has_shipping
    note = f"{kind.name} includes shipping already; with_shipping changes nothing"
    assert shipping_note(watch) == (None if kind.has_shipping else note)
    assert shipping_note(read_watch("B000000001", price_type=kind.name).watch) is None


def test_a_bad_row_costs_only_itself_and_says_its_line() -> None:
    text = (
        "asin,domain,price_type,target_price,status,priority\n"
        "B000000001,us,NEW,10,\n"
        "nonsense,us,NEW,10,\n"
        "B000000002,nl,NEW,10,\n"
        "B000000003,us,COUNT_NEW,10,\n"
        "B000000004,jp,NEW,10.50,\n"
        "B000000005,us,NEW,10,ASLEEP\n"
        "B000000006,us,NEW,10,ACTIVE,LOW,more\n"
        "https://www.amazon.de/dp/B000000007,us,NEW,10,\n"
        "B000000008,us,NEW,10,\n"
        "B000000009,us,NEW,10,ACTIVE,urgent\n"
    )

    rows = read(text)

    assert [row.asin for row in rows if isinstance(row, Watch)] == ["B000000001", "B000000008"]
    errors = {row.row: row.reason for row in rows if isinstance(row, RowError)}
    assert list(errors) == [3, 4, 5, 6, 7, 8, 9, 11]
    assert "HIGH" in errors[11]
    assert "not an ASIN" in errors[3]
    assert "'nl'" in errors[4]
    assert "not a price" in errors[5]
    assert "JPY" in errors[6]
    assert "ASLEEP" in errors[7]
    assert "more values" in errors[8]
    assert "amazon.de" in errors[9]


@pytest.mark.parametrize(
    "text", ["", "isbn\n123\n", "asin,colour\nB000000001,red\n"], ids=["empty", "no asin", "other"]
)
def test_a_wrong_header_says_which_columns_there_are(text: str) -> None:
    (error,) = read(text)

    assert isinstance(error, RowError)
    assert error.row == 1
    assert "asin,domain,price_type,target_price,status,priority" in error.reason


@pytest.mark.parametrize(
    "text",
    ["\ufeffasin\nB000000001\n", '"asin"\r\n"B000000001"\r\n', "asin\n\n B000000001 \n\n"],
    ids=["byte order mark", "quotes and carriage returns", "blank lines and spaces"],
)
def test_what_spreadsheets_write_is_read(text: str) -> None:
    assert read(text) == [bare("B000000001")]


@given(st.text())
def test_any_text_gives_watches_and_errors(text: str) -> None:
    for row in read(f"asin,domain,price_type,target_price,status\n{text}"):
        assert isinstance(row, Watch) or (isinstance(row, RowError) and row.row > 1)


def test_none_removes_a_target_and_a_blank_leaves_it() -> None:
    removing, leaving = read("asin,target_price\nB000000001,None\nB000000002,\n")

    assert isinstance(removing, Watch)
    assert removing.target_minor is None
    assert Unsaid.TARGET not in removing.unsaid
    assert leaving == bare("B000000002")


def test_an_address_says_the_locale() -> None:
    watch = read_watch("https://www.amazon.co.jp/dp/B000000001", target="1980").watch

    assert (watch.domain, watch.target_minor) == ("jp", 1980)


watches = st.builds(
    Watch,
    asin=st.from_regex(r"B0[0-9A-Z]{7}[0-9]", fullmatch=True),
    domain=st.sampled_from([locale.domain for locale in LOCALES]),
    price_type=st.sampled_from([p.name for p in PRICE_TYPES if p.is_price and not p.is_gone]),
    target_minor=st.none() | st.integers(min_value=1, max_value=10**9),
    status=st.sampled_from(WatchStatus),
)


@given(st.lists(watches))
def test_what_is_exported_is_imported_as_it_was(listed: list[Watch]) -> None:
    file = io.StringIO()
    write_watches(file, listed)

    assert read(file.getvalue()) == listed
