"""Telegram accounts in the API: linked once by a code, acted for by the bot, signed in by."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from keeper.domain.users.access import Scope
from tests.console_server import ANN, BEN, BOSS, Console
from tests.telegram_links import bot_token, init_data, link_telegram

ME = "/api/v1/me/telegram"
LINKS = "/api/v1/telegram/links"
TOKENS = "/api/v1/telegram/tokens"
SIGN_IN = "/api/v1/sign-in/telegram"
WATCHES = "/api/v1/watches"


@pytest.fixture
def bot(console: Console) -> httpx.Client:
    return console.nobody({"Authorization": f"Bearer {bot_token(console)}"})


def linked(console: Console, bot: httpx.Client, email: str, telegram_id: int) -> httpx.Response:
    code = console.browser(email).post(ME).json()["code"]
    return bot.post(LINKS, json={"telegram_id": telegram_id, "code": code})


def acting(console: Console, answer: httpx.Response) -> httpx.Client:
    assert answer.status_code == 201, answer.text
    return console.nobody({"Authorization": f"Bearer {answer.json()['token']}"})


def chats(client: httpx.Client) -> dict[str, bool]:
    channels = client.get("/api/v1/channels").json()["items"]
    return {one["address"]: one["is_active"] for one in channels if one["kind"] == "telegram"}


def entries(console: Console) -> list[tuple[str, str, str, str]]:
    rows = console.connection.execute(
        "SELECT actor, action, email, result FROM audit_log"
        " WHERE action LIKE 'telegram%' OR result LIKE '%%Telegram' ORDER BY entry_id"
    )
    return [(row["actor"], row["action"], row["email"], row["result"]) for row in rows]


def test_a_code_links_once_and_the_bot_acts_for_its_user_alone(
    console: Console, bot: httpx.Client
) -> None:
    assert bot.put("/api/v1/telegram/bot", json={"username": "keeper_bot"}).status_code == 204
    browser = console.browser(ANN)
    made = browser.post(ME).json()
    assert made["link"] == f"https://t.me/keeper_bot?start={made['code']}"
    sent = {"telegram_id": 4711, "code": made["code"]}

    ann = acting(console, bot.post(LINKS, json=sent))

    assert browser.get(ME).json()["telegram_id"] == 4711
    added = ann.post(WATCHES, json={"product": "B00EXAMPL0", "domain": "de"})
    assert (added.status_code, added.json()["watch"]["owner"]) == (201, ANN)
    assert chats(browser) == {"4711": True}
    replayed = bot.post(LINKS, json=sent | {"telegram_id": 666})
    assert replayed.status_code == 404
    assert bot.post(TOKENS, json={"telegram_id": 666}).status_code == 404
    assert entries(console) == [
        ("user", "telegram code made", ANN, "shown"),
        ("bot", "telegram linked", ANN, "account 4711"),
    ]
    kept = str(console.connection.execute("SELECT * FROM telegram_codes").fetchall())
    kept += str(console.connection.execute("SELECT * FROM short_tokens").fetchall())
    assert made["code"] not in kept


def test_of_many_at_once_one_code_links_one_account(console: Console, bot: httpx.Client) -> None:
    code = console.browser(ANN).post(ME).json()["code"]

    def link(telegram_id: int) -> int:
        return bot.post(LINKS, json={"telegram_id": telegram_id, "code": code}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(link, range(1, 9)))
    assert sorted(answers) == [201, *[404] * 7]


def test_a_code_ends_after_a_quarter_of_an_hour_and_with_the_next_one(
    console: Console, bot: httpx.Client
) -> None:
    browser = console.browser(ANN)
    first, second = (browser.post(ME).json()["code"] for _ in range(2))
    assert bot.post(LINKS, json={"telegram_id": 1, "code": first}).status_code == 404
    console.clock.move(minutes=16)
    assert bot.post(LINKS, json={"telegram_id": 1, "code": second}).status_code == 404


def test_an_account_is_one_users_and_a_user_has_one(console: Console, bot: httpx.Client) -> None:
    former = acting(console, linked(console, bot, ANN, 1))
    taken = linked(console, bot, BEN, 1)
    assert (taken.status_code, taken.json()["detail"]) == (
        403,
        "this Telegram account is linked to another user; unlink it there first",
    )

    now = acting(console, linked(console, bot, ANN, 2))

    assert now.get("/api/v1/me").json()["email"] == ANN
    assert former.get("/api/v1/me").status_code == 401
    assert bot.post(TOKENS, json={"telegram_id": 1}).status_code == 404


@pytest.mark.parametrize("by_bot", [False, True])
def test_after_unlinking_nothing_opens(console: Console, bot: httpx.Client, by_bot: bool) -> None:
    ann = acting(console, linked(console, bot, ANN, 1))
    browser = console.browser(ANN)
    ended = bot.delete(f"{LINKS}/1") if by_bot else browser.delete(ME)
    assert ended.status_code == 204

    assert ann.get("/api/v1/me").status_code == 401
    assert bot.post(TOKENS, json={"telegram_id": 1}).status_code == 404
    assert browser.get(ME).json()["telegram_id"] is None
    assert chats(browser) == {"1": False}
    assert (bot.delete(f"{LINKS}/1") if by_bot else browser.delete(ME)).status_code == 404
    assert entries(console)[-1][:2] == ("bot" if by_bot else "user", "telegram unlinked")


def test_by_the_bot_an_operator_sees_what_is_theirs_and_cannot_operate(
    console: Console, bot: httpx.Client
) -> None:
    ann = console.program(ANN, Scope.WATCHES_WRITE)
    ann.post(WATCHES, json={"product": "B00EXAMPL0"})
    boss = acting(console, linked(console, bot, BOSS, 1))

    assert boss.get(WATCHES).json()["items"] == []
    assert boss.get("/api/v1/users").status_code == 403
    assert boss.post("/api/v1/api-tokens", json={}).status_code == 403


def test_what_the_bot_changes_is_recorded_as_the_bots(console: Console, bot: httpx.Client) -> None:
    ann = acting(console, linked(console, bot, ANN, 1))
    (mail,) = (c for c in ann.get("/api/v1/channels").json()["items"] if c["kind"] == "email")
    assert ann.patch(f"/api/v1/channels/{mail['id']}", json={"is_active": False}).status_code == 200
    rows = console.connection.execute(
        "SELECT actor, email FROM audit_log WHERE action = 'channel paused'"
    ).fetchall()
    assert [(row["actor"], row["email"]) for row in rows] == [("bot", ANN)]


def test_tokens_of_minutes_and_of_bots_end(console: Console, bot: httpx.Client) -> None:
    ann = acting(console, linked(console, bot, ANN, 1))
    console.clock.move(minutes=16)
    assert ann.get("/api/v1/me").status_code == 401
    assert bot.post(TOKENS, json={"telegram_id": 1}).status_code == 201
    (row,) = console.connection.execute("SELECT count(*) AS n FROM short_tokens").fetchall()
    assert row["n"] == 1
    console.clock.move(days=2)
    assert bot.post(TOKENS, json={"telegram_id": 1}).status_code == 401


def test_a_bots_operator_who_becomes_a_reader_has_no_bot(
    make_running: Callable[..., Console], console: Console
) -> None:
    console.connection.execute(
        "INSERT INTO users (email, role) VALUES ('chief@example.org', 'operator')"
    )
    token = bot_token(console)
    console.connection.execute(
        "UPDATE api_tokens SET user_id = (SELECT user_id FROM users WHERE email LIKE 'chief%')"
    )
    bot = console.nobody({"Authorization": f"Bearer {token}"})
    link_telegram(console, ANN, 1)
    assert bot.post(TOKENS, json={"telegram_id": 1}).status_code == 201
    console.connection.execute("UPDATE users SET role = 'reader' WHERE email LIKE 'chief%'")
    assert bot.post(TOKENS, json={"telegram_id": 1}).status_code == 401


def test_the_mini_app_signs_in_with_what_telegram_signs(
    console: Console, bot: httpx.Client
) -> None:
    acting(console, linked(console, bot, BOSS, 1))
    signed = init_data(1, console.clock.now)

    answer = console.nobody().post(SIGN_IN, json={"init_data": signed})

    assert answer.headers["Cache-Control"] == "no-store"
    assert "set-cookie" not in answer.headers
    boss = acting(console, answer)
    assert boss.get("/api/v1/users").status_code == 200
    assert boss.post("/api/v1/api-tokens", json={}).status_code == 403
    assert entries(console)[-1] == ("user", "sign-in", BOSS, "signed in at Telegram")
    # Telegram's clients keep it and hand it on for a day.
    console.clock.move(hours=23)
    assert console.nobody().post(SIGN_IN, json={"init_data": signed}).status_code == 201
    console.clock.move(hours=2)
    assert console.nobody().post(SIGN_IN, json={"init_data": signed}).status_code == 401


def test_nobody_signs_in_with_what_telegram_has_not_signed(
    console: Console, bot: httpx.Client
) -> None:
    acting(console, linked(console, bot, ANN, 1))
    now = console.clock.now
    good = init_data(1, now)
    forged: dict[str, Any] = {
        "another bot's": init_data(1, now, token="4712:another-word"),
        "another user": good.replace("%22id%22%3A+1", "%22id%22%3A+2"),
        "no hash": good.partition("&hash=")[0],
        "another hash": good[:-1] + ("0" if good[-1] != "0" else "1"),
        "a field more": f"{good}&chat_type=private",
        "a field twice": f"{good}&auth_date=1",
        "hash twice": f"{good}&hash=0",
        "signature left out": good.replace("&signature=of-those-who-have-no-token", ""),
        "from tomorrow": init_data(1, now.replace(year=now.year + 1)),
        "no time": init_data(1, now, auth_date="never"),
        "nobody": init_data(1, now, user="null"),
        "a name for a number": init_data(1, now, user='{"id": "1"}'),
        "nonsense": "nonsense",
    }
    answers = {
        name: console.nobody().post(SIGN_IN, json={"init_data": text}).status_code
        for name, text in forged.items()
    }
    assert answers == dict.fromkeys(forged, 401)
    foreign = console.nobody().post(SIGN_IN, json={"init_data": init_data(666, now)})
    assert foreign.status_code == 403
    assert "link it" in foreign.json()["detail"]


def test_without_a_bot_there_is_no_mini_app(make_running: Callable[..., Console]) -> None:
    console = make_running(telegram_app_key=None)
    signed = init_data(1, console.clock.now)
    answer = console.nobody().post(SIGN_IN, json={"init_data": signed})
    assert answer.status_code == 404
