"""Apprise: a message in the parts its service takes, and the service's reason where it does not."""

import logging
from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from keeper.alerts.channels.apprise import AppriseChannel
from keeper.alerts.compose import alert_message
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus
from tests.alerts import NO_CONTEXT, queued
from tests.chat_server import ChatServer
from tests.services import free_port

PLAIN = alert_message(queued(), NO_CONTEXT)
SECRET = "s3cret-key"


def send(chat: ChatServer, message: Any = PLAIN, *, more: str = "") -> DeliveryResult:
    url = chat.url.replace("http://", "json://")
    channel = AppriseChannel({"family": f"{url}/notify?-key={SECRET}{more}"})
    return channel.deliver("family", message)


@pytest.fixture(autouse=True)
def _short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Apprise's JSON a service with a limit, as most of its services are."""
    from apprise import Apprise

    service = type(Apprise.instantiate("json://127.0.0.1"))
    monkeypatch.setattr(service, "body_maxlen", 2000)
    monkeypatch.setattr(service, "request_rate_per_sec", 0)


def test_a_message_is_handed_on_with_its_subject(chat: ChatServer) -> None:
    assert send(chat).status is DeliveryStatus.SENT

    (request,) = chat.requests
    assert request.json is not None
    assert request.json["title"] == PLAIN.subject
    assert "Your target: 1.300,00" in request.json["message"]


def test_a_long_message_comes_in_parts_that_the_service_takes(chat: ChatServer) -> None:
    lines = [f"line {number} of a long report" for number in range(300)]

    assert send(chat, replace(PLAIN, lead="\n".join(lines))).status is DeliveryStatus.SENT

    parts = [request.json["message"] for request in chat.requests if request.json]
    assert len(parts) > 3
    assert all(len(part) <= chat.longest for part in parts)
    assert [line for part in parts for line in part.splitlines() if line in lines] == lines


def test_a_message_of_too_many_parts_is_cut_and_says_so(chat: ChatServer) -> None:
    assert send(chat, replace(PLAIN, lead="word " * 20_000)).status is DeliveryStatus.SENT

    assert len(chat.requests) <= 11
    assert chat.requests[-1].json is not None
    assert chat.requests[-1].json["message"].endswith("… and more")


def test_the_url_may_ask_for_another_way_to_treat_long_messages(chat: ChatServer) -> None:
    long = replace(PLAIN, lead="word " * 2000)

    assert send(chat, long, more="&overflow=truncate").status is DeliveryStatus.SENT
    assert len(chat.requests) == 1


@pytest.mark.parametrize(
    ("code", "retry", "unreachable", "gone"),
    [
        (400, False, False, False),
        (401, False, False, True),
        (403, False, False, False),
        (404, False, False, True),
        (413, False, False, False),
        (429, True, False, False),
        (500, True, True, False),
        (503, True, True, False),
    ],
)
def test_a_refusal_keeps_its_reason_and_concerns_whom_it_does(
    chat: ChatServer, code: int, retry: bool, unreachable: bool, gone: bool
) -> None:
    chat.answers = [(code, {"error": "the reason", "echo": SECRET})]

    result = send(chat)

    assert result.status is DeliveryStatus.FAILED
    assert f"error={code}" in result.detail
    assert "the reason" in result.detail
    assert SECRET not in str(result)
    assert (result.retry, result.unreachable, result.address_is_gone) == (retry, unreachable, gone)
    assert ("family in KEEPER_APPRISE_URLS" in result.remedy) is (code in (401, 403, 404))


def test_a_service_that_is_not_there_is_away() -> None:
    result = send(ChatServer(f"http://127.0.0.1:{free_port()}"))

    assert result.status is DeliveryStatus.FAILED
    assert result.retry
    assert result.unreachable
    assert SECRET not in str(result)


def test_without_an_answer_a_message_may_have_arrived(chat: ChatServer) -> None:
    released = Event()
    chat.instead = lambda _: released.wait(20)

    result = send(chat, more="&rto=0.3")

    released.set()
    assert result.status is DeliveryStatus.UNKNOWN
    assert not result.unreachable


def test_a_service_that_drips_is_left_at_the_limit(chat: ChatServer) -> None:
    released = Event()

    def drip(handler: Any) -> None:
        while not released.wait(0.05):
            handler.wfile.write(b"H")

    chat.instead = drip
    url = chat.url.replace("http://", "json://")

    result = AppriseChannel({"family": f"{url}/notify"}, timeout_s=0.5).deliver("family", PLAIN)

    released.set()
    assert result.status is DeliveryStatus.UNKNOWN


def test_a_message_of_which_a_part_arrived_is_not_begun_again_at_once(chat: ChatServer) -> None:
    long = replace(PLAIN, lead="word " * 700)
    chat.answers = [(200, {}), (500, {})]
    assert send(chat, long).status is DeliveryStatus.UNKNOWN

    chat.answers = [(200, {}), (400, {"error": "bad part"})]
    result = send(chat, long)

    assert result.status is DeliveryStatus.SENT
    assert "in part" in result.detail
    assert "bad part" in result.detail


def test_a_url_that_cannot_be_read_is_named_and_not_shown() -> None:
    result = AppriseChannel({"phone": f"nonsense://{SECRET}"}).deliver("phone", PLAIN)

    assert result.address_is_gone
    assert not result.retry
    assert "phone in KEEPER_APPRISE_URLS" in result.remedy
    assert SECRET not in str(result)


def test_what_apprise_logs_reaches_no_other_log(chat: ChatServer) -> None:
    received: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            received.append(record.name)

    handler = Kept()
    logging.getLogger().addHandler(handler)
    try:
        chat.answers = [(500, {})]
        send(chat)
    finally:
        logging.getLogger().removeHandler(handler)
    assert not [name for name in received if name.startswith("apprise")]
