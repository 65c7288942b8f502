"""A simulator whose two clocks stand still until a test moves them."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keeper.domain.locales import Locale, locale_of
from keeper.domain.prices.points import to_keepa_minutes
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.api.token_bucket import TokenBucket
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.clock import CatalogueClock, ClockMode
from tests.unit.simulator.hand_clock import HandClock

REPOSITORY = Path(__file__).parents[3]
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STARTED_AT = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_network(socket_disabled: None) -> None:
    pass


@pytest.fixture(scope="session")
def recordings_folder() -> Path:
    named = os.environ.get("KEEPER_RECORDINGS")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "recordings"
    if not list(folder.glob("product_*.json")):
        pytest.skip("no recordings; set KEEPER_RECORDINGS")
    return folder


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock(STARTED_AT)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue(seed=7, size=400)


@pytest.fixture(scope="session")
def api_at(catalogue: Catalogue) -> Callable[..., KeepaApi]:
    """Makes simulators of the catalogue; several tests may read the replies of one."""

    def make(hand_clock: HandClock | None = None) -> KeepaApi:
        clock = hand_clock or HandClock(STARTED_AT)
        return KeepaApi(
            catalogue, CatalogueClock(ClockMode.HOLD, AT, clock), TokenBucket(10, clock)
        )

    return make


@pytest.fixture
def api(api_at: Callable[..., KeepaApi], hand_clock: HandClock) -> KeepaApi:
    return api_at(hand_clock)


@pytest.fixture
def at_minute() -> int:
    return to_keepa_minutes(AT)


@pytest.fixture(scope="session")
def us() -> Locale:
    return locale_of("us")
