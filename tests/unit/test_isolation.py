import asyncio
import socket

import pytest
from pytest_socket import SocketBlockedError


def test_a_unit_test_cannot_reach_the_network() -> None:
    with pytest.raises(SocketBlockedError):
        socket.create_connection(("127.0.0.1", 9))


def test_a_unit_test_may_run_an_event_loop() -> None:
    async def answer() -> int:
        return 42

    assert asyncio.run(answer()) == 42
