"""Targets by the average of a price type that began to include shipping."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from keeper.domain.discovery import Discovery, DiscoveryKind
from keeper.domain.locales import Locale
from keeper.domain.prices.landed import LANDED_SINCE
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.prices.types import price_type_of
from keeper.pipeline.discovery.run import Candidates, Proposed, open_question, propose
from keeper.sources.keepa.client import KeepaClient, ProductPage
from keeper.sources.keepa.products.requests import ProductQuery
from keeper.sources.keepa.tokens import Envelope
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.discovery.proposals import list_proposals, save_discovery

ASIN = "B000000001"
DAY = timedelta(days=1)
SEEN = LANDED_SINCE + 61 * DAY
# 34.99 until prices included shipping, 39.98 from that minute, 37.99 sixty days later.
POINTS = ((SEEN - 461 * DAY, 3499), (LANDED_SINCE, 3998), (SEEN - DAY, 3799))


@dataclass
class Keepa:
    """Answers with one product that has these prices in a series."""

    price_type: str

    config = SimpleNamespace(source="keepa")

    def product_pages(
        self, locale: Locale, asins: Sequence[str], query: ProductQuery
    ) -> Iterator[ProductPage]:
        csv: list[object] = [None] * 36
        csv[price_type_of(self.price_type).index] = [
            number for at, price in POINTS for number in (to_keepa_minutes(at), price)
        ]
        products = [{"asin": asin, "domainId": 1, "title": "x", "csv": csv} for asin in asins]
        body = json.dumps({"products": products}).encode()
        yield ProductPage(locale, tuple(asins), query.detail, body, SEEN, cast(Envelope, None))


@pytest.mark.parametrize(
    ("price_type", "average", "cell"),
    [
        ("NEW", (60 * 3998 + 3799) // 61, "$39.94 since February 2026"),
        ("AMAZON", (29 * 3499 + 60 * 3998 + 3799) // 90, "$38.35"),
    ],
)
def test_a_target_is_below_the_average_of_comparable_prices(
    connection: Connection, price_type: str, average: int, cell: str
) -> None:
    number = save_discovery(
        connection,
        Discovery(
            "kettles",
            DiscoveryKind.BEST_SELLERS,
            "us",
            category=7,
            price_type=price_type,
            below_average_percent=10,
        ),
    )
    client = cast(KeepaClient, Keepa(price_type))

    assert propose(connection, client, [Candidates(number, (ASIN,))], run="run") == Proposed(1, 0)

    (proposal,) = list_proposals(connection)
    assert proposal.average_90_days_minor == average
    assert proposal.target_minor == average * 90 // 100
    question = open_question(connection, "reader@example.org", clock=lambda: SEEN)
    assert question is not None
    assert f"| {cell} |" in question.body
