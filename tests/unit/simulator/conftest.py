"""A simulator whose two clocks stand still until a test moves them."""

import os
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
    return HandClock(datetime(2026, 5, 4, 8, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue(seed=7, size=400)


@pytest.fixture
def api(catalogue: Catalogue, hand_clock: HandClock) -> KeepaApi:
    return KeepaApi(
        catalogue,
        CatalogueClock(ClockMode.HOLD, AT, hand_clock),
        TokenBucket(10, hand_clock),
    )


@pytest.fixture
def at_minute() -> int:
    return to_keepa_minutes(AT)


@pytest.fixture(scope="session")
def us() -> Locale:
    return locale_of("us")
