"""Stories of prices, through the loader, the outbox and a mail server."""

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
from tests.integration.alert_stories import STORIES, Step, Story
from tests.outbox import READER, Clock, by_mail
from tests.price_events import price_event
from tests.smtp_server import Mailbox

ASIN = "B000000001"
MIDNIGHT = datetime(2100, 3, 1, tzinfo=UTC)
SIMULATED = "[simulated] "


def events_of(story: Story, asin: str = ASIN) -> list[PriceEvent]:
    """Return an event a check; an unchanged price keeps the time since when it holds."""
    events: list[PriceEvent] = []
    since, before = 0, object()
    for number, step in enumerate(story.checks):
        since = since if step == before else 6 * number
        before = step
        price, shipping, implausible = _read(step)
        events.append(
            price_event(
                price,
                hour=since,
                check=6 * number,
                asin=asin,
                domain=story.domain,
                price_type=story.price_type,
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


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name.replace(" ", "-"))
def test_its_reader_gets_exactly_this(
    story: Story,
    connection: Connection,
    database: PostgresConfig,
    mail_channel: EmailChannel,
    mailbox: Mailbox,
) -> None:
    rules = parse_rules(story.rules, locale_of(story.domain).currency)
    watch = Watch(
        ASIN,
        story.domain,
        story.price_type,
        story.target,
        rules=rules,
        with_shipping=story.with_shipping,
    )
    save_watches(connection, READER, [watch])
    save_delivery_rules(connection, READER, story.hours)
    with closing(BackfillWriter(database)) as past:
        for days, price in story.past:
            domain, price_type = story.domain, story.price_type
            event = price_event(
                price, hour=-24 * days, asin=ASIN, domain=domain, price_type=price_type
            )
            past.store([event])
    clock = Clock(MIDNIGHT)
    delivery = by_mail(mail_channel, clock)
    told: dict[int, tuple[tuple[str, str], ...]] = {}

    with closing(PriceWriter(database)) as loader:
        for number, event in enumerate(events_of(story)):
            clock.now = MIDNIGHT + timedelta(hours=6 * number)
            loader.store([event])
            deliver_due(connection, delivery)
            if mailbox.received:
                told[number] = told_by(mailbox)
                mailbox.received.clear()

    assert told == story.mails, story.because
    assert delivered_all(connection)


def told_by(mailbox: Mailbox) -> tuple[tuple[str, str], ...]:
    """Return subject and first line of the mails there are."""
    return tuple(
        (mail["Subject"].removeprefix(SIMULATED), text.split("\n\n")[1].strip())
        for mail, text in zip(mailbox.mails(), mailbox.texts(), strict=True)
    )


def delivered_all(connection: Connection) -> bool:
    """Tell whether every alert has been sent, by the database."""
    rows = connection.execute("SELECT DISTINCT status FROM price_alerts").fetchall()
    return {row["status"] for row in rows} <= {"SENT"}


def test_there_are_twenty_stories_each_with_its_reason() -> None:
    assert len(STORIES) == 20
    assert len({story.name for story in STORIES}) == 20
    assert all(story.because for story in STORIES)
