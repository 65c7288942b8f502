"""The deliberate faults can be made, and a fault that no test notices is named."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.faults import FOLDER, Fault, PatchError, cases, read_faults
from tests.mutants.outcomes import FILE_VARIABLE

PATCH = """What: nothing is right.
Tests: tests/unit/test_it.py::test_it
Tests: tests/unit/test_it.py::test_each

--- a/one.py
+++ b/one.py
@@ -1 +1 @@
-1
+2
"""


@pytest.fixture
def fault(tmp_path: Path) -> Fault:
    file = tmp_path / "a_fault.patch"
    file.write_text(PATCH)
    return Fault.from_file(file)


def test_there_are_many_in_every_part() -> None:
    parts = {fault.name.partition("_")[0] for fault in read_faults()}

    assert len(read_faults()) >= 40
    assert parts >= set(
        "loader dead alerts token wait dags deliver links reconcile migrations settings".split()
    )


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.patch")), ids=lambda path: path.stem)
def test_each_applies_and_its_tests_are_there(path: Path, root: Path) -> None:
    fault = Fault.from_file(path)
    subprocess.run(["git", "apply", "--check", path], cwd=root, check=True)

    for test in fault.tests:
        file, *names = test.partition("[")[0].split("::")
        found: list[ast.stmt] = ast.parse((root / file).read_text("utf-8")).body
        for name in names:
            (one,) = (
                node
                for node in found
                if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name
            )
            found = one.body


@pytest.mark.parametrize("missing", ["What", "Tests"])
def test_a_patch_that_lacks_its_head_is_refused(missing: str, tmp_path: Path) -> None:
    file = tmp_path / "headless.patch"
    file.write_text(PATCH.replace(f"{missing}:", "Else:"))

    with pytest.raises(PatchError, match=r"headless\.patch"):
        Fault.from_file(file)


def test_a_name_that_stands_for_none_is_refused() -> None:
    with pytest.raises(PatchError, match="no-such"):
        read_faults(["no-such"])


def test_each_of_its_tests_must_fail_in_some_case(fault: Fault) -> None:
    one, each = fault.tests
    assert fault.missed_by({one: "failed", f"{each}[a]": "passed", f"{each}[b]": "failed"}) == []
    assert fault.missed_by({one: "failed", f"{each}[a]": "passed"}) == [each]
    assert fault.missed_by({one: "skipped", f"{each}s": "failed"}) == [one, each]
    assert cases(each, [one, each, f"{each}[a]", f"{each}s"]) == [each, f"{each}[a]"]


def test_how_tests_ended_is_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('n', [1, 2])\ndef test_each(n): assert n == 1\n"
        "@pytest.fixture\ndef broken(): raise ValueError\n"
        "def test_with_it(broken): pass\n"
    )
    file = tmp_path / "outcomes"
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    command: list[str | Path] = [
        "-m",
        "pytest",
        "-p",
        "tests.mutants.outcomes",
        "--rootdir",
        tmp_path,
        tmp_path,
    ]

    subprocess.run([sys.executable, *command], cwd=FOLDER.parents[1], check=False)

    assert [json.loads(line) for line in file.read_text().splitlines()] == [
        ["test_it.py::test_each[1]", "passed"],
        ["test_it.py::test_each[2]", "failed"],
        ["test_it.py::test_with_it", "failed"],
    ]
