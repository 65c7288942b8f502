"""Unit tests reach no network: a test that needs a service belongs into another folder."""

from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    # asyncio's event loop wakes itself through a unix socket pair.
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
