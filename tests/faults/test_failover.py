"""PostgreSQL that takes no writes, ends sessions or fails over: waited out, never a crash."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from keeper.alerts.channels.smtp import SmtpConfig
from keeper.cli.app import app
from keeper.domain.messages.notices import Trouble
from keeper.domain.users.access import Scope
from keeper.domain.watches.watch import Watch
from keeper.pipeline.services.probes import ServiceUnwellError, probe_postgres
from keeper.pipeline.users.accounts import known_user
from keeper.pipeline.users.api_tokens import make_token
from keeper.pipeline.users.audit import COMMAND
from keeper.settings import load_settings
from keeper.stores.postgres.connection import (
    Connection,
    DatabaseUnavailableError,
    PostgresConfig,
    session,
)
from keeper.stores.postgres.messages.notices import raise_notice
from keeper.stores.postgres.migrations import migrate
from keeper.stores.postgres.pool import ConnectionPool
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from keeper.streams.topics import PRICE_UPDATES
from tests.faults.loading import points
from tests.faults.processes import Processes, running
from tests.postgres_pair import Pair
from tests.price_events import price_event
from tests.services import Stack
from tests.smtp_server import Mailbox
from tests.waiting import wait_until
from tests.worker_settings import worker_settings

READER = "reader@example.org"
WORKERS = {
    "consume-prices": ("consume", "prices"),
    "deliver": ("deliver", "--interval", "1"),
    "carry-out": ("carry-out", "--interval", "1"),
    "relay": ("relay",),
}
END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def use(
    stack: Stack,
    mail_server: SmtpConfig,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    empty_stores: None,
) -> Iterator[Callable[[str], PostgresConfig]]:
    """Puts a database into the environment's settings and migrates it; a reader watches there."""

    def set_up(url: str) -> PostgresConfig:
        own = worker_settings(url, mail_server, tmp_path, reader=READER)
        for name, value in {**stack.environment, **own}.items():
            monkeypatch.setenv(name, value)
        load_settings.cache_clear()
        for part in ("postgres", "kafka"):
            done = CliRunner().invoke(app, ["migrate", "--only", part])
            assert done.exit_code == 0, done.output
        config = PostgresConfig(url)
        with session(config) as connection:
            save_watches(connection, READER, [Watch("B000000001", "us", "NEW", 1000)])
        return config

    monkeypatch.chdir(tmp_path)
    yield set_up
    load_settings.cache_clear()


def publish(kafka: KafkaConfig, *prices: int, hour: int) -> None:
    events = [price_event(price, hour=hour + n) for n, price in enumerate(prices)]
    with EventProducer(kafka) as producer:
        producer.send_all(
            PRICE_UPDATES, ((event.asin.encode(), encode_price_event(event)) for event in events)
        )


def are_degraded(workers: Processes, because: str, *names: str) -> None:
    for name in names:
        wait_until(
            lambda name=name: (  # type: ignore[misc]  # bound now
                "degraded" in (said := workers.says(name)) and because in said
            ),
            f"{name} waits because of: {because}",
        )
    assert workers.run_on()


def token_of(database: PostgresConfig, at: datetime) -> str:
    with session(database) as connection:
        reader = known_user(connection, READER, ())
        scopes = [Scope.WATCHES_WRITE]
        made = make_token(connection, reader, name="x", scopes=scopes, days=1, doer=COMMAND, at=at)
    return made.text


