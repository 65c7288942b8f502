"""Pictures of products: fetched from one host, quickly or not at all, and carried by mail."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from keeper.alerts.channels.email import EmailChannel
from keeper.alerts.channels.smtp import SmtpConfig
from keeper.alerts.photos import LIMIT_S, MOST_BYTES, Photo, PhotoHost
from keeper.domain.messages.queue import ChannelKind
from keeper.pipeline.messages.deliver import deliver_due
from keeper.pipeline.services.configuration import channels, simulated_pictures
from keeper.settings import AMAZON_IMAGES_URL, Settings
from keeper.stores.postgres.connection import Connection
from tests.keepa_simulator import Simulator
from tests.outbox import by_mail
from tests.smtp_server import Mailbox

PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 100
JPEG = b"\xff\xd8\xff\xe0" + b"j" * 100
NAME = "41aBcDeFgHi.jpg"


@dataclass
class ImageServer:
    """Answers any path with what it was given for it, and 404 otherwise."""

    url: str
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def has(self, path: str, content: bytes, kind: str = "image/jpeg", status: int = 200) -> str:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)

        return self.does(path, answer)

    def does(self, path: str, answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        self.answers[path] = answer
        return f"{self.url}/{path}"


@pytest.fixture
def images() -> Iterator[ImageServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            given.asked.append(path)
            if path not in given.answers:
                self.send_error(404)
                return
            # Who asked may be gone.
            with suppress(ConnectionError):
                given.answers[path](self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    given = ImageServer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield given
    server.shutdown()
    thread.join()
    server.server_close()


def test_pictures_come_by_their_addresses(images: ImageServer) -> None:
    jpeg, png = images.has("a.jpg", JPEG), images.has("b.jpg", PNG, "image/png; charset=x")

    found = PhotoHost(images.url).fetch([jpeg, png, jpeg, f"{images.url}/unknown.jpg"])

    assert found == {jpeg: Photo(JPEG, "jpeg"), png: Photo(PNG, "png")}
    assert sorted(images.asked) == ["a.jpg", "b.jpg", "unknown.jpg"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"<svg/>", "image/svg+xml", 200),
        (b"<html>", "text/html", 200),
        (b"<html>", "image/jpeg", 200),
        (PNG, "image/jpeg", 200),
        (JPEG, "application/octet-stream", 200),
        (JPEG, "image/jpeg", 403),
        (JPEG[:3] + b"x" * MOST_BYTES, "image/jpeg", 200),
        (b"", "image/jpeg", 200),
    ],
    ids=["svg", "page", "page as jpeg", "png as jpeg", "no type", "refused", "too large", "empty"],
)
def test_what_is_no_picture_is_left_out(
    images: ImageServer, content: bytes, kind: str, status: int
) -> None:
    url = images.has("a.jpg", content, kind, status)

    assert PhotoHost(images.url).fetch([url]) == {}


def test_no_other_host_is_asked(images: ImageServer) -> None:
    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", f"{images.url}/elsewhere/b.jpg")
        handler.end_headers()

    images.has("elsewhere/b.jpg", JPEG)
    moved = images.does("img/a.jpg", redirect)
    others = [f"{images.url}/elsewhere/b.jpg", f"{images.url}/img@127.0.0.1/b.jpg", ""]

    assert PhotoHost(f"{images.url}/img").fetch([moved, *others]) == {}
    assert images.asked == ["img/a.jpg"]


@pytest.mark.parametrize("trickles", [False, True], ids=["silent", "trickling"])
def test_a_slow_picture_is_not_waited_for_and_the_others_come(
    images: ImageServer, trickles: bool
) -> None:
    ended = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "image/jpeg")
        handler.end_headers()
        handler.wfile.write(JPEG)
        while not ended.wait(0.05):
            if trickles:
                handler.wfile.write(b"j")

    quick = images.has("quick.jpg", JPEG)
    late = [images.does(f"slow-{number}.jpg", slow) for number in range(3)]
    began = time.monotonic()

    # Where the machine is busy the quick one takes its time too.
    found = PhotoHost(images.url, limit_s=2).fetch([*late, quick])

    took = time.monotonic() - began
    ended.set()
    assert found == {quick: Photo(JPEG, "jpeg")}
    assert 2 <= took < 2 + LIMIT_S


def test_nobody_at_the_address_is_no_failure() -> None:
    assert PhotoHost("http://127.0.0.1:9").fetch(["http://127.0.0.1:9/a.jpg"]) == {}
    assert PhotoHost("http://[").fetch(["http://[/a.jpg"]) == {}


def pictures_of(mail: EmailMessage) -> list[bytes]:
    shown = mail.get_body(("html",))
    assert shown is not None
    return [
        part.get_content()
        for part in mail.walk()
        if part.get_content_maintype() == "image" and part["Content-ID"][1:-1].startswith("photo-")
        if f'src="cid:{part["Content-ID"][1:-1]}"' in shown.get_content()
    ]


@pytest.fixture
def with_picture(connection: Connection, raise_alerts: Callable[..., None]) -> None:
    raise_alerts(1)
    connection.execute("UPDATE products SET image_url = %s", [f"{AMAZON_IMAGES_URL}/{NAME}"])


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.usefixtures("with_picture")
def test_a_mail_carries_its_products_picture_or_goes_without(
    connection: Connection,
    mail_server: SmtpConfig,
    mailbox: Mailbox,
    images: ImageServer,
    is_there: bool,
) -> None:
    if is_there:
        images.has(NAME, JPEG)
    channel = EmailChannel(mail_server, PhotoHost(images.url))

    deliver_due(connection, replace(by_mail(channel), images_url=images.url))

    (mail,) = mailbox.mails()
    assert images.asked == [NAME]
    assert pictures_of(mail) == ([JPEG] if is_there else [])
    page = mail.get_body(("html",))
    assert page is not None
    shown = re.findall(r'<img src="([^"]*)"', page.get_content())
    assert page.get_content().count("<img") == len(shown)
    assert all(source.startswith("cid:") for source in shown)


@pytest.mark.usefixtures("with_picture")
def test_with_the_simulator_a_mail_shows_the_simulators_picture(
    connection: Connection,
    mail_server: SmtpConfig,
    mailbox: Mailbox,
    simulate: Callable[..., Simulator],
) -> None:
    settings = Settings.from_variables(
        {
            "KEEPER_SIMULATOR_URL": simulate().url,
            "SMTP_HOST": mail_server.host,
            "SMTP_PORT": str(mail_server.port),
            "KEEPER_SMTP_TLS": "none",
        }
    )
    by_settings = by_mail(channels(settings)[ChannelKind.EMAIL])

    deliver_due(connection, replace(by_settings, images_url=settings.keepa.images_url))

    (mail,) = mailbox.mails()
    (picture,) = pictures_of(mail)
    drawn = simulated_pictures(settings)
    assert drawn is not None
    assert drawn(NAME) == Photo(picture, "png")
    assert drawn("../state") is None


def test_with_a_key_the_console_has_no_pictures() -> None:
    assert simulated_pictures(Settings.from_variables({"KEEPA_API_KEY": "k"})) is None
