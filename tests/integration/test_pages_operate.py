"""Messages, settings and operations in a browser: what was sent, and what an operator sees."""

import re
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus
from keeper.domain.requests import RequestKind
from keeper.domain.runs.states import RunState
from keeper.pipeline.messages.deliver import deliver_due
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.runs import (
    QuarantinedRecord,
    RunCounts,
    finish_run,
    quarantine,
    start_run,
)
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_reader import TopicReader
from tests.console_server import ANN, BEN, BOSS, Console
from tests.dead_letters import publish_letters
from tests.outbox import Scripted, by_mail
from tests.page_visit import DESK, PHONE, Visit
from tests.request_worker import CarryOut
from tests.smtp_server import Mailbox
from tests.telegram_links import link_telegram
from tests.waiting import HUNG_AFTER_S
from tests.work_records import ask_keepa

REFUSED = DeliveryResult(DeliveryStatus.FAILED, "550 no such mailbox")
RUN = "track_prices/scheduled__2030-01-01T06:00:00+00:00"
OPERATIONS = (
    "Services",
    "Runs",
    "Tokens",
    "Topics",
    "Dead letters",
    "Quarantine",
    "Search",
    "Storage",
    "Notices",
    "Requests",
    "Users",
    "Audit log",
)


def fits(visit: Visit) -> None:
    """Fail if a page is wider than its window, or axe finds something."""
    assert visit.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    visit.is_accessible()


def test_a_reader_sees_what_was_sent_and_where_it_goes(
    pages_console: Console,
    visit: Callable[..., Visit],
    raise_alerts: Callable[..., None],
    connection: Connection,
    carry_out_requests: CarryOut,
    mailbox: Mailbox,
) -> None:
    pages_console.user(ANN)
    raise_alerts(2, user=ANN)
    deliver_due(connection, by_mail(Scripted(REFUSED)))
    ann = visit(pages_console, ANN, viewport=PHONE)
    page = ann.open("messages")
    page.get_by_text("at or below your target").first.wait_for()
    fits(ann)
    page.get_by_role("link", name=f"By mail to {ANN}").first.click()
    page.get_by_text("550 no such mailbox").wait_for()
    page.get_by_text("It was not delivered").wait_for()
    fits(ann)

    page.get_by_role("link", name="All messages").click()
    page.get_by_label("State").select_option("SENT")
    page.get_by_text("Nothing is in this state.").wait_for()
    fits(ann)

    page.get_by_role("link", name="Channels").click()
    page.get_by_role("button", name=f"Test: By mail to {ANN}").click()
    page.get_by_text("A test message is on its way").wait_for()
    assert carry_out_requests(RequestKind.TEST_CHANNEL, pages_console.clock) == 1
    page.get_by_text("The provider has taken it").wait_for()
    assert len(mailbox.received) == 1
    page.get_by_role("button", name="Pause: ").click()
    page.get_by_text("Paused").wait_for()
    page.get_by_role("button", name="Remove: ").click()
    page.get_by_role("heading", name="Messages go nowhere yet.").wait_for()
    fits(ann)
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Use again: ").wait_for()
    assert connection.execute("SELECT status FROM channels").fetchall() == [{"status": "PAUSED"}]

    page.get_by_role("link", name="When they come").click()
    page.get_by_label("Nothing between these times").check()
    page.get_by_label("From").fill("21:30")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    with page.expect_response("**/api/v1/me/delivery"):
        page.get_by_role("button", name="Reload").click()
    page.get_by_text("Nothing comes from 21:30 to 07:00 in Europe/Berlin").wait_for()
    fits(ann)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    page.get_by_role("button", name="For a day").click()
    page.get_by_text("All alerts are held until").wait_for()
    page.get_by_role("link", name="Daily report").click()
    page.get_by_role("heading", name="You get no daily report yet.").wait_for()
    fits(ann)
    page.goto(f"{ann.url}operations")
    page.get_by_role("heading", name="There is no such page.").wait_for()


def test_somebody_chooses_language_and_programs_and_ends_sessions(
    pages_console: Console, visit: Callable[..., Visit], connection: Connection
) -> None:
    pages_console.browser(ANN)
    ann = visit(pages_console, ANN, viewport=DESK, color_scheme="dark")
    page = ann.open("settings")
    page.get_by_role("button", name="End it").click()
    page.get_by_role("button", name="End it").wait_for(state="detached")
    page.get_by_role("button", name="Make addresses of feeds").click()
    address = page.get_by_role("status", name="Alerts").inner_text()
    assert httpx.get(address, trust_env=False).status_code == 200
    page.get_by_role("button", name="Revoke feeds").click()
    page.get_by_role("cell", name="revoked").wait_for()
    assert httpx.get(address, trust_env=False).status_code == 401

    page.get_by_text("Make an API token").click()
    page.get_by_label("Name").fill("home-assistant")
    page.get_by_label("See prices and products").check()
    fits(ann)
    page.get_by_role("button", name="Make it").click()
    text = page.get_by_role("status", name="The new API token").inner_text()
    me = httpx.get(
        f"{pages_console.url}/api/v1/me",
        headers={"Authorization": f"Bearer {text}"},
        trust_env=False,
    )
    assert me.json()["scopes"] == ["prices:read", "watches:read"]

    page.get_by_role("button", name="Link my Telegram account").click()
    sent = page.get_by_role("status", name="What to send to the bot").inner_text()
    assert re.fullmatch("/start [0-9A-Za-z]{40}", sent)
    link_telegram(pages_console, ANN, 4711)
    page.get_by_text("linked to the account 4711").wait_for()
    page.get_by_role("button", name="Unlink it").click()
    page.get_by_role("button", name="Link my Telegram account").wait_for()

    page.get_by_role("button", name="Deutsch").click()
    page.get_by_role("heading", name="Einstellungen").wait_for()
    page.get_by_label("Zeitzone").fill("Europe/Berlin")
    page.get_by_role("button", name="Zeitzone speichern").click()
    page.get_by_text("Gespeichert.").wait_for()
    fits(ann)
    row = connection.execute(
        "SELECT language, time_zone FROM users WHERE email = %s", (ANN,)
    ).fetchone()
    assert row == {"language": "de", "time_zone": "Europe/Berlin"}
    page.get_by_role("button", name="Abmelden").click()
    ann.expected = ("401",)
    page.get_by_role("heading", name="Keeper").wait_for()
    page.get_by_label("Deine Mailadresse").wait_for()


