"""Keeper's settings, in groups: `settings.keepa.timeout_s`, each read from one variable."""

from keeper.settings.keepa import AMAZON_IMAGES_URL, KEEPA_URL, SIMULATOR_KEY, SIMULATOR_URL
from keeper.settings.load import VARIABLES, Settings, load_settings

__all__ = [
    "AMAZON_IMAGES_URL",
    "KEEPA_URL",
    "SIMULATOR_KEY",
    "SIMULATOR_URL",
    "VARIABLES",
    "Settings",
    "load_settings",
]
