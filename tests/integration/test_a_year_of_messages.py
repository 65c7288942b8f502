"""A simulated year of alerts through a mail server that misbehaves in every way it can.

Each reader gets each alert once. Where the connection was lost after a mail had been handed over,
or the deliverer with all it remembered, there may be a second copy, which says so, and no third.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from random import Random

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from keeper.alerts.channels.email import EmailChannel
from keeper.alerts.words.en import ENGLISH
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.prices.events import PriceEvent
from keeper.domain.watches.rule_texts import parse_rules
from keeper.domain.watches.watch import Watch
from keeper.errors import TransientError
from keeper.pipeline.messages.deliver import GIVE_UP_AFTER, Delivery, deliver_due
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.messages.channels import save_delivery_rules
from keeper.stores.postgres.messages.outbox import requeue_undelivered
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.integration.alert_cases import Case
from tests.integration.test_alert_cases import events_of
from tests.odd_smtp import ParticularMailbox, particular_server
from tests.outbox import Clock, by_mail

PERHAPS_DOUBLED = ENGLISH.perhaps_doubled

BEGIN = datetime(2100, 3, 1, tzinfo=UTC)
DELIVERER = "deliverer-of-a-year"
RULES = (
    *("any change", "10% below previous", "at or below 19"),
    *("sold out; back in stock", "lowest in 30 days", "above 21"),
)
READERS = {
    "plain@example.org": DeliveryRules(),
    "sleeper@example.org": DeliveryRules("Europe/Berlin", time_of_day(21), time_of_day(9)),
    "capped@example.org": DeliveryRules("America/New_York", daily_cap=1),
}
REFUSALS = {
    "a sender refused": "553 5.7.1 sender not allowed",
    "a login wanted": "530 5.7.0 Authentication required",
    "shutting down": "421 4.3.2 shutting down",
    "a passing refusal": "451 4.7.1 try again later",
    "a final refusal": "554 5.7.1 looks like spam",
}
MOODS = (
    *("fine", "slow", "very slow", "a recipient refused"),
    *("drops what it has taken", "drops what it has not taken"),
    *("the database goes away", "the deliverer is killed"),
    *REFUSALS,
)


class MoodyMailbox(ParticularMailbox):
    """A server in another mood for each mail.

    Args:
        clock: Moves while it takes its time.
        cut: Ends the session of the deliverer, and says whether that is killed too.
    """

    def __init__(self, chance: Random, clock: Clock, cut: Callable[[bool], object]) -> None:
        super().__init__()
        self._chance = chance
        self._clock = clock
        self._cut = cut
        self.mood = "fine"
        self.is_moody = True
        self.moods: Counter[str] = Counter()

    async def handle_MAIL(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        is_fine = not self.is_moody or self._chance.random() < 0.4
        self.mood = "fine" if is_fine else self._chance.choice(MOODS)
        self.moods[self.mood] += 1
        self.sender = (
            REFUSALS[self.mood]
            if self.mood in ("a sender refused", "a login wanted", "shutting down")
            else "250 OK"
        )
        return await super().handle_MAIL(server, session, envelope, address, options)

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        is_refused = self.mood == "a recipient refused"
        self.recipients = {address: "450 4.2.1 mailbox busy"} if is_refused else {}
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self._clock.wait({"slow": 25, "very slow": 660}.get(self.mood, 0))
        self.answer = REFUSALS.get(self.mood, "250 OK")
        if self.mood == "drops what it has not taken":
            self.answer = "451 never seen"
        answer = await super().handle_DATA(server, session, envelope)
        if self.mood in ("the database goes away", "the deliverer is killed"):
            self._cut(self.mood == "the deliverer is killed")
        if self.mood.startswith("drops"):
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return answer


def case_of(rules: str, days: int) -> Case:
    """Return a case with a fetch every six hours, of which every third brings another price."""
    chance = Random(f"{rules} for {days} days")
    steps: list[int | None] = [2000]
    for _ in range(4 * days - 1):
        is_other = chance.random() < 0.3
        other = None if chance.random() < 0.2 else chance.randrange(1500, 2600)
        steps.append(other if is_other else steps[-1])
    return Case(name=rules, because="chance", checks=tuple(steps), mails={}, rules=rules)


def watched(connection: Connection, days: int) -> list[list[PriceEvent]]:
    """Save two watches of each reader and return the events of each of their products."""
    events = []
    for number, (rules, reader) in enumerate(zip(RULES, [*READERS, *READERS], strict=True)):
        asin = f"B{number:09d}"
        parsed = parse_rules(rules, "USD")
        save_watches(connection, reader, [Watch(asin, "us", "NEW", None, rules=parsed)])
        events.append(events_of(case_of(rules, days), asin))
    for reader, hours in READERS.items():
        save_delivery_rules(connection, reader, hours)
    return events


def copies(mailbox: MoodyMailbox) -> dict[int, list[bool]]:
    """Return of each alert whether each of its copies said that it may be one, as they arrived."""
    found: dict[int, list[bool]] = defaultdict(list)
    for mail, text in zip(mailbox.mails(), mailbox.texts(), strict=True):
        for alert_id in str(mail["X-Keeper-Alerts"] or "").split(", "):
            if alert_id:
                found[int(alert_id)].append(PERHAPS_DOUBLED in " ".join(text.split()))
    return found


@pytest.mark.parametrize("days", [14, pytest.param(365, marks=pytest.mark.nightly)])
def test_each_reader_gets_each_alert_once_or_it_is_marked(
    days: int, connection: Connection, database: PostgresConfig
) -> None:
    clock, killed = Clock(BEGIN), [False]

    def cut(is_killed: bool) -> None:
        killed[0] = is_killed
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database()",
            (DELIVERER,),
        )

    mailbox = MoodyMailbox(Random(f"year of {days}"), clock, cut)
    own = replace(database, application=DELIVERER)
    events = watched(connection, days)

    with particular_server(mailbox) as config, closing(PriceWriter(database)) as loader:

        def worker() -> Delivery:
            # What a killed one remembered is gone.
            return by_mail(EmailChannel(config), clock, operator="operator@example.org")

        delivery = worker()

        def deliver() -> None:
            nonlocal delivery
            try:
                with session(own) as mine:
                    deliver_due(mine, delivery)
            except TransientError:
                delivery = worker() if killed[0] else delivery

        for number, check in enumerate(zip(*events, strict=True)):
            loader.store(list(check))
            for minutes in (0, 31, 62, 130):
                clock.now = max(clock.now, BEGIN + timedelta(hours=6 * number, minutes=minutes))
                deliver()
            if number % 4 == 0:
                requeue_undelivered(connection)
        mailbox.is_moody = False
        end = clock.now + GIVE_UP_AFTER
        while clock.now < end:
            requeue_undelivered(connection)
            deliver()
            clock.wait(1800)

    rows = connection.execute("SELECT alert_id, status FROM price_alerts").fetchall()
    arrived = copies(mailbox)
    assert len(rows) > 2 * days
    assert {row["status"] for row in rows} <= {"SENT", "UNKNOWN"}
    for row in rows:
        of_alert = arrived[row["alert_id"]]
        assert of_alert or row["status"] == "UNKNOWN", row
        # One copy, and at most one more, which says so.
        assert of_alert in ([], [False], [True], [False, True]), row
    assert {row["alert_id"] for row in rows} == arrived.keys()
    assert set(mailbox.moods) == set(MOODS)
