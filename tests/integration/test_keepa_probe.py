"""`keeper keepa probe` against the simulator: what it asks, what it prints, what it costs."""

import json
from collections.abc import Callable

import httpx
import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.types import PRICE_TYPES
from keeper.errors import KeeperError
from keeper.settings import load_settings
from keeper.sources.keepa.errors import TokensExhaustedError
from tests.keepa_simulator import Simulator, watch_list

ASIN = next(watch.asin for watch in watch_list(30) if watch.domain == "de")


@pytest.fixture
def simulator(simulate: Callable[..., Simulator], monkeypatch: pytest.MonkeyPatch) -> Simulator:
    simulator = simulate(refill_rate=1000)
    monkeypatch.setenv("KEEPER_SIMULATOR_URL", simulator.url)
    for name in ("KEEPA_API_KEY", "KEEPER_KEEPA_URL"):
        monkeypatch.delenv(name, raising=False)
    load_settings.cache_clear()
    simulator.post("tokens", {"left": 500})
    return simulator


def probe(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["keepa", "probe", *words], input=stdin)


def left(simulator: Simulator) -> int:
    status = httpx.get(f"{simulator.url}/token", params={"key": "simulator"}, timeout=10)
    return int(status.json()["tokensLeft"])


def test_each_way_brings_its_series_and_costs_its_price(simulator: Simulator) -> None:
    result = probe(ASIN, "--domain", "de", "--yes", "--json")

    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["asin"], document["domain"], document["source"]) == (ASIN, "de", "simulator")
    asked = {request["request"]: request for request in document["requests"]}
    assert list(asked) == ["plain", "rating=1", "buybox=1", "offers=20"]
    came = {
        name: {s["name"] for s in request["product"]["series"] if s["points"] is not None}
        for name, request in asked.items()
    }
    basic = {price.name for price in PRICE_TYPES if price.detail is Detail.BASIC}
    assert came["plain"] <= basic
    assert came["rating=1"] - came["plain"] <= {"RATING", "COUNT_REVIEWS"} <= came["rating=1"]
    assert came["buybox=1"] - came["plain"] == {"BUY_BOX_SHIPPING"}
    assert {"EXTRA_INFO_UPDATES", "NEW_FBM_SHIPPING"} <= came["offers=20"]
    costs = [request["tokens_consumed"] for request in asked.values()]
    assert costs[0] == 1
    assert 10 <= sum(costs) <= 18
    assert 500 - left(simulator) == sum(costs)
    assert asked["offers=20"]["product"]["offers_successful"] is True
    assert asked["plain"]["product"]["offers_successful"] is None
    assert "key" not in result.stdout


def test_the_tables_name_times_tokens_and_series(simulator: Simulator) -> None:
    result = probe(f"https://www.amazon.de/dp/{ASIN}", "--yes")

    assert result.exit_code == 0, result.output
    assert "The simulator answered, not Keepa" in result.stdout
    for text in (
        f"{ASIN} on amazon.de",
        "tokensConsumed",
        "stats.lastBuyBoxUpdate",
        "18 BUY_BOX_SHIPPING",
        "stats -1",
    ):
        assert text in result.stdout


def test_it_asks_before_it_spends(simulator: Simulator) -> None:
    result = probe(ASIN, stdin="n\n")

    assert result.exit_code == 1
    assert "12 to 18 tokens" in result.stderr
    assert "tokensConsumed" not in result.stdout
    assert left(simulator) == 500


def test_a_product_keepa_does_not_know_is_asked_for_once(simulator: Simulator) -> None:
    result = probe("B0ZZZZZZZZ", "--domain", "de", "--yes")

    assert result.exit_code == 1
    assert "Keepa knows no product of amazon.de called B0ZZZZZZZZ" in result.stdout
    assert 500 - left(simulator) <= 1


def test_a_request_that_keepa_refuses_is_shown_and_the_others_asked(simulator: Simulator) -> None:
    simulator.post("faults", {"kind": "status", "status": 405, "after": 2, "endpoint": "product"})

    result = probe(ASIN, "--domain", "de", "--yes", "--json")

    requests = json.loads(result.stdout)["requests"]
    assert [bool(request["refusal"]) for request in requests] == [False, False, True, False]
    assert result.exit_code == 0


def test_what_was_paid_for_is_printed_when_the_tokens_end(simulator: Simulator) -> None:
    simulator.post("faults", {"kind": "status", "status": 429, "after": 1, "endpoint": "product"})

    result = probe(ASIN, "--domain", "de", "--yes", "--json")

    assert [r["request"] for r in json.loads(result.stdout)["requests"]] == ["plain"]
    assert isinstance(result.exception, TokensExhaustedError)
    assert isinstance(result.exception, KeeperError)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nonsense",), "ASIN"),
        ((ASIN, "--domain", "xx"), "xx"),
        ((f"https://www.amazon.de/dp/{ASIN}", "--domain", "us"), "amazon.de"),
    ],
)
def test_a_mistake_costs_nothing(simulator: Simulator, words: tuple[str, ...], said: str) -> None:
    result = probe(*words, "--yes")

    assert result.exit_code == 2
    assert said in result.stderr
    assert left(simulator) == 500
