"""Every DAG is written alike: a file that wires, a module with its tasks, arguments written out."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED_BY_DAGS = ("prices", "runs")
"""Folders of orchestration with code of tasks that several DAGs share."""


def dag_files(root: Path) -> list[Path]:
    files = sorted((root / "dags").glob("*.py"))
    assert files, "dags/ is empty"
    return files


def task_modules(root: Path) -> list[Path]:
    package = root / "include/keeper/orchestration"
    shared = [file for folder in SHARED_BY_DAGS for file in sorted((package / folder).glob("*.py"))]
    assert len(shared) > len(SHARED_BY_DAGS)
    return [package / file.name for file in dag_files(root)] + shared


def functions_of(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def names_called(tree: ast.AST) -> set[str]:
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {func.id for func in called if isinstance(func, ast.Name)}


def handed_through(source: str) -> list[str]:
    """Name what hides which arguments a function is called with."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Lambda():
                found.append("lambda")
            case ast.keyword(arg=None):
                found.append("**")
            case ast.Dict(keys=keys) if None in keys:
                found.append("**")
            case ast.arguments(vararg=vararg, kwarg=kwarg) if vararg or kwarg:
                found.append("* or ** of parameters")
            case ast.ImportFrom(module="functools"):
                found.append("functools")
            case ast.Import(names=names) if "functools" in {alias.name for alias in names}:
                found.append("functools")
            case _:
                pass
    return found


def not_annotated(source: str) -> list[str]:
    found = []
    for function in functions_of(ast.parse(source)):
        given = function.args
        parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        found += [
            f"{function.name}({parameter.arg})"
            for parameter in parameters
            if parameter.annotation is None and parameter.arg not in ("self", "cls")
        ]
        if function.returns is None:
            found.append(f"{function.name}()")
    return found


def started_otherwise(source: str) -> Iterator[str]:
    """Name the functions that plan a run without the one way to begin it."""
    tree = ast.parse(source)
    planners = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("keeper.pipeline.")
        for alias in node.names
        if alias.name.startswith("plan_")
    }
    for function in functions_of(tree):
        called = names_called(function)
        if called & planners and not {"begin", "plain_parts"} <= called:
            yield function.name


def test_a_dag_file_is_called_as_its_dag_and_holds_nothing_else(root: Path) -> None:
    for file in dag_files(root):
        tree = ast.parse(file.read_text("utf-8"))
        (dag,) = functions_of(tree)
        assert dag.name == file.stem
        (decorator,) = dag.decorator_list
        assert isinstance(decorator, ast.Call), "the DAG's arguments are written out"
        assert ast.unparse(decorator.func) == "dag"
        # Else the name of the function would not be the DAG's id.
        assert "dag_id" not in {keyword.arg for keyword in decorator.keywords}
        assert not decorator.args


def test_a_dag_file_wires_the_tasks_of_the_module_of_its_name(root: Path) -> None:
    for file in dag_files(root):
        imported = {
            (node.module, alias.name, alias.asname)
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert ("keeper.orchestration", file.stem, "tasks") in imported
        assert (root / "include/keeper/orchestration" / file.name).is_file()


def test_arguments_are_written_out(root: Path) -> None:
    for file in [*dag_files(root), *task_modules(root)]:
        assert handed_through(file.read_text("utf-8")) == [], file


def test_parameters_and_results_have_their_types(root: Path) -> None:
    for file in [*dag_files(root), *task_modules(root)]:
        assert not_annotated(file.read_text("utf-8")) == [], file


def test_every_run_is_begun_the_same_way(root: Path) -> None:
    begun = 0
    for file in task_modules(root):
        source = file.read_text("utf-8")
        assert list(started_otherwise(source)) == [], file
        begun += any(
            "begin" in names_called(function) for function in functions_of(ast.parse(source))
        )
    # Prices, past prices, deals, searches.
    assert begun == 4


@pytest.mark.parametrize(
    "source",
    [
        "run = lambda: 1",
        "plan(**options)",
        "merged = {**one, 'two': 2}",
        "def plan(*parts): ...",
        "def plan(**options): ...",
        "from functools import partial",
        "import functools",
    ],
)
def test_what_hides_arguments_is_noticed(source: str) -> None:
    assert handed_through(source)


@pytest.mark.parametrize(
    "source", ["plan(run, *batches)", "one | {'two': 2}", "def plan(run: str, /, *, at: int): ..."]
)
def test_what_hides_none_is_let_be(source: str) -> None:
    assert handed_through(source) == []


@pytest.mark.parametrize(
    "source", ["def plan(params) -> None: ...", "def plan(params: str): ...", "def f(*, at): ..."]
)
def test_a_type_that_is_missing_is_noticed(source: str) -> None:
    assert not_annotated(source)


def test_a_run_that_is_begun_otherwise_is_noticed() -> None:
    source = (
        "def plan(dag_run: DagRun) -> list[str]:\n"
        "    from keeper.pipeline.prices.plan import plan_run\n"
        "    return plan_run(dag_id=dag_run.dag_id, started_at=utc_now())\n"
    )
    assert list(started_otherwise(source)) == ["plan"]
