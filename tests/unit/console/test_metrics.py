"""What the console counts for Prometheus, and what no request can make it count."""

from datetime import timedelta

import pytest
from fastapi import FastAPI

from keeper.console.application import make_console
from keeper.console.context import ConsoleContext
from keeper.console.database import ConsoleDatabase
from keeper.stores.postgres.connection import PostgresConfig
from tests.asgi import get


@pytest.fixture
def console() -> FastAPI:
    context = ConsoleContext(
        database=ConsoleDatabase(PostgresConfig("postgresql://nobody@127.0.0.1:1/none")),
        operators=frozenset(),
        public_url=None,
        allows_insecure_cookie=False,
        send_mail=None,
        old_after=lambda price_type: timedelta(),
    )
    return make_console(context)


def numbers(console: FastAPI) -> dict[str, float]:
    """Return every number by its name and labels."""
    lines = get(console, "/metrics").text.splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def test_answers_are_counted_by_operation(console: FastAPI) -> None:
    get(console, "/api/v1/problems")
    get(console, "/api/v1/me")
    get(console, "/api/v1/me")

    counted = numbers(console)
    problems = 'operation="problems-list"'
    assert counted[f'keeper_console_requests_total{{method="GET",{problems},status="200"}}'] == 1
    me = 'operation="me-get"'
    assert counted[f'keeper_console_requests_total{{method="GET",{me},status="401"}}'] == 2
    assert counted[f"keeper_console_request_seconds_count{{{me}}}"] == 2
    # Only the request that asks for them.
    assert counted["keeper_console_requests_open"] == 1
    assert counted['keeper_breaker_open{of="postgres"}'] == 0


def test_made_up_addresses_make_no_new_series(console: FastAPI) -> None:
    get(console, "/nothing")
    before = len(numbers(console))
    for number in range(20):
        get(console, f"/made-up-{number}")
        get(console, f"/api/v1/watches/made-up-{number}")
    found = numbers(console)
    assert (
        found['keeper_console_requests_total{method="GET",operation="unknown",status="404"}'] == 21
    )
    assert len(found) - before <= 40
    assert not any("made-up" in name for name in found)


def test_the_numbers_are_prometheus_text(console: FastAPI) -> None:
    answer = get(console, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "# TYPE keeper_console_requests_total counter" in answer.text
