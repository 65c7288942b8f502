"""The simulator behind a real socket: asked by the `keepa` package itself and by plain HTTP."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import keepa
import pytest
import requests
from keepa.models.backend import DealRequest, Product

from keeper.domain.locales import Locale, locale_of
from keeper.simulator.api.keepa_api import UNPAID_KEY, KeepaApi
from keeper.simulator.api.recordings import Recordings
from keeper.simulator.api.server import build_app
from keeper.simulator.api.token_bucket import TokenBucket
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.clock import CatalogueClock, ClockMode
from keeper.simulator.products.merchants import merchants_offering
from keeper.simulator.products.sheets import ProductSheet
from tests.asgi_server import serving

REPOSITORY = Path(__file__).parents[2]
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
US = locale_of("us")


class RedirectedKeepa(keepa.Keepa):
    """Keepa's client as it is, but for the host it asks."""

    def __init__(self, url: str, key: str = "simulator") -> None:
        super().__init__(key, logging_level="WARNING")
        self._url = url

    def _request(self, *args: Any, **kwargs: Any) -> Any:
        real_get = requests.get

        def get(url: str, *rest: Any, **options: Any) -> requests.Response:
            return real_get(url.replace("https://api.keepa.com", self._url), *rest, **options)

        with mock.patch("keepa.keepa_sync.requests.get", get):
            return super()._request(*args, **kwargs)


@pytest.fixture
def api() -> KeepaApi:
    return KeepaApi(
        Catalogue(seed=3, size=200), CatalogueClock(ClockMode.HOLD, AT), TokenBucket(20)
    )


@pytest.fixture
def url(api: KeepaApi) -> Iterator[str]:
    with serving(build_app(api)) as address:
        yield address


@pytest.fixture
def client(url: str) -> RedirectedKeepa:
    return RedirectedKeepa(url)


@pytest.fixture
def recordings_folder() -> Path:
    named = os.environ.get("KEEPER_RECORDINGS")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "recordings"
    if not list(folder.glob("product_*.json")):
        pytest.skip("no recordings; set KEEPER_RECORDINGS")
    return folder


def products(api: KeepaApi, locale: Locale, length: int) -> list[ProductSheet]:
    return [
        sheet
        for sheet in api.catalogue.products_in(locale)
        if sheet.series_count == length and sheet.has_history
    ]


@pytest.mark.parametrize("domain", ["US", "DE", "JP"])
def test_the_client_reads_products_and_statistics(
    api: KeepaApi, client: RedirectedKeepa, domain: str
) -> None:
    # The client cannot parse the shorter `csv` that most real products have.
    sheets = products(api, locale_of(domain.lower()), 36)[:5]
    asins = sorted(sheet.asin for sheet in sheets)
    found = client.query(asins, domain=domain, stats=90, progress_bar=False)
    assert [product["asin"] for product in found] == asins
    for product in found:
        assert len(product["data"]["NEW_time"]) == len(product["csv"][1]) // 2
        assert product["stats"]["current"][3] == product["csv"][3][-1]
        assert product["stats_parsed"]["current"]["SALES"] == product["csv"][3][-1]
    assert client.tokens_left == 1_200 - len(asins)


def test_the_clients_typed_models_accept_products_of_both_lengths(
    api: KeepaApi, client: RedirectedKeepa
) -> None:
    for length in (34, 36):
        asins = [sheet.asin for sheet in products(api, US, length)[:3]]
        typed = client.query(asins, stats=30, history=False, typed=True, progress_bar=False)
        assert {product.asin for product in typed} == set(asins)
        assert all(product.stats is not None for product in typed)
        replies = client.query(asins, raw=True, progress_bar=False)
        raw = replies[0].json()["products"]
        assert {len(product["csv"]) for product in raw} == {length}
        assert [Product.model_validate(product).asin for product in raw] == sorted(asins)


def test_the_client_learns_that_no_product_is_known(client: RedirectedKeepa) -> None:
    with pytest.raises(RuntimeError, match="No products"):
        client.query("B000000000", progress_bar=False)


