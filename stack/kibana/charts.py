"""How Kibana's aggregation-based charts look."""

from collections.abc import Mapping
from typing import Any, Literal

from stack.kibana.aggregations import Agg
from stack.kibana.saved_objects import DataView, Visualization

_SIMULATED = (
    "Rows with `source` **simulator** are made up: they come from Keepa's simulator, which is used "
    "while there is no key. Choose a source above to see only one of them."
)


def bars(name: str, title: str, view: DataView, *aggs: Agg, query: str = "") -> Visualization:
    """Return stacked bars; the first bucket is the axis."""
    params = _axes("histogram", "stacked", aggs)
    return Visualization(name, title, "histogram", view, aggs, params, query)


def lines(name: str, title: str, view: DataView, *aggs: Agg, query: str = "") -> Visualization:
    """Return lines; the first bucket is the axis."""
    params = _axes("line", "normal", aggs)
    return Visualization(name, title, "line", view, aggs, params, query)


def pie(name: str, title: str, view: DataView, *aggs: Agg, query: str = "") -> Visualization:
    """Return a ring of slices."""
    params = {
        "type": "pie",
        "addTooltip": True,
        "legendDisplay": "show",
        "legendPosition": "right",
        "nestedLegend": False,
        "truncateLegend": True,
        "maxLegendLines": 1,
        "distinctColors": False,
        "isDonut": True,
        "emptySizeRatio": 0.3,
        "palette": _PALETTE,
        "labels": {
            "show": True,
            "last_level": False,
            "values": True,
            "valuesFormat": "percent",
            "percentDecimals": 1,
            "truncate": 100,
            "position": "default",
        },
    }
    return Visualization(name, title, "pie", view, aggs, params, query)


def numbers(name: str, title: str, view: DataView, *aggs: Agg, query: str = "") -> Visualization:
    """Return metrics as large numbers."""
    params = {
        "type": "metric",
        "addTooltip": True,
        "addLegend": False,
        "metric": {
            "percentageMode": False,
            "useRanges": False,
            "colorSchema": "Green to Red",
            "metricColorMode": "None",
            "colorsRange": [{"from": 0, "to": 10_000}],
            "labels": {"show": True},
            "invertColors": False,
            "style": {
                "bgFill": "#000",
                "bgColor": False,
                "labelColor": False,
                "subText": "",
                "fontSize": 28,
            },
        },
    }
    return Visualization(name, title, "metric", view, aggs, params, query)


def table(name: str, title: str, view: DataView, *aggs: Agg, query: str = "") -> Visualization:
    """Return rows by buckets with metrics as columns."""
    params = {
        "perPage": 10,
        "showPartialRows": False,
        "showMetricsAtAllLevels": False,
        "showTotal": False,
        "totalFunc": "sum",
        "percentageCol": "",
        "showToolbar": True,
    }
    return Visualization(name, title, "table", view, aggs, params, query)


def note(name: str, title: str, text: str) -> Visualization:
    """Return a text, in Markdown, that also says what simulated data is known by."""
    markdown = f"{text}\n\n{_SIMULATED}"
    params = {"fontSize": 12, "openLinksInNewTab": False, "markdown": markdown}
    return Visualization(name, title, "markdown", None, (), params)


_PALETTE: Mapping[str, Any] = {"type": "palette", "name": "default"}


def _axes(
    shape: Literal["histogram", "line"], mode: Literal["stacked", "normal"], aggs: tuple[Agg, ...]
) -> dict[str, Any]:
    metrics = {
        f"{number}": agg["params"]["customLabel"]
        for number, agg in enumerate(aggs, start=1)
        if agg["schema"] == "metric"
    }
    return {
        "type": shape,
        "grid": {"categoryLines": False},
        "categoryAxes": [_category_axis()],
        "valueAxes": [_value_axis(", ".join(metrics.values()))],
        "seriesParams": [_series(shape, mode, *metric) for metric in metrics.items()],
        "addTooltip": True,
        "detailedTooltip": True,
        "addLegend": True,
        "legendPosition": "right",
        "truncateLegend": True,
        "maxLegendLines": 1,
        "times": [],
        "addTimeMarker": False,
        "radiusRatio": 9,
        "palette": _PALETTE,
        "labels": {"show": False},
        "thresholdLine": {
            "show": False,
            "value": 10,
            "width": 1,
            "style": "full",
            "color": "#E7664C",
        },
    }


def _series(shape: str, mode: str, number: str, label: str) -> dict[str, Any]:
    return {
        "show": True,
        "type": shape,
        "mode": mode,
        "data": {"id": number, "label": label},
        "valueAxis": "ValueAxis-1",
        "drawLinesBetweenPoints": True,
        "lineWidth": 2,
        "showCircles": True,
        "circlesRadius": 3,
        "interpolate": "linear",
    }


def _category_axis() -> dict[str, Any]:
    return {
        "id": "CategoryAxis-1",
        "type": "category",
        "position": "bottom",
        "show": True,
        "style": {},
        "scale": {"type": "linear"},
        "labels": {"show": True, "filter": True, "truncate": 100},
        "title": {},
    }


def _value_axis(title: str) -> dict[str, Any]:
    return {
        "id": "ValueAxis-1",
        "name": "LeftAxis-1",
        "type": "value",
        "position": "left",
        "show": True,
        "style": {},
        "scale": {"type": "linear", "mode": "normal"},
        "labels": {"show": True, "rotate": 0, "filter": False, "truncate": 100},
        "title": {"text": title},
    }
