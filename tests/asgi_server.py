"""Serves an application from a thread, and ends as soon as it is asked."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn

from tests.waiting import wait_until

PLAIN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of such a server: httpx else reads all authorities' certificates for each."""
_LOOK_S: Final = 0.005


class _Server(uvicorn.Server):
    """Ends when asked; uvicorn's own looks every tenth of a second, and waits as long again."""

    async def main_loop(self) -> None:
        """Serve until somebody asks it to end."""
        await self.on_tick(0)
        while not self.should_exit:  # noqa: ASYNC110 - it is set from other threads
            await asyncio.sleep(_LOOK_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for those who wait for an answer, then let the application end."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(_LOOK_S)
        # Whoever asked is gone.
        for task in self.server_state.tasks:
            task.cancel()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)
        await self.lifespan.shutdown()


@contextmanager
def serving(app: Any, port: int = 0) -> Iterator[str]:
    """Serve an application on this machine for the block; gives the address.

    Args:
        app: Any ASGI application.
        port: Where; 0 takes a free one.
    """
    with socket.create_server(("127.0.0.1", port), backlog=256) as listener:
        config = uvicorn.Config(app, log_config=None, access_log=False, proxy_headers=False)
        server = _Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: server.started, "the application serves", every_s=_LOOK_S)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
