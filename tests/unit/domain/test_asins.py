"""ASINs and pasted addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.asins import InvalidAsinError, is_asin, parse_product_address, product_url
from keeper.domain.locales import LOCALES, Locale, UnknownLocaleError

ASIN = "B0ABCDEF12"


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: locale.domain)
def test_a_products_own_address_is_read_back_in_every_locale(locale: Locale) -> None:
    found = parse_product_address(product_url(ASIN, locale))

    assert (found.asin, found.locale) == (ASIN, locale)


@pytest.mark.parametrize(
    "address",
    [
        "https://www.amazon.de/Some-Keyboard/dp/B0ABCDEF12/ref=sr_1_1?keywords=x#y",
        "http://amazon.de/gp/product/b0abcdef12",
        "www.amazon.de/dp/B0ABCDEF12?th=1",
        "  https://smile.amazon.de/gp/aw/d/B0ABCDEF12/ ",
        "https://www.amazon.de:443/exec/obidos/ASIN/B0ABCDEF12",
    ],
    ids=["title and tracking", "lower case", "no scheme", "spaces, mobile", "old form, port"],
)
def test_the_forms_people_paste(address: str) -> None:
    found = parse_product_address(address)

    assert found.asin == ASIN
    assert found.locale is not None
    assert found.locale.domain == "de"


def test_a_bare_asin_says_nothing_of_the_locale() -> None:
    assert parse_product_address("b0abcdef12").locale is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "B0ABCDEF1",
        "B0ABCDEF123",
        "B0ABC-EF12",
        "https://www.amazon.de/",
        "HEADPHONES",
        "ßßßßß",
        "https://www.amazon.de/dp/B0ABCDEF1\u212a",
    ],
    ids=[
        "nothing",
        "too short",
        "too long",
        "a dash",
        "no product",
        "a word",
        "becomes ten letters in capitals",
        "a Kelvin sign",
    ],
)
def test_what_is_no_product_says_so(text: str) -> None:
    with pytest.raises(InvalidAsinError, match="ASIN"):
        parse_product_address(text)


@pytest.mark.parametrize(
    "host",
    ["www.amazon.nl", "www.amazon.de.evil.example", "www.amazon.de@evil.example", "evil-amazon.de"],
    ids=["not of Keepa", "as a subdomain", "as a login", "as an ending"],
)
def test_an_address_of_another_site_is_refused(host: str) -> None:
    with pytest.raises(UnknownLocaleError, match=host):
        parse_product_address(f"https://{host}/dp/B0ABCDEF12")


@given(st.text())
def test_any_text_is_a_product_or_a_value_error(text: str) -> None:
    try:
        found = parse_product_address(text)
    except ValueError:
        return
    assert is_asin(found.asin)
