"""docs/DAGS.md says what the DAGs are."""

import re
from pathlib import Path

import pytest
from airflow.sdk import DAG, CronTriggerTimetable, Param, dag, task

from keeper.orchestration.airflow.dags_page import dags_below, page

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def dags() -> list[DAG]:
    return dags_below(ROOT / "dags")


def test_the_page_in_docs_is_the_dags_own(dags: list[DAG]) -> None:
    assert (ROOT / "docs" / "DAGS.md").read_text("utf-8") == page(dags), "run: make dags"


def test_each_dag_has_its_section_with_its_docstring(dags: list[DAG]) -> None:
    text = page(dags)

    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == sorted(dag.dag_id for dag in dags)
    for each in dags:
        assert (each.doc_md or "?").strip() in text
        for one in each.tasks:
            assert f"| `{one.task_id}` |" in text


def test_a_change_of_a_dag_is_a_change_of_the_page() -> None:
    def made(hour: int, default: int) -> str:
        @dag(
            schedule=CronTriggerTimetable(f"0 {hour} * * *", timezone="UTC"),
            doc_md="### What\nEvery day: does it. More.\n",
            params={"days": Param(default, type="integer", minimum=1, title="Days")},
        )
        def do_something() -> None:
            @task(pool="keepa", retries=2)
            def act() -> None:
                """Nothing."""

            act()

        return page([do_something()])

    text = made(6, 3)
    assert "| [do_something](#do_something) | at 06:00 UTC (`0 6 * * *`) | Does it |" in text
    assert "| `days` | integer, at least 1 | `3` | Days |" in text
    assert "| `act` |  |  | keepa | 2 | – |  |" in text
    assert text not in (made(7, 3), made(6, 4))


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("from airflow.sdk import dag\nraise RuntimeError('why')\n")

    with pytest.raises(ValueError, match="why"):
        dags_below(tmp_path)
