"""The table of workers: names and groups that are contracts, and entries that fit together."""

from keeper.pipeline.runs.writers import WRITERS
from keeper.streams.topics import DATA_TOPICS
from keeper.streams.workers import LOADERS, READERS, WORKERS, Writer, loaders_of

GROUPS = {
    "consume-prices": ("price-updates", "keeper-consumer-group"),
    "index-prices": ("price-updates", "keeper-search-prices"),
    "consume-backfill": ("price-backfill", "keeper-consumer-group-backfill"),
    "index-backfill": ("price-backfill", "keeper-search-backfill"),
    "consume-deals": ("deal-updates", "keeper-consumer-group-deals"),
    "index-deals": ("deal-updates", "keeper-search-deals"),
}


def test_a_known_worker_keeps_its_topic_and_its_group() -> None:
    # Under another group it would read everything again, under another name nobody would start it.
    found = {name: (loader.topic, loader.group) for name, loader in LOADERS.items()}
    assert found.items() >= GROUPS.items()


def test_each_worker_has_a_name_and_a_group_of_its_own() -> None:
    names = [worker.name for worker in WORKERS]
    assert len(set(names)) == len(names)
    assert len({loader.group for loader in LOADERS.values()}) == len(LOADERS)
    assert "deliver" in names
    assert "deliver" not in LOADERS


def test_each_worker_reads_a_topic_that_is_made_and_writes_in_a_known_way() -> None:
    assert {loader.topic for loader in LOADERS.values()} == set(DATA_TOPICS)
    assert set(WRITERS) == set(Writer) == {loader.writer for loader in LOADERS.values()}


def test_readers_are_the_loaders_and_airflow() -> None:
    loaded = {loader.group: loader.topic for loader in LOADERS.values()}
    assert dict(READERS) == loaded | {"keeper-doorbell": "keeper-events"}


def test_a_topic_names_those_that_load_it() -> None:
    assert [loader.name for loader in loaders_of("deal-updates")] == [
        "consume-deals",
        "index-deals",
    ]
