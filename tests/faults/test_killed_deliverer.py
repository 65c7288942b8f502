"""A deliverer killed after the provider has taken a message and before it could say so."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from keeper.alerts.channels.smtp import SmtpConfig
from keeper.stores.postgres.connection import Connection, PostgresConfig
from tests.outbox import statuses
from tests.smtp_server import Mailbox
from tests.waiting import HUNG_AFTER_S


def test_it_is_sent_again_as_the_same_mail_and_the_others_once(
    connection: Connection,
    database: PostgresConfig,
    mail_server: SmtpConfig,
    mailbox: Mailbox,
    raise_alerts: Callable[..., None],
    tmp_path: Path,
) -> None:
    raise_alerts(3)
    environment = os.environ | {
        "DATABASE_URL": database.url,
        "SMTP_HOST": mail_server.host,
        "SMTP_PORT": str(mail_server.port),
        "KEEPER_SMTP_TLS": "none",
        "KEEPER_RUN_DIR": str(tmp_path),
    }

    def deliverer() -> subprocess.Popen[bytes]:
        command: list[str | Path] = [Path(sys.executable).with_name("keeper"), "deliver", "--once"]
        return subprocess.Popen(command, env=environment, cwd=tmp_path)

    killed = deliverer()

    def kill_after_the_second() -> None:
        if len(mailbox.received) == 2:
            os.kill(killed.pid, signal.SIGKILL)
            killed.wait(HUNG_AFTER_S)

    mailbox.accepted = kill_after_the_second
    assert killed.wait(HUNG_AFTER_S) == -signal.SIGKILL
    mailbox.accepted = lambda: None
    assert statuses(connection) == [("SENT", "SENT", 1)]

    assert deliverer().wait(HUNG_AFTER_S) == 0

    assert statuses(connection) == [("SENT", "SENT", 1)] * 3
    ids = [mail["Message-ID"] for mail in mailbox.mails()]
    assert len(ids) == 4
    assert len(set(ids)) == 3
    assert ids[1] == ids[2]
