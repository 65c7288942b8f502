"""Addresses and numbers as people paste them: the product each means, or the right sentence.

docs/TYPING.md has the short form.
"""

import pytest

from keeper.domain.asins import ShortLinkError, parse_product_address

ASIN = "B0ABCDEF12"

OF_A_SITE = [
    # Pages as Amazon writes them
    ("https://www.amazon.com/dp/B0ABCDEF12", "us"),
    ("https://www.amazon.com/Some-Keyboard-Blue/dp/B0ABCDEF12/ref=sr_1_1?keywords=x&qid=17", "us"),
    ("https://www.amazon.co.uk/gp/product/B0ABCDEF12/", "uk"),
    ("https://www.amazon.de/-/en/dp/B0ABCDEF12?th=1&psc=1", "de"),
    ("https://www.amazon.de/-/en/gp/product/B0ABCDEF12", "de"),
    ("https://www.amazon.fr/dp/product/B0ABCDEF12", "fr"),
    ("https://www.amazon.co.jp/%E3%82%AD%E3%83%BC/dp/B0ABCDEF12/", "jp"),
    ("https://www.amazon.co.jp/キーボード/dp/B0ABCDEF12/ref=sr_1_1", "jp"),
    ("https://www.amazon.ca/gp/offer-listing/B0ABCDEF12?condition=new", "ca"),
    ("https://www.amazon.it/product-reviews/B0ABCDEF12", "it"),
    ("https://www.amazon.es/exec/obidos/ASIN/B0ABCDEF12", "es"),
    ("https://www.amazon.es/exec/obidos/tg/detail/-/B0ABCDEF12", "es"),
    ("https://www.amazon.in/o/ASIN/B0ABCDEF12", "in"),
    ("https://www.amazon.com.mx/d/Teclados/Uno-Dos/B0ABCDEF12", "mx"),
    ("https://www.amazon.com.br/gp/customer-reviews/R1ABC/ref=x?ie=UTF8&ASIN=B0ABCDEF12", "br"),
    ("https://www.amazon.com/review/create-review?asin=B0ABCDEF12", "us"),
    ("https://www.amazon.com/gp/aws/cart/add.html?ASIN.1=B0ABCDEF12&Quantity.1=1", "us"),
    ("https://www.amazon.com/ask/questions/asin/B0ABCDEF12", "us"),
    # Mobile, other hosts, forms
    ("https://m.amazon.de/dp/B0ABCDEF12", "de"),
    ("https://www.amazon.de/gp/aw/d/B0ABCDEF12/ref=mp_s_a_1_1", "de"),
    ("https://www.amazon.de/gp/aw/ol/B0ABCDEF12", "de"),
    ("https://smile.amazon.com/dp/B0ABCDEF12", "us"),
    ("https://business.amazon.de/dp/B0ABCDEF12", "de"),
    ("http://AMAZON.DE/dp/b0abcdef12", "de"),
    ("amazon.de/dp/B0ABCDEF12", "de"),
    ("www.amazon.de./dp/B0ABCDEF12", "de"),
    ("https://www.amazon.de:443/dp/B0ABCDEF12", "de"),
    ("http://amzn.com/B0ABCDEF12", "us"),
    # Sponsored, tracking, redirected
    (
        "https://www.amazon.de/sspa/click?ie=UTF8&spc=MTox&url=%2FSony-X%2Fdp%2FB0ABCDEF12%2Fref%3D",
        "de",
    ),
    ("https://www.amazon.com/gp/slredirect/picassoRedirect.html?url=%2Fx%2Fdp%2FB0ABCDEF12", "us"),
    ("https://aax-eu.amazon.de/x/c/Ab1/https://www.amazon.de/dp/B0ABCDEF12", "de"),
    ("https://aax-us.amazon-adsystem.com/x/c/Q1/https://www.amazon.com/dp/B0ABCDEF12?t=1", "us"),
    ("https://www.google.com/url?q=https%3A%2F%2Fwww.amazon.de%2Fdp%2FB0ABCDEF12&sa=D", "de"),
    (
        "https://www.awin1.com/cread.php?ued=https%253A%252F%252Fwww.amazon.fr%252Fdp%252FB0ABCDEF12",
        "fr",
    ),
    ("https://www.amazon.com/gp/bestsellers/x/1234567890?pd_rd_i=B0ABCDEF12", "us"),
    # Keepa
    ("https://keepa.com/#!product/3-B0ABCDEF12", "de"),
    # Within a text
    ("Look: https://www.amazon.de/dp/B0ABCDEF12", "de"),
    ("Look (https://www.amazon.de/dp/B0ABCDEF12).", "de"),
    ("<https://www.amazon.de/dp/B0ABCDEF12>", "de"),
    ("https://www.amazon.de/dp/B0ABCDEF12.", "de"),
    ("https://www.amazon.de/dp/B0ABCDEF12&tag=x-21", "de"),
    ("Sony WH-1000XM4 Headphones https://www.amazon.de/dp/B0ABCDEF12 via @amazon", "de"),
    ("\u200ehttps://www.amazon.de/dp/\u200bB0ABCDEF12\ufeff", "de"),
    ("https://example.org/blog and https://www.amazon.de/dp/B0ABCDEF12", "de"),
    ("https://www.amazon.de/dp/B0ABCDEF12 https://www.amazon.de/gp/product/B0ABCDEF12", "de"),
    ("https://amzn.eu/d/0abc123 is https://www.amazon.de/dp/B0ABCDEF12", "de"),
    # Words that stand where an ASIN might
    ("https://www.amazon.co.uk/d/Headphones/Sony-WH-1000XM4/B0ABCDEF12", "uk"),
    ("https://www.amazon.com/dp/dashboards/B0ABCDEF12", "us"),
    ("https://www.amazon.com/gp/product/handle0123/B0ABCDEF12", "us"),
    ("https://www.amazon.com/bluetooth5/dp/B0ABCDEF12", "us"),
]

