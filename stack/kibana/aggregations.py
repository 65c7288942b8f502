"""The metrics and buckets of Kibana's aggregation-based charts."""

from typing import Any, Literal

Schema = Literal["segment", "group", "bucket"]
Agg = dict[str, Any]


def count(label: str) -> Agg:
    """Return the number of documents."""
    return {"type": "count", "schema": "metric", "params": {"customLabel": label}}


def of(kind: Literal["avg", "sum", "min", "max", "cardinality"], field: str, label: str) -> Agg:
    """Return a figure of a field: its average, say, or how many values it has."""
    return {"type": kind, "schema": "metric", "params": {"field": field, "customLabel": label}}


def median(field: str, label: str) -> Agg:
    """Return the median of a field."""
    params = {"field": field, "percents": [50], "customLabel": label}
    return {"type": "median", "schema": "metric", "params": params}


def over_time(field: str, interval: Literal["h", "d"] = "d") -> Agg:
    """Divide by hour or day, along the chart."""
    params = {
        "field": field,
        "interval": interval,
        "useNormalizedEsInterval": True,
        "scaleMetricValues": False,
        "drop_partials": False,
        "min_doc_count": 1,
        "extended_bounds": {},
    }
    return {"type": "date_histogram", "schema": "segment", "params": params}


def in_steps(field: str, step: int, label: str) -> Agg:
    """Divide by the value of a number, along the chart."""
    params = {
        "field": field,
        "interval": step,
        "min_doc_count": False,
        "has_extended_bounds": False,
        "extended_bounds": {"min": "", "max": ""},
        "customLabel": label,
    }
    return {"type": "histogram", "schema": "segment", "params": params}


def by(
    field: str,
    label: str,
    *,
    schema: Schema = "group",
    size: int = 10,
    order_by: int | None = 1,
) -> Agg:
    """Divide by the values of a field, the largest first.

    Args:
        field: A keyword, number or boolean.
        label: What it is called.
        schema: Where the values go: `group` colours, `segment` slices or the axis, `bucket` rows.
        size: So many values; the rest is left out.
        order_by: The number, from 1, of the chart's metric that says what is largest; None for the
            order of the values themselves, since a median orders nothing.
    """
    params = {
        "field": field,
        "orderBy": "_key" if order_by is None else f"{order_by}",
        "order": "asc" if order_by is None else "desc",
        "size": size,
        "otherBucket": False,
        "otherBucketLabel": "Other",
        "missingBucket": False,
        "missingBucketLabel": "Missing",
        "customLabel": label,
    }
    return {"type": "terms", "schema": schema, "params": params}