def test_the_client_reads_its_tokens(api: KeepaApi, client: RedirectedKeepa) -> None:
    api.bucket.set_left(-3)
    client.update_status()
    assert client.tokens_left == -3
    assert client.status.refillRate == 20
    assert client.status.refillIn is not None
    assert 0 < client.status.refillIn <= 60_000
    with pytest.raises(RuntimeError, match="NOT_ENOUGH_TOKEN"):
        client.query(api.catalogue.asin_of(0), wait=False, progress_bar=False)


def test_the_client_learns_that_its_key_is_wrong(url: str) -> None:
    with pytest.raises(RuntimeError, match="REQUEST_REJECTED"):
        RedirectedKeepa(url, key="not-the-key").update_status()


def test_the_client_finds_deals(client: RedirectedKeepa) -> None:
    selection = {"page": 0, "domainId": 1, "priceTypes": [1], "dateRange": 3, "sortType": 4}
    deals = client.deals(selection)
    typed = client.deals(DealRequest(**selection), typed=True)
    assert len(deals["dr"]) >= 10
    assert [deal.asin for deal in typed.dr] == [deal["asin"] for deal in deals["dr"]]
    with pytest.raises(RuntimeError, match="REQUEST_REJECTED"):
        client.deals({"page": 0, "priceTypes": [0, 1]})


def test_the_client_walks_categories_and_best_sellers(client: RedirectedKeepa) -> None:
    roots = client.category_lookup(0, typed=True)
    kitchen = next(category for category in roots.values() if category.name == "Kitchen")
    assert client.search_for_categories("kettles")
    sellers = client.best_sellers_query(str(kitchen.catId), domain="US")
    listed = client.best_sellers_query(str(kitchen.catId), domain="US", typed=True)
    assert sellers == listed.asinList
    assert len(sellers) == kitchen.productCount > 0


def test_the_client_finds_products(client: RedirectedKeepa) -> None:
    cheap = {"current_NEW_lte": 5_000, "sort": [["current_SALES", "asc"]], "perPage": 50}
    asins = client.product_finder(cheap)
    assert 10 < len(asins) <= 50
    found = client.query(asins[:20], stats=30, history=False, progress_bar=False)
    assert all(0 <= product["stats"]["current"][1] <= 5_000 for product in found)
    with pytest.raises(RuntimeError, match="REQUEST_REJECTED"):
        client.product_finder({"perPage": 7})


@pytest.mark.recordings
def test_a_recorded_product_comes_back_equal(recordings_folder: Path) -> None:
    api = KeepaApi(
        Catalogue(seed=3, size=10),
        CatalogueClock(ClockMode.HOLD, AT),
        recordings=Recordings(recordings_folder),
    )
    newest: dict[str, Path] = {}
    for path in recordings_folder.glob("product_*.json"):
        asin = path.stem.split("_")[1]
        newest[asin] = max(newest.get(asin, path), path)
    with serving(build_app(api)) as address:
        client = RedirectedKeepa(address)
        # As it was recorded: without offers most of it would be withheld.
        replies = client.query(
            list(newest), stats=365, offers=20, rating=True, raw=True, progress_bar=False
        )
        deals = client.deals({"page": 0, "domainId": 1, "priceTypes": [1]}, typed=True)
    assert replies[0].headers["X-Keepa-Simulator"] == "1"
    returned = {product["asin"]: product for product in replies[0].json()["products"]}
    assert returned == {asin: json.loads(path.read_bytes()) for asin, path in newest.items()}
    assert len(deals.dr) == 150


@pytest.mark.parametrize("path", ["product", "product/"])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_replies_are_labelled_and_compressed_as_accepted(
    api: KeepaApi, url: str, path: str, encoding: str
) -> None:
    reply = requests.get(
        f"{url}/{path}",
        params={"key": "simulator", "domain": 1, "asin": products(api, US, 34)[0].asin},
        headers={"Accept-Encoding": encoding},
        timeout=10,
    )
    assert reply.status_code == 200
    assert reply.headers["X-Keepa-Simulator"] == "1"
    assert reply.headers.get("Content-Encoding", "identity") == encoding
    assert reply.json()["simulated"] is True


