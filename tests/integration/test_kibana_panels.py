"""Every panel of Kibana's dashboards asks a real Elasticsearch what it should, and is answered.

The indices are made by the product's templates and filled by its own writers; each panel's query is
derived from docker/kibana/keeper.ndjson and its answer compared with the same reckoned by hand.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from elasticsearch import Elasticsearch

from keeper.domain.prices.events import PriceEvent
from keeper.pipeline.search.records import RUNS, TOKENS, mirror_records
from keeper.stores.elasticsearch import deal_index, price_index, record_index
from keeper.stores.elasticsearch.deal_index import DEALS_ALIAS, DealIndex
from keeper.stores.elasticsearch.price_index import PRICES_ALIAS, PriceIndex
from keeper.stores.elasticsearch.record_index import RUNS_ALIAS, TOKENS_ALIAS
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.runs.runs import RunCounts
from tests import kibana
from tests.databases import Databases
from tests.deals import CHECKED_AT, FILTER, a_deal_event
from tests.kibana_reckoning import as_shown, chosen, shown, value_of
from tests.price_events import START, price_event
from tests.services import Stack, remove_alias
from tests.work_records import ask_keepa, run_pipeline

OBJECTS = kibana.read()
NOW = START + timedelta(days=2)
"""When the dashboards are looked at, in the tests: all that was checked lies within their times."""
PANELS = {
    one["id"]: (dashboard, one)
    for dashboard in OBJECTS.of("dashboard")
    for one in OBJECTS.panels_of(dashboard)
}
CHARTS = [name for name, (_, one) in PANELS.items() if kibana.aggs_of(one)]
SEARCHES = [name for name, (_, one) in PANELS.items() if one["type"] == "search"]
CONTROLS = [
    pytest.param(dashboard, name, id=f"{dashboard['id']}-{name}")
    for dashboard in OBJECTS.of("dashboard")
    for name in kibana.controls_of(dashboard)
]
DAY = int(START.timestamp())


@dataclass(frozen=True)
class Filled:
    """Indices of this module's own, under the names that data views know."""

    search: Elasticsearch
    aliases: Mapping[str, str]

    def documents(self, name: str) -> dict[str, Mapping[str, Any]]:
        hits = self.search.search(index=self.aliases[name], size=1000)["hits"]["hits"]
        return {hit["_id"]: hit["_source"] for hit in hits}


@pytest.fixture(scope="module")
def filled(stack: Stack, databases: Databases) -> Iterator[Filled]:
    """Prices, deals, requests and runs of two days and two sources, and some before that."""
    names = {
        PRICES_ALIAS: price_index.set_up,
        DEALS_ALIAS: deal_index.set_up,
        TOKENS_ALIAS: record_index.set_up_tokens,
        RUNS_ALIAS: record_index.set_up_runs,
    }
    aliases = {name: f"test-{uuid.uuid4().hex}" for name in names}
    with Elasticsearch(stack["ELASTICSEARCH_URL"], request_timeout=30) as search:
        for name, set_up in names.items():
            set_up(search, aliases[name])
        PriceIndex(search, aliases[PRICES_ALIAS]).store(prices())
        # The prices that deals bring are in an index of their own, so that both can be reckoned.
        aside = f"test-{uuid.uuid4().hex}"
        price_index.set_up(search, aside)
        DealIndex(search, aliases[DEALS_ALIAS], aside).store(deals())
        try:
            with databases.lent() as database:
                note_work(database, search, aliases)
            search.indices.refresh(index=",".join(aliases.values()))
            yield Filled(search, aliases)
        finally:
            for alias in (*aliases.values(), aside):
                remove_alias(search, alias)


def prices() -> list[PriceEvent]:
    events = [
        price_event(
            None if (hour + number) % 5 == 0 else 1000 + 100 * number + 7 * hour,
            hour=hour,
            asin=f"B{number:09d}",
            domain=("us", "de", "jp")[number % 3],
            price_type=("NEW", "AMAZON")[number % 2],
            previous=1100 + 100 * number,
        )
        for number in range(9)
        for hour in range(0, 36, 9)
    ]
    asked = msgspec.structs.replace(price_event(5000, hour=30, asin="B00000KEPA"), source="keepa")
    too_old = price_event(1, hour=-24 * 40, asin="B0000000LD")
    return [*events, asked, too_old]


