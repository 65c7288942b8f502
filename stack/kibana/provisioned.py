"""All that Kibana is given."""

from typing import Any, Final

from stack.kibana import deals, pipeline_health, prices, tokens
from stack.kibana.saved_objects import Dashboard, DataView

DATA_VIEWS: Final[tuple[DataView, ...]] = (
    prices.PRICES,
    deals.DEALS,
    tokens.TOKENS,
    pipeline_health.RUNS,
)
DASHBOARDS: Final[tuple[Dashboard, ...]] = (
    prices.DASHBOARD,
    deals.DASHBOARD,
    tokens.DASHBOARD,
    pipeline_health.DASHBOARD,
)


def provisioned() -> list[dict[str, Any]]:
    """Return every saved object, each after those it refers to."""
    panels = [panel for dashboard in DASHBOARDS for panel in dashboard.panels()]
    return [one.saved() for one in (*DATA_VIEWS, *panels, *DASHBOARDS)]
