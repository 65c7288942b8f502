"""The client against a server on loopback that can be as faulty as a test wants."""

import json
import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from keeper.domain.locales import locale_of
from keeper.domain.tokens.balance import TokenRequest
from keeper.errors import KeeperError
from keeper.sources.keepa.client import KeepaClient, ProductPage
from keeper.sources.keepa.config import KeepaConfig
from keeper.sources.keepa.errors import (
    KeepaKeyRejectedError,
    KeepaPaymentError,
    KeepaReplyError,
    KeepaReplyTooLargeError,
    KeepaRequestRejectedError,
    KeepaUnavailableError,
    TokensExhaustedError,
)
from keeper.sources.keepa.products.decode import decode_products
from keeper.sources.keepa.products.requests import ProductQuery
from tests.keepa_server import (
    BAD_DEAL,
    BAD_KEY,
    ENVELOPE,
    KEY,
    NOW,
    US,
    Answer,
    Handler,
    Server,
    answering,
    broken,
    busy,
    client_of,
    cut,
    cut_chunk,
    cut_gzip,
    empty,
    half_json,
    html,
    no_envelope,
    not_gzip,
    products,
    reply_to,
    reset,
    silence,
    trickle,
)
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


def asins(count: int, start: int = 0) -> list[str]:
    return [f"B{number:09d}" for number in range(start, start + count)]


def fetch(client: KeepaClient, wanted: list[str]) -> list[ProductPage]:
    return list(client.product_pages(US, wanted))


def test_pages_of_a_hundred_in_the_order_asked(server: Server, client: KeepaClient) -> None:
    wanted = asins(250)[::-1]
    pages = fetch(client, [*wanted, *wanted[:10]])
    assert [list(page.asked) for page in pages] == [wanted[:100], wanted[100:200], wanted[200:]]
    assert server.asked == [wanted[:100], wanted[100:200], wanted[200:]]
    assert {path for path, _ in server.requests} == {"/product/"}
    assert [page.envelope.tokens_consumed for page in pages] == [100, 100, 50]
    assert {page.received_at for page in pages} == {NOW}
    assert {page.locale for page in pages} == {US}
    assert (client.usage.requests, client.usage.tokens_consumed) == (3, 250)


def test_the_request_as_keepa_wants_it(server: Server, client: KeepaClient) -> None:
    list(client.product_pages(locale_of("br"), ["B00EXAMPLE"], ProductQuery(stats_days=30)))
    ((_, query),) = server.requests
    assert query["key"] == KEY
    assert (query["domain"], query["stats"], query["history"]) == ("12", "30", "1")
    assert server.headers[0]["accept-encoding"] == "gzip"


def test_a_page_is_exactly_what_keepa_sent(client: KeepaClient) -> None:
    (page,) = fetch(client, ["B00EXAMPLE"])
    assert page.body == reply_to({"asin": "B00EXAMPLE", "domain": "1"}, ())


def test_a_page_is_asked_for_only_when_it_is_wanted(server: Server, client: KeepaClient) -> None:
    pages = client.product_pages(US, asins(300))
    assert server.requests == []
    next(pages)
    assert len(server.requests) == 1


def test_one_connection_serves_all_requests(server: Server, client: KeepaClient) -> None:
    fetch(client, asins(300))
    client.token_status()
    assert server.connections == 1


def test_unknown_asins_are_counted(server: Server, client: KeepaClient) -> None:
    server.answers = [products("B000000001")]
    (page,) = fetch(client, asins(3))
    assert decode_products(page.body).missing(page.asked) == ("B000000001",)


def test_only_unknown_asins_make_an_empty_page(server: Server, client: KeepaClient) -> None:
    server.answers = [products(*asins(2))]
    (page,) = fetch(client, asins(2))
    assert decode_products(page.body).missing(page.asked) == tuple(asins(2))


