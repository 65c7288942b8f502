"""Unit tests reach no network: a test that needs a service belongs into another folder."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket

settings.register_profile("at every commit", max_examples=25)


def pytest_configure(config: pytest.Config) -> None:
    # Little of what tests make is in cycles: it is looked for seldom.
    gc.set_threshold(100_000, 50, 50)
    if "not nightly" in config.getoption("markexpr"):
        settings.load_profile("at every commit")


def pytest_collection_finish() -> None:
    # What all the modules and tests are made of stays; collecting garbage need not look at it.
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    # asyncio's event loop wakes itself through a unix socket pair.
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
