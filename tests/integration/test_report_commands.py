"""`keeper reports` and `keeper notices`, as a person types them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.clock import utc_now
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.watches.watch import Watch
from keeper.errors import TransientError
from keeper.pipeline.deals.report import write_reports
from keeper.settings import load_settings
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.messages.channels import save_delivery_rules
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_admin import make_topics
from keeper.streams.topics import topics_to_make
from tests.found_deals import Found
from tests.outbox import READER
from tests.services import free_port


@pytest.fixture(autouse=True)
def _settings(
    database: PostgresConfig, kafka: KafkaConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": database.url,
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "KEEPER_USER_EMAIL": READER,
        "KEEPER_OPERATOR_EMAIL": "operator@example.org",
        "KEEPER_LAKE": f"file://{tmp_path}/lake",
    }.items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def keeper(*words: str) -> Result:
    return CliRunner().invoke(app, [*words])


def test_a_report_can_be_seen_before_it_is_sent_and_again_after(
    connection: Connection, tmp_path: Path, found: Found
) -> None:
    assert "keeper deals filter add" in keeper("reports", "preview").stdout
    assert "keeper reports preview" in keeper("reports", "list").stdout
    found("B000000001", at=utc_now())

    for _ in range(2):
        preview = keeper("reports", "preview").stdout
        assert "$20.00, 33 % below its usual $30.00" in preview
    write_reports(connection, ReplyArchive(tmp_path), run_id="run", at=utc_now())

    assert "No new deals" in keeper("reports", "preview").stdout
    listed = keeper("reports", "list").stdout
    assert "email pending" in listed
    (row,) = connection.execute("SELECT report_id FROM deal_reports").fetchall()
    number = str(row["report_id"])
    assert "A kettle" in keeper("reports", "show", number).stdout
    connection.execute("UPDATE deal_reports SET until = until - interval '3 days'")
    assert "email pending" in keeper("reports", "list", "--since", "4d").stdout
    assert "email pending" not in keeper("reports", "list", "--since", "2d").stdout


def test_a_report_of_somebody_else_is_not_shown(
    connection: Connection, tmp_path: Path, found: Found
) -> None:
    found("B000000001", at=utc_now(), user="other@example.org")
    write_reports(connection, ReplyArchive(tmp_path), run_id="run", at=utc_now())
    (row,) = connection.execute("SELECT report_id FROM deal_reports").fetchall()

    refused = keeper("reports", "show", str(row["report_id"]))

    assert refused.exit_code == 1
    assert "no report" in refused.stderr


def test_when_reports_come_can_be_seen_and_set() -> None:
    assert "on days with new deals" in keeper("reports", "when").stdout
    assert "every day" in keeper("reports", "when", "always").stdout
    assert "no daily report" in keeper("reports", "when", "never").stdout
    assert "no daily report" in keeper("reports", "when").stdout
    assert keeper("reports", "when", "sometimes").exit_code == 2


@pytest.fixture
def a_stale_product(connection: Connection) -> None:
    save_watches(connection, READER, [Watch("B000000001", "us", "NEW", 1000)])
    connection.execute("UPDATE watched_products SET created_at = now() - interval '13 hours'")


@pytest.mark.usefixtures("a_stale_product")
def test_trouble_is_looked_for_said_and_listed(connection: Connection, admin: AdminClient) -> None:
    make_topics(admin, topics_to_make())
    assert "keeper notices check" in keeper("notices", "list").stdout

    first, again = keeper("notices", "check"), keeper("notices", "check")

    for one in (first, again):
        assert one.exit_code == 1
        assert "1 of 1 watched products are stale" in one.stdout
        assert "track_prices" in one.stdout
    listed = keeper("notices", "list").stdout
    assert listed.count("are stale") == 1
    assert "email pending" in listed
    (row,) = connection.execute("SELECT count(*)::int AS messages FROM outbox").fetchall()
    # Other topics of the shared Kafka may be in trouble too; each is said once.
    (open_ones,) = connection.execute("SELECT count(*)::int AS n FROM operator_notices").fetchall()
    assert row["messages"] == open_ones["n"]
    connection.execute("UPDATE operator_notices SET last_seen_at = last_seen_at - interval '3 d'")
    assert "are stale" in keeper("notices", "list", "--since", "4d").stdout
    assert "are stale" not in keeper("notices", "list", "--since", "2d").stdout


@pytest.mark.usefixtures("a_stale_product")
def test_what_the_database_says_is_said_also_without_kafka(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    monkeypatch.setattr("keeper.streams.topic_reader._TIMEOUT_S", 1.0)
    load_settings.cache_clear()

    save_delivery_rules(connection, "operator@example.org", DeliveryRules("Asia/Tokyo"))

    checked = keeper("notices", "check")

    assert "1 of 1 watched products are stale" in checked.stdout
    assert " JST." in checked.stdout
    assert isinstance(checked.exception, TransientError)
    (row,) = connection.execute("SELECT topic FROM operator_notices").fetchall()
    assert row["topic"] == "stale-products"
