"""Dashboards as Grafana reads them, by Grafana's own types."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.builders import prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardLinkType, DataSourceRef

from stack.grafana.boards import Board, Panel, Query, Unit

PROMETHEUS: Final = DataSourceRef("prometheus", "keeper-prometheus")
"""The data source that docker/grafana/provisioning gives Grafana."""
_RULES: Final = Path(__file__).resolve().parents[2] / "docker" / "prometheus" / "keeper.rules.yml"
_WIDTH, _HEIGHT = 8, 7
# Grafana's grid has 24 columns.
_WHOLE: Final = 24


def document(board: Board) -> str:
    """Return the file of a dashboard."""
    built = (
        grafana.Dashboard(board.title)
        .uid(board.name)
        .description(board.meaning)
        .tags(["keeper"])
        .readonly()
        .refresh("30s")
        .time("now-6h", "now")
        .link(
            grafana.DashboardLink("Keeper")
            .type(DashboardLinkType.DASHBOARDS)
            .tags(["keeper"])
            .keep_time(True)
        )
    )
    numbers = iter(range(1, 1000))
    built.with_panel(_panel(_alerts_of(board), next(numbers), _WHOLE))
    for row in board.rows:
        built.with_row(grafana.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            built.with_panel(_panel(panel, next(numbers), _WIDTH))
    return JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False).encode(built.build()) + "\n"


@cache
def dashboards_of_alerts() -> dict[str, str]:
    """Return which dashboard each alert names, by the rules."""
    rules: dict[str, Any] = yaml.safe_load(_RULES.read_text("utf-8"))
    return {
        rule["alert"]: rule["annotations"]["dashboard"]
        for group in rules["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }


def _alerts_of(board: Board) -> Panel:
    alerts = "|".join(alert for alert, name in dashboards_of_alerts().items() if name == board.name)
    return Panel(
        "Alerts",
        "Those that lead here, while they fire or are about to; docs/RUNBOOKS.md says what to do.",
        (
            Query(
                f'sum by (alertname, alertstate) (ALERTS{{alertname=~"{alerts}"}})',
                "{{alertname}} {{alertstate}}",
            ),
        ),
        Unit.NUMBER,
    )


def _panel(panel: Panel, number: int, width: int) -> timeseries.Panel:
    built = (
        timeseries.Panel()
        .id(number)
        .title(panel.title)
        .description(panel.meaning)
        .unit(panel.unit)
        .datasource(PROMETHEUS)
        .span(width)
        .height(_HEIGHT)
    )
    for place, query in enumerate(panel.queries):
        built.with_target(
            prometheus.Dataquery()
            .ref_id(chr(ord("A") + place))
            .expr(query.expr)
            .legend_format(query.legend)
            .datasource(PROMETHEUS)
        )
    return built
