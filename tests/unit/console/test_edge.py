"""What browsers may do with the console's answers."""

import asyncio
import re
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256

import httpx
import pytest
from fastapi import FastAPI

from keeper.console.application import make_console
from keeper.console.context import ConsoleContext
from keeper.console.database import ConsoleDatabase
from keeper.domain.users.secrets import new_token
from keeper.stores.postgres.connection import PostgresConfig
from tests.asgi import get


@pytest.fixture
def console() -> FastAPI:
    context = ConsoleContext(
        database=ConsoleDatabase(PostgresConfig("postgresql://nobody@127.0.0.1:1/none")),
        operators=frozenset(),
        public_url=None,
        allows_insecure_cookie=False,
        old_after=lambda price_type: timedelta(),
    )
    return make_console(context)


@pytest.mark.parametrize("path", ["/api/v1/problems", "/api/v1/me", "/openapi.json", "/nothing"])
def test_answers_are_kept_by_nobody_and_shown_in_no_frame(console: FastAPI, path: str) -> None:
    headers = get(console, path).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_the_documentation_loads_its_own_script_and_talks_to_nobody_else(
    console: FastAPI,
) -> None:
    page = get(console, "/docs")
    policy = page.headers["Content-Security-Policy"]

    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    (source,) = re.findall(r'<script src="([^"]+)"', page.text)
    assert get(console, source).headers["content-type"].startswith("text/javascript")
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "connect-src 'self';" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "/openapi.json" in script


def test_without_its_database_the_console_says_so_and_names_no_host(console: FastAPI) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(console)
        proof = {"Authorization": f"Bearer {new_token()}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://keeper.test") as client:
            return await client.get("/api/v1/watches", headers=proof)

    answer = asyncio.run(ask())

    assert (answer.status_code, answer.json()["part"]) == (503, "postgres")
    assert answer.json()["type"] == "/api/v1/problems#unavailable"
    assert int(answer.headers["Retry-After"]) >= 1
    assert "127.0.0.1" not in answer.text
    assert get(console, "/api/v1/problems").status_code == 200
