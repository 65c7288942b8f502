"""The bot against the strict Telegram, a real console and a real PostgreSQL."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from keeper.alerts.channels.telegram import TelegramChannel, TelegramConfig
from keeper.bot.texts.speak import LANGUAGES, texts_for
from keeper.domain.messages.buttons import Buttons
from keeper.domain.messages.queue import ChannelKind
from keeper.errors import SettingsError
from keeper.pipeline.messages.deliver import Delivery, deliver_due
from tests.api_belongings import belonging
from tests.console_server import ANN, BEN, BOSS, Console
from tests.redis_server import RedisServer
from tests.running_bot import RunningBot
from tests.stored_prices import store_current_price, store_history
from tests.telegram_links import link_telegram
from tests.telegram_server import TOKEN, TelegramServer
from tests.waiting import wait_until

WATCHES = "/api/v1/watches"
GERMAN = "https://www.amazon.de/-/en/Kettle/dp/B00EXAMPL0?th=1"
AMERICAN = "https://www.amazon.com/Kettle/dp/B00EXAMPL1"
NOW = datetime(2026, 6, 1, 11, tzinfo=UTC)
Start = Callable[..., RunningBot]


@pytest.fixture
def bot(start_bot: Start) -> RunningBot:
    return start_bot()


def watches(console: Console, email: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = console.browser(email).get(WATCHES).json()["items"]
    return found


def add_kettle(console: Console) -> None:
    """Store a product that costs 24.99 and was dearer on 70 of 90 days."""
    days = ((90, 3000), (20, 2000), (0, 2499))
    points = [(NOW - timedelta(days=age), price) for age, price in days]
    store_history(console.connection, "B00EXAMPL1", points)
    store_current_price(console.connection, "B00EXAMPL1", at=NOW, price=2499)
    console.connection.execute(
        "INSERT INTO products (asin, domain, title, source, described_at)"
        " VALUES ('B00EXAMPL1', 'us', '<Kettle> & Co', 'simulator', now())"
    )


def test_from_the_code_to_a_saved_watch(
    console: Console, telegram: TelegramServer, bot: RunningBot
) -> None:
    browser = console.browser(ANN)
    wait_until(lambda: browser.get("/api/v1/me/telegram").json()["bot"], "the bot has a name")
    code = browser.post("/api/v1/me/telegram").json()
    assert code["link"].startswith("https://t.me/keeper_bot?start=")

    greeting = telegram.asks(7, f"/start {code['code']}")
    assert f"You are linked to {ANN}" in greeting.text
    shown = telegram.asks(7, f"look at this {GERMAN}")
    assert "does not know this product yet" in shown.text
    asked = telegram.touches(shown, "Watch at my own price")
    assert "24.99" in asked.text
    assert "not an amount" in telegram.asks(7, "cheap").text
    # Who names another product has changed their mind.
    other = telegram.asks(7, "B00EXAMPL9")
    assert other.text.startswith("B00EXAMPL9")
    telegram.touches(telegram.asks(7, GERMAN), "Watch at my own price")
    saved = telegram.asks(7, "€ 59,90")

    assert saved.text.startswith("Done: I watch it.")
    (watch,) = watches(console, ANN)
    assert (watch["asin"], watch["domain"], watch["target"]["text"]) == (
        "B00EXAMPL0",
        "de",
        "€59.90",
    )
    assert telegram.unanswered == set()
    # Shown once, and used up: who sends it too gets nothing.
    assert "not valid any more" in telegram.asks(8, f"/start {code['code']}").text
    assert "not linked" in telegram.asks(8, "/list").text
    assert set(telegram.commands) == {"", "de"}


def test_a_known_product_is_assessed_watched_and_looked_after(
    console: Console, telegram: TelegramServer, bot: RunningBot
) -> None:
    add_kettle(console)
    link_telegram(console, ANN, 7)

    shown = telegram.asks(7, AMERICAN)

    assert shown.text.splitlines()[:2] == [
        "<Kettle> & Co",
        "$24.99: cheaper than on 70 of 90 days with an offer since 3 March 2026",
    ]
    assert "invented price" in shown.text
    saved = telegram.touches(shown, "Watch at −10 % ($22.49)")
    (watch,) = watches(console, ANN)
    number = watch["id"]
    assert f"an alert at $22.49. Its number is {number}." in saved.text
    assert "Target −10 % ($20.24)" in saved.buttons
    telegram.touches(saved, "Target −10 %")
    assert watches(console, ANN)[0]["target"]["minor"] == 2024
    listed = telegram.asks(7, "/list")
    assert f"/w{number} <Kettle> & Co: $24.99 (→ $20.24)" in listed.text
    assert "$20.24" in telegram.asks(7, f"/w{number}").text
    telegram.asks(7, f"/target {number} 19.99")
    assert watches(console, ANN)[0]["target"]["minor"] == 1999
    assert "No alerts of it until" in telegram.asks(7, f"/snooze {number} 3").text
    assert watches(console, ANN)[0]["snoozed_until"] is not None
    stopped = telegram.asks(7, f"/stop {number}")
    assert watches(console, ANN) == []
    telegram.touches(stopped, "Undo")
    assert [one["id"] for one in watches(console, ANN)] == [number]
    assert "No deals today" in telegram.asks(7, "/deals").text
    assert telegram.unanswered == set()


def test_it_speaks_as_keeper_does_to_who_is_linked_and_as_telegram_to_others(
    console: Console, telegram: TelegramServer, bot: RunningBot
) -> None:
    add_kettle(console)
    # Whoever is linked to nobody is answered in their Telegram's language.
    for texts in LANGUAGES:
        assert telegram.asks(7, "/help", language=texts.language).text == texts.not_linked
    link_telegram(console, ANN, 7)
    console.connection.execute("UPDATE users SET language = 'de' WHERE email = %s", (ANN,))

    shown = telegram.asks(7, AMERICAN, language="en")

    assert (
        "24,99 $: günstiger als an 70 von 90 Tagen mit Angebot seit dem 3. März 2026" in shown.text
    )
    assert "Beobachten bei −10 % (22,49 $)" in shown.buttons
    german = texts_for("de")
    assert telegram.asks(7, "/help", language="en").text == german.help
    assert telegram.asks(7, "/w99999", language="en").text == german.no_watch.format(number=99999)


def test_who_is_not_linked_gets_nothing(
    console: Console, telegram: TelegramServer, bot: RunningBot
) -> None:
    console.user(BOSS)
    add_kettle(console)
    link_telegram(console, ANN, 7)
    signed = Buttons(TOKEN).signed(666, "watch", "us", "B00EXAMPL1", 1, 2249)
    asked = (AMERICAN, "/list", "/deals", "/price B00EXAMPL1", "/w1", "/stop 1", "/help", "/start")

    answers = {telegram.asks(666, text).text for text in asked}
    answers.add(telegram.answer_to(lambda: telegram.presses(666, signed)).text)

    (answer,) = answers
    assert answer.startswith("This Telegram account is not linked")
    group = {"id": -100, "type": "supergroup", "title": "Everybody"}
    telegram.writes(7, "/list", chat=group)
    assert "You watch nothing yet" in telegram.asks(7, "/list").text
    assert [one.chat_id for one in telegram.sent if one.chat_id == -100] == []


def test_what_is_anothers_stays_unseen(
    console: Console, telegram: TelegramServer, bot: RunningBot
) -> None:
    link_telegram(console, ANN, 7)
    link_telegram(console, BOSS, 8)
    console.browser(BEN).post(WATCHES, json={"product": "B00EXAMPL1"})
    (of_ben,) = watches(console, BEN)
    for user in (7, 8):
        # An operator too: a chat shows what is theirs.
        for text in (f"/w{of_ben['id']}", f"/stop {of_ben['id']}", f"/target {of_ben['id']} 5"):
            assert f"no watch {of_ben['id']} of yours" in telegram.asks(user, text).text
        assert "You watch nothing yet" in telegram.asks(user, "/list").text
    assert watches(console, BEN) == [of_ben]


def test_a_forged_button_does_nothing(
    console: Console, telegram: TelegramServer, bot: RunningBot
) -> None:
    link_telegram(console, ANN, 7)
    console.browser(ANN).post(WATCHES, json={"product": "B00EXAMPL1"})
    telegram.asks(7, "/list")
    (watch,) = watches(console, ANN)
    number = watch["id"]
    signed = Buttons(TOKEN).signed(7, "stop", number)
    forged = {
        "another chat's": Buttons(TOKEN).signed(8, "stop", number),
        "another bot's": Buttons("4712:another-word").signed(7, "stop", number),
        "not signed": f"stop {number}",
        "another number": signed.replace(f"stop {number} ", "stop 99 "),
        "nothing": " ",
        "of a later version": Buttons(TOKEN).signed(7, "dance"),
    }

    for name, data in forged.items():
        answer = telegram.answer_to(lambda data=data: telegram.presses(7, data))  # type: ignore[misc]
        assert "not for this chat" in answer.text, name

    assert watches(console, ANN) == [watch]
    wait_until(lambda: telegram.unanswered == set(), "no button spins")


def test_an_alert_has_buttons_in_a_linked_chat_and_the_bot_answers_them(
    console: Console, telegram: TelegramServer, bot: RunningBot
) -> None:
    link_telegram(console, ANN, 7)
    telegram.asks(7, "/list")
    console.browser(ANN).post(WATCHES, json={"product": "B00EXAMPL1"})
    alert = belonging(console, "alert_id")
    for chat in (7, -100):
        console.connection.execute(
            "WITH channel AS (INSERT INTO channels (user_id, kind, address)"
            " SELECT user_id, 'telegram', %s FROM users WHERE email = %s RETURNING channel_id)"
            " INSERT INTO outbox (channel_id, alert_id) SELECT channel_id, %s FROM channel",
            (str(chat), ANN, alert),
        )
    telegram.writes(7, "/nothing", chat={"id": -100, "type": "group", "title": "Us"})
    channel = TelegramChannel(TelegramConfig(TOKEN, telegram.url))
    options = Delivery({ChannelKind.TELEGRAM: channel}, clock=console.clock)

    deliver_due(console.connection, options)

    sent = {one.chat_id: one for one in telegram.sent[1:]}
    assert sent[-100].buttons == {}
    assert set(sent[7].buttons) == {"Target −10 % ($8.10)", "Snooze for a week", "Stop watching"}
    telegram.touches(sent[7], "Target")
    assert watches(console, ANN)[0]["target"]["minor"] == 810
    telegram.touches(sent[7], "Stop watching")
    assert watches(console, ANN) == []


def test_of_two_bots_one_asks_and_the_other_takes_over(
    console: Console, telegram: TelegramServer, start_bot: Start
) -> None:
    link_telegram(console, ANN, 7)
    first = start_bot()
    telegram.asks(7, "/list")
    second = start_bot()
    wait_until(lambda: second.turns > 3, "the second stands by")
    before = len(telegram.sent)
    telegram.asks(7, "/list")
    assert (telegram.conflicts, len(telegram.sent)) == (0, before + 1)

    first.stop()

    telegram.asks(7, "/list")
    assert second.waits.snapshot() == []
    telegram.conflicts = 0

    def ask_too() -> int:
        # Outside this Keeper nobody knows of the lock.
        httpx.post(
            f"{telegram.url}/bot{TOKEN}/getUpdates",
            data={"allowed_updates": "[]"},
            trust_env=False,
        )
        return telegram.conflicts

    wait_until(ask_too, "the bot is sent away")
    telegram.asks(7, "/list")


def test_a_question_is_forgotten_after_its_time(
    console: Console, telegram: TelegramServer, start_bot: Start
) -> None:
    start_bot(settings={"KEEPER_BOT_SESSION_S": 10})
    link_telegram(console, ANN, 7)
    telegram.touches(telegram.asks(7, GERMAN), "Watch at my own price")
    console.connection.execute("UPDATE bot_memory SET expires_at = now() WHERE key LIKE 'q%'")

    assert "no product" in telegram.asks(7, "59.90").text
    assert watches(console, ANN) == []


def test_who_asks_too_much_is_asked_to_wait_once(
    console: Console, telegram: TelegramServer, start_bot: Start
) -> None:
    start_bot(settings={"KEEPER_BOT_UPDATES_A_MINUTE": 2})
    for user in (7, 8):
        link_telegram(console, {7: ANN, 8: BEN}[user], user)
    for _ in range(6):
        telegram.writes(7, "/list")
    telegram.asks(8, "/list")
    said = [one.text for one in telegram.sent if one.chat_id == 7]
    wait_until(lambda: len([one for one in telegram.sent if one.chat_id == 7]) >= 3, "answers")
    said = [one.text for one in telegram.sent if one.chat_id == 7]
    assert len(said) == 3
    assert said[-1].startswith("That was a lot at once")


def test_trouble_is_said_in_words_and_ends_nothing(
    console: Console,
    telegram: TelegramServer,
    bot: RunningBot,
    caplog: pytest.LogCaptureFixture,
) -> None:
    link_telegram(console, ANN, 7)
    telegram.asks(7, "/list")
    limited = "INSERT INTO user_limits SELECT user_id, 'watches', 0 FROM users WHERE email = %s"
    console.connection.execute(limited, (ANN,))
    answer = telegram.touches(telegram.asks(7, GERMAN), "Watch")
    assert answer.text.startswith("A limit is reached: at most 0 watches")
    # Somebody has blocked the bot, Telegram is busy: the others go on.
    blocked = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked"}
    telegram.fails += [("sendMessage", (403, blocked))]
    telegram.writes(7, "/list")
    telegram.asks(7, "/list")
    for text in ("what?", "/snooze", "/stop x", "/target", "/w99999", "B00EXAMPL1 B00EXAMPL2"):
        assert telegram.asks(7, text).text
    # A revoked token of the bot's.
    console.connection.execute("UPDATE api_tokens SET revoked_at = now()")
    console.connection.execute("DELETE FROM short_tokens")
    with caplog.at_level(logging.WARNING):
        assert "does not answer" in telegram.asks(7, "/list").text
    assert "keeper api-tokens make" in caplog.text
    assert TOKEN not in caplog.text
    assert "Kettle" not in caplog.text


def test_a_token_that_telegram_does_not_know_ends_it_with_a_sentence(
    telegram: TelegramServer, start_bot: Start
) -> None:
    unknown = {"ok": False, "error_code": 401, "description": "Unauthorized"}
    telegram.fails += [("getMe", (401, unknown))]
    bot = start_bot()
    wait_until(lambda: bot.error, "it has ended")
    assert isinstance(bot.error, SettingsError)
    assert "TELEGRAM_BOT_TOKEN" in str(bot.error)


def test_with_redis_it_remembers_there(
    console: Console, telegram: TelegramServer, start_bot: Start, redis_server: RedisServer
) -> None:
    start_bot(redis_url=redis_server.url)
    link_telegram(console, ANN, 7)
    telegram.touches(telegram.asks(7, GERMAN), "Watch at my own price")
    (row,) = console.connection.execute("SELECT count(*) AS n FROM bot_memory").fetchall()
    assert row["n"] == 0
    assert "Done" in telegram.asks(7, "59.90").text
    redis_server.kill()
    assert "B00EXAMPL0" in telegram.asks(7, "/list").text
