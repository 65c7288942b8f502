"""Keepa's Amazon locales."""

import pytest

from keeper.domain.locales import (
    LOCALES,
    UnknownLocaleError,
    locale_of,
    locale_of_host,
    locale_of_keepa_id,
)


def test_the_numbers_and_currencies_are_keepas() -> None:
    assert {(locale.keepa_id, locale.domain, locale.currency) for locale in LOCALES} == {
        (1, "us", "USD"),
        (2, "uk", "GBP"),
        (3, "de", "EUR"),
        (4, "fr", "EUR"),
        (5, "jp", "JPY"),
        (6, "ca", "CAD"),
        (8, "it", "EUR"),
        (9, "es", "EUR"),
        (10, "in", "INR"),
        (11, "mx", "MXN"),
        (12, "br", "BRL"),
    }


def test_only_yen_have_no_minor_unit() -> None:
    assert [locale.domain for locale in LOCALES if locale.minor_digits != 2] == ["jp"]


def test_a_locale_is_found_by_each_of_its_names() -> None:
    for locale in LOCALES:
        assert locale_of(locale.domain) is locale
        assert locale_of_keepa_id(locale.keepa_id) is locale
        assert locale_of_host(f"WWW.{locale.host.upper()}:443") is locale


def test_an_unknown_locale_names_the_known_ones() -> None:
    with pytest.raises(UnknownLocaleError, match="us, uk, de"):
        locale_of("nl")
    with pytest.raises(UnknownLocaleError, match="7"):
        locale_of_keepa_id(7)
    with pytest.raises(UnknownLocaleError, match=r"amazon\.nl"):
        locale_of_host("www.amazon.nl")
