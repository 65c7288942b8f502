"""Which cookie a browser keeps, and whether a request is of the console's own pages."""

from datetime import timedelta

import pytest
from starlette.requests import Request

from keeper.console.context import ConsoleContext
from keeper.console.database import ConsoleDatabase
from keeper.console.site import is_own_site, session_cookie
from keeper.stores.postgres.connection import PostgresConfig

HTTPS = "https://keeper.example.org"


def context(
    public_url: str | None = None, *, allows_insecure_cookie: bool = False
) -> ConsoleContext:
    return ConsoleContext(
        database=ConsoleDatabase(PostgresConfig("postgresql://nobody@127.0.0.1:1/none")),
        operators=frozenset(),
        public_url=public_url,
        allows_insecure_cookie=allows_insecure_cookie,
        old_after=lambda price_type: timedelta(),
    )


def request(host: str, **headers: str) -> Request:
    sent = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/",
        "query_string": b"",
        "headers": raw,
        "server": ("127.0.0.1", 8000),
    }
    return Request(scope)


@pytest.mark.parametrize(
    ("host", "public_url", "name"),
    [
        ("localhost:8000", None, "keeper_session"),
        ("127.0.0.1:8000", None, "keeper_session"),
        ("127.8.9.1", None, "keeper_session"),
        ("[::1]:8000", None, "keeper_session"),
        ("localhost:8000", HTTPS, "keeper_session"),
        ("keeper.example.org", HTTPS, "__Host-keeper_session"),
        ("KEEPER.example.org", HTTPS, "__Host-keeper_session"),
        ("keeper.example.org", None, None),
        ("keeper.example.org", "http://keeper.example.org", None),
        ("evil.example", HTTPS, None),
        ("localhost.evil.example", None, None),
        ("127.0.0.1.evil.example", None, None),
        ("[", None, None),
        ("", None, None),
    ],
)
def test_a_session_is_kept_where_nobody_reads_along(
    host: str, public_url: str | None, name: str | None
) -> None:
    found = session_cookie(request(host), context(public_url))
    assert (found.name if found else None) == name
    assert found is None or found.is_secure == found.name.startswith("__Host-")


def test_the_settings_can_want_it_elsewhere() -> None:
    lenient = context(allows_insecure_cookie=True)
    found = session_cookie(request("keeper.lan"), lenient)
    assert found is not None
    assert (found.name, found.is_secure) == ("keeper_session", False)


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({}, False),
        ({"origin": HTTPS}, True),
        ({"origin": "HTTPS://KEEPER.example.org"}, True),
        ({"origin": HTTPS, "sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "none"}, False),
        ({"origin": HTTPS, "sec_fetch_site": "cross-site"}, False),
        ({"origin": "http://keeper.example.org"}, False),
        ({"origin": "https://keeper.example.org.evil.example"}, False),
        ({"origin": "https://keeper.example.org:8443"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"referer": f"{HTTPS}/page"}, False),
    ],
)
def test_only_what_a_browser_says_of_itself_counts(headers: dict[str, str], is_own: bool) -> None:
    assert is_own_site(request("keeper.example.org", **headers), context(HTTPS)) == is_own
