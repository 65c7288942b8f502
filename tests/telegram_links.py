"""Telegram accounts that are linked, and what Telegram signs for the mini app."""

import hmac
import json
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlencode

from keeper.pipeline.users.api_tokens import make_token
from keeper.pipeline.users.audit import COMMAND
from tests.chat_server import TOKEN
from tests.console_server import BOSS, Console


def bot_token(console: Console, *, days: int = 1) -> str:
    """Return the text of a new token of a bot."""
    made = make_token(
        console.connection,
        console.user(BOSS),
        name="keeper-bot",
        scopes=(),
        days=days,
        doer=COMMAND,
        at=console.clock.now,
        is_of_bot=True,
    )
    return made.text


def link_telegram(console: Console, email: str, telegram_id: int) -> None:
    """Link a Telegram account to a user, whoever had it before."""
    user_id = console.user(email).user_id
    console.connection.execute("DELETE FROM telegram_links WHERE telegram_id = %s", (telegram_id,))
    console.connection.execute(
        "INSERT INTO telegram_links (user_id, telegram_id, linked_at) VALUES (%s, %s, now())"
        " ON CONFLICT (user_id) DO UPDATE SET telegram_id = excluded.telegram_id",
        (user_id, telegram_id),
    )


def init_data(telegram_id: int, at: datetime, *, token: str = TOKEN, **more: str) -> str:
    """Return what Telegram hands a mini app, signed for the bot of a token.

    https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
    """
    fields = {
        "query_id": "AAHdF6IQAAAAAN0XohDhrOrc",
        "user": json.dumps({"id": telegram_id, "first_name": "Ann Ü.", "language_code": "de"}),
        "auth_date": str(int(at.timestamp())),
        "signature": "of-those-who-have-no-token",
    } | more
    key = hmac.new(b"WebAppData", token.encode(), sha256).digest()
    signed = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    return urlencode(fields | {"hash": hmac.new(key, signed.encode(), sha256).hexdigest()})
