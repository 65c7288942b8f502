"""From the former schema to this one, with messages of the former version still in the topic.

The former version is not imitated: its own code, of the commit before the newest migration came,
makes the database, publishes and loads.
"""

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from keeper.stores.postgres.connection import SQL_DIR, PostgresConfig, session
from keeper.stores.postgres.migrations import migrate
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_reader import TopicReader
from tests.faults.loader import Job
from tests.faults.loading import (
    ROOT,
    behind,
    changed,
    finish,
    job_for,
    points,
    state_of,
    watch_all,
)
from tests.waiting import HUNG_AFTER_S, wait_until

EVENTS = 300
NEWEST = max(path for path in (SQL_DIR / "migrations").glob("*.sql") if "rollback" not in path.name)


@dataclass(frozen=True)
class Former:
    """The version before the newest migration, as a tree of its own files."""

    tree: Path

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start a Python module of it."""
        environment = os.environ | {"PYTHONPATH": f"{self.tree / 'include'}:{self.tree}"}
        return subprocess.Popen([sys.executable, *words], cwd=self.tree, env=environment)

    def run(self, script: str, *words: str) -> None:
        """Run lines of Python on it."""
        assert self.start("-c", script, *words).wait(HUNG_AFTER_S) == 0

    def load(self, job: Job) -> "subprocess.Popen[bytes]":
        """Start its loader."""
        return self.start("-m", "tests.faults.loader", msgspec.json.encode(job).decode())

    def publish(self, kafka: KafkaConfig, topic: str, *, first: int) -> dict[int, int]:
        """Publish price events in its form; return how far each partition has come."""
        before = ends(kafka, topic)
        self.run(
            "import sys\n"
            "from keeper.streams.config import KafkaConfig\n"
            "from tests.faults.loading import publish\n"
            "publish(KafkaConfig(sys.argv[1]), sys.argv[2], int(sys.argv[3]),"
            " first=int(sys.argv[4]))\n",
            kafka.bootstrap_servers,
            topic,
            str(EVENTS),
            str(first),
        )
        after = ends(kafka, topic)
        assert sum(after.values()) - sum(before.values()) == EVENTS
        return after


def ends(kafka: KafkaConfig, topic: str) -> dict[int, int]:
    with TopicReader(kafka) as reader:
        return {span.partition: span.end for span in reader.spans(topic)}


def git(*words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr.decode()}"
    return done.stdout


@pytest.fixture
def former(tmp_path: Path) -> Former:
    """The commit before the newest migration was added."""
    if git("rev-parse", "--is-shallow-repository").strip() != b"false":
        pytest.skip("the former version is in the history, which is cut: git fetch --unshallow")
    name = str(NEWEST.relative_to(ROOT))
    # Its number may have changed since, when another came before it.
    log = git("log", "--follow", "--diff-filter=A", "--format=%H", "-1", "--", name)
    added = log.decode().strip()
    assert added, f"{NEWEST.name} is not committed"
    with tarfile.open(fileobj=io.BytesIO(git("archive", f"{added}^"))) as archive:
        archive.extractall(tmp_path / "former", filter="data")
    tree = tmp_path / "former"
    assert not (tree / name).exists()
    return Former(tree)


@pytest.fixture
def database(former: Former, make_database: Callable[[], PostgresConfig]) -> PostgresConfig:
    """A database of the former version, with its watches."""
    config = make_database()
    with session(config) as connection:
        connection.execute("DROP SCHEMA public, analytics CASCADE")
        connection.execute("CREATE SCHEMA public")
    former.run(
        "import sys\n"
        "from keeper.stores.postgres.connection import PostgresConfig\n"
        "from keeper.stores.postgres.migrations import migrate\n"
        "from tests.faults.loading import watch_all\n"
        "config = PostgresConfig(sys.argv[1])\n"
        "migrate(config)\n"
        "watch_all(config)\n",
        config.url,
    )
    return config


def test_an_upgrade_while_the_former_loader_runs_loses_and_doubles_nothing(
    former: Former,
    database: PostgresConfig,
    kafka: KafkaConfig,
    topic: str,
    make_database: Callable[[], PostgresConfig],
) -> None:
    job = job_for(kafka, topic, database)
    loaded_before = former.publish(kafka, topic, first=0)
    old = former.load(changed(job, until_idle=False))
    try:
        wait_until(lambda: not behind(kafka, job, loaded_before), "the former version loads")

        assert NEWEST.stem in migrate(database)

        # Until its process is replaced the former version works on the new schema.
        loaded_between = former.publish(kafka, topic, first=EVENTS)
        wait_until(lambda: not behind(kafka, job, loaded_between), "it loads after that too")
    finally:
        old.terminate()
        assert old.wait(HUNG_AFTER_S) == 0
    left = former.publish(kafka, topic, first=2 * EVENTS)
    assert behind(kafka, job, left) == EVENTS

    finish(job)

    assert points(database) > 2 * EVENTS
    undisturbed = watch_all(make_database())
    finish(job_for(kafka, topic, undisturbed))
    assert state_of(database) == state_of(undisturbed)
