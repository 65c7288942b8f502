"""Fixtures every folder of tests may ask for."""

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
)
