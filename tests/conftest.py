"""Fixtures every folder of tests may ask for."""

from functools import cache

import typer.testing

pytest_plugins = (
    "tests.services",
    "tests.databases",
    "tests.keepa_simulator",
    "tests.search_mirror",
    "tests.work_records",
    "tests.smtp_server",
    "tests.chat_server",
    "tests.outbox",
    "tests.found_deals",
    "tests.browser",
    "tests.price_runs",
    "tests.console_server",
    "tests.redis_server",
    "tests.page_visit",
    "tests.request_worker",
    "tests.telegram_server",
    "tests.running_bot",
    "tests.second_server",
    "tests.postgres_pair",
    "tests.observed_workers",
)


def pytest_configure() -> None:
    # Each call of a command would make the hundred commands beside it again.
    make_command = typer.testing._get_command  # type: ignore[attr-defined]  # there is no public way
    typer.testing._get_command = cache(make_command)  # type: ignore[attr-defined]  # nor to set it