def deals() -> list[Any]:
    lamps = replace(FILTER, name="lamps", domain="de", filter_id=8)
    found = [
        msgspec.structs.replace(
            a_deal_event(
                (FILTER, lamps)[number % 2],
                asin=f"B{number:09d}",
                price_minor=1000 + number,
                domain=("us", "de")[number % 2],
                currency=("USD", "EUR")[number % 2],
                root_category=(11, 22, None)[number % 3],
                back_in_stock=number == 4,
                rating=None if number == 5 else 4.5,
            ),
            score=13 * number,
            discount_percent=None if number == 3 else 7 * number,
            timestamp=CHECKED_AT + timedelta(hours=5 * number - 24),
        )
        for number in range(7)
    ]
    asked = msgspec.structs.replace(found[1], event_id="asked", source="keepa", score=70)
    too_old = msgspec.structs.replace(
        found[1], event_id="too old", timestamp=START - timedelta(days=40)
    )
    return [*found, asked, too_old]


def note_work(database: PostgresConfig, search: Elasticsearch, aliases: Mapping[str, str]) -> None:
    with session(database) as connection:
        for hour in (-20, 0, 0.5, 1, 13):
            ask_keepa(connection, hour=hour)
        ask_keepa(connection, hour=2, endpoint="deal", tokens=5, charged=5, left=295, run=None)
        ask_keepa(connection, hour=3, charged=0, refused=True)
        ask_keepa(connection, hour=4, charged=None, left=None)
        ask_keepa(connection, hour=5, account="keepa:2e")
        ask_keepa(connection, hour=-24 * 20, run="report_deals/1")
        counts = RunCounts(40, 2, 90, 3, 88, 500)
        for name, hour in (("1", -20), ("2", 0), ("3", 6)):
            run_pipeline(connection, name, hour=hour, counts=counts)
        run_pipeline(connection, "1", hour=1, dag_id="collect_deals", problem="a filter was lost")
        run_pipeline(connection, "2", hour=2, dag_id="collect_deals", lasts=True)
        run_pipeline(connection, "1", hour=3, dag_id="discover_products", source="keepa")
        run_pipeline(connection, "old", hour=-24 * 60, dag_id="report_deals")
        for mirror in (TOKENS, RUNS):
            own = replace(mirror, alias=aliases[mirror.alias])
            assert mirror_records(connection, search, own, at=NOW).refused == 0


def about(dashboard: Mapping[str, Any], one: Mapping[str, Any]) -> tuple[str, str, str, datetime]:
    """Return a panel's index, its time field, and the time its dashboard begins with, twice."""
    view = OBJECTS.view_of(one)
    assert view is not None
    attributes = dashboard["attributes"]
    assert attributes["timeRestore"]
    assert attributes["timeTo"] == "now"
    span = attributes["timeFrom"].removeprefix("now")
    days = int(span.removeprefix("-").removesuffix("d"))
    name, moment = view["attributes"]["title"], view["attributes"]["timeFieldName"]
    return name, moment, f"{NOW.isoformat()}||{span}", NOW - timedelta(days=days)


@pytest.mark.nightly
@pytest.mark.parametrize("panel", CHARTS)
def test_a_chart_shows_what_it_should(filled: Filled, panel: str) -> None:
    dashboard, one = PANELS[panel]
    name, moment, since_text, since = about(dashboard, one)
    every = filled.documents(name)

    answer = filled.search.search(
        index=filled.aliases[name],
        size=0,
        track_total_hits=True,
        query=kibana.filters(one, moment, since_text, NOW.isoformat()),
        aggs=kibana.aggregations(one) or None,
    ).body

    expected = shown(one, chosen(one, every.values(), moment, since))
    assert as_shown(one, answer) == expected
    assert expected, "nothing to be seen"
    # The time range and the query leave some out.
    assert 0 < answer["hits"]["total"]["value"] < len(every)


