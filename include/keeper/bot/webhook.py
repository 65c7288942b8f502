"""Where Telegram sends updates to, behind nginx: an answer at once, the work after it."""

import hmac
import json
from hashlib import sha256
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from keeper.bot.updates import Updates

WEBHOOK_PATH: Final = "/telegram/webhook"
_SECRET: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
_MOST_BYTES: Final = 1_000_000


def webhook_secret(bot_token: str) -> str:
    """Return what Telegram shows with each update, so that nobody else can send one."""
    return hmac.new(bot_token.encode(), b"Keeper's webhook", sha256).hexdigest()


def webhook_app(updates: Updates, secret: str) -> Starlette:
    """Return what answers Telegram.

    Args:
        updates: Takes what comes.
        secret: What Telegram was given with the address.
    """

    async def receive(request: Request) -> Response:
        shown = request.headers.get(_SECRET, "")
        if not hmac.compare_digest(shown.encode(), secret.encode()):
            return PlainTextResponse("", 404)
        body = bytearray()
        try:
            async for part in request.stream():
                body += part
                if len(body) > _MOST_BYTES:
                    return PlainTextResponse("", 413)
            update = json.loads(body)
        except (ClientDisconnect, ValueError):
            update = None
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            return PlainTextResponse("", 400)
        # Telegram waits for the answer, and sends it again if it does not come.
        updates.take_soon(update)
        return PlainTextResponse("")

    async def health(request: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(
        routes=[
            Route(WEBHOOK_PATH, receive, methods=["POST"]),
            Route("/health", health),
        ]
    )
