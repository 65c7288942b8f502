"""Who has signed in at a proxy: only proxies that the settings trust may say so."""

from collections.abc import Callable

import httpx
import pytest

from keeper.domain.users.access import Scope
from tests.console_server import ANN, BEN, BOSS, Console

ME = "/api/v1/me"
WATCHES = "/api/v1/watches"
HEADER = "Remote-Email"
NEW = {"product": "B00EXAMPL0"}
HERE = ("127.0.0.1/32",)
ELSEWHERE = ("10.0.0.0/8",)


@pytest.fixture
def behind_proxy(make_running: Callable[..., Console]) -> Console:
    """A console that trusts the proxy that asks: the test itself."""
    return make_running(trusted_proxies=HERE, proxy_user_header=HEADER)


def test_a_trusted_proxy_signs_its_users_in(behind_proxy: Console) -> None:
    behind_proxy.user(ANN)
    client = behind_proxy.nobody({HEADER: ANN.upper(), "Origin": behind_proxy.url})
    assert client.get(ME).json() | {"id": 0} == {
        "id": 0,
        "email": ANN,
        "role": "reader",
        "by": "session",
        "scopes": [scope.value for scope in Scope],
        "language": "en",
        "time_zone": "UTC",
    }
    assert client.post(WATCHES, json=NEW).status_code == 201
    made = client.post("/api/v1/api-tokens", json={"name": "x", "scopes": ["watches:read"]})
    assert made.status_code == 201
    # Whom the settings make an operator has no row yet.
    assert behind_proxy.nobody({HEADER: BOSS}).get("/api/v1/users").status_code == 200


def test_who_is_unknown_is_nobody(behind_proxy: Console) -> None:
    stranger = behind_proxy.nobody({HEADER: "stranger@example.org"})
    assert stranger.get(ME).status_code == 401
    # Not even with a cookie of somebody else's: the proxy has just said who it is.
    stranger.cookies.update(behind_proxy.browser(ANN).cookies)
    assert stranger.get(ME).status_code == 401
    rows = behind_proxy.connection.execute("SELECT FROM users WHERE email LIKE 'stranger%'")
    assert rows.fetchall() == []


def test_a_token_counts_before_the_proxy(behind_proxy: Console) -> None:
    program = behind_proxy.program(BEN, Scope.WATCHES_READ)
    assert program.get(ME, headers={HEADER: ANN}).json()["email"] == BEN
    bad = behind_proxy.nobody({HEADER: BOSS, "Authorization": "Bearer keeper_pat_x"})
    assert bad.get(ME).status_code == 401


def test_another_site_changes_nothing_through_the_proxy(behind_proxy: Console) -> None:
    behind_proxy.user(ANN)
    for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        victim = behind_proxy.nobody({HEADER: ANN, **headers})
        assert victim.post(WATCHES, json=NEW).status_code == 403
        assert victim.get(WATCHES).json()["items"] == []


def test_two_names_are_none(behind_proxy: Console) -> None:
    behind_proxy.user(ANN)
    forged = [(HEADER, BOSS), (HEADER, ANN)]
    assert httpx.get(f"{behind_proxy.url}{ME}", headers=forged, trust_env=False).status_code == 401
    both = {HEADER: f"{BOSS}, {ANN}"}
    assert behind_proxy.nobody(both).get(ME).status_code == 401


@pytest.mark.parametrize(
    ("proxies", "header"),
    [((), HEADER), (ELSEWHERE, HEADER), (HERE, None), (HERE, "X-Forwarded-Email")],
)
def test_a_forged_header_signs_nobody_in(
    make_running: Callable[..., Console], proxies: tuple[str, ...], header: str | None
) -> None:
    console = make_running(trusted_proxies=proxies, proxy_user_header=header)
    forged = {
        HEADER: BOSS,
        "Remote_Email": BOSS,
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Host": "localhost",
        "Forwarded": "for=127.0.0.1",
        "X-Real-IP": "127.0.0.1",
    }
    assert console.nobody(forged).get(ME).status_code == 401


def origin_of(console: Console, forwarded: str | None) -> str:
    """Return from where the audit log says that somebody signed out."""
    browser = console.browser(ANN)
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    assert browser.delete(f"{ME}/session", headers=headers).status_code == 204
    (row,) = console.connection.execute(
        "SELECT origin FROM audit_log WHERE action = 'sign-out' ORDER BY entry_id DESC LIMIT 1"
    ).fetchall()
    return str(row["origin"])


def test_the_audit_log_has_the_address_that_a_trusted_proxy_gives(
    make_running: Callable[..., Console], console: Console
) -> None:
    trusting = make_running(trusted_proxies=(*HERE, "10.0.0.0/8"))
    assert origin_of(trusting, None) == "127.0.0.1"
    assert origin_of(trusting, "203.0.113.9") == "203.0.113.9"
    assert origin_of(trusting, "198.51.100.7, 203.0.113.9, 10.0.0.3") == "203.0.113.9"
    assert origin_of(trusting, "203.0.113.9, nonsense") == "127.0.0.1"
    assert origin_of(trusting, "10.0.0.3") == "127.0.0.1"
    # From whom nobody trusts it is just a header.
    assert origin_of(console, "203.0.113.9") == "127.0.0.1"


def test_https_at_the_proxy_is_https(make_running: Callable[..., Console]) -> None:
    console = make_running(trusted_proxies=HERE)
    link = console.link(ANN)
    # The scheme is of the proxy's front, and so is the origin.
    front = {
        "Host": "keeper.example.org",
        "Origin": "https://keeper.example.org",
        "X-Forwarded-Proto": "https",
    }
    begun = console.nobody(front).post(link)
    assert begun.status_code == 200
    assert begun.headers["Set-Cookie"].startswith("__Host-keeper_session=")
    plain = console.nobody({**front, "X-Forwarded-Proto": "http"})
    assert plain.post(console.link(ANN)).status_code == 403
