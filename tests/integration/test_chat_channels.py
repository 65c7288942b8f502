"""Telegram, Discord and Apprise over real HTTP."""

import json
import logging
from collections.abc import Iterable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from threading import Event
from time import monotonic
from typing import Any

import pytest
from PIL import Image

from keeper.alerts.channels.apprise import AppriseChannel
from keeper.alerts.channels.discord import DiscordChannel
from keeper.alerts.channels.telegram import TelegramChannel, TelegramConfig
from keeper.alerts.compose import alert_message, digest_message
from keeper.alerts.links import Links
from keeper.alerts.message import Message
from keeper.alerts.photos import Photo, PhotoHost
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus
from keeper.domain.prices.verdict import PriceContext
from tests.alerts import NO_CONTEXT, a_context, queued
from tests.chat_rules import REFUSALS
from tests.chat_server import TOKEN, ChatServer
from tests.services import free_port

PLAIN = alert_message(queued(), NO_CONTEXT)
DRAWN = alert_message(queued(), a_context())
MANY = digest_message([queued(number, asin=f"B00000000{number}") for number in range(3)])


PAGE = "/app/products/de/B000000001?type=BUY_BOX_SHIPPING"
PICTURE = "https://m.media-amazon.com/images/I/31abc.jpg"
LONG = replace(PLAIN, lead="<&> 'ä' 🎈 " * 800)
MANY_LONG = digest_message(
    [queued(n, asin=f"B0000000{n:02}", title="🎈*" * 250) for n in range(40)]
)


class Weakness:
    """What a provider does in place of an answer."""

    def __init__(self, kind: str, status: str = "200 OK") -> None:
        self.kind = kind
        self.status = status
        self.released = Event()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        head = f"HTTP/1.1 {self.status}\r\nContent-Length: 100000000\r\n\r\n".encode()
        if self.kind == "endless":
            handler.wfile.write(head)
            while True:
                handler.wfile.write(b" " * 65_536)
        if self.kind == "body dripping":
            handler.wfile.write(head)
        while self.kind != "dropping" and not self.released.wait(0.05):
            if self.kind != "silent":
                handler.wfile.write(b"H")


def telegram(chat: ChatServer, message: Any = PLAIN, *, timeout_s: float = 10) -> DeliveryResult:
    return TelegramChannel(TelegramConfig(TOKEN, chat.url, timeout_s)).deliver("4711", message)


def discord(chat: ChatServer, message: Any = PLAIN, *, timeout_s: float = 10) -> DeliveryResult:
    return DiscordChannel({"main": chat.webhook}, timeout_s=timeout_s).deliver("main", message)


def test_telegram_gets_a_chart_with_the_facts(chat: ChatServer) -> None:
    assert telegram(chat, DRAWN) == DeliveryResult(DeliveryStatus.SENT, "message 1")

    (request,) = chat.requests
    assert request.path == f"/bot{TOKEN}/sendPhoto"
    assert request.fields["chat_id"] == "4711"
    assert request.fields["parse_mode"] == "HTML"
    assert "<b>A kettle</b>" in request.fields["caption"]
    assert "Your target: 1.300,00" in request.fields["caption"]
    assert request.files["photo"].startswith(b"\x89PNG")


def to_the_pages(address: str, context: PriceContext, **alert: Any) -> Message:
    return alert_message(queued(**alert), context, Links(address, ["a-secret-of-some-length"]))


@pytest.mark.parametrize(("context", "text"), [(NO_CONTEXT, "text"), (a_context(), "caption")])
def test_telegram_gets_a_button_to_the_products_page(
    chat: ChatServer, context: PriceContext, text: str
) -> None:
    telegram(chat, to_the_pages("https://keeper.example.org", context, image_url=PICTURE))

    (request,) = chat.requests
    ((button,),) = json.loads(request.fields["reply_markup"])["inline_keyboard"]
    assert button == {"text": "See it in Keeper", "url": f"https://keeper.example.org{PAGE}"}
    assert PAGE not in request.fields[text]
    if text == "text":
        preview = json.loads(request.fields["link_preview_options"])
        assert preview == {"url": PICTURE, "prefer_small_media": True}


class Shelf(PhotoHost):
    """A host of one picture."""

    def __init__(self, photo: Photo) -> None:
        super().__init__("https://m.media-amazon.com/images/I")
        self._photo = photo

    def fetch(self, urls: Iterable[str]) -> dict[str, Photo]:
        return dict.fromkeys(urls, self._photo)


