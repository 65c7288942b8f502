"""A way to a service that a test can block: connections are taken, and nothing answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Self


class Relay(ThreadingTCPServer):
    """Passes bytes on between its own port on loopback and a service, both ways."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, host: str, port: int) -> None:
        """Listen; nothing is passed on before `running`."""
        super().__init__(("127.0.0.1", 0), _Connection)
        self.target = host, port
        self.is_open = threading.Event()
        self.is_open.set()
        self.counting = threading.Lock()
        self.taken = 0
        """How many connections there were."""

    @classmethod
    @contextmanager
    def running(cls, host: str, port: int) -> Iterator[Self]:
        """Pass on what goes to a service during the block."""
        with cls(host, port) as relay:
            thread = threading.Thread(target=relay.serve_forever, args=(0.01,), name="relay")
            thread.start()
            yield relay
            relay.is_open.set()
            relay.shutdown()
            thread.join()

    @property
    def port(self) -> int:
        """Where to connect to."""
        return int(self.server_address[1])

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """Let nothing through during the block, of old connections and new ones."""
        self.is_open.clear()
        try:
            yield
        finally:
            self.is_open.set()


class _Connection(BaseRequestHandler):
    server: Relay

    def setup(self) -> None:
        with self.server.counting:
            self.server.taken += 1

    def handle(self) -> None:
        self.server.is_open.wait()
        # Either side may have gone meanwhile, as in a network.
        with suppress(OSError), socket.create_connection(self.server.target) as service:
            back = threading.Thread(target=self._pass_on, args=(service, self.request), daemon=True)
            back.start()
            self._pass_on(self.request, service)
            back.join()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self.server.is_open.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
