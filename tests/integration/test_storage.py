"""Room for what comes, sound tables, and an end for what is old, in a real PostgreSQL."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.domain.messages.notices import Trouble
from keeper.domain.prices.events import PriceEvent
from keeper.errors import KeeperError
from keeper.pipeline.storage.maintain import (
    Retention,
    StorageUnsoundError,
    drop_old,
    drop_old_folders,
    require_sound_storage,
)
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.messages.notices import raise_notice, resolve_notices
from keeper.stores.postgres.prices.roll_ups import roll_up
from keeper.stores.postgres.prices.writer import BackfillWriter, PriceWriter
from keeper.stores.postgres.storage.retention import (
    NotRolledUpError,
    analyse,
    make_months,
    partitions,
    problems,
)
from tests.price_events import START, price_event
from tests.stored_prices import store_history

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
YEARS = Retention(points=3650, records=400)
WHEN = datetime(2028, 6, 1, tzinfo=UTC)
"""Ten years after the first partition's end."""

EXPIRED = """
    INSERT INTO sign_in_links (user_id, digest, is_mailed, created_at, expires_at)
    SELECT user_id, '\\x01', false, now() - interval '500 days', now() - interval '499 days'
    FROM users LIMIT 1
"""


@pytest.fixture
def store(database: PostgresConfig) -> Iterator[Callable[[Sequence[PriceEvent]], object]]:
    with closing(PriceWriter(database)) as writer:
        yield writer.store


def names(connection: Connection) -> list[str]:
    return [one.name for one in partitions(connection)]


def counts(connection: Connection, *tables: str) -> list[int]:
    found = []
    for table in tables:
        query = f"SELECT count(*)::int AS rows FROM {table}"
        (row,) = connection.execute(query).fetchall()
        found.append(row["rows"])
    return found


def test_the_next_three_months_are_made_once(connection: Connection) -> None:
    later = NOW + 200 * DAY

    made = make_months(connection, later)

    assert names(connection)[-len(made) :] == made
    assert (partitions(connection)[-1].until or NOW) > later + 91 * DAY
    assert make_months(connection, later) == []


def test_partitions_made_under_a_long_query_stop_nobody(
    connection: Connection,
    database: PostgresConfig,
    store: Callable[[Sequence[PriceEvent]], object],
) -> None:
    store([price_event(1000)])
    query = "SELECT count(*)::int AS rows FROM price_history"
    impatient = replace(database, statement_timeout_s=20)
    with session(database) as analyst, session(impatient) as maker, session(impatient) as reader:
        analyst.execute("BEGIN")
        analyst.execute(query)

        made = make_months(maker, NOW + 200 * DAY)

        assert made
        assert reader.execute(query).fetchall() == [{"rows": 1}]
        # The loader makes the months it lacks itself.
        hours = int((NOW + 400 * DAY - START) / timedelta(hours=1))
        with closing(BackfillWriter(impatient)) as loader:
            assert loader.store([price_event(900, hour=hours)]).points == 1
        assert analyst.execute(query).fetchall() == [{"rows": 2}]
        analyst.execute("COMMIT")
    assert problems(connection, NOW) == []


def test_partitions_are_alike_however_they_were_made(connection: Connection) -> None:
    (name,) = make_months(connection, NOW + 31 * DAY)[-1:] or names(connection)[-1:]
    connection.execute(
        "CREATE TABLE made_whole PARTITION OF price_points"
        " FOR VALUES FROM ('2100-01-01Z') TO ('2101-01-01Z')"
    )
    shape = """
        SELECT ARRAY(SELECT (attname, atttypid, attnotnull, atthasdef)::text FROM pg_attribute
            WHERE attrelid = %(table)s::text::regclass AND attnum > 0 ORDER BY attnum) AS columns,
        ARRAY(SELECT pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid = %(table)s::text::regclass ORDER BY 1) AS constraints,
        ARRAY(SELECT replace(indexdef, %(table)s::text, '') FROM pg_indexes
            WHERE tablename = %(table)s::text ORDER BY 1) AS indexes
    """
    assert (
        connection.execute(shape, {"table": name}).fetchall()
        == connection.execute(shape, {"table": "made_whole"}).fetchall()
    )


UNINDEXED = {
    ("feed_tickets", "session_id"): "tickets live for a minute",
    ("feed_tickets", "token_id"): "tickets live for a minute",
    ("feed_tickets", "user_id"): "tickets live for a minute",
}


def test_what_a_delete_takes_with_it_is_found_by_an_index(connection: Connection) -> None:
    rows = connection.execute(
        """
        SELECT c.conrelid::regclass::text AS child, a.attname AS column
        FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND NOT EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL
                AND i.indkey[0] = c.conkey[1])
        """
    ).fetchall()
    assert {(row["child"], row["column"]) for row in rows} == set(UNINDEXED)


