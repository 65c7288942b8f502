"""The links in a message, from the mail to a browser to the database."""

import itertools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from string import ascii_letters, digits
from zoneinfo import ZoneInfo

import httpx
import pytest
from itsdangerous import URLSafeSerializer
from playwright.sync_api import Browser

from keeper.alerts.channels.email import EmailChannel
from keeper.alerts.links import LinkAction, Links
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.watches.watch import Watch, WatchStatus
from keeper.pipeline.messages.deliver import deliver_due
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.messages.channels import save_delivery_rules, snooze_watches
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.config import KafkaConfig
from tests.asgi_server import PLAIN
from tests.console_server import LINK_SECRET, console_by_settings
from tests.databases import Databases
from tests.outbox import READER, by_mail
from tests.services import free_port
from tests.smtp_server import Mailbox


@contextmanager
def running_console(database: PostgresConfig, folder: Path) -> Iterator[str]:
    """Run a console as a process of its own and give its address."""
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "DATABASE_URL": database.url,
        "KEEPER_PUBLIC_URL": url,
        "KEEPER_LINK_SECRET": LINK_SECRET,
    }
    command: list[str | Path] = [
        Path(sys.executable).with_name("keeper"),
        "console",
        "--port",
        port,
    ]
    with subprocess.Popen(
        command, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert any("Uvicorn running" in line for line in process.stderr)
        yield url
        process.terminate()
        rest = process.stderr.read()
    # Uvicorn ends in order, then by the signal it was sent.
    assert process.returncode == -signal.SIGTERM, rest
    assert "Finished server process" in rest


@pytest.fixture(scope="module")
def lasting_database(databases: Databases) -> Iterator[PostgresConfig]:
    with databases.lent() as database:
        yield database


@pytest.fixture
def database(databases: Databases, lasting_database: PostgresConfig) -> Iterator[PostgresConfig]:
    """The one of the console, which lasts as long as it."""
    yield lasting_database
    databases.empty(lasting_database)


@pytest.fixture(scope="module")
def console(
    lasting_database: PostgresConfig, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with running_console(lasting_database, tmp_path_factory.mktemp("console")) as url:
        yield url


@pytest.fixture
def mailed(
    connection: Connection,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
    console: str,
) -> dict[str, str]:
    """The links of a delivered mail by what they are called."""
    raise_alerts(2)
    options = replace(by_mail(mail_channel), links=Links(console, [LINK_SECRET]))
    assert deliver_due(connection, options)["sent"] == 2
    mail, _ = mailbox.mails()
    found = dict(
        re.findall(r"^(Snooze for a week|Stop watching): (\S+)$", mailbox.texts()[0], re.M)
    )
    found["unsubscribe"] = mail["List-Unsubscribe"].split(">")[0].removeprefix("<")
    return found


def watches(connection: Connection) -> list[tuple[str, bool]]:
    rows = connection.execute(
        "SELECT status, snoozed_until > now() + interval '6 days' AS snoozed FROM watched_products"
        " ORDER BY asin"
    )
    return [(row["status"], bool(row["snoozed"])) for row in rows]


def test_a_reader_snoozes_and_stops_by_a_click(
    connection: Connection, mailed: dict[str, str], browser: Browser
) -> None:
    page = browser.new_page()
    page.goto(mailed["Snooze for a week"])
    assert "Hold the alerts of A kettle for 7 days?" in page.inner_text("p")
    assert watches(connection) == [("ACTIVE", False)] * 2

    page.get_by_role("button", name="Yes").click()
    assert re.search(r"are held until \d+ \w+ \d{4}, \d\d:\d\d UTC\.", page.inner_text("p"))
    assert watches(connection) == [("ACTIVE", True), ("ACTIVE", False)]

    page.goto(mailed["Stop watching"])
    page.get_by_role("button", name="Yes").click()
    assert "is not watched any more" in page.inner_text("p")
    assert watches(connection) == [("INACTIVE", True), ("ACTIVE", False)]
    page.goto(mailed["Stop watching"])
    assert "This product is not watched any more." in page.inner_text("p")
    page.close()


def test_one_click_unsubscribes_and_opening_does_not(
    connection: Connection, mailed: dict[str, str]
) -> None:
    def status() -> str:
        (row,) = connection.execute("SELECT status FROM channels").fetchall()
        return str(row["status"])

    shown = httpx.get(mailed["unsubscribe"])
    assert "Send no more alerts to r…@example.org?" in shown.text
    assert status() == "ACTIVE"

    done = httpx.post(mailed["unsubscribe"], data={"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert status() == "PAUSED"
    assert httpx.post(mailed["unsubscribe"]).status_code == 200


def test_a_forged_link_does_nothing(
    connection: Connection, mailed: dict[str, str], console: str
) -> None:
    for url in (f"{mailed['Stop watching']}x", f"{console}/a/nonsense", f"{console}/a/%00"):
        answer = httpx.post(url)
        assert answer.status_code == 404
        assert "not valid" in answer.text or answer.text == "Not Found"
    assert watches(connection) == [("ACTIVE", False)] * 2


def issued_before(link: str, age: timedelta) -> str:
    """Return a link as it would be if it had been made so long ago."""
    base, _, token = link.rpartition("/")
    signed = URLSafeSerializer(LINK_SECRET, salt="keeper.alerts.links.v2")
    *what, issued = signed.loads(token)
    return f"{base}/{signed.dumps([*what, issued - int(age.total_seconds() * 1000)])!s}"


def to_number(link: str, number: int) -> str:
    """Return a link as it would be in a database that has given its row this number."""
    base, _, token = link.rpartition("/")
    signed = URLSafeSerializer(LINK_SECRET, salt="keeper.alerts.links.v2")
    action, _, *rest = signed.loads(token)
    return f"{base}/{signed.dumps([action, number, *rest])!s}"


def snoozed_until(connection: Connection) -> list[datetime | None]:
    rows = connection.execute("SELECT snoozed_until FROM watched_products ORDER BY asin")
    return [row["snoozed_until"] for row in rows]


def test_a_link_snoozes_once_however_often_it_is_followed(
    connection: Connection, mailed: dict[str, str]
) -> None:
    link = mailed["Snooze for a week"]
    assert "are held until" in httpx.post(link).text
    held = snoozed_until(connection)

    again = httpx.post(link)
    assert (again.status_code, "A kettle are held until" in again.text) == (200, True)
    assert "<button>" not in httpx.get(link).text
    assert snoozed_until(connection) == held

    # Eight days later the message is still in somebody's mail.
    connection.execute(
        "UPDATE watched_products SET snoozed_until = snoozed_until - interval '8 days'"
    )
    over = snoozed_until(connection)
    assert "were held until" in httpx.post(issued_before(link, timedelta(days=8))).text
    assert snoozed_until(connection) == over
    # That of a message sent after the snooze does what it says.
    assert "are held until" in httpx.post(link).text
    assert watches(connection) == [("ACTIVE", True), ("ACTIVE", False)]


def test_a_snooze_that_its_reader_ended_is_not_taken_up_by_the_same_link(
    connection: Connection, mailed: dict[str, str]
) -> None:
    link = mailed["Snooze for a week"]
    httpx.post(link)
    snooze_watches(connection, READER, "B000000000", None, domain="us")

    answer = httpx.post(link)
    assert "were held until" in answer.text
    assert watches(connection) == [("ACTIVE", False)] * 2


def test_a_link_older_than_ninety_days_says_so_and_does_nothing(
    connection: Connection, mailed: dict[str, str]
) -> None:
    for name in ("Snooze for a week", "Stop watching"):
        answer = httpx.post(issued_before(mailed[name], timedelta(days=91)))
        assert answer.status_code == 404
        assert "older than 90 days" in answer.text
    assert watches(connection) == [("ACTIVE", False)] * 2

    assert httpx.post(issued_before(mailed["unsubscribe"], timedelta(days=400))).status_code == 200


def test_a_link_of_a_former_database_changes_nothing(
    connection: Connection, mailed: dict[str, str]
) -> None:
    # The same numbers, given anew: the reader's watches and channels were made later there.
    connection.execute("UPDATE watched_products SET created_at = created_at + interval '1 s'")
    connection.execute("UPDATE channels SET created_at = created_at + interval '1 s'")

    for link in mailed.values():
        for answer in (httpx.get(link), httpx.post(link)):
            assert answer.status_code == 404
            assert "nothing was changed" in answer.text
            assert "<button>" not in answer.text
    assert watches(connection) == [("ACTIVE", False)] * 2
    assert connection.execute("SELECT status FROM channels").fetchall() == [{"status": "ACTIVE"}]


def test_links_of_before_a_watch_was_removed_do_nothing_to_it_when_it_is_added_anew(
    connection: Connection, mailed: dict[str, str]
) -> None:
    assert httpx.post(mailed["Stop watching"]).status_code == 200
    save_watches(connection, READER, [Watch("B000000000", "us", "NEW", 900)])

    for name in ("Snooze for a week", "Stop watching"):
        answer = httpx.post(mailed[name])
        assert (answer.status_code, "nothing was changed" in answer.text) == (404, True)
    assert watches(connection) == [("ACTIVE", False)] * 2


def test_links_still_do_what_they_say_after_a_watch_was_changed_or_paused(
    connection: Connection, mailed: dict[str, str]
) -> None:
    for status in (WatchStatus.PAUSED, WatchStatus.ACTIVE):
        save_watches(connection, READER, [Watch("B000000000", "us", "NEW", 900, status)])

    assert httpx.post(mailed["Stop watching"]).status_code == 200
    assert watches(connection) == [("INACTIVE", False), ("ACTIVE", False)]


def test_the_page_speaks_of_its_readers_clock(
    connection: Connection, mailed: dict[str, str]
) -> None:
    save_delivery_rules(connection, READER, DeliveryRules("Asia/Tokyo"))

    for _ in range(2):
        said = httpx.post(mailed["Snooze for a week"]).text
        (until,) = {row for row in snoozed_until(connection) if row is not None}
        assert f"{until.astimezone(ZoneInfo('Asia/Tokyo')):%Y, %H:%M} JST" in said


def test_a_link_does_nothing_to_another_persons_watch_of_the_same_number(
    connection: Connection, mailed: dict[str, str]
) -> None:
    save_watches(connection, "other@example.org", [Watch("B000000009", "us", "NEW", 1000)])
    (other,) = connection.execute(
        "SELECT watch_id FROM watched_products WHERE asin = 'B000000009'"
    ).fetchall()
    link = to_number(mailed["Stop watching"], other["watch_id"])

    assert "nothing was changed" in httpx.post(link).text
    assert watches(connection) == [("ACTIVE", False)] * 3


def test_of_the_former_links_only_those_that_unsubscribe_still_act(
    connection: Connection, mailed: dict[str, str], console: str
) -> None:
    former = URLSafeSerializer(LINK_SECRET, salt="keeper.alerts.links.v1")
    (channel,) = connection.execute("SELECT channel_id FROM channels").fetchall()
    rows = connection.execute("SELECT watch_id FROM watched_products").fetchall()

    for action, row in itertools.product(("snooze", "stop"), rows):
        answer = httpx.post(f"{console}/a/{former.dumps([action, row['watch_id']])!s}")
        assert (answer.status_code, "older version" in answer.text) == (404, True)
    assert watches(connection) == [("ACTIVE", False)] * 2
    link = f"{console}/a/{former.dumps(['unsubscribe', channel['channel_id']])!s}"
    assert "No more alerts go to r…@example.org." in httpx.post(link).text


def test_the_page_keeps_to_itself(mailed: dict[str, str]) -> None:
    headers = httpx.get(mailed["Stop watching"]).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_a_hostile_title_is_inert_on_the_page(
    connection: Connection, mailed: dict[str, str]
) -> None:
    connection.execute("UPDATE products SET title = '<script>alert(1)</script>'")

    assert "<script>" not in httpx.get(mailed["Stop watching"]).text


def test_without_a_database_it_says_so_and_does_nothing(kafka: KafkaConfig) -> None:
    nowhere = PostgresConfig(f"postgresql://keeper@127.0.0.1:{free_port()}/keeper")
    with console_by_settings(nowhere, kafka) as url:
        answer = httpx.post(Links(url, [LINK_SECRET]).to(LinkAction.STOP, 1, "mark"))

    assert answer.status_code == 503
    assert "try again" in answer.text


def test_without_its_settings_the_console_runs_and_takes_no_link(
    database: PostgresConfig, kafka: KafkaConfig
) -> None:
    with (
        console_by_settings(database, kafka, KEEPER_PUBLIC_URL="", KEEPER_LINK_SECRET="") as url,
        httpx.Client(trust_env=False, verify=PLAIN) as client,
    ):
        assert client.get(f"{url}/health/live").status_code == 200
        # A secret taken for a list of keys would make each of its letters one.
        for key in (LINK_SECRET, *ascii_letters, *digits):
            forged = Links(url, [key]).to(LinkAction.STOP, 1, "mark")
            assert "not valid" in client.post(forged).text, key


def test_the_pages_of_links_speak_their_owners_language_and_to_others_the_browsers(
    connection: Connection, mailed: dict[str, str], console: str
) -> None:
    connection.execute("UPDATE users SET language = 'de'")
    connection.execute("UPDATE products SET title = '<b>{place}</b>'")
    english = {"Accept-Language": "en"}

    asked = httpx.get(mailed["Snooze for a week"], headers=english).text
    assert '<html lang="de">' in asked
    assert "Die Alarme für &lt;b&gt;{place}&lt;/b&gt; 7 Tage lang zurückhalten?" in asked
    assert "<button>Ja</button>" in asked
    done = httpx.post(mailed["Snooze for a week"], headers=english).text
    assert re.search(r"werden bis \d+\. \w+\.? \d{4}, \d\d:\d\d UTC zurückgehalten\.", done)
    left = httpx.post(mailed["unsubscribe"], headers=english).text
    assert "An r…@example.org gehen keine Alarme mehr." in left

    for asks, says in (
        ("de-AT,de;q=0.9,en;q=0.8", "Dieser Link gilt nicht."),
        ("fr, de;q=0.2, en;q=0.1", "Dieser Link gilt nicht."),
        ("de;q=0, en", "This link is not valid."),
        ("en-GB, de;q=0.9", "This link is not valid."),
        ("*", "This link is not valid."),
        (";q=x,,de;q=;", "This link is not valid."),
    ):
        answer = httpx.get(f"{console}/a/nonsense", headers={"Accept-Language": asks})
        assert says in answer.text, asks
