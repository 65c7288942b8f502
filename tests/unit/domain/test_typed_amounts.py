"""Amounts as people of every locale type them: the value each has, or the sentence that refuses it.

docs/TYPING.md has the short form.
"""

import pytest

from keeper.domain.locales import locale_of
from keeper.domain.money import InvalidAmountError, format_money, read_amount
from keeper.domain.watches.rule_texts import explain, parse_rule
from keeper.domain.watches.rules import InvalidRuleError

NARROW, NO_BREAK, THIN = "\u202f", "\u00a0", "\u2009"

READ = [
    # United States
    ("us", "24.99", 2499),
    ("us", "$24.99", 2499),
    ("us", "$ 24.99 ", 2499),
    ("us", "US$24.99", 2499),
    ("us", "24.99 USD", 2499),
    ("us", "$1,500.00", 150000),
    ("us", "1,234,567", 123456700),
    ("us", "$1,234,567.89", 123456789),
    ("us", ".99", 99),
    ("us", "5.", 500),
    ("us", "0.500", 50),
    ("us", "24,99", 2499),
    ("us", "\u200e$24.99\u200f", 2499),
    ("us", "24.9900", 2499),
    # United Kingdom
    ("uk", "£1,234.50", 123450),
    ("uk", "1,234.50 GBP", 123450),
    ("uk", "£5", 500),
    # Germany
    ("de", "24,99", 2499),
    ("de", "24,99 €", 2499),
    ("de", f"24,99{NO_BREAK}€", 2499),
    ("de", "€24.99", 2499),
    ("de", "EUR 24,99", 2499),
    ("de", "24,99EUR", 2499),
    ("de", "24,99 Euro", 2499),
    ("de", "1.234,56", 123456),
    ("de", "1.234.567,8", 123456780),
    ("de", "1.234.567", 123456700),
    ("de", "5,-", 500),
    ("de", "5,– €", 500),
    ("de", "5,--", 500),
    ("de", "1.234,- €", 123400),
    ("de", "1'234.50", 123450),
    ("de", "1\u2019234", 123400),
    ("de", "1500", 150000),
    # France
    ("fr", "1 234,56 €", 123456),
    ("fr", f"1{NARROW}234,56{NO_BREAK}€", 123456),
    ("fr", f"1{THIN}234{THIN}567", 123456700),
    ("fr", "1 500", 150000),
    # Japan
    ("jp", "¥1980", 1980),
    ("jp", "1,980", 1980),
    ("jp", "1.980", 1980),
    ("jp", "1,980円", 1980),
    ("jp", "１９８０", 1980),
    ("jp", "￥１，９８０", 1980),
    ("jp", "1980.00", 1980),
    ("jp", "JPY 1,234,567", 1234567),
    # Canada
    ("ca", "CA$1,234.50", 123450),
    ("ca", "1 234,50 $", 123450),
    ("ca", "C$5", 500),
    # Italy and Spain
    ("it", "€ 1.234,56", 123456),
    ("it", "19,9", 1990),
    ("es", "1.234,56€", 123456),
    ("es", "0,99", 99),
    # India
    ("in", "₹1,23,456", 12345600),
    ("in", "₹1,23,456.50", 12345650),
    ("in", "1,23,45,678", 1234567800),
    ("in", "Rs. 500", 50000),
    ("in", "Rs 1,500/-", 150000),
    ("in", "500 INR", 50000),
    ("in", "1,234,567", 123456700),
    # Mexico
    ("mx", "$1,234.50", 123450),
    ("mx", "MX$1,234.50", 123450),
    ("mx", "$1,234.50 MXN", 123450),
    # Brazil
    ("br", "R$ 1.234,56", 123456),
    ("br", "r$24,99", 2499),
    ("br", "24,99 BRL", 2499),
]