def test_a_sound_database_has_no_problems(connection: Connection) -> None:
    analyse(connection)

    assert problems(connection, NOW) == []


def test_what_is_wrong_is_said_with_its_remedy(connection: Connection) -> None:
    connection.execute("DROP TABLE price_points_2021")

    with pytest.raises(StorageUnsoundError, match="no partition between price_points_2018 and"):
        require_sound_storage(connection, NOW)
    with pytest.raises(StorageUnsoundError, match="no partition for today"):
        require_sound_storage(connection, NOW + 3650 * DAY)


def test_points_that_came_another_way_are_rolled_up_too(connection: Connection) -> None:
    store_history(connection, "B000000001", [(START, 1000), (START + DAY, 900)])

    assert roll_up(connection, at=NOW).days == 2

    (row,) = connection.execute("SELECT newest_at, due_from FROM price_series").fetchall()
    assert tuple(row.values()) == (START + DAY, None)


# Of NEW only prices that include shipping, those since February 2026, are compared.
@pytest.mark.parametrize(("price_type", "lowest"), [("AMAZON", 500), ("NEW", 1000)])
def test_old_partitions_go_and_what_was_made_of_them_stays(
    connection: Connection,
    store: Callable[[Sequence[PriceEvent]], object],
    price_type: str,
    lowest: int,
) -> None:
    points = [(datetime(2015, 5, 1, tzinfo=UTC), 500)]
    store_history(connection, "B000000001", points, price_type=price_type)
    store([price_event(1000, price_type=price_type)])
    connection.execute("UPDATE price_series SET due_from = '2011-01-01Z'")

    said = drop_old(connection, YEARS, at=WHEN, apply=False)
    assert [one.name for one in said] == ["price_points_2011"]
    assert "price_points_2011" in names(connection)

    with pytest.raises(NotRolledUpError, match="1 series"):
        drop_old(connection, YEARS, at=WHEN, apply=True)
    assert "price_points_2011" in names(connection)

    roll_up(connection, at=NOW)
    before = connection.execute("SELECT * FROM price_days ORDER BY day").fetchall()
    dropped = drop_old(connection, YEARS, at=WHEN, apply=True)

    assert dropped == said
    assert names(connection)[0] == "price_points_2018"
    assert connection.execute("SELECT price_minor FROM price_history").fetchall() == [
        {"price_minor": 1000}
    ]
    connection.execute("UPDATE price_series SET due_from = '2011-01-01Z'")
    roll_up(connection, at=NOW)
    assert connection.execute("SELECT * FROM price_days ORDER BY day").fetchall() == before
    (statistics,) = connection.execute("SELECT * FROM price_statistics").fetchall()
    assert statistics["lowest_minor"] == lowest
    assert problems(connection, NOW) == []


def test_points_past_their_retention_are_passed_over_and_their_neighbours_stored(
    connection: Connection,
    database: PostgresConfig,
    store: Callable[[Sequence[PriceEvent]], object],
) -> None:
    drop_old(connection, YEARS, at=WHEN, apply=True)
    hours = int((datetime(2016, 1, 1, tzinfo=UTC) - START) / timedelta(hours=1))
    old = price_event(700, hour=hours, check=0)

    with closing(BackfillWriter(database)) as past:
        assert past.store([old, price_event(1000)]).points == 1
    assert counts(connection, "price_history", "current_prices") == [1, 0]

    # A price that has held since then is current all the same.
    store([price_event(700, hour=hours, check=0, asin="B000000002")])
    assert connection.execute("SELECT price_minor FROM current_prices").fetchall() == [
        {"price_minor": 700}
    ]
    assert counts(connection, "price_history") == [1]


