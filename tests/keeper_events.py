"""Events of Keeper's own, as tests publish and expect them."""

from datetime import UTC, datetime
from typing import Any

from keeper.domain.runs.events import Happening, KeeperEvent

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def keeper_event(kind: Happening = "run_loaded", count: int = 1, **more: Any) -> KeeperEvent:
    """Return an event of a kind."""
    return KeeperEvent(event_type=kind, occurred_at=AT, count=count, **more)
