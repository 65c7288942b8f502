"""Selections that are too long for an address."""

import json
import threading
from collections.abc import Callable, Iterator

import pytest

from keeper.domain.tokens.balance import TokenRequest
from keeper.sources.keepa.client import KeepaClient
from tests.keepa_server import Server, client_of
from tests.keepa_simulator import Simulator


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.hang_up.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(server: Server, waits: list[float]) -> Iterator[KeepaClient]:
    with client_of(server.url, waits) as connected:
        yield connected


@pytest.mark.parametrize("endpoint", ["deal", "query"])
def test_a_selection_too_long_for_an_address_is_sent_as_a_body(
    server: Server, client: KeepaClient, endpoint: str
) -> None:
    selection = {"excludeCategories": list(range(10_000_000, 10_000_500)), "title": "Kaffeemühle"}
    for asked in ({"page": 0}, selection):
        request = TokenRequest(endpoint, estimate=5)
        client.ask(request, {"domain": 3, "selection": json.dumps(asked, ensure_ascii=False)})

    (short, first), (path, second) = server.requests
    assert (short, first["selection"]) == (f"/{endpoint}/", '{"page": 0}')
    assert (path, sorted(second)) == (f"/{endpoint}/", ["domain", "key"])
    assert server.posted == [selection]
    assert server.headers[1]["content-type"] == "application/json; charset=UTF-8"


def test_the_simulator_finds_deals_by_a_selection_of_any_length(
    simulate: Callable[..., Simulator],
) -> None:
    short: dict[str, object] = {
        "page": 0,
        "domainId": 1,
        "priceTypes": [1],
        "dateRange": 3,
        "isRangeEnabled": True,
        "deltaPercentRange": [10, 100],
    }
    long = short | {"isFilterEnabled": True, "excludeCategories": list(range(1, 501))}
    found = []
    with simulate().client() as keepa:
        for selection in (short, long):
            reply = keepa.ask(
                TokenRequest("deal", estimate=5),
                {"domain": 1, "selection": json.dumps(selection | {"titleSearch": ""})},
            )
            found.append(json.loads(reply.body)["deals"]["dr"])

    assert found[0] == found[1] != []