def test_records_go_after_their_time_and_open_ones_stay(connection: Connection) -> None:
    old, young = NOW - 500 * DAY, NOW - 100 * DAY
    for at in (old, young):
        for state in ("RESERVED", "CHARGED"):
            connection.execute(
                "INSERT INTO token_ledger (account, endpoint, state, tokens_estimated,"
                " requested_at) VALUES ('a', 'product', %s, 1, %s)",
                [state, at],
            )
        for state in ("RUNNING", "SUCCESS"):
            connection.execute(
                "INSERT INTO pipeline_runs (run_id, dag_id, source, state, started_at, finished_at)"
                " VALUES (%s, 'd', 'keepa', %s, %s, %s)",
                [f"{state} {at}", state, at, at],
            )
        raise_notice(connection, Trouble(f"over {at}", "x", "x"), operator="o@x.org", at=at)
        resolve_notices(connection, f"over {at}", at=at)
        connection.execute(
            "INSERT INTO deal_reports (user_id, run_id, since, until, simulated, left_out)"
            " SELECT min(user_id), %s, %s, %s, false, 0 FROM users",
            [f"run {at}", at, at],
        )
    raise_notice(connection, Trouble("open", "x", "x"), operator="o@x.org", at=old)
    tables = ("token_ledger", "pipeline_runs")
    forever = Retention(points=None, records=400)

    said = {one.name: one.rows for one in drop_old(connection, forever, at=NOW, apply=False)}
    assert said == dict.fromkeys((*tables, "deal_reports", "operator_notices"), 1)
    assert counts(connection, *tables) == [4, 4]

    dropped = {one.name: one.rows for one in drop_old(connection, forever, at=NOW, apply=True)}
    assert dropped == said
    assert counts(connection, *tables) == [3, 3]
    assert counts(connection, "deal_reports", "operator_notices") == [1, 2]
    assert drop_old(connection, forever, at=NOW, apply=True) == []


def test_deals_and_proposals_go_too_but_for_what_is_still_needed(connection: Connection) -> None:
    old, young = NOW - 500 * DAY, NOW - 100 * DAY
    connection.execute("INSERT INTO users (email) VALUES ('reader@example.org')")
    connection.execute(
        "INSERT INTO deal_filters (user_id, name, domain, price_type)"
        " SELECT user_id, 'all', 'us', 'NEW' FROM users WHERE email = 'reader@example.org'"
    )
    deal = """
        INSERT INTO collected_deals (event_id, filter_id, asin, domain, price_type, currency,
            observed_at, score, reasons, back_in_stock, source, first_run_id, last_run_id,
            first_seen_at, last_seen_at)
        SELECT %s, filter_id, 'B000000001', 'us', 'NEW', 'USD', %s, 50, '{}', false, 'simulator',
            'r', 'r', %s, %s FROM deal_filters
    """
    for name, first, last in (
        ("gone", old, old),
        ("seen again", old, young),
        ("reported", old, old),
    ):
        connection.execute(deal, [name, first, first, last])
    connection.execute(
        "INSERT INTO deal_reports (user_id, run_id, since, until, simulated, left_out)"
        " SELECT user_id, 'r', %s, %s, false, 0 FROM deal_filters",
        [young, young],
    )
    connection.execute(
        "INSERT INTO reported_deals (report_id, event_id) SELECT report_id, 'reported'"
        " FROM deal_reports"
    )
    connection.execute(
        "INSERT INTO discoveries (name, kind, domain, category)"
        " VALUES ('d', 'best_sellers', 'us', 1)"
    )
    proposal = """
        INSERT INTO product_proposals (asin, domain, discovery_id, price_type, currency, source,
            state, decided_at, run_id, proposed_at)
        SELECT %s, 'us', discovery_id, 'NEW', 'USD', 'simulator', %s, %s, 'r', %s FROM discoveries
    """
    for asin, state, at in (
        ("B000000001", "PROPOSED", old),
        ("B000000002", "REJECTED", old),
        ("B000000003", "APPROVED", old),
        ("B000000004", "PROPOSED", young),
    ):
        decided = None if state == "PROPOSED" else at
        connection.execute(proposal, [asin, state, decided, at])

    dropped = drop_old(connection, Retention(points=None, records=400), at=NOW, apply=True)

    assert {one.name: one.rows for one in dropped} == {
        "collected_deals": 1,
        "product_proposals": 2,
    }
    assert all(one.bytes > 0 for one in dropped)
    kept = connection.execute("SELECT event_id FROM collected_deals ORDER BY 1").fetchall()
    assert [row["event_id"] for row in kept] == ["reported", "seen again"]
    kept = connection.execute("SELECT asin FROM product_proposals ORDER BY 1").fetchall()
    assert [row["asin"] for row in kept] == ["B000000002", "B000000004"]


def test_old_folders_go_whole(tmp_path: Path) -> None:
    for name, age in (("old", 30), ("young", 1), ("mixed", 30)):
        page = tmp_path / name / "batch-000" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text("12345")
        os.utime(page, times=(NOW.timestamp() - age * 86_400,) * 2)
    (tmp_path / "mixed" / "new.html").write_text("1")
    (tmp_path / "README").write_text("not a folder")
    (tmp_path / "link").symlink_to(tmp_path / "old")

    said = drop_old_folders(tmp_path, NOW - 14 * DAY, apply=False)
    assert (said.folders, said.bytes) == (1, 5)
    assert (tmp_path / "old").exists()

    assert drop_old_folders(tmp_path, NOW - 14 * DAY, apply=True) == said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README", "link", "mixed", "young"]
    assert drop_old_folders(tmp_path / "no such", NOW, apply=True).folders == 0


