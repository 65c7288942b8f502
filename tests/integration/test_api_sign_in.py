"""Signing in to the console, from a link to a cookie, and what other sites cannot do with it."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Browser

from keeper.domain.users.access import Scope
from keeper.pipeline.users.sign_in import MAILS_AN_HOUR
from tests.console_server import ANN, BEN, BOSS, Console
from tests.waiting import wait_until

ME = "/api/v1/me"
SIGN_IN = "/api/v1/sign-in"
WATCHES = "/api/v1/watches"
PUBLIC = "https://keeper.example.org"


def entries(console: Console) -> list[tuple[str, str, str | None, str]]:
    rows = console.connection.execute(
        "SELECT action, subject, origin, result FROM audit_log ORDER BY entry_id"
    )
    return [(row["action"], row["subject"], row["origin"], row["result"]) for row in rows]


def test_a_reader_signs_in_by_the_button_of_a_browser(console: Console, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    link = f"{console.url}{console.link(ANN)}"
    page.goto(link)
    assert page.inner_text("p") == f"Sign in as {ANN}?"
    assert context.cookies() == []

    page.get_by_role("button", name="Sign in").click()

    assert page.inner_text("p") == f"You are signed in as {ANN}."
    (cookie,) = context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (
        "keeper_session",
        True,
        "Lax",
        "/",
    )
    page.goto(f"{console.url}{ME}")
    assert f'"email":"{ANN}"' in page.content()
    assert page.evaluate("document.cookie") == ""
    # What is tried on the page of the documentation counts as the console's own.
    page.goto(f"{console.url}/docs")
    made = page.evaluate(
        f"fetch('{WATCHES}', {{method: 'POST', headers: {{'content-type': 'application/json'}},"
        " body: JSON.stringify({product: 'B00EXAMPL0'})}).then(answer => answer.status)"
    )
    assert made == 201
    page.goto(link)
    assert "not valid any more" in page.inner_text("p")
    context.close()
    assert entries(console)[-1] == ("sign-in", ANN, "127.0.0.1", "signed in")


def test_opening_a_link_uses_nothing_up_and_the_button_works_once(console: Console) -> None:
    link = console.link(ANN)
    client = console.nobody({"Origin": console.url})
    for _ in range(3):
        shown = client.get(link)
        assert shown.status_code == 200
        assert shown.headers["Referrer-Policy"] == "same-origin"
        assert shown.headers["Cache-Control"] == "no-store"
        assert "set-cookie" not in shown.headers
    assert client.head(link).status_code == 200

    assert client.post(link).status_code == 200
    replayed = console.nobody({"Origin": console.url}).post(link)
    assert replayed.status_code == 404
    assert "set-cookie" not in replayed.headers


def test_of_many_at_once_one_gets_in(console: Console) -> None:
    link = console.link(ANN)
    clients = [console.nobody({"Origin": console.url}) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda client: client.post(link).status_code, clients))
    assert sorted(answers) == [200] + [404] * 7


def test_links_and_sessions_end(console: Console) -> None:
    late = console.link(ANN)
    browser = console.browser(ANN)
    console.clock.move(minutes=15)
    assert console.nobody({"Origin": console.url}).post(late).status_code == 404

    assert browser.get(ME).status_code == 200
    console.clock.move(days=30)
    assert browser.get(ME).status_code == 401


def test_signing_out_ends_the_session_itself(console: Console) -> None:
    browser = console.browser(ANN)
    stolen = console.nobody({"Cookie": f"keeper_session={browser.cookies['keeper_session']}"})
    assert stolen.get(ME).status_code == 200

    assert browser.delete(f"{ME}/session").status_code == 204

    assert "keeper_session" not in browser.cookies
    assert stolen.get(ME).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "own", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_site_changes_nothing_by_somebodys_cookie(
    console: Console, headers: dict[str, str]
) -> None:
    cookie = f"keeper_session={console.browser(ANN).cookies['keeper_session']}"
    sent = {name: console.url if value == "own" else value for name, value in headers.items()}
    victim = console.nobody({"Cookie": cookie, **sent})

    answer = victim.post(WATCHES, json={"product": "B00EXAMPL0"})
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("#other-site")
    assert victim.delete(f"{ME}/session").status_code == 403
    assert victim.post(console.link(BEN)).status_code == 403
    assert victim.get(WATCHES).json()["items"] == []
    assert victim.get(ME, headers={"Origin": "x"}).status_code == 200


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "own"}])
def test_the_own_site_may(console: Console, headers: dict[str, str]) -> None:
    cookie = f"keeper_session={console.browser(ANN).cookies['keeper_session']}"
    sent = {name: console.url if value == "own" else value for name, value in headers.items()}
    own = console.nobody({"Cookie": cookie, **sent})
    assert own.post(WATCHES, json={"product": "B00EXAMPL0"}).status_code == 201


def test_behind_https_the_cookie_is_of_this_host_alone(
    make_running: Callable[..., Console],
) -> None:
    console = make_running(public_url=PUBLIC)
    link = console.link(ANN)
    host = {"Host": "keeper.example.org"}
    assert console.nobody(host).post(link, headers={"Origin": console.url}).status_code == 403

    answer = console.nobody(host).post(link, headers={"Origin": PUBLIC})

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-keeper_session=")
    parts = {part.strip().lower() for part in cookie.split(";")}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)
    secret = cookie.partition("=")[2].partition(";")[0]
    good = {**host, "Cookie": f"__Host-keeper_session={secret}"}
    assert console.nobody(good).get(ME).json()["email"] == ANN
    # A neighbour's site could plant one without the prefix.
    planted = {**host, "Cookie": f"keeper_session={secret}"}
    assert console.nobody(planted).get(ME).status_code == 401


def test_by_plain_http_from_elsewhere_nobody_signs_in_unless_the_settings_want_it(
    make_running: Callable[..., Console],
) -> None:
    elsewhere = {"Host": "keeper.lan:8000", "Origin": "http://keeper.lan:8000"}
    console = make_running()
    refused = console.nobody(elsewhere).post(console.link(ANN))
    assert (refused.status_code, "needs HTTPS" in refused.text) == (403, True)
    asked = console.nobody(elsewhere).post(SIGN_IN, json={"email": ANN})
    assert (asked.status_code, asked.json()["type"].partition("#")[2]) == (403, "insecure")

    lenient = make_running(allows_insecure_cookie=True)
    assert lenient.nobody(elsewhere).post(lenient.link(ANN)).status_code == 200


def mailed_links(console: Console) -> list[tuple[str, str]]:
    return mailed_links_of(console.mailed)


def mailed_links_of(mailed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        (address, found[0])
        for address, text in mailed
        if (found := re.findall(r"^Sign in: (http\S+)$", text, re.M))
    ]


def test_a_mailed_link_signs_in_and_who_is_unknown_gets_the_same_answer(
    console: Console,
) -> None:
    console.user(ANN)
    client = console.nobody({"Origin": console.url})

    known = client.post(SIGN_IN, json={"email": ANN.upper()})
    unknown = client.post(SIGN_IN, json={"email": "nobody@example.org"})

    assert (known.status_code, known.content) == (202, unknown.content)
    assert known.headers.keys() == unknown.headers.keys()
    wait_until(console.delivered, "the mail")
    ((address, link),) = mailed_links(console)
    assert address == ANN
    assert link.startswith(f"{console.url}/sign-in/")
    assert client.post(link).status_code == 200
    assert client.get(ME).json()["email"] == ANN


def test_an_address_is_mailed_few_links_an_hour_and_the_answer_stays_the_same(
    console: Console,
) -> None:
    console.user(ANN)
    client = console.nobody()
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: client.post(SIGN_IN, json={"email": ANN}), range(MAILS_AN_HOUR + 4))
        )
    # The answer comes before the mail; another user's comes after all of them.
    console.user(BEN)
    client.post(SIGN_IN, json={"email": BEN})
    wait_until(lambda: BEN in dict(console.delivered()), "the last mail")

    assert {(one.status_code, one.content) for one in answers} == {(202, answers[0].content)}
    assert [address for address, _ in console.mailed].count(ANN) == MAILS_AN_HOUR
    console.clock.move(hours=1, seconds=1)
    client.post(SIGN_IN, json={"email": ANN})
    wait_until(lambda: len(console.delivered()) == MAILS_AN_HOUR + 2, "a mail an hour later")


def asked_for(console: Console) -> None:
    """Wait until a link is asked for in the database."""
    asked = "SELECT FROM sign_in_links WHERE is_mailed"
    wait_until(lambda: console.connection.execute(asked).fetchall(), "a link")


def test_a_mail_with_a_link_goes_to_who_has_paused_their_mail_too(console: Console) -> None:
    console.user(ANN)
    console.user(BEN)
    console.connection.execute("UPDATE channels SET status = 'PAUSED' WHERE address = %s", (ANN,))
    console.connection.execute("DELETE FROM channels WHERE address = %s", (BEN,))
    quiet = (
        "UPDATE users SET snoozed_until = '2099-01-01', quiet_from = '00:00', quiet_until = '23:59'"
    )
    console.connection.execute(quiet)
    client = console.nobody({"Origin": console.url})
    for email in (ANN, BEN):
        client.post(SIGN_IN, json={"email": email})
    wait_until(lambda: len(console.delivered()) == 2, "both mails")

    links = dict(mailed_links(console))
    assert client.post(links[BEN]).status_code == 200
    assert client.get(ME).json()["email"] == BEN
    statuses = console.connection.execute("SELECT address, status FROM channels")
    assert {row["address"]: row["status"] for row in statuses} == {ANN: "PAUSED", BEN: "PAUSED"}
    # What else there is for them stays where it is, and no list of messages shows the link's.
    boss = console.program(BOSS, Scope.OPERATIONS_READ, Scope.MESSAGES_READ)
    assert boss.get("/api/v1/messages").json()["items"] == []


def test_until_it_is_mailed_nobody_can_use_a_link_and_no_table_has_its_secret(
    console: Console,
) -> None:
    console.user(ANN)
    client = console.nobody({"Origin": console.url})
    client.post(SIGN_IN, json={"email": ANN})
    asked_for(console)
    rows = console.connection.execute("SELECT digest FROM sign_in_links").fetchall()
    assert rows == [{"digest": None}]

    # The deliverer was away for a while: the link is good for 15 minutes from then.
    console.clock.move(minutes=14)
    ((_, link),) = mailed_links_of(console.delivered())
    secret = link.rpartition("/")[2]
    for table in ("sign_in_links", "outbox", "alert_deliveries", "audit_log"):
        kept = console.connection.execute(f"SELECT t::text FROM {table} t").fetchall()
        assert kept
        assert secret not in str(kept)
    console.clock.move(minutes=14)
    assert client.post(link).status_code == 200


def test_a_mail_that_nobody_waits_for_any_more_is_not_sent(console: Console) -> None:
    console.user(ANN)
    console.nobody().post(SIGN_IN, json={"email": ANN})
    asked_for(console)
    console.clock.move(minutes=15)
    assert console.delivered() == []
    assert console.connection.execute("SELECT status FROM outbox").fetchall() == [
        {"status": "CANCELLED"}
    ]


def test_a_link_leads_where_the_settings_say_and_not_where_a_request_says(
    make_running: Callable[..., Console],
) -> None:
    console = make_running(public_url=PUBLIC)
    console.user(ANN)
    console.nobody({"Host": "127.0.0.1:99"}).post(SIGN_IN, json={"email": ANN})
    wait_until(console.delivered, "the mail")
    ((_, link),) = mailed_links(console)
    assert link.startswith(f"{PUBLIC}/sign-in/")

    lenient = make_running(allows_insecure_cookie=True)
    answer = lenient.nobody({"Host": "evil.example"}).post(SIGN_IN, json={"email": ANN})
    assert answer.status_code == 202
    lenient.nobody().post(SIGN_IN, json={"email": ANN})
    wait_until(lenient.delivered, "the mail")
    assert [link.partition("/sign-in/")[0] for _, link in mailed_links(lenient)] == [lenient.url]


def test_a_session_makes_a_token_that_is_shown_once_and_revokes_it(console: Console) -> None:
    browser = console.browser(ANN)
    body = {"name": "script", "scopes": ["watches:read"], "days": 7}
    made = browser.post("/api/v1/api-tokens", json=body)
    assert made.status_code == 201
    program = console.nobody({"Authorization": f"Bearer {made.json()['token']}"})
    me = program.get(ME).json()
    assert (me["email"], me["by"], me["scopes"]) == (ANN, "token", ["watches:read"])

    listed = browser.get("/api/v1/api-tokens")
    assert made.json()["token"] not in listed.text
    assert [one["name"] for one in listed.json()["items"]] == ["script"]
    assert browser.delete(f"/api/v1/api-tokens/{made.json()['id']}").status_code == 204
    assert program.get(ME).status_code == 401
    assert [entry[0] for entry in entries(console)][-2:] == ["token made", "token revoked"]


def test_a_readers_token_gets_no_operators_scope(console: Console) -> None:
    body = {"name": "script", "scopes": ["operations:read"]}
    assert console.browser(ANN).post("/api/v1/api-tokens", json=body).status_code == 403
    assert console.browser(BOSS).post("/api/v1/api-tokens", json=body).status_code == 201


def test_no_secret_is_kept_or_logged(console: Console, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    token = console.token(ANN, Scope.WATCHES_READ)
    link = console.link(ANN)
    client = console.nobody({"Origin": console.url})
    client.post(link)
    secrets = [token, link.rpartition("/")[2], client.cookies["keeper_session"]]
    console.nobody({"Authorization": f"Bearer {token}"}).get(ME)
    names: list[Any] = console.connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    for name in names:
        rows = console.connection.execute(f'SELECT t::text FROM "{name["relname"]}" t').fetchall()
        assert not any(secret in str(row) for row in rows for secret in secrets)
    own = [r.getMessage() for r in caplog.records if r.name.startswith("keeper")]
    assert not any(secret in text for text in own for secret in secrets)


def test_operators_see_who_did_what(console: Console) -> None:
    console.browser(ANN)
    console.token(ANN, Scope.WATCHES_READ)
    boss = console.program(BOSS, Scope.OPERATIONS_READ)

    first = boss.get("/api/v1/audit-log", params={"limit": 2}).json()
    rest = boss.get("/api/v1/audit-log", params={"cursor": first["next_cursor"]}).json()

    actions = [one["action"] for one in (*first["items"], *rest["items"])]
    assert actions == [
        "token made",
        "token made",
        "sign-in",
        "sign-in link made",
        "user added",
    ]
    assert rest["next_cursor"] is None
    users = boss.get("/api/v1/users").json()["items"]
    assert {(one["email"], one["role"]) for one in users} == {
        (ANN, "reader"),
        (BOSS, "operator"),
    }


def test_signing_in_is_in_ones_own_language_and_before_that_in_the_browsers(
    console: Console,
) -> None:
    link = console.link(ANN)
    console.connection.execute("UPDATE users SET language = 'de' WHERE email = %s", [ANN])
    client = console.nobody({"Origin": console.url, "Accept-Language": "en"})

    asked = client.get(link).text
    assert f"Als {ANN} anmelden?" in asked
    assert '<html lang="de">' in asked
    assert f"Du bist als {ANN} angemeldet." in client.post(link).text
    # Whose it was is not said any more.
    assert "This link is not valid any more; ask for another one." in client.get(link).text
    german = console.nobody({"Accept-Language": "de"})
    assert "lass dir einen neuen schicken" in german.get(link).text
