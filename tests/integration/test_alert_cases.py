"""Courses of prices, through the loader, the outbox and a mail server."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from keeper.alerts.channels.email import EmailChannel
from keeper.domain.locales import locale_of
from keeper.domain.prices.events import PriceEvent
from keeper.domain.watches.rule_texts import parse_rules
from keeper.domain.watches.watch import Watch
from keeper.pipeline.messages.deliver import deliver_due
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.messages.channels import save_delivery_rules
from keeper.stores.postgres.prices.writer import BackfillWriter, PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.integration.alert_cases import CASES, Case, Step
from tests.outbox import READER, Clock, by_mail
from tests.price_events import price_event
from tests.smtp_server import Mailbox

ASIN = "B000000001"
MIDNIGHT = datetime(2100, 3, 1, tzinfo=UTC)
SIMULATED = "[simulated] "


def events_of(case: Case, asin: str = ASIN) -> list[PriceEvent]:
    """Return an event a check; an unchanged price keeps the time since when it holds."""
    events: list[PriceEvent] = []
    since, before = 0, object()
    for number, step in enumerate(case.checks):
        since = since if step == before else 6 * number
        before = step
        price, shipping, implausible = _read(step)
        events.append(
            price_event(
                price,
                hour=since,
                check=6 * number,
                asin=asin,
                domain=case.domain,
                price_type=case.price_type,
                shipping=shipping,
                implausible=implausible,
            )
        )
    return events


def _read(step: Step) -> tuple[int | None, int | None, bool]:
    if isinstance(step, tuple):
        return (*step, False)
    if isinstance(step, str):
        return int(step.rstrip("?")), None, True
    return step, None, False


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_its_reader_gets_exactly_this(
    case: Case,
    connection: Connection,
    database: PostgresConfig,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
) -> None:
    rules = parse_rules(case.rules, locale_of(case.domain).currency)
    watch = Watch(
        ASIN,
        case.domain,
        case.price_type,
        case.target,
        rules=rules,
        with_shipping=case.with_shipping,
    )
    save_watches(connection, READER, [watch])
    save_delivery_rules(connection, READER, case.hours)
    with closing(BackfillWriter(database)) as past:
        for days, price in case.past:
            domain, price_type = case.domain, case.price_type
            event = price_event(
                price, hour=-24 * days, asin=ASIN, domain=domain, price_type=price_type
            )
            past.store([event])
    clock = Clock(MIDNIGHT)
    delivery = by_mail(mail_channel, clock)
    said: dict[int, tuple[tuple[str, str], ...]] = {}

    with closing(PriceWriter(database)) as loader:
        for number, event in enumerate(events_of(case)):
            clock.now = MIDNIGHT + timedelta(hours=6 * number)
            loader.store([event])
            deliver_due(connection, delivery)
            if mailbox.received:
                said[number] = said_by(mailbox)
                mailbox.received.clear()

    assert said == case.mails, case.because
    assert delivered_all(connection)


def said_by(mailbox: Mailbox) -> tuple[tuple[str, str], ...]:
    """Return subject and first line of the mails there are."""
    return tuple(
        (mail["Subject"].removeprefix(SIMULATED), text.split("\n\n")[1].strip())
        for mail, text in zip(mailbox.mails(), mailbox.texts(), strict=True)
    )


def delivered_all(connection: Connection) -> bool:
    """Return whether every alert has been sent, by the database."""
    rows = connection.execute("SELECT DISTINCT status FROM price_alerts").fetchall()
    return {row["status"] for row in rows} <= {"SENT"}


def test_there_are_twenty_cases_each_with_its_reason() -> None:
    assert len(CASES) == 20
    assert len({case.name for case in CASES}) == 20
    assert all(case.because for case in CASES)
