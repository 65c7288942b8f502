"""docker/kibana/keeper.ndjson as tests read it: fields, references, and the queries of panels.

A panel's query is derived as Kibana does it, from what the file says and nothing else.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).resolve().parents[1] / "docker" / "kibana" / "keeper.ndjson"
NUMBERS = frozenset({"long", "double"})
GROUPABLE = NUMBERS | {"keyword", "boolean"}
FIT = {
    "terms": GROUPABLE,
    "histogram": NUMBERS,
    "date_histogram": frozenset({"date"}),
    "avg": NUMBERS,
    "sum": NUMBERS,
    "median": NUMBERS,
    "min": NUMBERS | {"date"},
    "max": NUMBERS | {"date"},
    "cardinality": GROUPABLE,
    "time": frozenset({"date"}),
    "control": frozenset({"keyword", "boolean"}),
    "sort": GROUPABLE | {"date"},
    "query": GROUPABLE | {"date", "text"},
    "column": GROUPABLE | {"date", "text"},
}
"""What types of fields serve for what."""
CLAUSE = re.compile(r"(?P<field>[\w.]+):(?P<how>>=|<=|>|<|)(?P<value>\([^()]+\)|[^\s()]+)")
"""All that queries of the file are made of; it may be read by eye."""


class Used(NamedTuple):
    """A field and what it is used for, a key of FIT."""

    field: str
    use: str


@dataclass(frozen=True)
class Objects:
    """Saved objects by type and id."""

    by_key: Mapping[tuple[str, str], Mapping[str, Any]]

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        return [one for (a_kind, _), one in self.by_key.items() if a_kind == kind]

    def view_of(self, one: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the data view of a search or chart, None for a text."""
        name = search_source(one).get("indexRefName")
        if name is None:
            return None
        (reference,) = [ref for ref in one["references"] if ref["name"] == name]
        return self.by_key[reference["type"], reference["id"]]

    def panels_of(self, dashboard: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return what a dashboard shows, found as Kibana finds it."""
        named = {ref["name"]: ref for ref in dashboard["references"]}
        found = []
        for panel in json.loads(dashboard["attributes"]["panelsJSON"]):
            reference = named[f"{panel['panelIndex']}:{panel['panelRefName']}"]
            assert reference["type"] == panel["type"]
            found.append(self.by_key[reference["type"], reference["id"]])
        return found

    def fields_of(self, one: Mapping[str, Any]) -> Iterator[tuple[str, Used]]:
        """Yield the index and the field of everything an object uses."""
        attributes = one["attributes"]
        if one["type"] == "index-pattern":
            yield attributes["title"], Used(attributes["timeFieldName"], "time")
        elif one["type"] == "dashboard":
            named = {ref["name"]: ref["id"] for ref in one["references"]}
            for name, control in controls_of(one).items():
                view = named[f"controlGroup_{name}:optionsListDataView"]
                yield view, Used(control["explicitInput"]["fieldName"], "control")
        elif (view_object := self.view_of(one)) is not None:
            index = view_object["attributes"]["title"]
            for clause in clauses(query_of(one)):
                yield index, Used(clause["field"], "query")
            for agg in aggs_of(one):
                if "field" in agg["params"]:
                    yield index, Used(agg["params"]["field"], agg["type"])
            for column in attributes.get("columns", ()):
                yield index, Used(column, "column")
            for field, _ in attributes.get("sort", ()):
                yield index, Used(field, "sort")


def read(path: Path = FILE) -> Objects:
    objects = map(json.loads, path.read_text("utf-8").splitlines())
    return Objects({(one["type"], one["id"]): one for one in objects})


def type_of(field: str, mappings: Mapping[str, Any], *, indexed: bool = True) -> str | None:
    """Return a field's type, None if there is none; a part of a field is named `field.part`."""
    name, _, part = field.partition(".")
    found = mappings["properties"].get(name)
    if found is not None and part:
        found = found.get("fields", {}).get(part)
    if found is None or (indexed and not found.get("index", True)):
        return None
    kind: str = found["type"]
    return kind


def search_source(one: Mapping[str, Any]) -> dict[str, Any]:
    source: dict[str, Any] = json.loads(
        one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"]
    )
    assert source["query"]["language"] == "lucene"
    assert source["filter"] == []
    return source


def query_of(one: Mapping[str, Any]) -> str:
    query: str = search_source(one)["query"]["query"]
    return query


def clauses(query: str) -> list[re.Match[str]]:
    """Return the parts of a query, all of which a document has to meet."""
    parts = query.split(" AND ") if query else []
    found = [CLAUSE.fullmatch(part) for part in parts]
    assert None not in found, f"{query} has a part that is no field:value"
    return [match for match in found if match]


def aggs_of(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    state = json.loads(one["attributes"].get("visState", "{}"))
    return [agg for agg in state.get("aggs", ()) if agg["enabled"]]


def controls_of(dashboard: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    controls: dict[str, dict[str, Any]] = json.loads(
        dashboard["attributes"]["controlGroupInput"]["panelsJSON"]
    )
    return controls


def metrics_of(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [agg for agg in aggs_of(one) if agg["schema"] == "metric"]


def buckets_of(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [agg for agg in aggs_of(one) if agg["schema"] != "metric"]


def filters(one: Mapping[str, Any], time_field: str, since: str, until: str) -> dict[str, Any]:
    """Return the query by which Kibana chooses documents, of a dashboard's time range."""
    query = query_of(one)
    chosen = {"query_string": {"query": query, "analyze_wildcard": True}} if query else None
    span = {"range": {time_field: {"gte": since, "lte": until}}}
    return {"bool": {"filter": [chosen or {"match_all": {}}, span]}}


def aggregations(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a chart's aggregations: its buckets inside each other, its metrics innermost."""
    metrics = {agg["id"]: agg for agg in metrics_of(one)}
    inner = {name: _metric(agg) for name, agg in metrics.items() if agg["type"] != "count"}
    for agg in reversed(buckets_of(one)):
        params = agg["params"]
        if agg["type"] == "date_histogram":
            made = {"field": params["field"], "calendar_interval": f"1{params['interval']}"}
        elif agg["type"] == "histogram":
            made = {"field": params["field"], "interval": params["interval"]}
        else:
            by = params["orderBy"]
            if by in metrics and metrics[by]["type"] != "count":
                # What rows are ordered by is reckoned where they are made.
                inner = {**inner, by: _metric(metrics[by])}
            elif by in metrics:
                by = "_count"
            made = {"field": params["field"], "size": params["size"]}
            made["order"] = {by: params["order"]}
        made |= {"min_doc_count": 1}
        inner = {agg["id"]: {agg["type"]: made, "aggs": inner}}
    return inner


def _metric(agg: Mapping[str, Any]) -> dict[str, Any]:
    params = agg["params"]
    if agg["type"] == "median":
        return {"percentiles": {"field": params["field"], "percents": params["percents"]}}
    return {agg["type"]: {"field": params["field"]}}
