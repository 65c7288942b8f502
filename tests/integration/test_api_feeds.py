"""Atom feeds of alerts and deals, as a feed reader gets them."""

from collections.abc import Callable
from datetime import timedelta
from xml.dom.minidom import Document, parseString

import httpx

from keeper.domain.users.access import Scope
from keeper.stores.postgres.connection import Connection
from tests.console_server import ANN, BEN, BOSS, STARTED, Console
from tests.found_deals import Found

ALERTS, DEALS = "/api/v1/feeds/alerts.atom", "/api/v1/feeds/deals.atom"
FEEDS = Scope.FEEDS_READ
HOSTILE = '<script>alert(1)</script> & "50 %" \x0b\ufffe ]]>'


def feed(answer: httpx.Response) -> Document:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/atom+xml")
    # Of what the test itself has asked for.
    return parseString(answer.content)  # noqa: S318


def texts(document: Document, name: str) -> list[str]:
    found = document.getElementsByTagName(name)
    return ["".join(child.nodeValue or "" for child in one.childNodes) for one in found]


def read(console: Console, path: str, email: str = ANN) -> Document:
    return feed(console.nobody().get(path, params={"token": console.token(email, FEEDS)}))


def test_alerts_come_as_a_feed_that_stays_the_same(
    console: Console, raise_alerts: Callable[..., None], connection: Connection
) -> None:
    assert texts(read(console, ALERTS), "entry") == []
    raise_alerts(2, user=ANN)
    connection.execute("UPDATE products SET title = %s WHERE asin = 'B000000001'", (HOSTILE,))
    reader = console.nobody({})
    token = {"token": console.token(ANN, FEEDS)}
    answer = reader.get(ALERTS, params=token)
    document = feed(answer)

    assert '$9.00: <script>alert(1)</script> & "50 %" ]]>' in texts(document, "title")
    assert document.getElementsByTagName("script") == []
    assert len(set(texts(document, "id"))) == 3
    assert "Target: $10.00." in texts(document, "summary")[0]
    links = [one.getAttribute("href") for one in document.getElementsByTagName("link")]
    assert links[0] == "https://www.amazon.com/dp/B000000001"
    known = {"If-None-Match": answer.headers["ETag"]}
    assert reader.get(ALERTS, params=token, headers=known).status_code == 304


def test_deals_come_as_a_feed_the_newest_first(console: Console, found: Found) -> None:
    found("B000000001", user=ANN, at=STARTED - timedelta(days=2), score=91)
    found("B000000002", user=ANN, at=STARTED - timedelta(days=1), score=55)
    found("B000000003", user=BEN, at=STARTED)

    document = read(console, DEALS)
    assert [title[:6] for title in texts(document, "title")] == ["Keeper", "$20.00", "$20.00"]
    assert "Score 55 of 100, found by kettles. Usually $30.00." in texts(document, "summary")[0]
    only = console.program(ANN, FEEDS).get(DEALS, params={"min_score": 90})
    assert len(texts(feed(only), "summary")) == 1


def test_everybody_reads_only_what_is_theirs(
    console: Console, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1, user=ANN)
    assert len(texts(read(console, ALERTS), "summary")) == 1
    for email in (BEN, BOSS):
        assert texts(read(console, ALERTS, email), "summary") == []


def test_in_an_address_only_a_token_of_feeds_alone_counts(console: Console) -> None:
    reader = console.nobody()
    mighty = console.token(ANN, FEEDS, Scope.WATCHES_READ)
    other = console.token(ANN, Scope.MESSAGES_READ)
    only = console.token(ANN, FEEDS)

    for token in (mighty, other):
        assert reader.get(ALERTS, params={"token": token}).status_code == 403
    for token in (only[:-1] + ("A" if only[-1] != "A" else "B"), "", "x"):
        assert reader.get(ALERTS, params={"token": token}).status_code == 401
    assert reader.get(ALERTS).status_code == 401
    bearer = {"Authorization": f"Bearer {mighty}"}
    assert reader.get(ALERTS, headers=bearer).status_code == 200
    refused = {"Authorization": f"Bearer {other}"}
    assert reader.get(ALERTS, params={"token": only}, headers=refused).status_code == 403
    assert console.browser(ANN).get(ALERTS).status_code == 200
    for path in ("/api/v1/watches", "/api/v1/alerts", "/api/v1/me"):
        assert reader.get(path, params={"token": only}).status_code == 401
    console.clock.move(days=2)
    assert reader.get(ALERTS, params={"token": only}).status_code == 401
