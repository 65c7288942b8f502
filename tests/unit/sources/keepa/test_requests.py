"""Configuration, what is asked for, and the key's absence from logs."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from keeper.domain.asins import InvalidAsinError
from keeper.domain.locales import LOCALES, Locale, UnknownLocaleError, locale_of
from keeper.domain.prices.detail import Detail
from keeper.domain.tokens.balance import TokenRequest
from keeper.errors import SettingsError
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.config import KeepaConfig
from keeper.sources.keepa.products.requests import (
    COLLECT_NOTHING,
    KeepaRequests,
    ProductQuery,
    past_query,
)
from keeper.sources.keepa.redaction import Redactor, redact_transport_logs
from keeper.sources.keepa.tokens import Envelope
from keeper.sources.keepa.transport import Reply

KEY = "abcdef123456"


def config(base_url: str = "https://api.keepa.com") -> KeepaConfig:
    return KeepaConfig(api_key=SecretStr(KEY), base_url=base_url)


class Recorder:
    """Takes requests instead of Keepa."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.asked: list[tuple[TokenRequest, dict[str, object]]] = []

    def __call__(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
        self.asked.append((request, dict(parameters)))
        return self.reply


@pytest.fixture
def recorder() -> Recorder:
    envelope = Envelope(None, 1, 0, 1, 1, 0)
    return Recorder(Reply(b"{}", envelope, datetime(2025, 4, 30, tzinfo=UTC)))


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: locale.domain)
def test_a_product_request_costs_one_token_a_product(locale: Locale, recorder: Recorder) -> None:
    asins = ["B00ZZZZZZZ", "B00AAAAAAA"]
    reply = KeepaRequests(recorder).ask_products(locale, asins, ProductQuery(), False)
    assert reply is recorder.reply
    ((request, parameters),) = recorder.asked
    assert request == TokenRequest(
        "product", estimate=2, domain=locale.domain, products=2, detail=Detail.BASIC
    )
    assert parameters["asin"] == "B00ZZZZZZZ,B00AAAAAAA"
    assert (parameters["domain"], parameters["stats"], parameters["history"]) == (
        locale.keepa_id,
        90,
        1,
    )
    assert "key" not in parameters
    # Each of these would cost more.
    for priced in ("offers", "update", "buybox", "stock", "rating"):
        assert not parameters.get(priced)


@pytest.mark.parametrize(
    ("query", "asked", "tokens"),
    [
        (ProductQuery(Detail.BUY_BOX), {"buybox": 1}, 6),
        (ProductQuery(Detail.OFFERS), {"offers": 20, "only-live-offers": 1}, 14),
        (ProductQuery(Detail.OFFERS, tokens_each=6.1), {"offers": 20, "only-live-offers": 1}, 13),
        (ProductQuery(with_rating=True), {"rating": 1}, 4),
        (ProductQuery(Detail.BUY_BOX, with_rating=True), {"buybox": 1, "rating": 1}, 8),
        # Keepa includes both with the offers, and takes nothing for them.
        (
            ProductQuery(Detail.OFFERS, with_rating=True),
            {"offers": 20, "only-live-offers": 1},
            14,
        ),
        (ProductQuery(update_h=COLLECT_NOTHING), {"update": -1}, 2),
        (
            past_query(Detail.OFFERS),
            {"offers": 20, "only-live-offers": 1, "update": 8760},
            10,
        ),
        (past_query(Detail.BUY_BOX), {"buybox": 1}, 6),
        (past_query(Detail.BASIC), {}, 2),
    ],
    ids=lambda value: repr(value) if isinstance(value, ProductQuery) else "",
)
def test_a_request_asks_for_what_is_wanted_and_knows_its_price(
    query: ProductQuery, asked: dict[str, int], tokens: int, recorder: Recorder
) -> None:
    asins = ["B00ZZZZZZZ", "B00AAAAAAA"]
    KeepaRequests(recorder).ask_products(locale_of("de"), asins, query, True)
    ((request, parameters),) = recorder.asked
    priced = ("offers", "update", "buybox", "stock", "rating", "only-live-offers")
    assert {name: parameters[name] for name in priced if parameters.get(name)} == asked
    assert (request.estimate, request.detail, request.may_use_reserve) == (
        tokens,
        query.detail,
        True,
    )


@pytest.mark.parametrize(
    "base_url", ["", "api.keepa.com", "ftp://api.keepa.com", "https://", "https://x?key=1"]
)
def test_a_base_url_must_be_one(base_url: str) -> None:
    with pytest.raises(SettingsError, match=r"https://api\.keepa\.com"):
        config(base_url)


def test_a_base_url_loses_its_last_slash() -> None:
    assert config("https://proxy.example/keepa/").base_url == "https://proxy.example/keepa"


@pytest.mark.parametrize(
    "wrong", [{"api_key": SecretStr(" ")}, {"timeout_s": 0}, {"max_attempts": 0}], ids=str
)
def test_other_values_are_checked(wrong: dict[str, object]) -> None:
    fields: dict[str, object] = {"api_key": SecretStr(KEY), "base_url": "http://localhost:1"}
    with pytest.raises(SettingsError):
        KeepaConfig(**(fields | wrong))  # type: ignore[arg-type]  # wrong on purpose


def test_the_key_is_in_no_repr() -> None:
    with KeepaClient(config()) as client:
        assert KEY not in f"{config()!r} {client!r} {vars(client)!r}"


def test_a_locale_keepa_lacks_is_refused_before_anything_is_sent() -> None:
    china = Locale("cn", 7, "CNY", 2, "amazon.cn")
    with KeepaClient(config()) as client:
        with pytest.raises(UnknownLocaleError, match="cn"):
            client.product_pages(china, ["B00EXAMPLE"])
        assert client.usage.requests == 0


def test_what_cannot_be_an_asin_is_refused_before_anything_is_sent() -> None:
    with KeepaClient(config()) as client:
        with pytest.raises(InvalidAsinError, match="1 of 2 are not ASINs: 'a,b&key='"):
            client.product_pages(locale_of("us"), ["B00EXAMPLE", "a,b&key="])
        assert list(client.product_pages(locale_of("us"), [])) == []
        assert client.usage.requests == 0


@pytest.mark.parametrize(
    "text",
    [
        f"GET /product/?domain=1&key={KEY} HTTP/1.1",
        f"(url='/token/?key={KEY}')",
        f"bare {KEY} too",
        "another ?KEY=othersecret&x=1",
    ],
)
def test_the_redactor(text: str) -> None:
    masked = Redactor(SecretStr(KEY))(text)
    assert KEY not in masked
    assert "othersecret" not in masked
    assert "***" in masked


def test_redaction_leaves_other_words_alone() -> None:
    text = "monkey=banana, keyboard, api_key: none"
    assert Redactor(SecretStr(KEY))(text) == text


def test_what_urllib3_logs_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    redact_transport_logs()
    redact_transport_logs()
    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        logging.getLogger("urllib3.connectionpool").debug(
            '%s "%s %s" %s', "http://x:1", "GET", f"/product/?domain=1&key={KEY}", 200
        )
        logging.getLogger("urllib3.connectionpool").debug("Starting new HTTP connection (%d)", 1)
    assert [record.getMessage() for record in caplog.records] == [
        'http://x:1 "GET /product/?domain=1&key=***" 200',
        "Starting new HTTP connection (1)",
    ]


def test_the_keepa_package_logs_no_part_of_the_key(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("keepa").setLevel(logging.DEBUG)
    with caplog.at_level(logging.DEBUG), KeepaClient(config()):
        pass
    assert KEY[-6:] not in caplog.text