def test_telegram_gets_the_products_picture_above_its_chart(chat: ChatServer) -> None:
    chart = DRAWN.sections[0].chart
    assert chart is not None
    bot = TelegramConfig(TOKEN, chat.url)
    message = to_the_pages("https://keeper.example.org", a_context(), image_url=PICTURE)
    for content in (chart.png, b"\x89PNG\r\n\x1a\n no picture"):
        result = TelegramChannel(bot, Shelf(Photo(content, "png"))).deliver("4711", message)
        assert result.status is DeliveryStatus.SENT

    good, bad = (Image.open(BytesIO(request.files["photo"])) for request in chat.requests)
    assert good.height > bad.height
    assert good.width == bad.width


def test_telegram_gets_a_line_where_no_button_may_lead(chat: ChatServer) -> None:
    telegram(chat, to_the_pages("http://localhost:8000", NO_CONTEXT))

    (request,) = chat.requests
    assert "reply_markup" not in request.fields
    assert f'<a href="http://localhost:8000{PAGE}">See it in Keeper</a>' in request.fields["text"]


@pytest.mark.parametrize(
    "says",
    [
        "inline keyboard button URL 'https://keeper.lan/' is invalid: Wrong HTTP URL",
        "BUTTON_URL_INVALID",
        "WEBPAGE_URL_INVALID",
    ],
)
def test_an_alert_comes_without_a_button_that_telegram_refuses(chat: ChatServer, says: str) -> None:
    refusal = {"ok": False, "error_code": 400, "description": f"Bad Request: {says}"}
    chat.answers.append((400, refusal))

    result = telegram(chat, to_the_pages("https://keeper.lan", NO_CONTEXT, image_url=PICTURE))

    assert result.status is DeliveryStatus.SENT
    (request,) = chat.requests
    assert "reply_markup" not in request.fields
    assert json.loads(request.fields["link_preview_options"]) == {"is_disabled": True}
    assert f"https://keeper.lan{PAGE}" in request.fields["text"]


def test_discords_title_leads_to_the_products_page_and_a_line_to_amazon(chat: ChatServer) -> None:
    message = to_the_pages("https://keeper.example.org", a_context(), title="[x](https://evil) *y*")
    assert discord(chat, message).status is DeliveryStatus.SENT

    payload = chat.requests[0].json
    assert payload is not None
    (embed,) = payload["embeds"]
    assert embed["url"] == f"https://keeper.example.org{PAGE}"
    assert embed["title"] == r"\[x\]\(https\://evil\) \*y\*"
    assert embed["description"].endswith("](<https://www.amazon.de/dp/B000000001>)")


def test_telegram_gets_a_text_where_there_is_nothing_to_draw(chat: ChatServer) -> None:
    telegram(chat)
    telegram(chat, MANY)

    one, several = chat.requests
    assert one.path == several.path == f"/bot{TOKEN}/sendMessage"
    assert "3 price alerts" in several.fields["text"]


def test_discord_gets_an_embed_with_the_chart(chat: ChatServer) -> None:
    assert discord(chat, DRAWN) == DeliveryResult(DeliveryStatus.SENT, "message 1")

    (request,) = chat.requests
    payload = request.json
    assert payload is not None
    (embed,) = payload["embeds"]
    assert embed["title"] == "A kettle"
    assert embed["url"] == "https://www.amazon.de/dp/B000000001"
    assert embed["image"] == {"url": "attachment://chart-1.png"}
    assert request.names == ("files[1]=chart-1.png",)
    assert request.files["files[1]"].startswith(b"\x89PNG")
    assert {"Your target", "How good"} <= {one["name"] for one in embed["fields"]}


def test_discord_gets_an_embed_for_each_product_of_a_digest(chat: ChatServer) -> None:
    discord(chat, MANY)

    payload = chat.requests[0].json
    assert payload is not None
    assert len(payload["embeds"]) == 3


@pytest.mark.parametrize("deliver", [telegram, discord])
@pytest.mark.parametrize(
    ("of_body", "header", "pause"),
    [
        (17, None, 17),
        (0.75, None, 0.75),
        ("17", None, 17),
        (None, "17", 17),
        (3, "17", 17),
        (None, "Sun, 01 Mar 2026 12:00:30 GMT", 30),
        (None, None, 1),
        ("soon", "later", 1),
        (True, "", 1),
        ([17], "nan", 1),
        (-5, "Sun, 01 Mar 2026 11:00:00 GMT", 1),
        (1e300, "inf", 86_400),
    ],
)
def test_too_many_means_to_come_back_when_they_say(
    chat: ChatServer, deliver: Any, of_body: object, header: str | None, pause: float
) -> None:
    body = {
        "description": "Too Many",
        "message": "limited",
        "parameters": {"retry_after": of_body},
        "retry_after": of_body,
    }
    headers = {} if header is None else {"Retry-After": header}
    chat.date = "Sun, 01 Mar 2026 12:00:00 GMT"
    chat.answers = [(429, body, headers)]

    result = deliver(chat)

    assert result.status is DeliveryStatus.FAILED
    assert result.retry
    assert result.retry_after_s == pause
    assert not result.unreachable