@pytest.fixture
def busy_console(
    pages_console: Console, connection: Connection, topic: str, kafka: KafkaConfig
) -> Console:
    """A console of a Keeper at work: a run, its tokens, a rejected record, dead letters, users."""
    now = pages_console.clock.now
    start_run(
        connection,
        run_id=RUN,
        dag_id="track_prices",
        source="simulator",
        started_at=now - timedelta(minutes=5),
        products_planned=7,
    )
    finish_run(
        connection,
        run_id=RUN,
        state=RunState.SUCCESS,
        finished_at=now,
        counts=RunCounts(products_fetched=5, records_checked=9, records_quarantined=1),
        problem=None,
    )
    rejected = QuarantinedRecord(
        1, 0, "expect_price", "price", {"asin": "B00EXAMPL0", "domain": "us", "price_type": "NEW"}
    )
    quarantine(connection, RUN, [rejected])
    ask_keepa(connection, run=RUN)
    publish_letters(kafka, topic, [b"rubbish", b'{"price": \xff}'])
    pages_console.user(BEN)
    return pages_console


@pytest.mark.nightly
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["375", "1280"])
def test_an_operator_finds_every_part(
    busy_console: Console, visit: Callable[..., Visit], viewport: dict[str, int]
) -> None:
    boss = visit(busy_console, BOSS, viewport=viewport)
    page = boss.open("operations")
    parts = page.get_by_role("navigation", name="Parts of Operations")
    for name in OPERATIONS:
        parts.get_by_role("link", name=name).click()
        page.get_by_role("button", name="Reload").first.wait_for()
        page.get_by_text("Loading").first.wait_for(state="detached")
        fits(boss)


def test_an_operator_looks_into_a_run_and_replays_a_dead_letter(
    busy_console: Console,
    visit: Callable[..., Visit],
    topic: str,
    kafka: KafkaConfig,
    carry_out_requests: CarryOut,
    connection: Connection,
) -> None:
    boss = visit(busy_console, BOSS)
    page = boss.open("operations/runs")
    page.get_by_role("link", name="track_prices").click()
    page.get_by_text("Products fetched").wait_for()
    page.get_by_role("cell", name="expect_price").or_(
        page.get_by_role("rowheader", name="expect_price")
    ).wait_for()
    fits(boss)
    page.get_by_role("link", name="Its requests to Keepa").click()
    page.get_by_role("cell", name="charged").first.wait_for()
    page.go_back()
    page.get_by_role("link", name="Records it put into quarantine").click()
    page.get_by_role("link", name="B00EXAMPL0").wait_for()

    page.goto(f"{boss.url}operations/dead-letters?topic={topic}")
    page.get_by_role("link", name="0:1").click()
    page.get_by_text('{"price": \\xff}').wait_for()
    page.get_by_role("button", name="Hex").click()
    page.get_by_text("7b 22 70 72 69 63 65 22 3a 20 ff 7d").wait_for()
    fits(boss)
    page.get_by_role("button", name="Replay this one").click()
    page.get_by_text("waiting").wait_for()
    assert carry_out_requests(RequestKind.REPLAY_DEAD_LETTERS, busy_console.clock) == 1
    page.get_by_text("1 published again, 0 passed over").wait_for()
    with TopicReader(kafka) as reader:
        assert [one.value() for one in reader.read(topic, {0: 0})] == [b'{"price": \xff}']

    page.get_by_role("link", name="Users", exact=True).click()
    page.get_by_role("link", name=BEN).click()
    page.get_by_label("At most: Watches").fill("7")
    page.get_by_role("row", name=re.compile("Watches")).get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Back to the default").wait_for(timeout=HUNG_AFTER_S * 1000)
    page.get_by_role("button", name="Operator", exact=True).click()
    page.get_by_role("button", name="Operator", pressed=True).wait_for()
    page.get_by_text("Remove the user").first.click()
    page.get_by_label("To be sure, type in the address").fill(BEN)
    page.get_by_role("button", name="Remove the user").click()
    page.get_by_text(f"{BEN} was removed.").wait_for()
    assert connection.execute("SELECT FROM users WHERE email = %s", (BEN,)).fetchall() == []
