"""Decoding a whole /product reply: Keeper beside the `keepa` client."""

import json
from collections.abc import Sequence
from statistics import median
from typing import Any, cast

import keepa
import numpy as np

from bench.registry import Run, Values, benchmark
from bench.rounds import alternate, median_ratio
from bench.simulated_replies import STATS_DAYS, american_products, long_tracked, product_reply
from keeper.domain.prices.points import KEEPA_EPOCH
from keeper.domain.prices.types import PRICE_TYPES
from keeper.sources.keepa.products.decode import NO_OFFER, DecodedProduct, Series, decode_products

EPOCH = np.datetime64(KEEPA_EPOCH.replace(tzinfo=None), "m")


class OfflineKeepa(keepa.Keepa):
    """Keepa's client as it is, but for the network: every request is answered with one body."""

    def __init__(self, body: bytes) -> None:
        super().__init__("offline", logging_level="WARNING")
        self.status.refillRate, self.status.refillIn = 20, 30_000
        self._body = body

    def _request(self, *_: Any, **__: Any) -> Any:
        return json.loads(self._body)

    def products(self, asins: Sequence[str]) -> list[dict[str, Any]]:
        found = self.query(asins, stats=STATS_DAYS, to_datetime=True, progress_bar=False)
        return cast("list[dict[str, Any]]", found)


def columns(body: bytes) -> list[DecodedProduct]:
    """Decode a reply; every series is there as typed arrays then."""
    reply = decode_products(body)
    assert reply.problems == []
    return reply.products


@benchmark
def decode_vs_keepa(run: Run) -> Values:
    """A 100-product reply with whole histories: decode_products beside keepa's query()."""
    body = product_reply(map(long_tracked, american_products(run.size(100, 3))))
    client = OfflineKeepa(body)
    products = columns(body)
    asins = [product.asin for product in products]
    points = sum(len(s) for product in products for s in product.series.values())
    size = len(body) / 2**20
    run.say(f"one reply of {size:.1f} MiB, {len(products)} products, {points:,} points, no network")
    assert_equal(products, client.products(asins))
    del products
    taken = alternate(
        {"keepa": lambda: client.products(asins), "keeper": lambda: columns(body)}, run.rounds
    )
    return {
        "decode_vs_keepa": median_ratio(taken["keepa"], taken["keeper"]),
        "decode_keeper_ms": 1000 * median(taken["keeper"]),
        "decode_keepa_ms": 1000 * median(taken["keepa"]),
        "decode_reply_mib": size,
        "decode_reply_points": points,
    }


def assert_equal(ours: list[DecodedProduct], theirs: list[dict[str, Any]]) -> None:
    """Assert that both have read the same, leaving out what the client is known to read wrongly.

    It counts an unknown shipping (−1) as minus one, and it knows no price type by −2.
    """
    by_asin = {product["asin"]: product for product in theirs}
    assert len(by_asin) == len(ours)
    for product in ours:
        other = by_asin[product.asin]
        assert product.title == other["title"]
        for price_type in PRICE_TYPES:
            series, name = product.series.get(price_type.index), price_type.name
            assert (series is None) == (name not in other["data"]), (product.asin, name)
            if series is not None:
                times = EPOCH + series.minutes.astype("timedelta64[m]")
                assert (times == other["data"][f"{name}_time"]).all(), (product.asin, name)
                raw = other["csv"][price_type.index]
                _assert_values_equal(series, raw, other["data"][name])


def _assert_values_equal(series: Series, raw: list[int], theirs: Any) -> None:
    values = series.values
    if series.price_type.is_price or series.price_type.name == "RATING":
        landed = values if series.shipping is None else values + series.shipping
        scale = 10 if series.price_type.name == "RATING" else 100
        ours = np.where(values == NO_OFFER, np.nan, landed / scale)
        known = np.ones(len(ours), bool)
        if series.shipping is not None:
            known = (values == NO_OFFER) | (np.array(raw[2::3]) != -1)
        np.testing.assert_allclose(ours[known], theirs[known], rtol=0, atol=1e-9)
    else:
        np.testing.assert_array_equal(values, theirs)