@pytest.mark.parametrize("deliver", [telegram, discord])
def test_a_message_they_will_never_take_has_failed(chat: ChatServer, deliver: Any) -> None:
    chat.answers = [(400, {"description": "odd", "message": "odd"})]

    result = deliver(chat)

    assert result == DeliveryResult(DeliveryStatus.FAILED, "400 odd")


@pytest.mark.parametrize("deliver", [telegram, discord])
@pytest.mark.parametrize(
    "answer", [(500, {}), (502, "<html>Bad Gateway</html>"), (503, ""), (302, "elsewhere")]
)
def test_an_unwell_provider_is_left_alone(
    chat: ChatServer, deliver: Any, answer: tuple[int, Any]
) -> None:
    chat.answers = [answer]

    result = deliver(chat)

    assert result.retry
    assert result.unreachable


@pytest.mark.parametrize("code", [401, 404])
def test_a_wrong_token_closes_telegram_and_names_the_setting(chat: ChatServer, code: int) -> None:
    chat.answers = [(code, {"ok": False, "description": "Unauthorized"})]

    result = telegram(chat)

    assert result.closes_channel
    assert result.remedy == "check TELEGRAM_BOT_TOKEN"
    assert result.retry


@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        ("blocked", "start the bot again in Telegram, then keeper channels add telegram 4711"),
        ("kicked", "let the bot into the chat again"),
        ("deactivated", "no longer exists"),
        ("never started", "write /start to the bot"),
        ("unknown", "check the chat's number"),
        ("upgraded", "keeper channels add telegram -1004711"),
        ("mute", "allow the bot to write in the chat"),
    ],
)
@pytest.mark.parametrize("message", [PLAIN, DRAWN], ids=["text", "chart"])
def test_a_chat_that_takes_nothing_any_more_is_gone(
    chat: ChatServer, refusal: str, remedy: str, message: Any
) -> None:
    chat.chats = {"4711": REFUSALS[refusal]}

    result = telegram(chat, message)

    assert result.status is DeliveryStatus.FAILED
    assert result.address_is_gone
    assert not result.retry
    assert not result.unreachable
    assert remedy in result.remedy
    assert REFUSALS[refusal][1]["description"] in result.detail


def test_a_closed_topic_says_what_helps(chat: ChatServer) -> None:
    chat.chats = {"4711": REFUSALS["closed topic"]}

    result = telegram(chat)

    assert not result.address_is_gone
    assert result.remedy == "open the topic General of the group again"


def test_a_chart_that_telegram_refuses_is_left_out(chat: ChatServer) -> None:
    says = "Bad Request: not enough rights to send photos to the chat"
    chat.answers = [(400, {"ok": False, "description": says})]

    result = telegram(chat, DRAWN)

    assert result.status is DeliveryStatus.SENT
    assert result.detail == f"message 1, without its chart: 400 {says}"
    assert [request.path for request in chat.requests] == [f"/bot{TOKEN}/sendMessage"]


@pytest.mark.parametrize("message", [LONG, MANY_LONG], ids=["one", "many"])
@pytest.mark.parametrize("deliver", [telegram, discord])
def test_no_message_is_longer_than_they_take(chat: ChatServer, deliver: Any, message: Any) -> None:
    assert deliver(chat, message).status is DeliveryStatus.SENT
    assert len(chat.requests) == 1


@pytest.mark.parametrize("deliver", [telegram, discord])
@pytest.mark.parametrize("weakness", ["silent", "dripping", "dropping", "body dripping"])
def test_without_an_answer_a_message_may_have_arrived(
    chat: ChatServer, deliver: Any, weakness: str
) -> None:
    chat.instead = Weakness(weakness)
    begun = monotonic()

    # Long enough to hand the message over, on a slow machine too.
    result = deliver(chat, timeout_s=2)

    chat.instead.released.set()
    assert result.status is DeliveryStatus.UNKNOWN
    assert not result.unreachable
    assert "may have arrived" in result.detail
    assert monotonic() - begun < 60


def test_a_refusal_is_one_however_slowly_it_is_explained(chat: ChatServer) -> None:
    chat.instead = Weakness("body dripping", status="403 Forbidden")

    result = telegram(chat, timeout_s=2)

    chat.instead.released.set()
    assert result.status is DeliveryStatus.FAILED
    assert result.address_is_gone