class TestCommands:
    """`keeper storage`, as a person types it."""

    @pytest.fixture(autouse=True)
    def _settings(
        self, database: PostgresConfig, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[None]:
        monkeypatch.setenv("DATABASE_URL", database.url)
        monkeypatch.setenv("KEEPER_HISTORY_RETENTION_DAYS", "1500")
        # Whatever machine this is.
        monkeypatch.setenv("KEEPER_LEAST_FREE_PERCENT", "0")
        load_settings.cache_clear()
        yield
        load_settings.cache_clear()

    def test_status_lists_tables_and_partitions(self) -> None:
        result = keeper("status")

        assert result.exit_code == 0
        assert "price_points_2011" in result.stdout
        assert "price_days" in result.stdout
        assert "MB in all" in result.stdout

    def test_status_fails_when_something_needs_a_hand(self, connection: Connection) -> None:
        connection.execute("DROP TABLE price_points_2021")

        result = keeper("status")

        assert result.exit_code == 1
        assert "no partition between" in result.stderr

    def test_maintain_drops_only_when_asked_to(
        self, connection: Connection, store: Callable[[Sequence[PriceEvent]], object]
    ) -> None:
        store([price_event(1000)])

        said = keeper("maintain").stdout.splitlines()
        assert "1 series with 1 days, averages of 0 more" in said
        assert said[-1] == "Nothing was dropped; --apply does."
        assert names(connection)[0] == "price_points_2011"

        keeper("maintain", "--apply")
        assert names(connection)[0] == "price_points_2021"
        assert keeper("maintain").stdout.splitlines()[-1] == "Nothing is past its retention."

    def test_by_the_setting_the_first_run_reports_and_the_next_one_drops(
        self,
        connection: Connection,
        store: Callable[[Sequence[PriceEvent]], object],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("KEEPER_APPLY_RETENTION", "true")
        load_settings.cache_clear()
        store([price_event(1000)])
        mine = (
            "SELECT topic, details, resolved_at FROM operator_notices"
            " WHERE topic LIKE 'retention%' ORDER BY notice_id"
        )
        # What expires by itself goes, and is no report of anything else.
        connection.execute("INSERT INTO users (email) VALUES ('reader@example.org')")
        connection.execute(EXPIRED)
        monkeypatch.setenv("KEEPER_HISTORY_RETENTION_DAYS", "9000")
        load_settings.cache_clear()
        keeper("maintain")
        assert counts(connection, "sign_in_links") == [0]
        assert connection.execute(mine).fetchall() == []
        monkeypatch.setenv("KEEPER_HISTORY_RETENTION_DAYS", "1500")
        load_settings.cache_clear()

        last = keeper("maintain").stdout.splitlines()[-1]
        assert "the next run drops it" in last
        assert names(connection)[0] == "price_points_2011"
        (notice,) = connection.execute(mine).fetchall()
        assert "price_points_2011" in notice["details"]
        assert "MB" in notice["details"]
        assert "past its retention: price_points_2011" in keeper("status").stdout

        assert "price_points_2011" in keeper("maintain", "--keep").stdout
        assert names(connection)[0] == "price_points_2011"
        keeper("maintain")
        assert names(connection)[0] == "price_points_2021"
        (notice,) = connection.execute(mine).fetchall()
        assert notice["resolved_at"] is not None

        # Shortened, perhaps by mistake: that is reported first, too.
        monkeypatch.setenv("KEEPER_HISTORY_RETENTION_DAYS", "500")
        load_settings.cache_clear()
        keeper("maintain")
        assert names(connection)[0] == "price_points_2021"
        topics = [row["topic"] for row in connection.execute(mine)]
        assert topics == ["retention:points=1500", "retention:points=500"]

    def test_a_disk_that_gets_full_is_a_problem(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "GB free" in keeper("status").stdout
        monkeypatch.setenv("KEEPER_LEAST_FREE_PERCENT", "90")
        load_settings.cache_clear()
        room = shutil.disk_usage("/")
        if room.free / room.total > 0.9:
            pytest.skip("this machine's disk is nearly empty")

        result = keeper("status")

        assert result.exit_code == 1
        assert "GB are free" in result.stderr

    def test_roll_up_says_what_it_did(
        self, store: Callable[[Sequence[PriceEvent]], object]
    ) -> None:
        store([price_event(1000)])

        assert keeper("roll-up").stdout == "1 series with 1 days, averages of 0 more\n"


def keeper(*words: str) -> Result:
    result = CliRunner().invoke(app, ["storage", *words])
    if isinstance(result.exception, KeeperError):
        raise result.exception
    return result
