"""Where Keepa is asked follows from the key, unless an address is given."""

from typing import Any

import pytest
from pydantic import ValidationError

from keeper.settings import KEEPA_URL, SIMULATOR_URL, Settings

SIMULATOR = "http://keepa-simulator:8099"


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        pytest.param({}, SIMULATOR_URL, id="no-key"),
        pytest.param({"keeper_simulator_url": SIMULATOR}, SIMULATOR, id="simulator-elsewhere"),
        pytest.param(
            {"keepa_api_key": "k", "keeper_simulator_url": SIMULATOR}, KEEPA_URL, id="key"
        ),
        pytest.param({"keeper_keepa_url": "http://proxy:1/"}, "http://proxy:1", id="address"),
        pytest.param(
            {"keepa_api_key": "k", "keeper_keepa_url": "http://proxy:1"},
            "http://proxy:1",
            id="key-and-address",
        ),
    ],
)
def test_where_keepa_is_asked(given: dict[str, Any], url: str) -> None:
    assert Settings(_env_file=None, **given).keepa_url == url


def test_a_blank_simulator_address_is_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPER_SIMULATOR_URL", "")
    assert Settings(_env_file=None).keepa_url == SIMULATOR_URL


def test_the_simulators_address_is_a_url() -> None:
    with pytest.raises(ValidationError, match="http://host:port"):
        Settings(_env_file=None, keeper_simulator_url="keepa-simulator:8099")
