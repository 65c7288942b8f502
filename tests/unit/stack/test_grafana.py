"""docker/grafana/: what the definitions make, in Grafana's own types; each number and alert."""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from keeper.console.database import ConsoleDatabase
from keeper.console.serving.metrics import ConsoleMetrics
from keeper.pipeline.metrics.definitions import OF_STORES, OF_WORKERS
from keeper.stores.postgres.connection import PostgresConfig
from stack.grafana.documents import PROMETHEUS, dashboards_of_alerts, document
from stack.grafana.provisioned import BOARDS
from tests.grafana import FOLDER, dashboards, questions, series_in

GRAFANA = FOLDER.parent
PROVISIONING = GRAFANA / "provisioning"


def test_the_files_are_what_the_definitions_make() -> None:
    found = {file.name: file.read_text("utf-8") for file in FOLDER.iterdir()}
    wanted = {f"{board.name}.json": document(board) for board in BOARDS}
    assert found == wanted, "make dashboards writes them anew"


def test_all_of_each_file_is_known_to_grafanas_types() -> None:
    """What a type does not know it would leave out when it writes what it has read."""
    for name, dashboard in dashboards().items():
        again = JSONEncoder().encode(Dashboard.from_json(dashboard))
        assert json.loads(again) == dashboard, name


def test_a_field_that_grafana_does_not_know_is_noticed() -> None:
    dashboard = dashboards()["keeper-tokens"]
    dashboard["panels"][0]["fieldConfig"]["defaults"]["unitt"] = "s"
    assert json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard))) != dashboard


def test_the_dashboards_are_those_of_the_design() -> None:
    assert [board.title for board in BOARDS] == [
        f"Keeper: {name}"
        for name in ("Overview", "Pipeline", "Loading", "Keepa tokens", "Messages", "Stores")
    ]


def test_each_of_keepers_numbers_is_in_a_panel() -> None:
    shown = {series for _, _, expr in questions() for series in series_in(expr)}
    rules = yaml.safe_load((GRAFANA.parent / "prometheus" / "keeper.rules.yml").read_text("utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            if rule.get("record") in shown:
                shown |= series_in(rule["expr"])
    console = ConsoleMetrics(ConsoleDatabase(PostgresConfig("postgresql://")))
    of_console = {
        f"{family.name}{ {'counter': '_total', 'histogram': '_bucket'}.get(family.type, '') }"
        for family in console.registry.collect()
        if family.name.startswith("keeper_")
    }
    assert len(of_console) == 6
    assert {metric.name for metric in (*OF_WORKERS, *OF_STORES)} | of_console <= shown


def test_each_alert_leads_to_a_dashboard_that_shows_it() -> None:
    shown = {name: expr for name, title, expr in questions() if title == "Alerts"}
    for alert, name in dashboards_of_alerts().items():
        assert alert in shown[name]
    assert set(dashboards_of_alerts().values()) == set(shown)


def test_what_two_panels_calculate_is_recorded_once() -> None:
    asked = Counter(expr for _, _, expr in questions() if "(" in expr)
    assert [expr for expr, times in asked.items() if times > 1] == []


def test_panels_of_a_dashboard_have_numbers_of_their_own_and_do_not_overlap() -> None:
    for name, dashboard in dashboards().items():
        panels = dashboard["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels), name
        taken: set[tuple[int, int]] = set()
        for panel in panels:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24
            cells = {
                (place["x"] + x, place["y"] + y)
                for x in range(place["w"])
                for y in range(place["h"])
            }
            assert not cells & taken, (name, panel["title"])
            taken |= cells


@pytest.mark.parametrize("file", sorted(PROVISIONING.iterdir()), ids=lambda file: file.name)
def test_what_grafana_is_given_names_what_there_is(file: Path) -> None:
    given = yaml.safe_load(file.read_text("utf-8"))
    assert given["apiVersion"] == 1
    for source in given.get("datasources", ()):
        assert source["editable"] is False
        assert "password" not in source
        password = source.get("secureJsonData", {}).get("password", "$__file{/run/secrets/}")
        assert password.startswith("$__file{/run/secrets/")
    if file.name == "prometheus.yml":
        (source,) = given["datasources"]
        assert (source["type"], source["uid"]) == (PROMETHEUS.type_val, PROMETHEUS.uid)


@pytest.mark.parametrize(
    ("expr", "series"),
    [
        ("up", {"up"}),
        ('sum by (a, b) (rate(x_total{c="d e"}[5m]))', {"x_total"}),
        ("a:b:rate5m / (c > 0)", {"a:b:rate5m", "c"}),
        ("histogram_quantile(0.95, sum by (le) (rate(s_bucket[5m])))", {"s_bucket"}),
        ('time() - x{y!~"a|b"}', {"x"}),
    ],
)
def test_names_of_series_are_found(expr: str, series: set[str]) -> None:
    assert series_in(expr) == series
