"""Lightning deals of products: the series LIGHTNING_DEAL, and the end it announces."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np

from keeper.domain.prices.points import from_keepa_minutes
from keeper.domain.prices.types import price_type_of
from keeper.sources.keepa.products.series import Series

LIGHTNING_DEAL: Final = price_type_of("LIGHTNING_DEAL")


@dataclass(frozen=True, slots=True)
class LightningDeal:
    """A product's last lightning deal: announced, running or over.

    Attributes:
        starts_at: None if Keepa gives no times.
        ends_at: None while it is only announced, and if Keepa gives no end.
        price_minor: The newest price of the LIGHTNING_DEAL series, None if it has none now.
    """

    starts_at: datetime | None
    ends_at: datetime | None
    price_minor: int | None

    def is_running(self, at: datetime) -> bool:
        """Return whether it runs at a moment; without times, whether it has a price now."""
        if self.starts_at is None:
            return self.price_minor is not None
        return self.ends_at is not None and self.starts_at <= at < self.ends_at


def cut_announcement(series: dict[int, Series], replied_at: int | None) -> datetime | None:
    """Leave out what LIGHTNING_DEAL says of after the reply, and return when that begins."""
    course = series.get(LIGHTNING_DEAL.index)
    if course is None or replied_at is None:
        return None
    known = int(np.searchsorted(course.minutes, replied_at, side="right"))
    if known == len(course):
        return None
    announced = from_keepa_minutes(int(course.minutes[known]))
    if known:
        series[LIGHTNING_DEAL.index] = replace(
            course, minutes=course.minutes[:known], values=course.values[:known]
        )
    else:
        del series[LIGHTNING_DEAL.index]
    return announced
