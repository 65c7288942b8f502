"""Files say what they hold, stay readable, and name no one's machine."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

SAYS_NOTHING = {
    "common",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "shared",
    "util",
    "utilities",
    "utils",
}
LONGEST_MODULE = 400
LONGEST_TEST_MODULE = 500
LONGEST_BODY = 60
# Its tasks' bodies move to orchestration.
BODIES_NOT_SPLIT_YET = {"dags"}
FULLEST_FOLDER = 15
# A home folder or a build folder of whoever wrote it; images keep caches in /root/.cache.
MACHINE_PATH = re.compile(
    r"(?<![\w./-])/(?:root/(?!\.cache\b)|home/(?!airflow\b|keeper\b)\w|work/|workspace/|Users/\w)"
)


def empty_words(path: Path) -> set[str]:
    words = {word for part in path.with_suffix("").parts for word in re.split(r"[_-]", part)}
    return words & SAYS_NOTHING


def test_modules_say_what_they_hold(modules: list[Path], root: Path) -> None:
    relative = [path.relative_to(root) for path in modules]
    assert {str(path): found for path in relative if (found := empty_words(path))} == {}


@pytest.mark.parametrize(
    "path", ["keeper/utils.py", "keeper/helpers/money.py", "tests/kafka_helpers.py"]
)
def test_a_name_that_says_nothing_is_noticed(path: str) -> None:
    assert empty_words(Path(path))


def test_modules_are_of_readable_length(modules: list[Path], root: Path) -> None:
    too_long = {}
    for path in modules:
        relative = path.relative_to(root)
        length = len(path.read_text("utf-8").splitlines())
        if length > (LONGEST_TEST_MODULE if relative.parts[0] == "tests" else LONGEST_MODULE):
            too_long[str(relative)] = length
    assert too_long == {}


def overlong_bodies(source: str) -> dict[str, int]:
    """Return how many lines each function takes that is too long, without head and docstring."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[ast.get_docstring(node, clean=False) is not None :]
            length = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            if length > LONGEST_BODY:
                found[node.name] = length
    return found


def test_functions_are_of_readable_length(modules: list[Path], root: Path) -> None:
    relative = {path.relative_to(root): path for path in modules}
    read = [path for path in relative if path.parts[0] not in BODIES_NOT_SPLIT_YET]
    too_long = {
        str(path): found
        for path in read
        if (found := overlong_bodies(relative[path].read_text("utf-8")))
    }

    assert {path.parts[0] for path in read} >= {"include", "stack", "bench", "docker", "tests"}
    assert too_long == {}


@pytest.mark.parametrize("start", ["def f():", "async def f():"])
def test_a_function_that_is_too_long_is_noticed(start: str) -> None:
    docstring = f'    """{"Says much." + chr(10) * LONGEST_BODY}    """'
    lines = ["    g(", *["        1,"] * (LONGEST_BODY - 2), "    )"]

    assert overlong_bodies("\n".join([start, docstring, *lines])) == {}
    assert overlong_bodies("\n".join([start, docstring, *lines, "    h()"])) == {
        "f": LONGEST_BODY + 1
    }


def test_no_folder_makes_one_search(modules: list[Path], root: Path) -> None:
    product = [path.relative_to(root) for path in modules if path.name != "__init__.py"]
    counts = Counter(
        str(path.parent) for path in product if path.parts[:2] == ("include", "keeper")
    )

    assert counts["include/keeper/domain"] > 3
    full = {folder for folder, count in counts.items() if count > FULLEST_FOLDER}
    assert full == set()


def test_no_file_names_a_path_of_somebodys_machine(tree: list[Path], root: Path) -> None:
    offences = []
    for path in tree:
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        offences += [
            f"{path.relative_to(root)}: {match.group()}" for match in MACHINE_PATH.finditer(text)
        ]
    assert offences == []


@pytest.mark.parametrize("folder", ["root", "home/ann", "work", "Users/ann"])
def test_a_path_of_somebodys_machine_is_noticed(folder: str) -> None:
    assert MACHINE_PATH.search(f"cd /{folder}/keeper")


@pytest.mark.parametrize(
    "text", ["--mount=type=cache,target=/{}/.cache/uv", "https://x.example/{}/y", "a/{}/b"]
)
def test_what_only_looks_like_one_is_let_be(text: str) -> None:
    assert MACHINE_PATH.search(text.format("root")) is None
