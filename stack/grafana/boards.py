"""What a dashboard is made of: rows of panels, each with what it asks Prometheus."""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """How Grafana writes a panel's values."""

    NUMBER = "short"
    SECONDS = "s"
    BYTES = "bytes"
    SHARE = "percentunit"
    PER_SECOND = "cps"


@dataclass(frozen=True, slots=True)
class Query:
    """A question to Prometheus.

    Attributes:
        expr: The expression, in PromQL.
        legend: What a series is called, with its labels as `{{label}}`.
    """

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A curve of each series that its queries yield.

    Attributes:
        title: Its heading.
        meaning: What a reader should know of it; shown beside the heading.
        queries: What it asks.
        unit: Of the values.
    """

    title: str
    meaning: str
    queries: tuple[Query, ...]
    unit: Unit = Unit.NUMBER


@dataclass(frozen=True, slots=True)
class Row:
    """Panels below one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard.

    Attributes:
        name: Its name in the annotation `dashboard` of alerts, its address and its file.
        title: What people read.
        meaning: Which question it answers.
        rows: Its panels.
    """

    name: str
    title: str
    meaning: str
    rows: tuple[Row, ...]


def curve(title: str, expr: str, legend: str, meaning: str = "", unit: Unit = Unit.NUMBER) -> Panel:
    """Return a panel that asks one question."""
    return Panel(title, meaning, (Query(expr, legend),), unit)
