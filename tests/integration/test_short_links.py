"""Amazon's short links, followed over HTTP to a server of ours under Amazon's names."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import httpx
import pytest

from keeper.pipeline.watches import short_links
from keeper.pipeline.watches.short_links import ShortLinkNotFollowedError, follow_short_link

PRODUCT = "https://www.amazon.de/dp/B0ABCDEF12?ref=x"
LEADS: dict[str, tuple[int, str | None]] = {
    "a.co/d/0abc123": (301, PRODUCT),
    "amzn.to/3AbCdEf": (302, "https://www.amazon.de/gp/r.html?U=x"),
    "www.amazon.de/gp/r.html": (303, "/dp/B0ABCDEF12"),
    "amzn.eu/d/elsewhere": (301, "https://evil.example/dp/B0ABCDEF12"),
    "amzn.eu/d/port": (301, "https://www.amazon.de:8443/x"),
    "amzn.eu/d/login": (301, "https://www.amazon.de@evil.example/x"),
    "amzn.eu/d/file": (301, "file:///etc/passwd"),
    "amzn.eu/d/list": (301, "https://www.amazon.de/hz/wishlist"),
    "amzn.eu/d/gone": (404, None),
    "amzn.eu/d/blocked": (503, None),
    "amzn.eu/d/nowhere": (301, None),
    "amzn.eu/d/circle": (301, "https://amzn.eu/d/circle"),
    "www.amazon.de/hz/wishlist": (200, None),
}


class Amazon(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        where = f"{self.headers['Host']}{self.path.partition('?')[0]}"
        self.asked.append(where)
        if where == "amzn.eu/d/slow":
            self.server.slow.wait(5)  # type: ignore[attr-defined]  # set by the fixture
        status, target = LEADS.get(where, (404, None))
        self.send_response(status)
        if target is not None:
            self.send_header("Location", target)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class ToServer(httpx.BaseTransport):
    """Sends what is for any host to one server, as name resolution would."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


@pytest.fixture
def amazon() -> Iterator[ToServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Amazon)
    server.slow = threading.Event()  # type: ignore[attr-defined]  # for the handler
    Amazon.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield ToServer(server.server_address[1])
    server.slow.set()  # type: ignore[attr-defined]  # see above
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_product_is_found_without_fetching_its_page(amazon: ToServer) -> None:
    assert follow_short_link("https://a.co/d/0abc123", transport=amazon) == PRODUCT
    assert Amazon.asked == ["a.co/d/0abc123"]


def test_hops_and_relative_addresses_are_followed(amazon: ToServer) -> None:
    found = follow_short_link("amzn.to/3AbCdEf", transport=amazon)

    assert found == "https://www.amazon.de/dp/B0ABCDEF12"
    assert Amazon.asked == ["amzn.to/3AbCdEf", "www.amazon.de/gp/r.html"]


@pytest.mark.parametrize(
    ("code", "sentence", "asked"),
    [
        ("elsewhere", "leads to evil.example, which is not Amazon's", 1),
        ("port", "leads to www.amazon.de, which is not Amazon's", 1),
        ("login", "leads to evil.example, which is not Amazon's", 1),
        ("file", "which is not Amazon's", 1),
        ("list", "ends at www.amazon.de with status 200", 2),
        ("gone", "ends at amzn.eu with status 404", 1),
        ("blocked", "with status 503, not at a product; open it and copy the address", 1),
        ("nowhere", "ends at amzn.eu with status 301", 1),
        ("circle", "leads to no product in 5 hops", 5),
    ],
)
def test_what_leads_to_no_product_says_so_and_no_other_host_is_asked(
    amazon: ToServer, code: str, sentence: str, asked: int
) -> None:
    with pytest.raises(ShortLinkNotFollowedError) as refused:
        follow_short_link(f"https://amzn.eu/d/{code}", transport=amazon)

    assert sentence in str(refused.value)
    assert len(Amazon.asked) == asked
    assert all(host.startswith(("amzn.eu/", "www.amazon.de/")) for host in Amazon.asked)


def test_a_host_that_is_not_amazons_is_never_asked(amazon: ToServer) -> None:
    with pytest.raises(ShortLinkNotFollowedError, match="not opened"):
        follow_short_link("https://bit.ly/3AbCdEf", transport=amazon)

    assert Amazon.asked == []


def test_no_answer_in_time_is_one_sentence(
    amazon: ToServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(short_links, "_TIMEOUT_S", 0.2)

    with pytest.raises(ShortLinkNotFollowedError, match="did not answer within"):
        follow_short_link("https://amzn.eu/d/slow", transport=amazon)
