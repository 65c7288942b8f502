"""docker/kibana/keeper.ndjson: complete, sound, and of fields that the index templates have."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from keeper.stores.elasticsearch.deal_index import DEALS_ALIAS, DEALS_INDEX
from keeper.stores.elasticsearch.price_index import PRICES_ALIAS, PRICES_INDEX
from keeper.stores.elasticsearch.record_index import (
    RUNS_ALIAS,
    RUNS_INDEX,
    TOKENS_ALIAS,
    TOKENS_INDEX,
)
from stack.kibana.provisioned import provisioned
from stack.kibana.saved_objects import ndjson
from tests import kibana
from tests.kibana import FILE, FIT, Used, controls_of, read, type_of

OBJECTS = read()
DASHBOARDS = {one["attributes"]["title"]: one for one in OBJECTS.of("dashboard")}
MAPPINGS = {
    PRICES_ALIAS: PRICES_INDEX["mappings"],
    DEALS_ALIAS: DEALS_INDEX["mappings"],
    TOKENS_ALIAS: TOKENS_INDEX["mappings"],
    RUNS_ALIAS: RUNS_INDEX["mappings"],
}
USED = [
    pytest.param(index, used, id=f"{one['id']}-{used.field}-{used.use}")
    for one in OBJECTS.by_key.values()
    for index, used in OBJECTS.fields_of(one)
]


def unfit(index: str, used: Used) -> str | None:
    found = type_of(used.field, MAPPINGS[index], indexed=used.use != "column")
    return None if found in FIT[used.use] else f"{used.field} is {found}, no good for {used.use}"


def test_the_file_is_what_the_definitions_make() -> None:
    assert FILE.read_text("utf-8") == ndjson(provisioned()), "make kibana writes it anew"


def test_every_dashboard_search_and_data_view_is_there() -> None:
    assert set(DASHBOARDS) == {
        "Keeper: Prices",
        "Keeper: Deals",
        "Keeper: Tokens",
        "Keeper: Pipeline health",
    }
    views = {one["attributes"]["title"]: one for one in OBJECTS.of("index-pattern")}
    assert {title: one["attributes"]["timeFieldName"] for title, one in views.items()} == {
        PRICES_ALIAS: "timestamp",
        DEALS_ALIAS: "timestamp",
        TOKENS_ALIAS: "requested_at",
        RUNS_ALIAS: "started_at",
    }
    assert {one["id"] for one in OBJECTS.of("search")} == {
        "keeper-newest-prices",
        "keeper-sold-out",
        "keeper-price-drops",
        "keeper-best-deals",
        "keeper-deals-back-in-stock",
        "keeper-refused-requests",
        "keeper-tokens-elsewhere",
        "keeper-failed-runs",
        "keeper-newest-runs",
    }


def test_ids_are_unlike_and_speak(root_lines: list[str]) -> None:
    assert len(OBJECTS.by_key) == len(root_lines)
    ids = [one["id"] for one in OBJECTS.by_key.values()]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not re.fullmatch(r"keeper(-[a-z]+)+", one)] == []


@pytest.fixture
def root_lines() -> list[str]:
    return FILE.read_text("utf-8").splitlines()


def test_ids_that_readers_may_have_linked_to_stay() -> None:
    assert {title: one["id"] for title, one in DASHBOARDS.items()} == {
        "Keeper: Prices": "keeper-prices-dashboard",
        "Keeper: Deals": "keeper-deals-dashboard",
        "Keeper: Tokens": "keeper-tokens-dashboard",
        "Keeper: Pipeline health": "keeper-pipeline-health-dashboard",
    }


def test_every_reference_is_to_an_object_before_it() -> None:
    known: set[tuple[str, str]] = set()
    for one in OBJECTS.by_key.values():
        names = [ref["name"] for ref in one["references"]]
        assert len(set(names)) == len(names)
        assert {(ref["type"], ref["id"]) for ref in one["references"]} <= known, one["id"]
        known.add((one["type"], one["id"]))


def test_every_object_says_which_version_it_is_of_and_nothing_of_a_machine() -> None:
    for one in OBJECTS.by_key.values():
        assert one.keys() == {
            *("type", "id", "managed", "attributes", "references"),
            *("coreMigrationVersion", "typeMigrationVersion"),
        }
        # Kibana refuses what is newer than itself.
        for name in ("coreMigrationVersion", "typeMigrationVersion"):
            version = tuple(map(int, one[name].split(".")))
            assert (8, 0, 0) <= version <= (8, 19, 0)


@pytest.mark.parametrize("title", sorted(DASHBOARDS))
def test_a_dashboard_shows_all_its_panels_side_by_side(title: str) -> None:
    panels = OBJECTS.panels_of(DASHBOARDS[title])
    assert len(panels) >= 8
    assert {one["type"] for one in panels} == {"visualization", "search"}
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARDS[title]["attributes"]["panelsJSON"]):
        at = panel["gridData"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["panelIndex"]
        assert at["x"] + at["w"] <= 48
        taken |= cells


def test_every_panel_is_on_a_dashboard() -> None:
    shown = {one["id"] for title in DASHBOARDS for one in OBJECTS.panels_of(DASHBOARDS[title])}
    assert shown == {one["id"] for kind in ("visualization", "search") for one in OBJECTS.of(kind)}


@pytest.mark.parametrize("title", sorted(DASHBOARDS))
def test_simulated_data_is_known_by_its_source(title: str) -> None:
    dashboard = DASHBOARDS[title]
    panels = OBJECTS.panels_of(dashboard)
    assert "source" in controls_of(dashboard)
    assert any("**simulator**" in one["attributes"].get("visState", "") for one in panels)
    assert [one["id"] for one in panels if one["id"].endswith("-sources")]
    columns = [one["attributes"]["columns"] for one in panels if one["type"] == "search"]
    assert [one for one in columns if "source" not in one] == []


@pytest.mark.parametrize(("index", "used"), USED)
def test_every_field_is_in_the_template_and_fit_for_its_use(index: str, used: Used) -> None:
    assert unfit(index, used) is None


def test_every_kind_of_use_is_looked_at() -> None:
    assert {param.values[1].use for param in USED} == set(FIT)  # type: ignore[union-attr]  # or it fails


@pytest.mark.parametrize(
    ("field", "use"),
    [
        ("product_titel", "column"),
        ("product_title", "terms"),
        ("product_title", "sort"),
        ("asin", "avg"),
        ("price", "date_histogram"),
        ("asin", "histogram"),
        ("image_url", "query"),
        ("product_title.row", "terms"),
        ("price", "control"),
    ],
)
def test_a_field_that_does_not_serve_is_noticed(field: str, use: str) -> None:
    assert unfit(PRICES_ALIAS, Used(field, use))


def test_a_part_of_a_field_serves() -> None:
    assert unfit(PRICES_ALIAS, Used("product_title.raw", "terms")) is None


@pytest.mark.parametrize("query", ["kettle", "state:FAILED kettle", "state:(A", "a:1 OR b:2"])
def test_a_query_the_tests_cannot_read_is_noticed(query: str) -> None:
    with pytest.raises(AssertionError):
        kibana.clauses(query)


def charts() -> list[Mapping[str, Any]]:
    return [one for one in OBJECTS.of("visualization") if kibana.aggs_of(one)]


@pytest.mark.parametrize("chart", charts(), ids=lambda one: str(one["id"]))
def test_a_chart_is_drawn_from_its_aggregations(chart: Mapping[str, Any]) -> None:
    state = json.loads(chart["attributes"]["visState"])
    assert state["title"] == chart["attributes"]["title"]
    ids = [agg["id"] for agg in state["aggs"]]
    assert ids == [f"{number}" for number in range(1, len(ids) + 1)]
    metrics = [agg["id"] for agg in kibana.metrics_of(chart)]
    assert metrics
    series = state["params"].get("seriesParams")
    if series is not None:
        assert [one["data"]["id"] for one in series] == metrics
        axis, *groups = kibana.buckets_of(chart)
        assert axis["schema"] == "segment"
        assert [one["schema"] for one in groups] in ([], ["group"])
    for agg in kibana.buckets_of(chart):
        by = agg["params"].get("orderBy", "_key")
        assert by in (*metrics, "_key")
        # Elasticsearch orders by no median without knowing which of its values.
        assert by not in [one["id"] for one in kibana.metrics_of(chart) if one["type"] == "median"]
