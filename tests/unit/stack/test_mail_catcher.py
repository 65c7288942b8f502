import asyncio
import email
import email.policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.smtp import Envelope

from stack.mail_catcher import StoringHandler, make_app
from stack.mail_store import MailStore


def mail(subject: str = "Price alert", html: str = "<b>cheap</b>") -> bytes:
    message = EmailMessage()
    message["From"] = "Keeper <keeper@keeper.localhost>"
    message["To"] = "you@keeper.localhost"
    message["Subject"] = subject
    message["Date"] = "Fri, 02 Jan 2026 03:00:00 +0000"
    message["X-Keeper-Alerts"] = "7"
    message.set_content("It is cheap: 9,99 €")
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


@pytest.fixture
def store(tmp_path: Path) -> MailStore:
    return MailStore(tmp_path / "mail", kept=3)


class Browser:
    """Asks the application without a network."""

    def __init__(self, store: MailStore, base_url: str = "http://127.0.0.1:8025") -> None:
        self._transport = httpx.ASGITransport(make_app(store))
        self._base_url = base_url

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._ask("GET", path))

    def delete(self, path: str) -> httpx.Response:
        return asyncio.run(self._ask("DELETE", path))

    async def _ask(self, method: str, path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url=self._base_url) as client:
            return await client.request(method, path)


@pytest.fixture
def client(store: MailStore) -> Browser:
    return Browser(store)


def test_a_message_is_listed_as_json(store: MailStore, client: Browser) -> None:
    name = store.add(mail())

    assert client.get("/messages").json() == [
        {
            "id": name,
            "from": "Keeper <keeper@keeper.localhost>",
            "to": "you@keeper.localhost",
            "subject": "Price alert",
            "date": "Fri, 02 Jan 2026 03:00:00 +0000",
            "text": "It is cheap: 9,99 €\n",
            "headers": {"x-keeper-alerts": "7"},
        }
    ]


def test_messages_survive_a_restart_and_the_newest_come_first(
    store: MailStore, tmp_path: Path
) -> None:
    for subject in ("one", "two"):
        store.add(mail(subject))

    again = MailStore(tmp_path / "mail")

    assert [message.subject for message in again.newest_first()] == ["two", "one"]


def test_the_oldest_are_thrown_away(store: MailStore) -> None:
    for number in range(5):
        store.add(mail(str(number)))

    assert [message.subject for message in store.newest_first()] == ["4", "3", "2"]


def test_all_messages_can_be_deleted(store: MailStore, client: Browser) -> None:
    store.add(mail())

    assert client.delete("/messages").json() == {"deleted": 1}
    assert client.get("/messages").json() == []


def test_a_hostile_subject_is_inert_in_the_page(store: MailStore, client: Browser) -> None:
    name = store.add(mail("<script>alert(1)</script>"))

    for path in ("/", f"/message/{name}"):
        page = client.get(path)
        assert "<script>" not in page.text
        assert "&lt;script&gt;" in page.text
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_html_part_is_shown_in_a_sandbox(store: MailStore, client: Browser) -> None:
    name = store.add(mail(html="<script>alert(1)</script>"))

    assert f"<iframe sandbox title='HTML part' src='/message/{name}/html'>" in (
        client.get(f"/message/{name}").text
    )
    policy = client.get(f"/message/{name}/html").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")


def test_the_source_is_shown_as_it_came(store: MailStore, client: Browser) -> None:
    name = store.add(mail())

    answer = client.get(f"/message/{name}/raw")

    assert answer.content == mail_bytes_of(store, name)
    assert answer.headers["Content-Type"].startswith("text/plain")


def mail_bytes_of(store: MailStore, name: str) -> bytes:
    content = store.raw(name)
    assert content is not None
    return content


@pytest.mark.parametrize("name", ["1-1", "x", "%2e%2e%2fstack"])
def test_an_unknown_message_is_not_found(client: Browser, name: str) -> None:
    for path in (f"/message/{name}", f"/message/{name}/html", f"/message/{name}/raw"):
        assert client.get(path).status_code == 404


def test_another_host_name_is_refused(store: MailStore) -> None:
    client = Browser(store, "http://evil.example")

    assert client.get("/messages").status_code == 400


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no headers at all",
        b"Subject: x\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe",
        b"Subject: =?utf-8?b?broken?=\r\nTo: <<>>\r\n\r\nbody",
    ],
    ids=["empty", "no headers", "unknown character set", "broken headers"],
)
def test_a_broken_message_breaks_nothing(store: MailStore, client: Browser, content: bytes) -> None:
    name = store.add(content)

    assert client.get("/messages").status_code == 200
    assert client.get("/").status_code == 200
    assert client.get(f"/message/{name}").status_code == 200


def test_the_smtp_side_keeps_what_it_is_given(store: MailStore) -> None:
    envelope = Envelope()
    envelope.original_content = mail("by SMTP")

    answer = asyncio.run(
        StoringHandler(store).handle_DATA(None, None, envelope)  # type: ignore[arg-type]  # unused there
    )

    assert answer.startswith("250 ")
    assert [message.subject for message in store.newest_first()] == ["by SMTP"]


def test_a_message_shows_the_pictures_it_carries(store: MailStore, client: Browser) -> None:
    message = email.message_from_bytes(
        mail(html="<img src='cid:chart@here'>"), policy=email.policy.default
    )
    page: Any = message.get_payload(1)
    page.add_related(b"picture", maintype="image", subtype="png", cid="<chart@here>")
    name = store.add(message.as_bytes())

    assert "src='data:image/png;base64,cGljdHVyZQ=='" in client.get(f"/message/{name}/html").text