OF_NO_SITE = [
    "B0ABCDEF12",
    "b0abcdef12",
    " B0ABCDEF12, ",
    "\u200eB0ABCDEF12",
    "Ｂ０ＡＢＣＤＥＦ１２",
    "ASIN \u200f : \u200e B0ABCDEF12",
    "asin=b0abcdef12",
    "order 9781234567890 of B0ABCDEF12",
    "/dp/B0ABCDEF12",
    "the keyboard B0ABCDEF12 in blue",
]

BOOKS = [
    ("0306406152", "0306406152", None),
    ("316148410X", "316148410X", None),
    ("080442957x", "080442957X", None),
    ("3-16-148410-X", "316148410X", "3-16-148410-X is the ASIN 316148410X"),
    ("9783161484100", "316148410X", "9783161484100 is the ASIN 316148410X"),
    ("978-3-16-148410-0", "316148410X", "978-3-16-148410-0 is the ASIN 316148410X"),
    ("ISBN-13: 978-0-8044-2957-3", "080442957X", "978-0-8044-2957-3 is the ASIN 080442957X"),
    ("ISBN 9780306406157", "0306406152", "is the ASIN 0306406152"),
    ("My book, 978-0-306-40615-7, 2nd ed.", "0306406152", "is the ASIN 0306406152"),
    ("https://www.amazon.de/dp/316148410X", "316148410X", None),
    ("https://www.amazon.com/Some-Book/dp/080442957X/ref=sr_1_1", "080442957X", None),
    ("https://www.amazon.com/x?asin=0306406152", "0306406152", None),
]

