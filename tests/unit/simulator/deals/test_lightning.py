import json
from typing import Any

import pytest
from keepa.models.backend import LightningDeal

from keeper.domain.locales import Locale
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.deals.lightning import all_lightning_deals
from keeper.simulator.products.catalogue import Catalogue
from tests.unit.simulator import asking

DAY = 1440
LIGHTNING = 8


def ask(api: KeepaApi, **query: str) -> dict[str, Any]:
    answer = api.answer("lightningdeal", {"key": "simulator", "domain": "1", **query})
    assert answer.status == 200
    document: dict[str, Any] = json.loads(answer.body)
    return document


@pytest.fixture
def moments(at_minute: int) -> list[int]:
    return [at_minute + hours * 60 for hours in range(0, 72, 6)]


def test_deals_are_the_spells_of_their_histories(
    catalogue: Catalogue, us: Locale, moments: list[int]
) -> None:
    seen = set()
    for at in moments:
        for deal in all_lightning_deals(catalogue, us, at):
            seen.add(deal["dealState"])
            sheet = catalogue.find(deal["asin"], us)
            assert sheet is not None
            start, end = deal["startTime"], deal["endTime"]
            known = catalogue.history(sheet, us, at).entries.get(LIGHTNING)
            later = catalogue.history(sheet, us, end).entries[LIGHTNING].tolist()
            assert [value >= 0 for minute, value in later if minute == start] == [True]
            assert later[-1] == [end, -1]
            if deal["dealState"] == "AVAILABLE":
                assert start <= at < end
                assert known is not None
                assert deal["dealPrice"] == known[-1, 1] > 0
                assert 0 <= deal["percentClaimed"] < 100
            else:
                assert at < start <= at + DAY
                assert (deal["dealPrice"], deal["currentPrice"]) == (-1, -1)
    assert seen == {"AVAILABLE", "UPCOMING"}


def test_a_deal_to_come_runs_when_it_has_come(
    catalogue: Catalogue, us: Locale, moments: list[int]
) -> None:
    upcoming = {
        deal["dealId"]: deal
        for at in moments
        for deal in all_lightning_deals(catalogue, us, at)
        if deal["dealState"] == "UPCOMING"
    }
    assert upcoming
    for deal in upcoming.values():
        begun = all_lightning_deals(catalogue, us, deal["startTime"])
        (then,) = [other for other in begun if other["dealId"] == deal["dealId"]]
        assert (then["dealState"], then["endTime"]) == ("AVAILABLE", deal["endTime"])
        assert then["dealPrice"] > 0


def test_the_keepa_package_reads_every_field(
    catalogue: Catalogue, us: Locale, at_minute: int
) -> None:
    deals = all_lightning_deals(catalogue, us, at_minute)
    assert deals
    for deal in deals:
        assert set(deal) == set(LightningDeal.model_fields)
        LightningDeal.model_validate(deal)


def test_the_whole_list_costs_more_than_one_product(api: KeepaApi) -> None:
    whole = ask(api)
    assert whole["tokensConsumed"] == 500
    deal = whole["lightningDeals"][0]
    one = ask(api, asin=deal["asin"])
    assert (one["lightningDeals"], one["tokensConsumed"]) == ([deal], 1)
    assert ask(api, asin="B000000000")["lightningDeals"] == []


def test_who_sells_a_deal_is_known_to_keepa(
    api: KeepaApi, catalogue: Catalogue, us: Locale, at_minute: int
) -> None:
    deals = all_lightning_deals(catalogue, us, at_minute)
    sellers = ",".join({deal["sellerId"] for deal in deals})
    found = asking.ask(api, "seller", domain=1, seller=sellers)[1]["sellers"]
    assert found
    for deal in deals:
        assert found[deal["sellerId"]]["sellerName"] == deal["sellerName"]
