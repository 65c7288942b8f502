"""The asset graph has every table and topic Keeper writes, and every task that does."""

from pathlib import Path

from airflow.sdk import DAG, Asset

from keeper.orchestration.airflow import assets
from keeper.stores.elasticsearch.deal_index import DEALS_ALIAS
from keeper.stores.elasticsearch.price_index import PRICES_ALIAS
from keeper.stores.elasticsearch.record_index import RUNS_ALIAS, TOKENS_ALIAS
from keeper.stores.postgres.connection import Connection
from keeper.streams.topics import topics_to_make

DAGS = Path(__file__).resolve().parents[2] / "dags"
MIRRORS = (PRICES_ALIAS, DEALS_ALIAS, TOKENS_ALIAS, RUNS_ALIAS)
# The migration tool's own.
OF_YOYO = "_yoyo_log _yoyo_migration _yoyo_version yoyo_lock".split()
STORED = (
    "SELECT relname, relkind IN ('r', 'p') AS is_table FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')"
    " AND NOT relispartition"
)


def names(dags: dict[str, DAG], side: str) -> set[str]:
    return {
        asset.name
        for dag in dags.values()
        for task in dag.tasks
        for asset in getattr(task, side)
        if isinstance(asset, Asset)
    }


def test_every_table_has_its_asset_or_a_reason(connection: Connection) -> None:
    rows = connection.execute(STORED).fetchall()
    tables = {row["relname"] for row in rows if row["is_table"]} - set(OF_YOYO)
    views = {row["relname"] for row in rows if not row["is_table"]}
    known = {*assets.TABLES, *assets.TABLES_WITHOUT_ASSET}

    assert tables - known == set(), "new tables: give them an asset or a reason"
    assert known - tables - views == set(), "assets of tables that are not there"
    assert all(assets.TABLES_WITHOUT_ASSET.values())
    assert not assets.TABLES_WITHOUT_ASSET.keys() & assets.TABLES.keys()


def test_every_topic_has_its_asset() -> None:
    assert set(assets.TOPICS) == set(topics_to_make())


def test_every_index_has_its_asset() -> None:
    indices = {one.name for one in vars(assets).values() if isinstance(one, Asset)} & set(MIRRORS)

    assert indices == set(MIRRORS)


def test_every_asset_is_written_by_a_task_or_has_a_reason(dags: dict[str, DAG]) -> None:
    every = {one.name for one in vars(assets).values() if isinstance(one, Asset)}
    every |= {asset.name for asset in (*assets.TABLES.values(), *assets.TOPICS.values())}
    written = names(dags, "outlets")

    assert written <= every
    assert every - written == set(assets.WITHOUT_TASK)
    assert names(dags, "inlets") <= every


def test_prices_and_deals_can_be_followed_from_keepa_to_the_readers(dags: dict[str, DAG]) -> None:
    writes: dict[str, set[str]] = {}
    for dag in dags.values():
        for task in dag.tasks:
            writes.setdefault(dag.dag_id, set()).update(asset.name for asset in task.outlets)

    assert writes["track_prices"] >= {
        "replies",
        "token_ledger",
        "price-updates",
        "price-backfill",
        "price_history",
        "current_prices",
        "price_alerts",
        "outbox",
        "keeper-prices",
        "pipeline_runs",
    }
    assert writes["collect_deals"] >= {"deal-updates", "collected_deals", "keeper-deals"}
    # What is older neither moves a current price nor alerts.
    assert not writes["backfill_history"] & {"current_prices", "price_alerts", "outbox"}


def test_the_graph_has_few_enough_assets_to_be_read(dags: dict[str, DAG]) -> None:
    assert len(names(dags, "outlets")) <= 20
    for dag in dags.values():
        for task in dag.tasks:
            for side in (task.inlets, task.outlets):
                named = [asset.name for asset in side if isinstance(asset, Asset)]
                assert len(named) == len(set(named)), f"{task.task_id} names an asset twice"


def test_no_provider_is_asked_about_an_assets_address() -> None:
    for asset in (*assets.TABLES.values(), *assets.TOPICS.values()):
        assert asset.uri.startswith("x-keeper://")
