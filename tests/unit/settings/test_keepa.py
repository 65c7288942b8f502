"""Where Keepa is asked follows from the key, unless an address is given."""

import pytest

from keeper.errors import SettingsError
from keeper.settings import AMAZON_IMAGES_URL, KEEPA_URL, SIMULATOR_URL, Settings

SIMULATOR = "http://keepa-simulator:8099"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        pytest.param({}, SIMULATOR_URL, id="no-key"),
        pytest.param({"KEEPER_SIMULATOR_URL": SIMULATOR}, SIMULATOR, id="simulator-elsewhere"),
        pytest.param(
            {"KEEPA_API_KEY": "k", "KEEPER_SIMULATOR_URL": SIMULATOR}, KEEPA_URL, id="key"
        ),
        pytest.param({"KEEPER_KEEPA_URL": "http://proxy:1/"}, "http://proxy:1", id="address"),
        pytest.param(
            {"KEEPA_API_KEY": "k", "KEEPER_KEEPA_URL": "http://proxy:1"},
            "http://proxy:1",
            id="key-and-address",
        ),
    ],
)
def test_where_keepa_is_asked(given: dict[str, str], url: str) -> None:
    assert Settings.from_variables(given).keepa.url == url


@pytest.mark.parametrize(
    ("given", "url"),
    [
        pytest.param({}, f"{SIMULATOR_URL}/img", id="no-key"),
        pytest.param({"KEEPA_API_KEY": "k"}, AMAZON_IMAGES_URL, id="key"),
        pytest.param(
            {"KEEPA_API_KEY": "k", "KEEPER_IMAGES_URL": "https://images.example/I/"},
            "https://images.example/I",
            id="address",
        ),
        pytest.param(
            {"KEEPER_KEEPA_URL": "http://proxy:1/"}, "http://proxy:1/img", id="simulator-elsewhere"
        ),
    ],
)
def test_where_pictures_of_products_are(given: dict[str, str], url: str) -> None:
    assert Settings.from_variables(given).keepa.images_url == url


def test_a_blank_simulator_address_is_the_usual_one() -> None:
    assert Settings.from_variables({"KEEPER_SIMULATOR_URL": ""}).keepa.url == SIMULATOR_URL


def test_the_simulators_address_is_a_url() -> None:
    with pytest.raises(SettingsError, match=r"KEEPER_SIMULATOR_URL: .*http://host:port"):
        Settings.from_variables({"KEEPER_SIMULATOR_URL": "keepa-simulator:8099"})
