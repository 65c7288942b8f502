"""Deliverers as processes: killed after the provider has taken a message, and two at once."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from keeper.alerts.channels.smtp import SmtpConfig
from keeper.stores.postgres.connection import Connection, PostgresConfig
from tests.outbox import outbox, statuses
from tests.smtp_server import Mailbox
from tests.waiting import HUNG_AFTER_S

Deliverer = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def deliverer(database: PostgresConfig, mail_server: SmtpConfig, tmp_path: Path) -> Deliverer:
    environment = os.environ | {
        "DATABASE_URL": database.url,
        "SMTP_HOST": mail_server.host,
        "SMTP_PORT": str(mail_server.port),
        "KEEPER_SMTP_TLS": "none",
        "KEEPER_RUN_DIR": str(tmp_path),
    }

    def start() -> subprocess.Popen[bytes]:
        command: list[str | Path] = [Path(sys.executable).with_name("keeper"), "deliver", "--once"]
        return subprocess.Popen(command, env=environment, cwd=tmp_path)

    return start


def let_pass(connection: Connection, span: str) -> None:
    """Move all that waits in the outbox back by a span of time."""
    connection.execute(
        "UPDATE outbox SET next_attempt_at = next_attempt_at - %(span)s::interval,"
        " claimed_until = claimed_until - %(span)s::interval WHERE status = 'PENDING'",
        {"span": span},
    )
    connection.execute("UPDATE channels SET claimed_until = claimed_until - %s::interval", (span,))


def test_after_its_lease_it_is_sent_once_more_as_the_same_mail_and_the_others_once(
    connection: Connection,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
    deliverer: Deliverer,
) -> None:
    raise_alerts(3)
    killed = deliverer()

    def kill_after_the_second() -> None:
        if len(mailbox.received) == 2:
            os.kill(killed.pid, signal.SIGKILL)
            killed.wait(HUNG_AFTER_S)

    mailbox.accepted = kill_after_the_second
    assert killed.wait(HUNG_AFTER_S) == -signal.SIGKILL
    mailbox.accepted = lambda: None
    assert statuses(connection) == [("SENT", "SENT", 1)]

    # Whoever comes at once waits for the lease.
    assert deliverer().wait(HUNG_AFTER_S) == 0
    assert len(mailbox.received) == 2
    let_pass(connection, "30 minutes")
    assert deliverer().wait(HUNG_AFTER_S) == 0
    assert sorted(status for status, _ in outbox(connection)) == ["PENDING", "SENT", "SENT"]
    let_pass(connection, "1 hour")
    assert deliverer().wait(HUNG_AFTER_S) == 0

    assert {status for status, _ in outbox(connection)} == {"SENT"}
    ids = Counter(mail["Message-ID"] for mail in mailbox.mails())
    assert sorted(ids.values()) == [1, 1, 2]
    assert "may have reached you before" in mailbox.texts()[-1]
    assert not any("may have reached you before" in text for text in mailbox.texts()[:-1])


def test_two_processes_send_each_message_once_and_use_a_channel_one_at_a_time(
    connection: Connection,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
    deliverer: Deliverer,
) -> None:
    for number in range(4):
        raise_alerts(10, hour=number, user=f"reader{number}@example.org")
    in_use: list[int] = []

    def look() -> None:
        # While the server takes this mail: how many channels, and messages, are claimed.
        time.sleep(0.01)
        rows = connection.execute(
            "SELECT count(*) AS n FROM outbox WHERE claimed_until IS NOT NULL GROUP BY channel_id"
        )
        in_use.extend(row["n"] for row in rows)

    mailbox.accepted = look

    deliverers = [deliverer() for _ in range(2)]
    assert [one.wait(HUNG_AFTER_S) for one in deliverers] == [0, 0]

    assert Counter(statuses(connection)) == {("SENT", "SENT", 1): 40}
    assert len({mail["Message-ID"] for mail in mailbox.mails()}) == len(mailbox.received) == 40
    assert set(in_use) == {1}
