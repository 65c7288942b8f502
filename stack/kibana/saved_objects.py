"""The forms in which Kibana exports its saved objects, and imports them again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_CORE_VERSION: Final = "8.8.0"
_TYPE_VERSIONS: Final = {
    "index-pattern": "8.0.0",
    "search": "8.0.0",
    "visualization": "8.5.0",
    "dashboard": "8.9.0",
}
"""As Kibana 8.9 exports them; a newer Kibana brings them up to its own at the import, and one that
knows only older forms refuses them."""
_SOURCE: Final = "kibanaSavedObjectMeta.searchSourceJSON.index"
_COLUMNS: Final = 48
"""The width of a dashboard in Kibana's grid."""


@dataclass(frozen=True, slots=True)
class DataView:
    """An index as Kibana knows it.

    Attributes:
        alias: The alias of the index; it is the view's id too.
        name: What people choose it by.
        time_field: What the time range of a dashboard is about.
    """

    alias: str
    name: str
    time_field: str

    def saved(self) -> dict[str, Any]:
        """Return the saved object."""
        attributes = {
            "title": self.alias,
            "name": self.name,
            "timeFieldName": self.time_field,
            # Kibana asks Elasticsearch for them.
            "fields": "[]",
            "fieldAttrs": "{}",
            "fieldFormatMap": "{}",
            "runtimeFieldMap": "{}",
            "sourceFilters": "[]",
            "typeMeta": "{}",
            "allowHidden": False,
        }
        return _saved("index-pattern", self.alias, attributes, [])


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A list of documents.

    Attributes:
        id: Its id, which never changes.
        title: What people choose it by.
        description: What it shows.
        view: Where it looks.
        columns: The fields it shows.
        sort: A field, descending.
        query: Lucene's syntax; blank is everything.
    """

    id: str
    title: str
    description: str
    view: DataView
    columns: Sequence[str]
    sort: str
    query: str = ""

    @property
    def kind(self) -> str:
        """Its type among Kibana's saved objects."""
        return "search"

    def saved(self) -> dict[str, Any]:
        """Return the saved object."""
        attributes = {
            "title": self.title,
            "description": self.description,
            "columns": list(self.columns),
            "sort": [[self.sort, "desc"]],
            "grid": {},
            "hideChart": False,
            "isTextBasedQuery": False,
            "kibanaSavedObjectMeta": _search_source(self.query, has_view=True),
        }
        return _saved(self.kind, self.id, attributes, [_reference(_SOURCE, self.view)])


