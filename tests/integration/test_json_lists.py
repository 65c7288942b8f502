"""`--json` of every command that lists: one shape, as docs/COMMANDS.md has it."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from elasticsearch import Elasticsearch
from typer.testing import CliRunner

from keeper.cli.app import app
from keeper.clock import utc_now
from keeper.domain.discovery import Proposal
from keeper.domain.messages.notices import Trouble
from keeper.pipeline.deals.report import write_reports
from keeper.settings import load_settings
from keeper.stores.elasticsearch import price_index
from keeper.stores.elasticsearch.price_index import PriceIndex
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.discovery.proposals import add_proposals
from keeper.stores.postgres.messages.notices import raise_notice
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.streams.topic_admin import make_topics
from keeper.streams.topics import DATA_TOPICS
from tests.commands import filled, taking
from tests.found_deals import Found
from tests.keepa_simulator import Simulator
from tests.outbox import READER
from tests.price_events import price_event
from tests.services import Stack

ASIN = "B000000001"
OWN_SHAPE = {("topics", "peek"), ("keepa", "probe")}
"""They print messages, or one document."""
NEVER_EMPTY = {
    ("health",), ("storage", "status"), ("discover", "categories"), ("topics", "list"),
    ("topics", "describe"), ("topics", "lag"),
}  # fmt: skip
PAGE = Path(__file__).parents[2] / "docs" / "COMMANDS.md"
LISTS = [words for words in taking("--json") if words not in OWN_SHAPE]
TITLE = "Kettle \x1b[31m\x9b, red"


@pytest.fixture(autouse=True)
def _settings(
    stack: Stack,
    admin: AdminClient,
    database: PostgresConfig,
    search: Elasticsearch,
    alias: str,
    simulate: Callable[..., Simulator],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    # `topics lag` names those of Keeper's topics that there are.
    make_topics(admin, DATA_TOPICS)
    monkeypatch.setattr(price_index, "PRICES_ALIAS", alias)
    PriceIndex(search, alias).store([])
    monkeypatch.delenv("KEEPA_API_KEY", raising=False)
    for name, value in {
        "DATABASE_URL": database.url,
        "KAFKA_BOOTSTRAP_SERVERS": stack["KAFKA_BOOTSTRAP_SERVERS"],
        "ELASTICSEARCH_URL": stack["ELASTICSEARCH_URL"],
        "KEEPER_SIMULATOR_URL": simulate().url,
        "KEEPER_USER_EMAIL": READER,
        "KEEPER_OPERATOR_EMAIL": READER,
        "KEEPER_LAKE": f"file://{tmp_path}/lake",
        "KEEPER_BACKUPS": str(tmp_path / "backups"),
        "KEEPER_RUN_DIR": str(tmp_path / "run"),
    }.items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def listed(words: tuple[str, ...], topic: str) -> list[dict[str, Any]]:
    line = [topic if word == ASIN and words[0] == "topics" else word for word in filled(words)]
    if words == ("discover", "categories"):
        line[line.index(ASIN)] = "electronics"
    if words == ("watch", "try"):
        line += ["--target", "10", "--days", "3650"]
    result = CliRunner().invoke(app, [*line, "--json"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0 or words in {("health",), ("storage", "status")}, result.output
    assert not {"\x1b", "\x9b"} & set(result.stdout)
    found = json.loads(result.stdout)
    assert isinstance(found, list)
    assert all(isinstance(record, dict) for record in found)
    return found


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_every_list_is_an_array_and_empty_where_there_is_nothing(
    words: tuple[str, ...], topic: str
) -> None:
    found = listed(words, topic)

    assert bool(found) is (words in NEVER_EMPTY)


def documented() -> dict[str, list[str]]:
    rows = re.findall(r"^\| `([a-z -]+)` \| (`.+`) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {command: re.findall(r"`(\w+)`", fields) for command, fields in rows}


def test_the_page_has_every_list() -> None:
    assert set(documented()) == {" ".join(words) for words in LISTS}


def test_records_have_the_fields_of_the_page_and_the_rules_hold(
    connection: Connection, database: PostgresConfig, search: Elasticsearch, alias: str,
    topic: str, tmp_path: Path, found: Found,
) -> None:  # fmt: skip
    _fill(connection, database, search, alias, tmp_path, found)
    assert listed(("discover", "categories"), topic)
    documents = documented()

    records = {words: listed(words, topic) for words in LISTS}

    empty = {("topics", "dlq", "list"), ("backup", "list")}
    assert {words for words, printed in records.items() if not printed} == empty
    for words, printed in records.items():
        for record in printed:
            assert list(record) == documents[" ".join(words)], " ".join(words)
            _check_rules(record)
    (watched,) = records["watch", "list"]
    assert (watched["title"], watched["price_minor"], watched["price"]) == (TITLE, 900, 9)
    assert (watched["target"], watched["status"], watched["priority"]) == (10, "ACTIVE", "NORMAL")


def _check_rules(record: dict[str, Any]) -> None:
    for name, value in record.items():
        if name.endswith("_at") or name in {"since", "until"}:
            assert value is None or re.fullmatch(r"\d{4}-\d\d-\d\d(T[\d:.]+Z)?", str(value)), name
        if name.endswith("_minor"):
            assert (value is None) is (record[name.removesuffix("_minor")] is None)
            assert value is None or isinstance(value, int)


def _fill(
    connection: Connection, database: PostgresConfig, search: Elasticsearch, alias: str,
    home: Path, found: Found,
) -> None:  # fmt: skip
    """Put something into everything that is listed."""
    run, now = CliRunner(), utc_now()
    for line in (
        ["watch", "add", ASIN, "--target", "10"],
        ["discover", "add", "best-sellers", "--category", "7"],
        ["api-tokens", "make", "widget", "--scope", "watches:read"],
    ):
        assert run.invoke(app, line).exit_code == 0
    events = [price_event(5000), price_event(900, hour=6, title=TITLE)]
    with closing(PriceWriter(database)) as writer:
        assert writer.store(events).alerts == 1
    PriceIndex(search, alias).store(events)
    search.indices.refresh(index=alias)
    found("B000000003", at=now, title=TITLE)
    archive = ReplyArchive(home / "lake")
    write_reports(connection, archive, run_id="run", at=now + timedelta(minutes=1))
    archive.write(
        b"{}", endpoint="product", domain="us", asked=(ASIN,), received_at=now,
        tokens_consumed=1, source="simulator", run_id="run",
    )  # fmt: skip
    trouble = Trouble(topic="run:track_prices", subject="It failed", details="Look at it")
    raise_notice(connection, trouble, operator=READER, at=now)
    add_proposals(connection, [_proposal()])
    rates = home / "rates.csv"
    rates.write_text("Date,USD,\n2026-03-02,1.0831,\n", "utf-8")
    assert run.invoke(app, ["rates", "import", str(rates)]).exit_code == 0


def _proposal() -> Proposal:
    return Proposal(
        asin="B000000002",
        domain="us",
        discovery_id=1,
        title=TITLE,
        price_type="NEW",
        price_minor=4999,
        currency="USD",
        average_90_days_minor=5999,
        target_minor=None,
        rating=4.5,
        review_count=10,
        sales_rank=12,
        source="keepa",
        run_id="run",
    )