@pytest.mark.nightly
@pytest.mark.parametrize("panel", SEARCHES)
def test_a_saved_search_finds_what_it_should_in_its_order(filled: Filled, panel: str) -> None:
    dashboard, one = PANELS[panel]
    name, moment, since_text, since = about(dashboard, one)
    attributes = one["attributes"]
    ((field, order),) = attributes["sort"]

    hits = filled.search.search(
        index=filled.aliases[name],
        size=500,
        query=kibana.filters(one, moment, since_text, NOW.isoformat()),
        sort=[{field: order}],
        fields=attributes["columns"],
        source=False,
    )["hits"]["hits"]

    every = filled.documents(name)
    expected = chosen(one, every.values(), moment, since)
    assert expected, "nothing to be seen"
    assert [value_of(every[hit["_id"]], field) for hit in hits] == sorted(
        (value_of(document, field) for document in expected), reverse=True
    )
    assert sorted(hit["_id"] for hit in hits) == sorted(
        name for name, document in every.items() if document in expected
    )
    for column in attributes["columns"]:
        assert [hit for hit in hits if column in hit["fields"]], f"{column} is always empty"


@pytest.mark.nightly
@pytest.mark.parametrize(("dashboard", "name"), CONTROLS)
def test_a_control_offers_every_value(
    filled: Filled, dashboard: Mapping[str, Any], name: str
) -> None:
    field = kibana.controls_of(dashboard)[name]["explicitInput"]["fieldName"]
    (index,) = {ref["id"] for ref in dashboard["references"] if ref["name"].startswith("control")}

    answer = filled.search.search(
        index=filled.aliases[index],
        size=0,
        aggs={"values": {"terms": {"field": field, "size": 100}}},
    )

    offered = {bucket["key"] for bucket in answer["aggregations"]["values"]["buckets"]}
    assert offered == {one[field] for one in filled.documents(index).values()} - {None}
    assert len(offered) > 1


def answered(filled: Filled, name: str) -> Any:
    """Return what a chart shows."""
    dashboard, one = PANELS[name]
    index, moment, since, _ = about(dashboard, one)
    answer = filled.search.search(
        index=filled.aliases[index],
        size=0,
        query=kibana.filters(one, moment, since, NOW.isoformat()),
        aggs=kibana.aggregations(one) or None,
    )
    return as_shown(one, answer.body)


def test_the_charts_show_these_very_figures(filled: Filled) -> None:
    first, second = DAY, DAY + 86_400
    assert answered(filled, "keeper-prices-sources") == {"simulator": {"1": 36}, "keepa": {"1": 1}}
    assert answered(filled, "keeper-prices-changes") == {
        first: {"us": {"1": 9}, "de": {"1": 9}, "jp": {"1": 9}},
        second: {"us": {"1": 4}, "de": {"1": 3}, "jp": {"1": 3}},
    }
    assert answered(filled, "keeper-deals-scores") == {
        0: {"us": {"1": 1}},
        10: {"de": {"1": 1}},
        20: {"us": {"1": 1}},
        30: {"de": {"1": 1}},
        50: {"us": {"1": 1}},
        60: {"de": {"1": 1}},
        70: {"us": {"1": 1}, "de": {"1": 1}},
    }
    assert answered(filled, "keeper-runs-states") == {
        first - 86_400: {"SUCCESS": {"1": 1}},
        first: {"SUCCESS": {"1": 3}, "FAILED": {"1": 1}, "RUNNING": {"1": 1}},
    }
    assert answered(filled, "keeper-runs-failed") == {"1": 1}
    assert answered(filled, "keeper-tokens-numbers") == {
        "1": 6 * 9 + 5,
        "2": 9,
        "3": 8 * 10 + 5,
        "4": 6 * 11 + 20,
    }
