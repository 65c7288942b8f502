"""Alerts, messages, channels and the rules of delivery through the API."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus
from keeper.domain.requests import RequestKind
from keeper.domain.users.access import Scope
from keeper.pipeline.messages.deliver import deliver_due
from keeper.stores.postgres.connection import Connection
from tests.console_server import ANN, BEN, BOSS, Console
from tests.outbox import Clock, Scripted, by_mail
from tests.request_worker import CarryOut
from tests.smtp_server import Mailbox

API = "/api/v1"
READ, WRITE = Scope.MESSAGES_READ, Scope.MESSAGES_WRITE
REFUSED = DeliveryResult(DeliveryStatus.FAILED, "550 no such mailbox")


@pytest.fixture
def ann(console: Console) -> httpx.Client:
    return console.program(ANN, READ, WRITE)


@pytest.fixture
def ben(console: Console) -> httpx.Client:
    return console.program(BEN, READ, WRITE)


@pytest.fixture
def boss(console: Console) -> httpx.Client:
    return console.program(BOSS, READ, WRITE, Scope.OPERATIONS_READ)


def items(client: httpx.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = client.get(f"{API}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def detail(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["detail"])


def test_an_alert_has_its_price_its_reason_and_what_became_of_it(
    ann: httpx.Client, raise_alerts: Callable[..., None], connection: Connection
) -> None:
    raise_alerts(2, user=ANN)
    deliver_due(connection, by_mail(Scripted(REFUSED)))

    newest, oldest = items(ann, "alerts")

    assert newest["id"] > oldest["id"]
    assert newest["price"] == {"minor": 900, "currency": "USD", "text": "$9.00"}
    assert (newest["target"]["text"], newest["owner"]) == ("$10.00", ANN)
    assert newest["reason"] == "at or below your target"
    (message,) = newest["messages"]
    assert (message["channel"]["kind"], message["channel"]["address"]) == ("email", ANN)
    assert (newest["status"], message["detail"]) == ("FAILED", "550 no such mailbox")
    one = ann.get(f"{API}/alerts/{newest['id']}")
    assert one.json() == newest
    again = ann.get(f"{API}/alerts/{newest['id']}", headers={"If-None-Match": one.headers["ETag"]})
    assert again.status_code == 304
    german = ann.get(f"{API}/alerts/{newest['id']}", headers={"Accept-Language": "de-AT, en;q=0.5"})
    assert german.json()["reason"] == "dein Zielpreis ist erreicht"
    assert german.headers["Vary"] == "Accept-Language"

    whole = ann.get(f"{API}/messages/{message['id']}").json()
    assert whole["message"]["alert_id"] == newest["id"]
    (attempt,) = whole["deliveries"]
    assert (attempt["status"], attempt["attempt"]) == ("FAILED", 1)
    assert attempt in items(ann, "deliveries", status="FAILED")
    assert items(ann, "deliveries", status="SENT") == []


def test_lists_lead_on_page_by_page(ann: httpx.Client, raise_alerts: Callable[..., None]) -> None:
    raise_alerts(3, user=ANN)
    for path in ("alerts", "messages"):
        seen: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            page = ann.get(f"{API}/{path}", params={"limit": 2, "cursor": cursor}).json()
            seen += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
        assert len(seen) == 3
        assert seen == sorted(seen, reverse=True)
    other = ann.get(f"{API}/channels", params={"cursor": "WyItaWQiLCIiLDFd"})
    assert other.status_code == 400


def test_lists_say_how_many_there_are_in_all(
    ann: httpx.Client, ben: httpx.Client, boss: httpx.Client, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(3, user=ANN)
    raise_alerts(1, user=BEN, hour=1)
    for path in ("alerts", "messages"):
        first = ann.get(f"{API}/{path}", params={"limit": 2, "total": True}).json()
        rest = {"limit": 2, "total": True, "cursor": first["next_cursor"]}
        second = ann.get(f"{API}/{path}", params=rest).json()
        assert [(page["total"], len(page["items"])) for page in (first, second)] == [(3, 2), (3, 1)]
        assert ann.get(f"{API}/{path}").json()["total"] is None
        sent = ann.get(f"{API}/{path}", params={"status": "SENT", "total": True}).json()
        assert sent["total"] == 0
        totals = [
            c.get(f"{API}/{path}", params={"total": True}).json()["total"] for c in (ben, boss)
        ]
        assert totals == [1, 4]


def test_alerts_are_chosen_by_watch_status_locale_and_time(
    ann: httpx.Client, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(2, user=ANN)
    newest, _ = items(ann, "alerts")

    assert items(ann, "alerts", watch_id=newest["watch_id"]) == [newest]
    assert len(items(ann, "alerts", status="PENDING", domain="us")) == 2
    assert items(ann, "alerts", status="SENT") == []
    assert items(ann, "alerts", domain="de") == []
    assert items(ann, "alerts", since="2100-01-01T00:00:00Z") == []
    assert ann.get(f"{API}/alerts", params={"since": "2100-01-01"}).status_code == 422


def test_what_is_anothers_is_not_there_for_a_reader(
    ann: httpx.Client, ben: httpx.Client, boss: httpx.Client, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1, user=ANN)
    (alert,) = items(ann, "alerts")
    (message,) = items(ann, "messages")
    (channel,) = items(ann, "channels")

    for path in ("alerts", "messages", "deliveries"):
        assert items(ben, path) == []
    assert [one["owner"] for one in items(ben, "channels", owner_id=channel["owner_id"])] == []
    paths = (f"alerts/{alert['id']}", f"messages/{message['id']}", f"channels/{channel['id']}")
    for path in paths:
        assert ben.get(f"{API}/{path}").status_code == 404
        assert boss.get(f"{API}/{path}").status_code == 200
    assert ben.patch(f"{API}/{paths[0]}", json={"acknowledged": True}).status_code == 404
    assert ben.patch(f"{API}/{paths[2]}", json={"is_active": False}).status_code == 404
    assert ben.delete(f"{API}/{paths[2]}").status_code == 404
    until = {"until": "2100-01-01T00:00:00Z"}
    assert ben.put(f"{API}/watches/{alert['watch_id']}/snooze", json=until).status_code == 404
    assert [one["owner"] for one in items(boss, "alerts", owner_id=channel["owner_id"])] == [ANN]
    assert items(ann, "channels") == [channel]


def test_an_alert_that_was_seen_is_not_sent_any_more(
    ann: httpx.Client, raise_alerts: Callable[..., None], connection: Connection
) -> None:
    raise_alerts(1, user=ANN)
    (alert,) = items(ann, "alerts")

    seen = ann.patch(f"{API}/alerts/{alert['id']}", json={"acknowledged": True}).json()

    assert (seen["dropped"], seen["alert"]["status"]) == (1, "CANCELLED")
    channel = Scripted(REFUSED)
    deliver_due(connection, by_mail(channel))
    assert channel.received == []


def test_a_channel_is_paused_used_again_and_removed(
    ann: httpx.Client, boss: httpx.Client, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(2, user=ANN)
    (channel,) = items(ann, "channels")
    assert (channel["is_active"], channel["waiting"]) == (True, 2)
    path = f"{API}/channels/{channel['id']}"

    paused = ann.patch(path, json={"is_active": False}).json()
    assert (paused["is_active"], paused["waiting"]) == (False, 0)
    added = ann.post(f"{API}/channels", json={"kind": "email", "address": ANN})
    assert (added.status_code, added.json()["outcome"]) == (200, "active")
    assert ann.get(added.headers["Location"]).json()["is_active"] is True
    assert ann.delete(path).status_code == 204
    assert ann.get(path).status_code == 404
    assert items(ann, "messages") == []

    log = [one["action"] for one in boss.get(f"{API}/audit-log").json()["items"]]
    assert log[:3] == ["channel removed", "channel active", "channel paused"]


def test_readers_add_their_own_address_alone(
    ann: httpx.Client, boss: httpx.Client, console: Console
) -> None:
    def add(client: httpx.Client, kind: str, address: str, **more: Any) -> httpx.Response:
        return client.post(f"{API}/channels", json={"kind": kind, "address": address, **more})

    for kind, address in (("email", BEN), ("discord", "main"), ("telegram", "4711")):
        assert "ask an operator" in detail(add(ann, kind, address), 403)
    again = add(ann, "email", ANN.upper())
    assert (again.status_code, again.json()["channel"]["address"]) == (200, ANN)
    assert [one["address"] for one in items(ann, "channels")] == [ANN]
    whose = console.user(ANN).user_id
    given = add(boss, "discord", "main", owner_id=whose)
    assert (given.status_code, given.json()["channel"]["owner"]) == (201, ANN)
    ann.patch(f"{API}/channels/{given.json()['channel']['id']}", json={"is_active": False})
    refused = ann.patch(f"{API}/channels/{given.json()['channel']['id']}", json={"is_active": True})
    assert refused.status_code == 403
    assert detail(add(ann, "email", ANN, owner_id=console.user(BEN).user_id), 404)
    assert detail(add(boss, "email", BOSS, owner_id=10**9), 404)


def test_what_no_message_reaches_is_no_channel(boss: httpx.Client) -> None:
    for kind, address, said in (
        ("email", "nobody", "not an e-mail address"),
        ("telegram", "me", "no Telegram chat"),
        ("discord", "https://discord.com/api/webhooks/1/secret", "not a URL"),
    ):
        answer = boss.post(f"{API}/channels", json={"kind": kind, "address": address})
        assert said in detail(answer, 400)
        assert "secret" not in answer.text
    assert boss.post(f"{API}/channels", json={"kind": "fax", "address": "1"}).status_code == 422


def test_the_rules_of_delivery_are_changed_one_by_one(ann: httpx.Client, ben: httpx.Client) -> None:
    path = f"{API}/me/delivery"
    before = ann.get(path).json()
    assert before == {
        "time_zone": "UTC",
        "quiet_hours": None,
        "daily_cap": 20,
        "snoozed_until": None,
        "daily_report": "with-deals",
    }
    quiet = {"begin": "22:00", "end": "07:00"}
    changed = {"time_zone": "Europe/Berlin", "quiet_hours": quiet, "daily_report": "never"}
    after = ann.patch(path, json=changed).json()
    assert after == before | changed
    assert ann.patch(path, json={"daily_cap": 3}).json() == after | {"daily_cap": 3}
    assert ann.patch(path, json={"quiet_hours": None}).json()["quiet_hours"] is None
    assert "no time zone" in detail(ann.patch(path, json={"time_zone": "Mars"}), 400)
    for wrong in ({"daily_cap": 0}, {"quiet_hours": {"begin": "25:00", "end": "07:00"}}, {"x": 1}):
        assert ann.patch(path, json=wrong).status_code == 422
    assert ben.get(path).json() == before


def test_snoozed_alerts_wait(
    ann: httpx.Client, raise_alerts: Callable[..., None], connection: Connection
) -> None:
    raise_alerts(2, user=ANN)
    one, other = items(ann, "alerts")
    path = f"{API}/watches/{one['watch_id']}/snooze"
    assert ann.put(path, json={"until": "2100-01-02T00:00:00Z"}).status_code == 204
    channel = Scripted(DeliveryResult(DeliveryStatus.SENT, "accepted"))

    deliver_due(connection, by_mail(channel, Clock()))
    states = {alert["id"]: alert["messages"][0] for alert in items(ann, "alerts")}
    assert states[other["id"]]["status"] == "SENT"
    held = states[one["id"]]
    assert (held["status"], held["held_for"]) == ("PENDING", "snooze")

    assert ann.delete(path).status_code == 204
    deliver_due(connection, by_mail(channel, Clock()))
    assert len(channel.received) == 2
    everything = ann.patch(f"{API}/me/delivery", json={"snoozed_until": "2100-01-02T00:00:00Z"})
    assert everything.json()["snoozed_until"] == "2100-01-02T00:00:00Z"
    ended = ann.patch(f"{API}/me/delivery", json={"snoozed_until": None})
    assert ended.json()["snoozed_until"] is None


@pytest.fixture
def carry_out(console: Console, carry_out_requests: CarryOut) -> Callable[[], int]:
    """Does the tests of channels that were asked for."""
    return lambda: carry_out_requests(RequestKind.TEST_CHANNEL, console.clock)


def test_a_test_of_a_channel_brings_its_providers_answer(
    ann: httpx.Client,
    ben: httpx.Client,
    console: Console,
    carry_out: Callable[[], int],
    mailbox: Mailbox,
) -> None:
    path = ann.post(f"{API}/channels", json={"kind": "email", "address": ANN}).headers["Location"]
    assert ben.post(f"{path}:test").status_code == 404

    asked = ann.post(f"{path}:test")
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    assert carry_out() == 1

    follow = asked.headers["Location"]
    done = ann.get(follow).json()
    assert (done["state"], done["result"]["delivery"]) == ("done", "SENT")
    assert [mail["Subject"] for mail in mailbox.mails()] == ["Keeper can reach you here"]
    assert ben.get(follow).status_code == 404
    assert console.program(ANN, Scope.WATCHES_READ).get(follow).status_code == 404

    assert ann.post(f"{path}:test").json()["id"] == done["id"]
    assert ann.delete(path).status_code == 204
    body = {"kind": "email", "address": ANN.upper()}
    path = ann.post(f"{API}/channels", json=body).headers["Location"]
    assert ann.post(f"{path}:test").json()["id"] == done["id"]
    console.clock.move(minutes=2)
    mailbox.answer = "550 no such mailbox"
    refused = ann.post(f"{path}:test").headers["Location"]
    assert carry_out() == 1
    answer = ann.get(refused).json()
    assert (answer["state"], answer["result"]["delivery"]) == ("done", "FAILED")
    assert "550 no such mailbox" in answer["result"]["detail"]
    assert len(mailbox.received) == 1


def test_a_channel_that_is_gone_is_not_tested(
    ann: httpx.Client, carry_out: Callable[[], int], mailbox: Mailbox
) -> None:
    path = ann.post(f"{API}/channels", json={"kind": "email", "address": ANN}).headers["Location"]
    asked = ann.post(f"{path}:test").headers["Location"]
    assert ann.delete(path).status_code == 204

    assert carry_out() == 1

    assert ann.get(asked).json()["state"] == "failed"
    assert mailbox.received == []
    # Nothing came of it: the one that has the address now may be tested.
    again = ann.post(f"{API}/channels", json={"kind": "email", "address": ANN}).headers["Location"]
    assert ann.post(f"{again}:test").headers["Location"] != asked
    assert carry_out() == 1
    assert len(mailbox.received) == 1