@dataclass(frozen=True, slots=True)
class Visualization:
    """A chart, a table, some numbers or a text.

    Attributes:
        id: Its id, which never changes.
        title: What stands above it.
        shape: Kibana's name of the kind of chart.
        view: Where it looks; None for a text.
        aggs: Its metrics and buckets, see stack.kibana.aggregations.
        params: How it looks, see stack.kibana.charts.
        query: Lucene's syntax; blank is everything.
    """

    id: str
    title: str
    shape: str
    view: DataView | None
    aggs: Sequence[Mapping[str, Any]]
    params: Mapping[str, Any]
    query: str = ""

    @property
    def kind(self) -> str:
        """Its type among Kibana's saved objects."""
        return "visualization"

    def saved(self) -> dict[str, Any]:
        """Return the saved object."""
        aggs = [{"id": f"{n}", "enabled": True, **agg} for n, agg in enumerate(self.aggs, start=1)]
        state = {"title": self.title, "type": self.shape, "aggs": aggs, "params": self.params}
        attributes = {
            "title": self.title,
            "description": "",
            "version": 1,
            "visState": _text(state),
            "uiStateJSON": "{}",
            "kibanaSavedObjectMeta": _search_source(self.query, has_view=self.view is not None),
        }
        references = [] if self.view is None else [_reference(_SOURCE, self.view)]
        return _saved(self.kind, self.id, attributes, references)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Panels in rows.

    Attributes:
        id: Its id, which never changes.
        title: What people choose it by.
        description: What it shows.
        view: Where its controls look.
        rows: The height of each row and what stands in it, side by side, of equal width.
        controls: Fields one can choose values of, with what they are called.
        since: The beginning of the time it shows at first, as Kibana spells it.
    """

    id: str
    title: str
    description: str
    view: DataView
    rows: Sequence[tuple[int, Sequence[Visualization | SavedSearch]]]
    controls: Mapping[str, str] = field(default_factory=dict)
    since: str = "now-30d"

    def panels(self) -> list[Visualization | SavedSearch]:
        """Return what it shows, in order."""
        return [panel for _, row in self.rows for panel in row]

    def saved(self) -> dict[str, Any]:
        """Return the saved object."""
        panels, references, top = [], [], 0
        for height, row in self.rows:
            width = _COLUMNS // len(row)
            for place, panel in enumerate(row):
                name = panel.id
                at = {"x": place * width, "y": top, "w": width, "h": height, "i": name}
                panels.append(
                    {
                        "type": panel.kind,
                        "gridData": at,
                        "panelIndex": name,
                        "embeddableConfig": {"enhancements": {}},
                        "panelRefName": f"panel_{name}",
                    }
                )
                references.append(
                    {"name": f"{name}:panel_{name}", "type": panel.kind, "id": panel.id}
                )
            top += height
        references += [
            _reference(f"controlGroup_{name}:optionsListDataView", self.view)
            for name in self.controls
        ]
        attributes = {
            "title": self.title,
            "description": self.description,
            "version": 1,
            "panelsJSON": _text(panels),
            "optionsJSON": _text(
                {
                    "useMargins": True,
                    "syncColors": False,
                    "syncCursor": True,
                    "syncTooltips": False,
                    "hidePanelTitles": False,
                }
            ),
            "timeRestore": True,
            "timeFrom": self.since,
            "timeTo": "now",
            "refreshInterval": {"pause": True, "value": 60_000},
            "controlGroupInput": self._control_group(),
            "kibanaSavedObjectMeta": _search_source("", has_view=False),
        }
        return _saved("dashboard", self.id, attributes, references)

    def _control_group(self) -> dict[str, Any]:
        controls = {
            name: {
                "type": "optionsListControl",
                "order": order,
                "width": "medium",
                "grow": True,
                "explicitInput": {
                    "id": name,
                    "fieldName": name,
                    "title": title,
                    "selectedOptions": [],
                    "enhancements": {},
                },
            }
            for order, (name, title) in enumerate(self.controls.items())
        }
        heeded = ("ignoreFilters", "ignoreQuery", "ignoreTimerange", "ignoreValidations")
        return {
            "controlStyle": "oneLine",
            "chainingSystem": "HIERARCHICAL",
            "panelsJSON": _text(controls),
            "ignoreParentSettingsJSON": _text(dict.fromkeys(heeded, False)),
        }


def ndjson(objects: Sequence[Mapping[str, Any]]) -> str:
    """Return saved objects as Kibana's import reads them: one a line."""
    return "".join(f"{_text(one)}\n" for one in objects)


def _saved(
    kind: str, name: str, attributes: Mapping[str, Any], references: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    return {
        "type": kind,
        "id": name,
        "managed": False,
        "coreMigrationVersion": _CORE_VERSION,
        "typeMigrationVersion": _TYPE_VERSIONS[kind],
        "attributes": attributes,
        "references": references,
    }


def _reference(name: str, view: DataView) -> dict[str, str]:
    return {"name": name, "type": "index-pattern", "id": view.alias}


def _search_source(query: str, *, has_view: bool) -> dict[str, str]:
    # Lucene's syntax, because Elasticsearch itself reads it.
    source: dict[str, Any] = {"query": {"query": query, "language": "lucene"}, "filter": []}
    if has_view:
        source["indexRefName"] = _SOURCE
    return {"searchSourceJSON": _text(source)}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
