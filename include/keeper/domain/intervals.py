"""A past span of time."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Interval:
    """The moments from `since` on and before `until`."""

    since: datetime
    until: datetime
