"""The one rule for a bare ASIN."""

import pytest

from keeper.domain.asins import parse_product_address
from keeper.pipeline.watches.meant import UnclearLocaleError, meant_for_adding, meant_product

BARE = parse_product_address("B000000001")
GERMAN = parse_product_address("https://www.amazon.de/dp/B000000001")


@pytest.mark.parametrize(
    ("address", "domain", "watched", "meant"),
    [
        (BARE, None, ("de",), ("de",)),
        (BARE, None, (), ()),
        (BARE, "uk", ("de", "us"), ("uk",)),
        (GERMAN, None, ("us", "uk"), ("de",)),
        (GERMAN, "de", ("us",), ("de",)),
    ],
)
def test_a_bare_asin_means_the_locale_in_which_it_is_watched(
    address: object, domain: str | None, watched: tuple[str, ...], meant: tuple[str, ...]
) -> None:
    assert isinstance(address, type(BARE))
    found = meant_product(address, domain, watched, everywhere=False)

    assert found.domains == meant
    assert (found.note is None) is (not watched or domain is not None or address is GERMAN)


def test_several_locales_are_asked_about_or_all_taken() -> None:
    with pytest.raises(UnclearLocaleError) as asked:
        meant_product(BARE, None, ("us", "de"), everywhere=False)
    assert str(asked.value) == (
        "B000000001 is watched in de, us: give --domain de or --domain us, or --all-domains"
    )

    assert meant_product(BARE, None, ("us", "de"), everywhere=True).domains == ("de", "us")


def test_a_locale_and_all_of_them_contradict_each_other_and_so_do_address_and_locale() -> None:
    with pytest.raises(UnclearLocaleError, match="de is given too"):
        meant_product(GERMAN, None, (), everywhere=True)
    with pytest.raises(UnclearLocaleError, match=r"amazon\.de but the domain says us"):
        meant_product(GERMAN, "us", (), everywhere=False)


@pytest.mark.parametrize(
    ("watched", "former", "meant", "note"),
    [
        (("de",), ("us",), "de", "No --domain given: de, where it is watched."),
        ((), ("de",), "de", "No --domain given: de, where it was watched before."),
        ((), ("de", "uk"), "us", "No --domain given: us."),
        ((), (), "us", "No --domain given: us."),
    ],
)
def test_what_is_added_goes_where_it_is_or_was_watched_else_to_us(
    watched: tuple[str, ...], former: tuple[str, ...], meant: str, note: str
) -> None:
    found = meant_for_adding(BARE, None, watched, former)

    assert found.domains == (meant,)
    assert found.note == note


def test_adding_where_several_locales_are_watched_asks_for_one_of_them() -> None:
    with pytest.raises(UnclearLocaleError) as asked:
        meant_for_adding(BARE, None, ("us", "de"), ())
    assert str(asked.value) == ("B000000001 is watched in de, us: give --domain de or --domain us")