def add_watch(workers: Processes, token: str) -> int:
    """Add a watch by the API; return the status of the answer."""
    return httpx.post(
        f"{workers.console}/api/v1/watches",
        json={"product": "B000000002", "target": "9.99"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
        trust_env=False,
    ).status_code


@pytest.fixture
def change(database: PostgresConfig) -> Iterator[Callable[[str], None]]:
    """Changes a setting of the database for everybody, who have to connect anew."""
    alter = f'ALTER DATABASE "{database.url.rpartition("/")[2]}" '
    with psycopg.connect(database.url, autocommit=True) as operator:

        def do(setting: str) -> None:
            operator.execute((alter + setting).encode())
            operator.execute(END_SESSIONS)

        yield do
        operator.execute((alter + "RESET ALL").encode())


def test_what_postgres_refuses_for_a_while_is_waited_out(
    use: Callable[[str], PostgresConfig],
    database: PostgresConfig,
    change: Callable[[str], None],
    kafka: KafkaConfig,
    mailbox: Mailbox,
) -> None:
    use(database.url)
    now = datetime.now(UTC)
    token = token_of(database, now)
    with session(database) as connection:
        raise_notice(connection, Trouble("x", "before", "x"), operator=READER, at=now)
    change("SET default_transaction_read_only = on")
    with running(WORKERS) as workers:
        publish(kafka, 1500, 900, hour=0)
        are_degraded(workers, "read-only", "consume-prices", "deliver", "carry-out")
        wait_until(workers.console_answers, "the console listens")
        assert workers.console_answers() == 503
        assert add_watch(workers, token) == 503

        change("RESET default_transaction_read_only")
        wait_until(lambda: points(database) == 2, "both prices are stored")
        wait_until(lambda: len(mailbox.mails()) == 2, "the notice and the alert are mailed")
        wait_until(workers.are_ready, "all are ready")
        wait_until(lambda: add_watch(workers, token) == 201, "the console writes again")
        assert workers.run_on()
    assert len(mailbox.mails()) == 2


@pytest.mark.parametrize(
    ("setting", "because"),
    [
        ("transaction_timeout = '30ms'", "transaction timeout"),
        ("idle_in_transaction_session_timeout = '1ms'", "idle-in-transaction"),
    ],
)
def test_a_session_that_postgres_ends_is_made_anew(
    database: PostgresConfig,
    change: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    because: str,
) -> None:
    with closing(PriceWriter(database)) as writer:
        assert writer.store([price_event(1500)]).points == 1
        change(f"SET {setting}")
        slow = PriceWriter.write

        def write_slowly(
            self: PriceWriter, connection: Connection, *given: Any, **named: Any
        ) -> Any:
            connection.execute("SELECT")
            # As a loader whose process gets no time: it holds its transaction open.
            Event().wait(0.1)
            return slow(self, connection, *given, **named)

        monkeypatch.setattr(PriceWriter, "write", write_slowly)
        with pytest.raises(DatabaseUnavailableError, match="connection"):
            writer.store([price_event(1500)])
        with pytest.raises(DatabaseUnavailableError, match=because):
            writer.store([price_event(1500, hour=1)])
        change(f"RESET {setting.partition(' ')[0]}")
        assert writer.store([price_event(900, hour=1)]).points == 1


def test_a_loader_and_the_console_find_the_promoted_standby(postgres_pair: Pair) -> None:
    """The short form of what follows."""
    database = PostgresConfig(postgres_pair.url)
    migrate(database)
    pool = ConnectionPool(database)
    with closing(PriceWriter(database)) as writer, closing(pool):
        assert writer.store([price_event(1500)]).points == 1
        with pool.session() as connection:
            assert connection.execute("SELECT FROM price_points").rowcount == 1

        postgres_pair.primary.kill()
        with pytest.raises(DatabaseUnavailableError):
            writer.store([price_event(900, hour=1)])
        postgres_pair.promote()

        assert writer.store([price_event(900, hour=1)]).points == 1
        with pool.session() as connection:
            assert connection.execute("SELECT FROM price_points").rowcount == 2
        postgres_pair.return_as_standby()
        with pool.session() as connection:
            connection.execute("UPDATE price_points SET implausible = false")

    follower = PostgresConfig(
        f"postgresql://keeper@127.0.0.1:{postgres_pair.primary.port}/postgres"
    )
    with pytest.raises(ServiceUnwellError, match="takes no writes"):
        probe_postgres(follower)
    with (
        pytest.raises(DatabaseUnavailableError, match="read-only"),
        session(follower) as connection,
    ):
        connection.execute("UPDATE price_points SET implausible = false")


@pytest.mark.nightly
def test_a_promoted_standby_is_found_and_nothing_is_lost_or_sent_twice(
    use: Callable[[str], PostgresConfig],
    postgres_pair: Pair,
    kafka: KafkaConfig,
    mailbox: Mailbox,
) -> None:
    database = use(postgres_pair.url)
    with running(WORKERS) as workers:
        publish(kafka, 1500, 900, hour=0)
        wait_until(lambda: len(mailbox.mails()) == 1, "the first alert is mailed")

        postgres_pair.primary.kill()
        publish(kafka, 1500, 800, hour=2)
        are_degraded(workers, "PostgreSQL", *WORKERS)
        postgres_pair.promote()

        wait_until(lambda: points(database) == 4, "prices of before and after are stored")
        wait_until(lambda: len(mailbox.mails()) == 2, "the second alert is mailed")
        wait_until(workers.are_ready, "all are ready")
        wait_until(lambda: workers.console_answers() == 200, "the console is ready")

        # The former primary comes back as a standby, the first that an address names.
        postgres_pair.return_as_standby()
        publish(kafka, 1200, hour=4)
        wait_until(lambda: points(database) == 5, "the next price is stored")
        assert workers.run_on()
    assert len(mailbox.mails()) == 2


@pytest.mark.nightly
def test_workers_that_reach_a_standby_alone_wait_and_say_so(
    use: Callable[[str], PostgresConfig],
    postgres_pair: Pair,
    kafka: KafkaConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(postgres_pair.url)
    url = f"postgresql://keeper@127.0.0.1:{postgres_pair.standby.port}/postgres"
    monkeypatch.setenv("DATABASE_URL", url)
    load_settings.cache_clear()
    with running(WORKERS) as workers:
        publish(kafka, 1500, 900, hour=0)
        are_degraded(workers, "read-only", "consume-prices", "deliver", "carry-out")
        are_degraded(workers, "recovery", "relay")
        wait_until(workers.console_answers, "the console listens")
        assert workers.console_answers() == 503

        postgres_pair.standby.execute("SELECT pg_promote()")
        wait_until(lambda: points(PostgresConfig(url)) == 2, "both prices are stored")
        wait_until(workers.are_ready, "all are ready")
