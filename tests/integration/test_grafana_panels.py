"""Each panel of Grafana's dashboards, asked of a real Prometheus that reads all of Keeper's parts.

Grafana itself is not started: no registry that may be asked has it.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from keeper.settings import Settings
from keeper.stores.postgres.connection import Connection
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from keeper.streams.topics import PRICE_UPDATES
from stack.context import load_stack
from stack.layout import Layout
from stack.observing import exporters, program_in
from tests.alerting import Watching, quick_rules, watching
from tests.grafana import questions, series_in
from tests.numbered_work import insert_work
from tests.observed_workers import KEEPER, showing
from tests.price_events import price_event
from tests.redis_server import RedisServer
from tests.services import ROOT, free_port, stack_home
from tests.waiting import wait_until


@contextmanager
def _exporting(redis: RedisServer) -> Iterator[dict[str, str]]:
    """Run the local stack's exporters for the block, and yield their addresses."""
    layout = Layout(ROOT / ".keeper")
    found = [
        (one.program, one.options, one.env)
        for one in exporters(load_stack(Layout(stack_home()), {}))
        if one.program != "prometheus-redis-exporter"
    ]
    found.append(("prometheus-redis-exporter", (), {"REDIS_ADDR": redis.url}))
    with ExitStack() as running:
        addresses = {}
        for program, options, env in found:
            address = f"127.0.0.1:{free_port()}"
            words = [str(program_in(layout, program)), f"--web.listen-address={address}", *options]
            running.enter_context(_ended(words, env))
            addresses[program] = address
        yield addresses


@contextmanager
def _ended(words: list[str], env: Mapping[str, str]) -> Iterator[None]:
    with subprocess.Popen(words, env=os.environ | env, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


@pytest.fixture
def seen(
    observed_settings: Settings,
    kafka: KafkaConfig,
    connection: Connection,
    raise_alerts: Callable[..., None],
    redis_server: RedisServer,
    tmp_path: Path,
) -> Iterator[Watching]:
    """Prometheus with numbers of every part, one worker of which waits."""
    raise_alerts(3)
    insert_work(connection)
    event = price_event(900, hour=5)
    with EventProducer(kafka) as producer:
        producer.send_all(PRICE_UPDATES, [(event.asin.encode(), encode_price_event(event))])
    console = f"127.0.0.1:{free_port()}"
    with ExitStack() as running:
        away = f"http://127.0.0.1:{free_port()}"
        workers = {
            "consume-prices": running.enter_context(showing("consume", "prices")),
            "metrics": running.enter_context(showing("metrics", KEEPER_METRICS_EVERY_S="30")),
            "index-prices": running.enter_context(
                showing("index", "prices", ELASTICSEARCH_URL=away)
            ),
        }
        port = console.rpartition(":")[2]
        running.enter_context(_ended([KEEPER, "console", "--port", port], {}))
        jobs = {
            "workers": workers,
            "stores": running.enter_context(_exporting(redis_server)),
            "console": {"console": console},
        }
        yield running.enter_context(watching(tmp_path, jobs, observed_settings, quick_rules({})))


def test_each_panel_shows_numbers_and_names_series_that_are_there(seen: Watching) -> None:
    asked = list(questions())
    assert len(asked) > 60

    def missing() -> list[tuple[str, str, str]]:
        # An error of Prometheus fails in `ask`. Alerts that nobody raised are rightly none.
        return [
            (name, title, expr)
            for name, title, expr in asked
            if title != "Alerts" and not seen.ask(expr)
        ]

    wait_until(lambda: not seen.ask("up == 0") and not missing(), "each panel has numbers")
    there = set(
        httpx.get(f"{seen.prometheus}/api/v1/label/__name__/values", trust_env=False).json()["data"]
    )
    named = {series for _, _, expr in asked for series in series_in(expr)}
    assert named <= there
