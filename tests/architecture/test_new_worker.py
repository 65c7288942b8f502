"""CONTRIBUTING's example of a new worker: one entry in the table, and the worker is everywhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from textwrap import indent
from typing import Any

import pytest

from tests.architecture.composition import BASE, ROOT

PROGRAM = """
import json
from contextlib import contextmanager
from pathlib import Path
from sys import argv

from typer.testing import CliRunner

from keeper.cli.app import app
from keeper.cli.streams import lag
from keeper.pipeline.search.mirrors import PRICES
from keeper.streams.groups import offsets
from keeper.streams.groups.records import GroupRecords
from keeper.streams.topic_reader import PartitionSpan
from stack.catalogue import build, names_of
from stack.layout import Layout
from tests.architecture.composition import composition, worker_faults
from tests.stacks import plain_stack


class Topics:
    def topics(self):
        return {"price-updates": 1}

    def spans(self, topic):
        return [PartitionSpan(0, 0, 42)]


@contextmanager
def kafka():
    yield None, Topics()


lag.kafka = kafka
offsets.committed = lambda config, group, partitions: {}
GroupRecords.losses = lambda self: []
home, compose = map(Path, argv[1:])
stack = plain_stack(Layout(home, home))
services, _ = build(stack, names_of(stack, ["workers"]))
run = CliRunner().invoke
print(json.dumps({
    "help": run(app, ["consume", "repair", "--help"], env={"COLUMNS": "200"}).output,
    "health": run(app, ["health", "consume-repair"]).output,
    "lag": run(app, ["topics", "lag"]).output,
    "mirrored": PRICES.topics["price-updates"].groups,
    "stack": {s.name: [s.title, *s.program.argv[1:]] for s in services},
    "without": worker_faults(composition()["services"]),
    "with": worker_faults(composition(compose)["services"]),
}))
"""


def example(language: str) -> str:
    """The only code block of this language in the section about workers."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = page.partition("\n### A worker\n")[2].partition("\n### ")[0]
    (block,) = re.findall(rf"^```{language}\n(.+?)^```$", section, re.MULTILINE | re.DOTALL)
    return str(block)


def put_before(line: str, block: str, text: str) -> str:
    assert text.count(line) == 1
    return text.replace(line, block + line)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a copy of Keeper says of the worker, with the example's two blocks and nothing else."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(
        ROOT / "include" / "keeper",
        copy / "keeper",
        ignore=shutil.ignore_patterns("__pycache__", "orchestration"),
    )
    table = copy / "keeper" / "streams" / "workers.py"
    entry = indent(example("python").rstrip(), "    ") + ",\n"
    table.write_text(put_before("    Deliverer(title=", entry, table.read_text("utf-8")))
    compose = copy / "docker-compose.yaml"
    block = example("yaml") + "\n"
    compose.write_text(put_before("  deliver:\n", block, BASE.read_text("utf-8")))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, copy, compose],
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(map(str, (copy, ROOT))), "KEEPER_RUN_DIR": str(copy)},
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def test_it_has_its_command(found: dict[str, Any]) -> None:
    text = re.sub(r"\x1b\[[\d;]*m", "", found["help"])
    assert "Load price events into PostgreSQL once more" in text
    assert "Example: keeper consume repair" in text
    assert all(option in text for option in ("--batch", "--until-idle", "--instance", "5000"))


def test_health_knows_it(found: dict[str, Any]) -> None:
    assert found["health"].startswith("consume-repair has given no heartbeat in ")


def test_lag_lists_its_group(found: dict[str, Any]) -> None:
    row = re.search(r"keeper-consumer-group-repair\W+price-updates\W+42\b", found["lag"])
    assert row, found["lag"]


def test_the_mirror_waits_for_its_group(found: dict[str, Any]) -> None:
    assert found["mirrored"] == [
        "keeper-consumer-group",
        "keeper-search-prices",
        "keeper-consumer-group-repair",
    ]


def test_the_local_stack_starts_it(found: dict[str, Any]) -> None:
    title, *command = found["stack"]["consume-repair"]
    assert title == "loader of prices into PostgreSQL, without alerts"
    assert command == ["consume", "repair", "--instance", "@host"]


def test_the_compose_test_demands_it(found: dict[str, Any]) -> None:
    assert found["without"] == ["consume-repair: there is no such service"]
    assert found["with"] == []