REFUSED = [
    ("", "is not an ASIN"),
    ("B0ABCDEF1", "is not an ASIN"),
    ("B0ABCDEF123", "is not an ASIN"),
    pytest.param("a" * 100_000, "too long to name a product", id="too long"),
    ("keyboard", "is not an ASIN"),
    ("HEADPHONES", "is a word; an ASIN like B00EXAMPLE has figures"),
    ("https://www.amazon.de/", "is not an ASIN"),
    ("https://www.amazon.de/s?k=keyboard", "is not an ASIN"),
    ("https://www.amazon.com/gp/bestsellers/electronics/1234567890", "is not an ASIN"),
    ("https://www.amazon.com/b?node=1234567890", "is not an ASIN"),
    ("https://www.amazon.com/dp/HEADPHONES", "is not an ASIN"),
    ("https://www.amazon.com/d/Headphones/Sony-WH-1000XM4", "is not an ASIN"),
    ("https://www.amazon.nl/dp/B0ABCDEF12", "'www.amazon.nl' is not an Amazon site"),
    ("https://www.amazon.com.au/dp/B0ABCDEF12", "not an Amazon site that Keepa covers"),
    ("https://www.ebay.de/itm/B0ABCDEF12", "'www.ebay.de' is not an Amazon site"),
    ("https://www.amazon.de.evil.example/dp/B0ABCDEF12", "not an Amazon site"),
    ("https://www.amazon.de/dp/B0ABCDEF12 https://www.amazon.de/dp/B0ABCDEF13", "several products"),
    ("B0ABCDEF12 or B0ABCDEF13", "several products, B0ABCDEF12, B0ABCDEF13"),
    ("https://www.amazon.de/dp/B0ABCDEF12 https://www.amazon.fr/dp/B0ABCDEF12", "several Amazon"),
    ("979-8-6024-0545-3", "has no ASIN of its own"),
    ("978-3-16-148410-1", "its check digit does not fit"),
    ("3-16-148410-1", "its check digit does not fit"),
    ("4006381333931", "is a bar code"),
    ("306406152", "zero a spreadsheet dropped; write 0306406152"),
    ("9.78316E+12", "a spreadsheet rounded"),
    ("9,78316E+12", "a spreadsheet rounded"),
]

SHORT = [
    "https://a.co/d/0abc123",
    "https://a.co/d/0abcdef123",
    "http://amzn.to/3AbCdEf",
    "amzn.to/3AbCdEf",
    "https://amzn.eu/d/0abc123",
    "https://amzn.eu/d/0abcdef123",
    "https://amzn.asia/d/0abc123",
    "https://amzn.in/d/0abc123",
    "Look what I found: https://amzn.eu/d/0abc123.",
]


@pytest.mark.parametrize(("text", "domain"), OF_A_SITE)
def test_an_address_has_its_product_and_locale(text: str, domain: str) -> None:
    found = parse_product_address(text)

    assert found.locale is not None
    assert (found.asin, found.locale.domain, found.note) == (ASIN, domain, None)


def test_an_asin_may_have_no_further_figure() -> None:
    address = "https://www.amazon.de/Cable-Set/dp/B0BDJHVPWX/ref=sr_1_1"

    assert parse_product_address(address).asin == "B0BDJHVPWX"
    assert parse_product_address("Cable, B0BDJHVPWX").asin == "B0BDJHVPWX"


@pytest.mark.parametrize("text", OF_NO_SITE)
def test_an_asin_is_found_wherever_it_stands(text: str) -> None:
    found = parse_product_address(text)

    assert (found.asin, found.locale) == (ASIN, None)


@pytest.mark.parametrize(("text", "asin", "note"), BOOKS)
def test_a_book_is_found_by_its_isbn_and_a_conversion_is_named(
    text: str, asin: str, note: str | None
) -> None:
    found = parse_product_address(text)

    assert found.asin == asin
    assert (found.note or "").endswith(note or "")
    assert (found.note is None) is (note is None)


@pytest.mark.parametrize(("text", "sentence"), REFUSED)
def test_what_names_no_one_product_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - several errors, one per kind
        parse_product_address(text)

    assert sentence in str(refused.value)


@pytest.mark.parametrize("text", SHORT)
def test_a_short_link_is_named_with_the_way_out(text: str) -> None:
    with pytest.raises(ShortLinkError, match="open it and copy the address") as refused:
        parse_product_address(text)

    assert refused.value.url in text
    assert not refused.value.url.endswith(".")
