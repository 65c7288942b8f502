"""Unit tests reach no network: a test that needs a service belongs into another folder."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket

from keeper.alerts import chart
from keeper.settings import VARIABLES, load_settings

settings.register_profile("at every commit", max_examples=25)


def pytest_configure(config: pytest.Config) -> None:
    # Little of what tests make is in cycles: it is looked for seldom.
    gc.set_threshold(100_000, 50, 50)
    if "not nightly" in config.getoption("markexpr"):
        settings.load_profile("at every commit")


def pytest_collection_finish() -> None:
    # What all the modules and tests are made of stays; collecting garbage need not look at it.
    gc.freeze()


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting comes from this machine: neither from variables and files nor from `.env`."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Charts are only described: drawing one takes as long as a hundred tests."""
    monkeypatch.setattr(chart, "_drawn", lambda *_: b"")
    chart.price_chart.cache_clear()
    yield
    chart.price_chart.cache_clear()


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    # asyncio's event loop wakes itself through a unix socket pair.
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
