"""Looking through what is indexed of products, page by page, for so long and no longer."""

from typing import Any, cast

import pytest
from elasticsearch import Elasticsearch

from keeper.stores.elasticsearch.connection import SearchTooLongError
from keeper.stores.elasticsearch.product_search import find_products

MANY = 100_000


class Endless:
    """An index whose pages are many."""

    def __init__(self) -> None:
        self.asked = 0

    def search(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        page: dict[str, Any] = {"buckets": []}
        if self.asked < MANY:
            page["after_key"] = {"asin": "B000000001"}
        return {"aggregations": {"series": page}}


def test_what_finds_too_much_ends_when_its_time_is_over() -> None:
    index = Endless()
    with pytest.raises(SearchTooLongError):
        find_products(cast(Elasticsearch, index), "prices", "the", within_s=0.02)
    assert 0 < index.asked < MANY
