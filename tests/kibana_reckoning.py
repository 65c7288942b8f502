"""What a panel should show of some documents, reckoned without Elasticsearch."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from math import floor
from statistics import fmean, median
from typing import Any, Final

from tests.kibana import buckets_of, clauses, metrics_of, query_of

Document = Mapping[str, Any]

_COMPARED: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}
_METRICS: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = {
    "sum": sum,
    "avg": fmean,
    "min": min,
    "max": max,
    "median": median,
    "cardinality": lambda values: len(set(values)),
}


def chosen(
    one: Mapping[str, Any], documents: Iterable[Document], moment: str, since: datetime
) -> list[Document]:
    """Return the documents a panel is about: those its query means, of the time and later."""
    found = clauses(query_of(one))
    return [
        document
        for document in documents
        if datetime.fromisoformat(document[moment]) >= since
        and all(_meets(document, **match.groupdict()) for match in found)
    ]


def shown(one: Mapping[str, Any], documents: Sequence[Document]) -> Any:
    """Return the metrics of each bucket, in dicts by the buckets' values; see as_shown."""
    return _divide(buckets_of(one), metrics_of(one), documents)


def as_shown(one: Mapping[str, Any], answer: Mapping[str, Any]) -> Any:
    """Return Elasticsearch's answer, the body with `hits` and `aggregations`, in the same form."""
    level = {**answer.get("aggregations", {}), "doc_count": answer["hits"]["total"]["value"]}
    return _read(buckets_of(one), metrics_of(one), level)


def value_of(document: Document, field: str) -> Any:
    """Return a field's value; parts of a field have the value of the whole."""
    return document[field.partition(".")[0]]


def _meets(document: Document, field: str, how: str, value: str) -> bool:
    found = value_of(document, field)
    if found is None:
        return False
    if how:
        return _COMPARED[how](found, float(value))
    text = str(found).lower() if isinstance(found, bool) else str(found)
    return text in value.strip("()").split(" OR ")


def _divide(
    buckets: Sequence[Mapping[str, Any]],
    metrics: Sequence[Mapping[str, Any]],
    documents: Sequence[Document],
) -> Any:
    if not buckets:
        return {agg["id"]: _reckon(agg, documents) for agg in metrics}
    agg, *inner = buckets
    groups: dict[Any, list[Document]] = {}
    for document in documents:
        value = value_of(document, agg["params"]["field"])
        if value is not None:
            groups.setdefault(_key(agg, value), []).append(document)
    assert len(groups) <= agg["params"].get("size", len(groups)), "more than the chart shows"
    return {key: _divide(inner, metrics, group) for key, group in groups.items()}


def _key(agg: Mapping[str, Any], value: Any) -> Any:
    if agg["type"] == "date_histogram":
        at = datetime.fromisoformat(value).replace(minute=0, second=0, microsecond=0)
        return int((at if agg["params"]["interval"] == "h" else at.replace(hour=0)).timestamp())
    if agg["type"] == "histogram":
        step = agg["params"]["interval"]
        return floor(value / step) * step
    return value


def _reckon(agg: Mapping[str, Any], documents: Sequence[Document]) -> Any:
    if agg["type"] == "count":
        return len(documents)
    values = [
        datetime.fromisoformat(value).timestamp() if field.endswith("_at") else value
        for field in [agg["params"]["field"]]
        for document in documents
        if (value := value_of(document, field)) is not None
    ]
    if not values:
        return 0 if agg["type"] in ("sum", "cardinality") else None
    return round(_METRICS[agg["type"]](values), 3)


def _read(
    buckets: Sequence[Mapping[str, Any]],
    metrics: Sequence[Mapping[str, Any]],
    level: Mapping[str, Any],
) -> Any:
    if not buckets:
        return {agg["id"]: _answered(agg, level) for agg in metrics}
    agg, *inner = buckets
    found = {}
    for bucket in level[agg["id"]]["buckets"]:
        key = bucket["key"]
        if agg["type"] == "date_histogram":
            key //= 1000
        elif "key_as_string" in bucket:
            key = bucket["key_as_string"] == "true"
        found[key] = _read(inner, metrics, bucket)
    return found


def _answered(agg: Mapping[str, Any], level: Mapping[str, Any]) -> Any:
    if agg["type"] == "count":
        return level["doc_count"]
    answer = level[agg["id"]]
    value = answer["values"]["50.0"] if agg["type"] == "median" else answer["value"]
    if value is None:
        return None
    if agg["params"]["field"].endswith("_at"):
        value /= 1000
    return round(value, 3)