def test_token_status(server: Server, client: KeepaClient) -> None:
    server.answers = [answering(200, ENVELOPE | {"tokensLeft": -30})]
    status = client.token_status()
    assert [path for path, _ in server.requests] == ["/token/"]
    assert (status.tokens_left, status.refill_rate, status.received_at) == (-30, 20, NOW)
    assert status.runnable_in_s == 80


@pytest.mark.parametrize(
    "fault",
    [
        cut, cut_gzip, cut_chunk, half_json, not_gzip, reset,
        html, empty, no_envelope, busy, broken,
    ],
    ids="cut cut_gzip cut_chunk half_json not_gzip reset html empty no_envelope 503 500".split(),
)  # fmt: skip
def test_a_transient_fault_is_cured_by_asking_again(
    server: Server, client: KeepaClient, waits: list[float], fault: Answer
) -> None:
    server.answers = [fault, fault]
    (page,) = fetch(client, asins(2))
    assert page.envelope.tokens_consumed == 2
    assert len(server.requests) == 3
    assert waits == [0.75, 1.5]
    assert client.usage.requests == 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(cut, KeepaReplyError, id="cut"),
        pytest.param(cut_gzip, KeepaReplyError, id="cut gzip"),
        pytest.param(half_json, KeepaReplyError, id="half"),
        pytest.param(html, KeepaReplyError, id="html"),
        pytest.param(reset, KeepaUnavailableError, id="reset"),
        pytest.param(busy, KeepaUnavailableError, id="503"),
        pytest.param(broken, KeepaUnavailableError, id="500"),
    ],
)
def test_a_lasting_fault_ends_in_one_error_and_keeps_what_came_before(
    server: Server, client: KeepaClient, fault: Answer, error: type[KeeperError]
) -> None:
    server.answers = [products(), fault, fault, fault]
    pages = client.product_pages(US, asins(150))
    assert len(next(pages).asked) == 100
    with pytest.raises(error):
        next(pages)
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        pytest.param(answering(401, BAD_KEY), KeepaKeyRejectedError, "KEEPA_API_KEY", id="key"),
        pytest.param(answering(405, BAD_DEAL), KeepaRequestRejectedError, "priceTypes", id="405"),
        pytest.param(answering(400, BAD_DEAL), KeepaRequestRejectedError, "priceTypes", id="400"),
        pytest.param(answering(402, BAD_KEY), KeepaPaymentError, "subscription", id="payment"),
        pytest.param(
            answering(404, b"no"), KeepaRequestRejectedError, "KEEPER_KEEPA_URL", id="404"
        ),
        pytest.param(
            answering(429, ENVELOPE | {"tokensLeft": -5}), TokensExhaustedError, "20 s", id="tokens"
        ),
        pytest.param(answering(429, b"slow down"), TokensExhaustedError, "60 s", id="bare 429"),
    ],
)
def test_a_refusal_is_never_repeated_and_keeps_what_came_before(
    server: Server,
    client: KeepaClient,
    waits: list[float],
    answer: Answer,
    error: type[KeeperError],
    words: str,
) -> None:
    server.answers = [products(), answer]
    pages = client.product_pages(US, asins(150))
    assert len(next(pages).asked) == 100
    with pytest.raises(error, match=words):
        next(pages)
    assert len(server.requests) == 2
    assert waits == []


def test_a_refusal_without_token_fields_is_the_keys_fault_if_the_balance_is_refused_too(
    server: Server, client: KeepaClient
) -> None:
    server.answers = [answering(400, BAD_KEY), answering(400, BAD_KEY)]

    with pytest.raises(KeepaKeyRejectedError, match="KEEPA_API_KEY"):
        fetch(client, asins(2))
    assert [path for path, _ in server.requests] == ["/product/", "/token/"]


