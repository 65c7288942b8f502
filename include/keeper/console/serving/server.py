"""The console's HTTP server: who sends slowly, or without end, is sent away.

uvicorn itself waits for a request's headers and body for ever, and takes headers of any length
(Kludex/uvicorn#157). Behind nginx neither gets here; where nothing stands in between, both do.
"""

from asyncio import TimerHandle
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_S: Final = 10.0
BODY_S: Final = 30.0
MOST_HEADER_BYTES: Final = 32_768
_END_S: Final = 10
_AT_ONCE: Final = 4_096
_BUSY_WITH_HEADERS: Final = "headers"
_BUSY_WITH_BODY: Final = "body"
_REFUSALS: Final = {408: "Request Timeout", 431: "Request Header Fields Too Large"}


class GuardedProtocol(HttpToolsProtocol):
    """Gives each request ten seconds for its headers, 30 more for its body, and 32 KiB of headers.

    Between two requests uvicorn's own time for idle connections counts.
    """

    headers_s = HEADERS_S
    body_s = BODY_S

    def __init__(self, *args: Any, **options: Any) -> None:
        """Begin as uvicorn does."""
        super().__init__(*args, **options)
        self._part: str | None = _BUSY_WITH_HEADERS
        self._head_bytes = 0
        self._has_begun = False
        self._is_refused = False
        self._deadline: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Give the first request's headers their time."""
        super().connection_made(transport)
        self._await(_BUSY_WITH_HEADERS, self.headers_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless there are more headers than any request has."""
        super().data_received(data)
        # A header that has not ended yet is in the parser, which keeps all of it.
        if self._part == _BUSY_WITH_HEADERS:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEADER_BYTES:
                self._refuse(431)

    def on_message_begin(self) -> None:
        """Give the headers their time."""
        self._head_bytes = 0
        self._has_begun = True
        self._await(_BUSY_WITH_HEADERS, self.headers_s)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Give the body its time."""
        head = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if head > MOST_HEADER_BYTES:
            self._refuse(431)
            return
        self._await(_BUSY_WITH_BODY, self.body_s)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait for nothing until the next request begins."""
        self._forget()
        self._part = None
        if not self._is_refused:
            super().on_message_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, if its request was taken."""
        if not self._is_refused:
            super().on_body(body)

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket's own protocol."""
        self._forget()
        super().handle_websocket_upgrade()

    def _await(self, part: str, seconds: float) -> None:
        self._forget()
        self._part = part
        self._deadline = self.loop.call_later(seconds, self._refuse, 408)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: int) -> None:
        self._forget()
        self._is_refused = True
        if self.transport.is_closing():
            return
        # Before the first request uvicorn has none, whatever its types say.
        is_answering = getattr(self.cycle, "response_started", False)
        if self._has_begun and not is_answering:
            line = f"HTTP/1.1 {status} {_REFUSALS[status]}\r\n"
            self.transport.write(f"{line}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())
        self.transport.close()


def serve(app: Any, *, host: str, port: int, reload_dirs: list[str] | None = None) -> None:
    """Serve an application until the process is asked to end; open streams have ten seconds then.

    Args:
        app: The application; to be loaded again whenever its code changes, the name of what
            makes it.
        host: The address to listen on.
        port: The port.
        reload_dirs: Where the code is that may change; None to load it once.
    """
    uvicorn.run(
        app,
        host=host,
        port=port,
        factory=isinstance(app, str),
        reload=reload_dirs is not None,
        reload_dirs=reload_dirs,
        http=GuardedProtocol,
        # keeper.console.serving.proxies reads what proxies say, and only of those that are trusted.
        proxy_headers=False,
        server_header=False,
        # Paths of requests hold signed links.
        access_log=False,
        limit_concurrency=_AT_ONCE,
        timeout_graceful_shutdown=_END_S,
    )