AMBIGUOUS = [
    ("de", "1.230", "'1.230' can mean €1,230.00 or €1.23; write 1230 or 1.23"),
    ("de", "1.000 €", "'1.000 €' can mean €1,000.00 or €1.00; write 1000 or 1.00"),
    ("de", "1.226", "'1.226' can mean €1,226.00 or €1.226; write 1226 or 1.23"),
    ("de", "1,500", "'1,500' can mean €1,500.00 or €1.50; write 1500 or 1.50"),
    ("us", "1,500", "'1,500' can mean $1,500.00 or $1.50; write 1500 or 1.50"),
    ("us", "$19.999", "can mean $19,999.00 or $19.999; write 19999 or 20.00"),
    ("uk", "10.000", "can mean £10,000.00 or £10.00"),
    ("br", "R$ 1.500", "can mean R$1,500.00 or R$1.50"),
    ("in", "1,500", "can mean ₹1,500.00 or ₹1.50"),
    ("us", "1234.500", "can mean $1,234,500.00 or $1,234.50"),
]

REFUSED = [
    ("us", "", "'' is not an amount; write it like 19.99"),
    ("us", "cheap", "is not an amount"),
    pytest.param("us", "1" * 100_000, "is not an amount", id="too long"),
    ("us", "1_000", "is not an amount"),
    ("us", "1e3", "is not an amount"),
    ("us", "20%", "is not an amount"),
    ("us", "10-20", "is not an amount"),
    ("us", "10 to 20", "is not an amount"),
    ("us", "2 4.99", "is not an amount"),
    ("us", "1,23,456", "is not an amount"),
    ("us", "19.99.99", "is not an amount"),
    ("us", "1.2,34", "is not an amount"),
    ("us", "NaN", "is not an amount"),
    ("us", "0x10", "is not an amount"),
    ("us", "½", "is not an amount"),
    ("in", "१९", "is not an amount"),
    ("de", "01.234,5", "is not an amount"),
    ("jp", "1980.000", "is not an amount; write it like 1980"),
    ("us", "0", "above zero"),
    ("us", "0.00", "above zero"),
    ("us", "-5", "above zero, not -5"),
    ("de", "\u22125,00", "above zero"),
    ("us", "99999999999", "sane size"),
    ("us", "19.9999", "19.9999 has more decimals than USD has (2)"),
    ("us", "1,234.567", "more decimals"),
    ("jp", "19.5", "more decimals than JPY has (0)"),
    ("jp", "19,99", "more decimals"),
    ("de", "$20", "'$20' is not in EUR"),
    ("us", "20 €", "not in USD"),
    ("us", "C$20", "not in USD"),
    ("br", "$20", "not in BRL"),
    ("jp", "20 EUR", "not in JPY"),
]


@pytest.mark.parametrize(("domain", "text", "minor"), READ)
def test_an_amount_has_its_value(domain: str, text: str, minor: int) -> None:
    assert read_amount(text, locale_of(domain).currency) == minor


@pytest.mark.parametrize(("domain", "text", "sentence"), [*AMBIGUOUS, *REFUSED])
def test_what_has_no_one_value_is_refused_with_a_sentence(
    domain: str, text: str, sentence: str
) -> None:
    with pytest.raises(InvalidAmountError) as refused:
        read_amount(text, locale_of(domain).currency)

    assert sentence in str(refused.value)


@pytest.mark.parametrize(("domain", "text", "minor"), [row for row in READ if row[1].strip()])
def test_a_rule_reads_the_same_amounts(domain: str, text: str, minor: int) -> None:
    currency = locale_of(domain).currency

    sentence = explain(parse_rule(f"below {text}", currency), currency)

    assert sentence == f"Alerts when the price is at or below {format_money(minor, currency)}."


def test_a_rule_refuses_an_ambiguous_amount_with_both_readings() -> None:
    with pytest.raises(InvalidRuleError, match=r"€1,500\.00 or €1\.50"):
        parse_rule("lowest ever and below 1.500", "EUR")