@pytest.mark.parametrize("status", [400, 405])
def test_a_refusal_without_token_fields_is_the_requests_fault_if_keepa_knows_the_key(
    server: Server, client: KeepaClient, status: int
) -> None:
    server.answers = [answering(status, BAD_KEY), answering(200, ENVELOPE)]

    with pytest.raises(KeepaRequestRejectedError, match="invalid parameter") as error:
        fetch(client, asins(2))
    assert error.value.status == status
    assert [path for path, _ in server.requests] == ["/product/", "/token/"]


def test_a_key_refused_for_the_balance_is_asked_for_once(
    server: Server, client: KeepaClient
) -> None:
    server.answers = [answering(400, BAD_KEY)]

    with pytest.raises(KeepaKeyRejectedError):
        client.token_status()
    assert len(server.requests) == 1


def test_a_redirect_is_not_followed_with_the_key(server: Server, client: KeepaClient) -> None:
    server.answers = [answering(302, b"", Location=f"{server.url}/elsewhere/")]
    with pytest.raises(KeepaRequestRejectedError, match="HTTP 302"):
        client.token_status()
    assert len(server.requests) == 1


def test_a_reply_without_end_is_not_read_to_its_end_nor_paid_for_again(
    server: Server, client: KeepaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keeper.sources.keepa.transport._MOST_BYTES", 20)

    with pytest.raises(KeepaReplyTooLargeError, match="larger than 20 bytes"):
        fetch(client, asins(2))
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [cut, cut_chunk, half_json])
def test_what_a_cut_reply_cost_is_accounted(
    server: Server, client: KeepaClient, fault: Answer
) -> None:
    server.answers = [fault]
    fetch(client, asins(2))
    usage = client.usage
    assert (usage.requests, usage.tokens_consumed, usage.unaccounted) == (2, 4, 0)


def test_a_reply_that_never_came_is_unaccounted(server: Server, client: KeepaClient) -> None:
    server.answers = [reset]
    fetch(client, asins(2))
    usage = client.usage
    assert (usage.requests, usage.tokens_consumed, usage.unaccounted) == (2, 2, 1)


@pytest.mark.parametrize("fault", [silence, trickle])
def test_a_reply_that_does_not_end_meets_the_timeout(
    server: Server, waits: list[float], fault: Answer
) -> None:
    server.answers = [fault, fault]
    config = KeepaConfig(SecretStr(KEY), server.url, timeout_s=0.2, max_attempts=2)
    with (
        KeepaClient(config, sleep=waits.append) as client,
        pytest.raises(KeepaUnavailableError, match=r"within 0\.2 s"),
    ):
        client.token_status()
    assert len(server.requests) == 2
    assert client.usage.unaccounted == 2


def test_nobody_listens(server: Server, waits: list[float]) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with (
            client_of(url, waits) as client,
            pytest.raises(KeepaUnavailableError, match=f"cannot be reached at {url}"),
        ):
            client.token_status()
    assert len(waits) == 2


def echoing(status: int) -> Answer:
    def answer(handler: Handler) -> None:
        handler.reply(status, f"no such page: {handler.path} {KEY}".encode())

    return answer


@pytest.mark.parametrize(
    "fault",
    [reset, cut, not_gzip, html, echoing(200), echoing(404), echoing(500), echoing(429)],
    ids="reset cut not_gzip html echo200 echo404 echo500 echo429".split(),
)
def test_the_key_is_in_no_error_and_no_log(
    server: Server, client: KeepaClient, fault: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers = [fault] * 3
    with caplog.at_level(logging.DEBUG), pytest.raises(KeeperError) as caught:
        fetch(client, asins(2))
    assert server.requests[0][1]["key"] == KEY
    assert "connectionpool" in {record.module for record in caplog.records}
    chain: list[BaseException] = [caught.value]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    shown = "".join(traceback.format_exception(caught.value))
    shown += "".join(f"{error!r} {vars(error)}" for error in chain)
    shown += "".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
    for spelling in (KEY, "k3y%2Fwith", "k3y"):
        assert spelling not in shown


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
