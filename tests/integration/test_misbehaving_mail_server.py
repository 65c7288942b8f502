"""Alerts through the outbox to a mail server that misbehaves: each comes, and none comes thrice."""

import email
import email.policy
import random
import socket
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from keeper.alerts.channels.email import EmailChannel
from keeper.alerts.channels.paced_smtp import SmtpLimits
from keeper.alerts.words.en import ENGLISH
from keeper.domain.messages.queue import Address, ChannelKind
from keeper.pipeline.messages.deliver import deliver_due
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.channels import save_channel
from tests.odd_smtp import (
    ParticularMailbox,
    ScriptedServer,
    hang_up,
    particular_server,
    say,
    say_and_hang_up,
    scripted_server,
)
from tests.outbox import READER, Clock, by_mail, outbox, statuses

PERHAPS_DOUBLED = ENGLISH.perhaps_doubled


class Moody(ScriptedServer):
    """Takes a message in one of many ways, or not; `taken` are the texts of those it took."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.taken: list[str] = []
        self.lost = 0
        self.good: Callable[[socket.socket], object] = self.end
        self.greet = self._greet
        self.end = self._end

    def _greet(self, connection: socket.socket) -> None:
        moods = [say("220 moody.example")] * 4
        self.random.choice([*moods, hang_up, say_and_hang_up("421 too busy")])(connection)

    def _end(self, connection: socket.socket) -> None:
        refusals = [say("451 4.7.1 later"), say_and_hang_up("421 4.3.2 shutting down")]
        losses: list[Callable[[socket.socket], object]] = [hang_up, self.silence, self.drip("250")]
        mood = self.random.choice([self.good, *refusals, *losses])
        if mood not in refusals:
            self.taken.append(self.received[-1].decode())
            self.lost += mood in losses
        mood(connection)


def test_each_alert_comes_and_who_cannot_know_says_so(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(8)
    server, clock = Moody(seed=8), Clock()
    with scripted_server(server) as config:
        limits = SmtpLimits(end_s=0.2, goodbye_s=0.2)
        delivery = by_mail(EmailChannel(replace(config, limits=limits)), clock)
        for _ in range(6 * 24):
            deliver_due(connection, delivery)
            if "PENDING" not in {status for status, _ in outbox(connection)}:
                break
            clock.wait(600)
        server.stopped.set()

    assert {status for status, _ in outbox(connection)} <= {"SENT", "UNKNOWN"}
    copies = defaultdict(list)
    for text in server.taken:
        mail = email.message_from_string(text, policy=email.policy.default)
        body = mail.get_body(("plain",))
        assert body is not None
        copies[mail["X-Keeper-Alerts"]].append(body.get_content())
    assert len(copies) == 8
    assert server.lost > 0
    for texts in copies.values():
        assert len(texts) <= 2
        assert PERHAPS_DOUBLED not in texts[0]
        assert all(PERHAPS_DOUBLED in text for text in texts[1:])


def test_a_mail_that_is_looked_into_for_too_long_comes_twice_and_not_seventy_nine_times(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1)
    server, clock = ScriptedServer(), Clock()
    server.end = server.silence
    with scripted_server(server) as config:
        limits = SmtpLimits(end_s=0.1, goodbye_s=0.1)
        delivery = by_mail(EmailChannel(replace(config, limits=limits)), clock)
        for _ in range(6 * 24):
            deliver_due(connection, delivery)
            clock.wait(600)

    assert len(server.received) == 2
    assert statuses(connection) == [("UNKNOWN", "UNKNOWN", 1), ("UNKNOWN", "UNKNOWN", 2)]


def test_an_address_that_is_refused_keeps_nobody_elses_mail(
    connection: Connection, raise_alerts: Callable[..., None]
) -> None:
    raise_alerts(1, user=READER)
    gone = "gone@münchen.de"
    save_channel(connection, READER, Address(ChannelKind.EMAIL, gone))
    raise_alerts(1, hour=1, user=READER)
    mailbox, clock = ParticularMailbox(), Clock()
    mailbox.recipients = {"gone@xn--mnchen-3ya.de": "550 5.1.1 no such user"}
    with particular_server(mailbox) as config:
        deliver_due(connection, by_mail(EmailChannel(config), clock))

    assert {reader for reader, _ in mailbox.received} == {READER}
    *alerts, notice = mailbox.mails()
    assert {mail["X-Keeper-Alerts"] for mail in alerts} == {"1", "2"}
    # Its reader knows by the other way.
    assert notice["X-Keeper-Alerts"] is None
    assert "550 5.1.1 no such user" in mailbox.texts()[-1]
    assert [status for status, _ in outbox(connection)].count("FAILED") == 1
