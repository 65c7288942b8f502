"""Faults that happen, and the mails an operator gets of them: all of it real but for the waits."""

import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import psycopg

from keeper.settings import Settings
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from keeper.streams.topics import PRICE_UPDATES
from tests.alerting import quick_rules, watching
from tests.observed_workers import KEEPER, OPERATOR, showing
from tests.price_events import price_event
from tests.smtp_server import Mailbox
from tests.waiting import wait_until

FAULTS: Final = {"WorkerStuck": "1", "OutboxStuck": "0", "PricesStale": None}


def test_a_hung_loader_a_full_outbox_and_stale_prices_are_mailed_and_so_is_their_end(
    observed_settings: Settings,
    kafka: KafkaConfig,
    database: PostgresConfig,
    connection: Connection,
    raise_alerts: Callable[..., None],
    mailbox: Mailbox,
    tmp_path: Path,
) -> None:
    def has(state: str) -> set[str]:
        return {
            alert
            for mail in mailbox.mails()
            for alert in FAULTS
            if mail["To"] == OPERATOR and mail["Subject"] == f"[Keeper] {state}: {alert}"
        }

    with ExitStack() as runs:
        loader = runs.enter_context(showing("consume", "prices"))
        exporter = runs.enter_context(showing("metrics"))
        jobs = {"workers": {"consume-prices": loader, "metrics": exporter}}
        thresholds = {name: value for name, value in FAULTS.items() if value is not None}
        seen = runs.enter_context(
            watching(tmp_path, jobs, observed_settings, quick_rules(thresholds))
        )
        wait_until(lambda: len(seen.ask('up{job="workers"} == 1')) == 2, "both are scraped")
        assert not seen.firing() & FAULTS.keys()

        # Of March: due at once, and not looked at since.
        raise_alerts(3)
        with psycopg.connect(database.url) as somebody:
            somebody.execute("LOCK price_points IN EXCLUSIVE MODE")
            event = price_event(900, hour=5)
            with EventProducer(kafka) as producer:
                producer.send_all(PRICE_UPDATES, [(event.asin.encode(), encode_price_event(event))])
            wait_until(lambda: has("page") == set(FAULTS), f"mails of {set(FAULTS)}")
            # A scrape that comes late ends an alert for a moment.
            wait_until(lambda: FAULTS.keys() <= seen.firing(), "all three fire")
        stuck = next(text for text in mailbox.texts() if "the same batch" in text)
        assert "firing: consume-prices has stored" in stuck
        assert "docs/RUNBOOKS.md#workerstuck" in stuck
        still = {"OutboxStuck", "PricesStale"}
        wait_until(lambda: still <= seen.firing(), "what nobody has mended fires on")

        # What the runbooks say to do.
        subprocess.run([KEEPER, "deliver", "--once"], check=True)
        connection.execute("UPDATE watched_products SET last_checked_at = now()")
        wait_until(lambda: has("resolved") == set(FAULTS), f"mails of the end of {set(FAULTS)}")
        wait_until(lambda: not seen.firing() & FAULTS.keys(), "none fires")
