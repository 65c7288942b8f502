"""Whether a request is of the console's own pages, and which cookie its browser may keep.

By HTTPS the cookie's name begins with `__Host-`: browsers take it only from this host, by HTTPS,
for all paths, so that no neighbour can plant one. By plain HTTP it would cross the network in the
clear, so that there is one on the console's own machine alone, or where the settings want it so.

A request that changes something by a cookie must come from the console's own pages. Browsers say
where from in `Origin` and `Sec-Fetch-Site`, and no page can change what they say.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from keeper.console.context import ConsoleContext

SECURE_COOKIE: Final = "__Host-keeper_session"
PLAIN_COOKIE: Final = "keeper_session"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The cookie a request's browser keeps a session in."""

    name: str
    is_secure: bool


def session_cookie(request: Request, context: ConsoleContext) -> SessionCookie | None:
    """Return which cookie holds the session; None where none may be."""
    scheme, _ = _scheme_and_host(request, context)
    if scheme == "https":
        return SessionCookie(SECURE_COOKIE, is_secure=True)
    if context.allows_insecure_cookie or is_loopback(request):
        return SessionCookie(PLAIN_COOKIE, is_secure=False)
    return None


def is_own_site(request: Request, context: ConsoleContext) -> bool:
    """Return whether a browser says that one of the console's own pages sent a request."""
    scheme, host = _scheme_and_host(request, context)
    origin = request.headers.get("origin")
    fetched_from = request.headers.get("sec-fetch-site")
    if origin is None and fetched_from is None:
        return False
    if origin is not None and origin.lower() != f"{scheme}://{host}":
        return False
    return fetched_from in (None, "same-origin")


def _scheme_and_host(request: Request, context: ConsoleContext) -> tuple[str, str]:
    """Return them as the browser sees them: a proxy that speaks HTTPS asks by HTTP."""
    host = request.headers.get("host", "").lower()
    public = urlsplit(context.public_url or "")
    if host and host == public.netloc.lower():
        return public.scheme, host
    return request.url.scheme, host


def is_loopback(request: Request) -> bool:
    """Return whether a request was sent to this machine by one of its own names."""
    try:
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