def test_the_log_names_the_request_and_never_the_key(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="keeper.simulator")
    requests.get(f"{url}/token?key=a-very-secret-key", timeout=10)
    # The line is written once the reply is on its way; a second reply proves it is there.
    requests.get(f"{url}/token?key=simulator", timeout=10)
    lines = [line for line in caplog.messages if line.startswith("token ")]
    assert "-> 400" in lines[0]
    assert "secret" not in "".join(lines)


def test_controls_work_over_http(api: KeepaApi, url: str) -> None:
    assert requests.get(f"{url}/simulator/health", timeout=10).json()["status"] == "ok"
    jump = {"mode": "hold", "at": "2026-04-01T00:00:00Z", "jump_minutes": 360}
    state = requests.post(f"{url}/simulator/clock", json=jump, timeout=10).json()
    assert state["clock"]["now"] == "2026-04-01T06:00:00+00:00"
    requests.post(f"{url}/simulator/tokens", json={"left": 5}, timeout=10)
    fault = {"kind": "cut", "count": 3}
    requests.post(f"{url}/simulator/faults", json=fault, timeout=10)
    state = requests.get(f"{url}/simulator/state", timeout=10).json()
    assert state["tokens"]["left"] == 5
    assert state["faults"][0]["count"] == 3
    params: dict[str, str | int] = {"key": "simulator", "domain": 1, "category": 0}
    cut = requests.get(f"{url}/category", params=params, timeout=10)
    assert cut.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        cut.json()
    assert requests.delete(f"{url}/simulator/faults", timeout=10).json()["faults"] == []
    assert requests.get(f"{url}/category", params=params, timeout=10).json()["categories"]
    refused = requests.post(f"{url}/simulator/clock", data=b"[1]", timeout=10)
    assert refused.status_code == 400
    refused = requests.post(f"{url}/simulator/tokens", json={"right": 1}, timeout=10)
    assert (refused.status_code, "right" in refused.json()["detail"]) == (400, True)


@pytest.mark.parametrize(
    ("fault", "longest_silence"),
    [({"kind": "slow", "delay_s": 0.6}, 30), ({"kind": "trickle", "seconds": 0.6}, 0.4)],
    ids=["slow", "trickle"],
)
def test_slow_replies_come_whole_in_their_time(
    api: KeepaApi, url: str, fault: dict[str, Any], longest_silence: float
) -> None:
    params: dict[str, str | int] = {"key": "simulator", "domain": 1, "category": 0}
    expected = requests.get(f"{url}/category", params=params, timeout=10).json()["categories"]
    requests.post(f"{url}/simulator/faults", json=fault, timeout=10)
    began = time.monotonic()
    # requests counts its timeout from byte to byte: a trickle outlasts it, a pause does not.
    reply = requests.get(f"{url}/category", params=params, timeout=longest_silence)
    assert time.monotonic() - began >= 0.6
    assert reply.json()["categories"] == expected


def test_other_requests_do_not_wait_for_a_slow_one(url: str) -> None:
    fault = {"kind": "slow", "delay_s": 2, "endpoint": "category"}
    requests.post(f"{url}/simulator/faults", json=fault, timeout=10)
    params: dict[str, str | int] = {"key": "simulator", "domain": 1, "category": 0}
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{url}/category", params=params, timeout=0.2)
    assert requests.get(f"{url}/token", params=params, timeout=1.5).status_code == 200


def keeper_command(*arguments: str) -> list[str]:
    return [
        sys.executable,
        "-c",
        "from keeper.cli import main; main()",
        "simulate-keepa",
        *arguments,
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["terminate", "interrupt"])
def test_the_command_serves_until_asked_to_stop(number: signal.Signals) -> None:
    process = subprocess.Popen(
        keeper_command("--port", "0", "--products", "50", "--clock", "hold", "--key", "mine"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "include")},
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found
            reply = requests.get(f"{found[0]}/token?key=mine", timeout=30)
            assert reply.json()["tokensLeft"] == 1_200
            process.send_signal(number)
            _, log = process.communicate()
        finally:
            process.kill()
    assert process.returncode == 0
    assert "token domain=- asins=0 -> 200" in log
    assert "mine" not in log


