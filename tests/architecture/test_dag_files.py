"""What DAG files and plugins may import, and how long they may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

AIRFLOW_FOR_DAGS = ("airflow.sdk", "airflow.providers")
CLOSED_TO_WIRING = ("keeper.cli", "keeper.simulator")
WIRING = ("dags", "plugins", "keeper_console")
LONGEST_DAG_FILE = 150


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def imports_of(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, "relative imports are not used here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dag_offences(source: str) -> list[str]:
    """Name the imports of a DAG file that no DAG file may have."""
    return [
        name
        for name in imports_of(source)
        if (within(name, ("airflow",)) and not within(name, AIRFLOW_FOR_DAGS))
        or within(name, (*CLOSED_TO_WIRING, *WIRING, "keeper.console"))
    ]


@pytest.fixture(scope="module")
def dag_files(root: Path) -> list[Path]:
    files = sorted((root / "dags").rglob("*.py"))
    assert files, "dags/ is empty"
    return files


def test_dags_import_the_task_sdk_and_the_packages_below_only(dag_files: list[Path]) -> None:
    offences = {path.name: dag_offences(path.read_text("utf-8")) for path in dag_files}
    assert {name: found for name, found in offences.items() if found} == {}


@pytest.mark.parametrize(
    "source",
    [
        "from airflow.models import DAG",
        "from airflow import DAG",
        "import airflow.utils.dates",
        "from keeper.cli import main",
        "from keeper import simulator",
        "from dags.track_prices import track_prices",
        "def task():\n    import keeper_console",
    ],
)
def test_an_offence_is_noticed(source: str) -> None:
    assert len(dag_offences(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from airflow.sdk import dag, task",
        "from airflow.providers.standard.operators.empty import EmptyOperator",
        "from keeper.orchestration.airflow.assets import PRICE_UPDATES",
        "def task():\n    from keeper.pipeline.prices.plan import plan_run",
    ],
)
def test_what_a_dag_file_needs_is_no_offence(source: str) -> None:
    assert dag_offences(source) == []


def test_dag_files_are_short(dag_files: list[Path]) -> None:
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in dag_files}
    assert {name: n for name, n in lengths.items() if n > LONGEST_DAG_FILE} == {}


def test_plugins_use_neither_dags_nor_the_command_line(modules: list[Path], root: Path) -> None:
    offences = {
        str(path.relative_to(root)): found
        for path in modules
        if path.is_relative_to(root / "plugins")
        and (
            found := [
                name
                for name in imports_of(path.read_text("utf-8"))
                if within(name, (*CLOSED_TO_WIRING, "dags"))
            ]
        )
    }
    assert offences == {}


def test_nothing_in_the_product_imports_its_wiring(modules: list[Path], root: Path) -> None:
    product = [path for path in modules if path.is_relative_to(root / "include")]
    assert product
    offences = {
        str(path.relative_to(root)): found
        for path in product
        if (found := [name for name in imports_of(path.read_text("utf-8")) if within(name, WIRING)])
    }
    assert offences == {}
