"""Telegram, Discord and Apprise over real HTTP."""

import json
import logging
from typing import Any

import httpx
import pytest

from keeper.alerts.channels.apprise import AppriseChannel
from keeper.alerts.channels.discord import DiscordChannel
from keeper.alerts.channels.telegram import TelegramChannel, TelegramConfig
from keeper.alerts.compose import alert_message, digest_message
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus
from tests.alerts import NO_STORY, a_story, queued
from tests.chat_server import TOKEN, ChatServer
from tests.services import free_port

PLAIN = alert_message(queued(), NO_STORY)
DRAWN = alert_message(queued(), a_story())
MANY = digest_message([queued(number, asin=f"B00000000{number}") for number in range(3)])


def telegram(chat: ChatServer, message: Any = PLAIN) -> DeliveryResult:
    return TelegramChannel(TelegramConfig(TOKEN, chat.url, 2)).deliver("4711", message)


def discord(chat: ChatServer, message: Any = PLAIN) -> DeliveryResult:
    return DiscordChannel({"main": chat.webhook}, timeout_s=2).deliver("main", message)


def test_telegram_gets_a_chart_with_the_facts(chat: ChatServer) -> None:
    assert telegram(chat, DRAWN) == DeliveryResult(DeliveryStatus.SENT, "message 1")

    (request,) = chat.requests
    assert request.path == f"/bot{TOKEN}/sendPhoto"
    assert request.fields["chat_id"] == "4711"
    assert request.fields["parse_mode"] == "HTML"
    assert "<b>A kettle</b>" in request.fields["caption"]
    assert "Your target: 1.300,00" in request.fields["caption"]
    assert request.files["photo"].startswith(b"\x89PNG")


def test_telegram_gets_a_text_where_there_is_nothing_to_draw(chat: ChatServer) -> None:
    telegram(chat)
    telegram(chat, MANY)

    one, several = chat.requests
    assert one.path == several.path == f"/bot{TOKEN}/sendMessage"
    assert "3 price alerts" in several.fields["text"]


def test_discord_gets_an_embed_with_the_chart(chat: ChatServer) -> None:
    assert discord(chat, DRAWN) == DeliveryResult(DeliveryStatus.SENT, "message 1")

    (request,) = chat.requests
    payload = json.loads(request.fields["payload_json"])
    (embed,) = payload["embeds"]
    assert embed["title"] == "A kettle"
    assert embed["url"] == "https://www.amazon.de/dp/B000000001"
    assert embed["image"] == {"url": "attachment://chart-1.png"}
    assert request.files["chart-1"].startswith(b"\x89PNG")
    assert {"Your target", "How good"} <= {one["name"] for one in embed["fields"]}


def test_discord_gets_an_embed_for_each_product_of_a_digest(chat: ChatServer) -> None:
    discord(chat, MANY)

    payload = json.loads(chat.requests[0].fields["payload_json"])
    assert len(payload["embeds"]) == 3


@pytest.mark.parametrize("deliver", [telegram, discord])
def test_too_many_means_to_come_back_when_they_say(chat: ChatServer, deliver: Any) -> None:
    chat.answers = [
        (429, {"description": "Too Many", "message": "limited", "parameters": {"retry_after": 17},
               "retry_after": 17.0})
    ]  # fmt: skip

    result = deliver(chat)

    assert result.status is DeliveryStatus.FAILED
    assert result.retry
    assert result.retry_after_s == 17
    assert not result.unreachable


@pytest.mark.parametrize("deliver", [telegram, discord])
def test_a_message_they_will_never_take_has_failed(chat: ChatServer, deliver: Any) -> None:
    chat.answers = [(400, {"description": "chat not found", "message": "chat not found"})]

    result = deliver(chat)

    assert result == DeliveryResult(DeliveryStatus.FAILED, "400 chat not found")


@pytest.mark.parametrize("deliver", [telegram, discord])
@pytest.mark.parametrize("answer", [(500, {}), (502, "<html>Bad Gateway</html>"), (503, "")])
def test_an_unwell_provider_is_left_alone(
    chat: ChatServer, deliver: Any, answer: tuple[int, Any]
) -> None:
    chat.answers = [answer]

    result = deliver(chat)

    assert result.retry
    assert result.unreachable


def test_a_wrong_token_names_the_setting_and_is_tried_again(chat: ChatServer) -> None:
    chat.answers = [(401, {"ok": False, "description": "Unauthorized"})]

    result = telegram(chat)

    assert "TELEGRAM_BOT_TOKEN" in result.detail
    assert result.retry


def test_a_webhook_may_name_a_thread(chat: ChatServer) -> None:
    DiscordChannel({"main": f"{chat.webhook}?thread_id=5"}).deliver("main", PLAIN)

    assert chat.requests[0].path.endswith("?thread_id=5&wait=true")


def test_a_webhook_that_is_gone_is_named(chat: ChatServer) -> None:
    chat.answers = [(404, {"message": "Unknown Webhook"})]

    assert "check the webhook main" in discord(chat).detail


def test_an_answer_that_says_nothing_is_not_taken_for_sent(chat: ChatServer) -> None:
    chat.answers = [(200, "not json")]

    assert telegram(chat).status is DeliveryStatus.FAILED


@pytest.mark.parametrize("deliver", [telegram, discord])
def test_no_result_and_no_log_tells_a_secret(
    chat: ChatServer, deliver: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    results = [deliver(chat)]
    chat.answers = [(401, {"description": "no"}), (500, {})]
    results += [deliver(chat), deliver(chat)]
    nobody = ChatServer(f"http://127.0.0.1:{free_port()}")
    results.append(deliver(nobody))

    assert results[-1].unreachable
    told = " ".join([*(result.detail for result in results), caplog.text])
    assert "secret-word" not in told


def test_a_provider_that_does_not_answer_in_time_is_away(chat: ChatServer) -> None:
    import threading

    released = threading.Event()
    chat.before = lambda: released.wait(10)
    channel = TelegramChannel(TelegramConfig(TOKEN, chat.url, 0.3))

    result = channel.deliver("4711", PLAIN)
    released.set()

    assert result.unreachable
    assert result.detail == httpx.ReadTimeout.__name__


def test_a_name_the_settings_do_not_have_is_not_configured() -> None:
    for channel in (DiscordChannel({}), AppriseChannel({})):
        result = channel.deliver("family", PLAIN)
        assert result.status is DeliveryStatus.NOT_CONFIGURED
        assert "family" in result.detail


def test_apprise_hands_on_the_text(chat: ChatServer) -> None:
    url = chat.url.replace("http://", "json://")
    # It is one of Apprise's own services that posts JSON anywhere.
    chat.answers = [(200, {}), (500, {})]

    channel = AppriseChannel({"family": url, "wrong": "nonsense"})

    assert channel.deliver("family", PLAIN).status is DeliveryStatus.SENT
    again = channel.deliver("family", PLAIN)
    assert again.status is DeliveryStatus.FAILED
    assert again.retry
    assert not channel.deliver("wrong", PLAIN).retry