def test_the_command_begins_with_a_scenario(tmp_path: Path) -> None:
    scenario = tmp_path / "faults.json"
    scenario.write_text('[{"kind": "status", "status": 503, "endpoint": "token", "count": 2}]')
    process = subprocess.Popen(
        keeper_command("--port", "0", "--products", "50", "--scenario", str(scenario)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "include")},
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found
            token = f"{found[0]}/token?key=simulator"
            assert [requests.get(token, timeout=30).status_code for _ in range(3)] == [
                503,
                503,
                200,
            ]
        finally:
            process.kill()


def test_a_wrong_scenario_is_said_before_anything_starts(tmp_path: Path) -> None:
    scenario = tmp_path / "faults.json"
    scenario.write_text('[{"kind": "cut"}, {"kind": "cut", "share": 2}]')
    ended = subprocess.run(
        keeper_command("--port", "0", "--scenario", str(scenario)),
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "include")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert "entry 2, `share`" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_command_prints_a_watch_list() -> None:
    printed = subprocess.run(
        keeper_command(
            "--watch-list", "6", "--locales", "us,jp", "--seed", "4", "--at", "2026-03-01"
        ),
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "include")},
        capture_output=True,
        text=True,
        check=True,
    )
    header, *rows = printed.stdout.splitlines()
    assert header == "asin,domain,price_type,target_price,status"
    assert [row.split(",")[1] for row in rows] == ["us", "jp"] * 3


def test_pictures_of_products_need_no_key_and_cost_nothing(api: KeepaApi, url: str) -> None:
    name = api.catalogue.sheet(0).images[0]
    shown = requests.get(f"{url}/img/{name}", timeout=10)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    assert shown.headers["x-keepa-simulator"] == "1"
    assert shown.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert requests.get(f"{url}/img/state", timeout=10).status_code == 404
    assert api.bucket.balance().left == api.bucket.cap


def test_a_selection_is_posted_as_keepas_own_framework_posts_it(url: str) -> None:
    asked = {"priceTypes": [1], "domainId": 1, "dateRange": 3}
    address = f"{url}/deal?key=simulator"
    typed = {"Content-Type": "application/json; charset=UTF-8"}
    posted = requests.post(address, data=json.dumps(asked), headers=typed, timeout=10)
    by_get = requests.get(
        f"{url}/deal", {"key": "simulator", "selection": json.dumps(asked)}, timeout=10
    )
    assert posted.status_code == by_get.status_code == 200
    assert posted.json()["deals"] == by_get.json()["deals"]
    long = requests.post(address, data=b" " * 3_000_000, headers=typed, timeout=10)
    form = requests.post(address, data={"selection": json.dumps(asked)}, timeout=10)
    assert (long.status_code, form.status_code) == (400, 400)


def test_the_client_asks_the_other_endpoints(
    api: KeepaApi, client: RedirectedKeepa, tmp_path: Path
) -> None:
    sheet = next(s for s in api.catalogue.products_in(US) if s.authors and s.has_history)
    assert sheet.asin in client.product_finder({"author": sheet.authors[0].upper()})
    assert isinstance(client.deals({"page": 0, "domainId": 1})["dr"], list)
    client.download_graph_image(sheet.asin, tmp_path / "graph.png", new=1, range=365)
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    (seller, *_) = merchants_offering(sheet, US)
    known = client.seller_query([seller.seller_id], storefront=True, typed=True)
    assert sheet.asin in (known[seller.seller_id].asinList or [])


def test_the_client_reads_that_its_subscription_ended(url: str) -> None:
    with pytest.raises(RuntimeError, match="PAYMENT_REQUIRED"):
        RedirectedKeepa(url, key=UNPAID_KEY).update_status()
