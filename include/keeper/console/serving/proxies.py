"""What a proxy says of a request counts if the request came from a proxy that the settings trust.

Such a proxy says where a request came from (`X-Forwarded-For`), whether it came by HTTPS
(`X-Forwarded-Proto`) and, where the settings name a header for it, who has signed in there. From
anybody else these headers are taken off before anything reads them.
"""

import logging
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from keeper.console.context import ConsoleContext

_LOG: Final = logging.getLogger(__name__)
_FORWARDED_FOR: Final = b"x-forwarded-for"
_FORWARDED_PROTO: Final = b"x-forwarded-proto"
VOUCHED_USER: Final = "proxied_user"
HOST_USER: Final = "host_user"
"""In which of a request's values a program that mounts the console says whom it has let in."""
"""In a request's state: the address of who has signed in elsewhere, as who is trusted says."""
_LONGEST_ADDRESS: Final = 254


class TrustedProxies:
    """Lets an application see who sent a request, not which proxy passed it on."""

    def __init__(self, app: ASGIApp, context: ConsoleContext) -> None:
        """Wrap an application."""
        self._app = app
        self._context = context
        header = context.proxy_user_header
        self._user_header = None if header is None else header.lower().encode()
        self._of_proxies = {_FORWARDED_FOR, _FORWARDED_PROTO, self._user_header}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI says."""
        if scope["type"] in ("http", "websocket"):
            self._read(scope)
        await self._app(scope, receive, send)

    def _read(self, scope: Scope) -> None:
        said: dict[bytes, list[str]] = {}
        kept = []
        for name, value in scope["headers"]:
            if name in self._of_proxies:
                said.setdefault(name, []).append(value.decode("latin-1").strip())
            else:
                kept.append((name, value))
        if not said:
            return
        scope["headers"] = kept
        client = scope.get("client")
        if client is None or not self._is_trusted(client[0]):
            return
        if address := self._sender(said.get(_FORWARDED_FOR, ())):
            scope["client"] = (address, 0)
        if said.get(_FORWARDED_PROTO) in (["https"], ["http"]):
            secure = said[_FORWARDED_PROTO] == ["https"]
            plain = "ws" if scope["type"] == "websocket" else "http"
            scope["scheme"] = f"{plain}s" if secure else plain
        if self._user_header is not None:
            self._read_user(scope, said.get(self._user_header, []))

    def _read_user(self, scope: Scope, users: list[str]) -> None:
        if len(users) == 1 and 0 < len(users[0]) <= _LONGEST_ADDRESS:
            scope.setdefault("state", {})[VOUCHED_USER] = users[0]
        elif users:
            # One is the proxy's, and the other came through it: which is which, nobody can say.
            _LOG.warning("a trusted proxy sent %s %d times", self._user_header, len(users))

    def _sender(self, said: Iterable[str]) -> str | None:
        """Return the last address that is no trusted proxy's; those before it anybody may write."""
        for text in reversed(",".join(said).split(",")):
            address = _address(text.strip())
            if address is None:
                return None
            if not self._is_trusted(str(address)):
                return str(address)
        return None

    def _is_trusted(self, host: str) -> bool:
        address = _address(host)
        if address is None:
            return False
        return any(address in network for network in self._context.trusted_proxies)


def proxied_user(request: HTTPConnection) -> str | None:
    """Return the address of who has signed in at a trusted proxy; None if it says nobody."""
    user = request.scope.get("state", {}).get(VOUCHED_USER)
    return user if isinstance(user, str) else None


def host_user(request: HTTPConnection) -> str | None:
    """Return whom the program that mounts the console has let in, in words; None without one."""
    user = request.scope.get("state", {}).get(HOST_USER)
    return user if isinstance(user, str) else None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
