"""Asks a simulator and reads its reply, as the tests of its endpoints do."""

import json
from typing import Any

import msgspec

from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.api.posted import PostedBody


def ask(api: KeepaApi, endpoint: str, **query: object) -> tuple[int, dict[str, Any]]:
    given = {"key": "simulator"} | {name: str(value) for name, value in query.items()}
    answer = api.answer(endpoint, given)
    return answer.status, read(answer.body)


def post(
    api: KeepaApi,
    endpoint: str,
    body: object,
    media_type: str = "application/json",
    **query: object,
) -> tuple[int, dict[str, Any]]:
    given = {"key": "simulator"} | {name: str(value) for name, value in query.items()}
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = api.answer(endpoint, given, PostedBody(text, media_type))
    return answer.status, read(answer.body)


def read(body: bytes) -> Any:
    """Return what a body says. Replies with offers have megabytes, and `json` takes its time."""
    return msgspec.json.decode(body)
