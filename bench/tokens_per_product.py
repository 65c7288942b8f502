"""What a product costs: a whole cycle through plan, ledger and fetch, with and without faults."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
from pydantic import SecretStr

from bench.fresh import fresh_database
from bench.local_stack import HOME
from bench.registry import Run, Values, benchmark
from keeper.domain.locales import locale_of
from keeper.domain.prices.detail import Detail
from keeper.domain.tokens.candidates import RequestPolicy
from keeper.domain.watches.watch import Watch
from keeper.pipeline.prices.fetch import fetch_batch
from keeper.pipeline.prices.plan import plan_run
from keeper.pipeline.runs.keepa_account import keepa_account
from keeper.simulator.products.catalogue import Catalogue
from keeper.sources.keepa.config import KeepaConfig
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.watches.watch_list import save_watches

FAULTS: Final = (
    {"kind": "status", "status": 500, "share": 0.01, "endpoint": "product"},
    {"kind": "cut", "share": 0.005, "endpoint": "product"},
)
SEED: Final = 1
_REFILL_RATE: Final = 500
_PAGE: Final = 20
CYCLES: Final = (
    (Detail.BASIC, "NEW", 10_000),
    (Detail.BUY_BOX, "BUY_BOX_SHIPPING", 5_000),
    # As many as the balance reaches for.
    (Detail.OFFERS, "WAREHOUSE", 1_000),
)
"""What is watched, in which price type, and how many products."""


@contextmanager
def simulator(products: int, folder: Path, faults: tuple[dict[str, Any], ...]) -> Iterator[str]:
    """Run the simulator as a process of its own and give its address."""
    scenario = folder / "faults.json"
    scenario.write_text(json.dumps(faults), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from keeper.cli import main; main()", "simulate-keepa"]
    command += ["--port", str(port), "--seed", str(SEED), "--products", str(20 * products)]
    command += ["--refill-rate", str(_REFILL_RATE), "--scenario", str(scenario)]
    url = f"http://127.0.0.1:{port}"
    with (folder / "simulator.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{url}/simulator/health", timeout=2).raise_for_status()
                break
            except httpx.TransportError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def cycle(
    database: PostgresConfig, url: str, lake: Path, watches: Sequence[Watch]
) -> tuple[int, int]:
    """Plan and fetch the whole watch list; return the products received and what they cost."""
    config = KeepaConfig(SecretStr("simulator"), url, "simulator")
    with session(database) as connection, session(database) as own:
        save_watches(connection, "bench@example.org", watches)
        with keepa_account(config, own, "bench") as account:
            batches = plan_run(
                connection,
                lake,
                account,
                run="bench",
                dag_id="bench",
                batch_products=500,
                policy=RequestPolicy(timedelta(hours=6)),
                reserve_share=0.1,
                started_at=datetime.now(UTC),
            )
            received = 0
            for batch in batches:
                folder = BatchFolder.of(lake, "bench", batch.batch)
                received += fetch_batch(
                    folder, account.client, batch.query, page_products=batch.page_products
                ).asked
        row = connection.execute(
            "SELECT sum(coalesce(tokens_charged, tokens_estimated))::int AS tokens"
            " FROM token_ledger"
        ).fetchone()
    assert row is not None
    return received, row["tokens"]


def own_price(url: str, watches: Sequence[Watch], detail: Detail) -> int:
    """Return what Keepa takes for the same products when they are simply asked for, once."""
    asked: dict[Detail, dict[str, int]] = {
        Detail.BASIC: {},
        Detail.BUY_BOX: {"buybox": 1},
        Detail.OFFERS: {"offers": 20, "only-live-offers": 1},
    }
    tokens = 0
    with httpx.Client(base_url=url, timeout=60) as client:
        for start in range(0, len(watches), _PAGE):
            asins = ",".join(watch.asin for watch in watches[start : start + _PAGE])
            query: dict[str, str | int] = {"key": "simulator", "domain": 1, "asin": asins}
            reply = client.get("/product", params={**query, **asked[detail]})
            tokens += reply.raise_for_status().json()["tokensConsumed"]
    return tokens


@benchmark
def tokens_per_product(run: Run) -> Values:
    """Tokens of a cycle for each detail, over Keepa's own price; with 1 % 5xx and 0.5 % cut too."""
    environment = run.stack.environment("postgres")
    values: Values = {}
    for detail, price_type, most in CYCLES:
        products = run.size(most, most // 50)
        sheets = Catalogue(SEED, 20 * products).products_in(locale_of("us"))
        watches = [Watch(s.asin, "us", price_type, None) for s in islice(sheets, products)]
        with TemporaryDirectory(dir=HOME) as folder, simulator(products, Path(folder), ()) as url:
            price = own_price(url, watches, detail)
        for suffix, faults in (("", ()), ("_with_faults", FAULTS)):
            with (
                TemporaryDirectory(dir=HOME) as folder,
                fresh_database(environment["DATABASE_URL"]) as database,
                simulator(products, Path(folder), faults) as url,
            ):
                received, tokens = cycle(database, url, Path(folder) / "lake", watches)
                met = httpx.get(f"{url}/simulator/state", timeout=10).json()["faultsMet"]
            assert received == products
            run.say(
                f"{detail.label}: {received:,} products for {tokens:,} tokens, Keepa's own price "
                f"{price:,}; faults met: {met or 'none'}"
            )
            values[f"tokens_per_{detail}_product{suffix}"] = tokens / received
            values[f"tokens_per_{detail}_product{suffix}_to_own_price"] = tokens / price
    return values