def test_a_proxy_that_opens_no_way_has_not_been_given_the_message(
    chat: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", chat.url)
    channel = DiscordChannel({"main": "https://127.0.0.1:9/secret-word"}, timeout_s=5)

    result = channel.deliver("main", PLAIN)

    assert result.unreachable
    assert result.detail == "ProxyError"


def test_an_endless_answer_is_read_to_a_limit(chat: ChatServer) -> None:
    chat.instead = Weakness("endless")

    assert discord(chat).status is DeliveryStatus.UNKNOWN


def test_an_answer_that_is_not_telegrams_is_not_taken_for_sent(chat: ChatServer) -> None:
    chat.answers = [(200, "not json")]

    assert telegram(chat).status is DeliveryStatus.UNKNOWN


def test_an_answer_that_is_not_discords_is_not_taken_for_sent(chat: ChatServer) -> None:
    chat.answers = [(200, "<html>Sign in to the network</html>")]

    assert discord(chat).status is DeliveryStatus.UNKNOWN


@pytest.mark.parametrize("message", [PLAIN, DRAWN, MANY], ids=["text", "chart", "digest"])
def test_a_forum_gets_a_post_for_each_message(chat: ChatServer, message: Any) -> None:
    chat.is_forum = True

    assert discord(chat, message).status is DeliveryStatus.SENT

    (request,) = chat.requests
    assert request.json is not None
    assert request.json["thread_name"] == message.subject[:100]


def test_a_forum_gets_its_messages_in_the_thread_that_is_named(chat: ChatServer) -> None:
    chat.is_forum = True
    channel = DiscordChannel({"main": f"{chat.webhook}?thread_id=5"})

    assert channel.deliver("main", PLAIN).status is DeliveryStatus.SENT
    assert chat.requests[0].json is not None
    assert "thread_name" not in chat.requests[0].json


@pytest.mark.parametrize(
    ("answer", "gone", "remedy"),
    [
        ((404, {"message": "Unknown Webhook", "code": 10015}), True, "set DISCORD_WEBHOOK"),
        ((401, {"message": "Invalid Webhook Token", "code": 50027}), True, "set DISCORD_WEBHOOK"),
        ((404, {"message": "Unknown Channel", "code": 10003}), True, "check thread_id"),
        ((400, {"message": "A tag is required", "code": 40067}), True, "demands a tag"),
        ((400, {"message": "Thread is locked", "code": 160005}), False, "open the thread"),
        ((400, {"message": "Cannot send an empty message", "code": 50006}), False, ""),
    ],
)
def test_what_discord_refuses_says_what_helps(
    chat: ChatServer, answer: Any, gone: bool, remedy: str
) -> None:
    chat.answers = [answer]

    result = discord(chat)

    assert result.status is DeliveryStatus.FAILED
    assert result.detail == f"{answer[0]} {answer[1]['message']}"
    assert result.address_is_gone is gone
    assert not result.retry
    assert remedy in result.remedy


def test_what_is_wrong_with_a_message_is_named_as_discord_does(chat: ChatServer) -> None:
    errors = {"embeds": {"0": {"title": {"_errors": [{"code": "X", "message": "Too long."}]}}}}
    chat.answers = [(400, {"message": "Invalid Form Body", "code": 50035, "errors": errors})]

    assert discord(chat).detail == "400 Invalid Form Body (embeds.0.title: Too long.)"


def test_what_stands_before_discord_is_not_discord(chat: ChatServer) -> None:
    chat.answers = [(403, "<html>Cloudflare</html>")]

    result = discord(chat)

    assert result.unreachable
    assert not result.address_is_gone


def test_the_last_message_discord_allows_for_now_is_followed_by_a_pause(chat: ChatServer) -> None:
    chat.headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "1.5"}

    result = discord(chat)

    assert (result.status, result.retry_after_s) == (DeliveryStatus.SENT, 1.5)


def test_a_webhook_may_name_a_thread(chat: ChatServer) -> None:
    DiscordChannel({"main": f"{chat.webhook}?thread_id=5"}).deliver("main", PLAIN)

    assert chat.requests[0].path.endswith("?thread_id=5&wait=true")


@pytest.mark.parametrize("deliver", [telegram, discord])
def test_no_result_and_no_log_says_a_secret(
    chat: ChatServer, deliver: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    results = [deliver(chat)]
    chat.answers = [(401, {"description": "no"}), (500, {})]
    results += [deliver(chat), deliver(chat)]
    nobody = ChatServer(f"http://127.0.0.1:{free_port()}")
    results.append(deliver(nobody))

    assert results[-1].unreachable
    said = " ".join([*(result.detail for result in results), caplog.text])
    assert "secret-word" not in said


def test_a_name_the_settings_do_not_have_is_not_configured() -> None:
    for channel in (DiscordChannel({}), AppriseChannel({})):
        result = channel.deliver("family", PLAIN)
        assert result.status is DeliveryStatus.NOT_CONFIGURED
        assert "family" in result.detail
