"""What images and bootstrap.sh install is what uv.lock says: packages, Node, PostgreSQL, uv."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXPORT = ("export", "--frozen", "--no-dev", "--no-emit-project", "--no-annotate", "--quiet")
FILES = {
    "requirements.txt": (*EXPORT, "--extra", "s3"),
    "web/node-requirements.txt": (*EXPORT, "--only-group", "pages"),
    "stack/uv-requirements.txt": (*EXPORT, "--only-group", "bootstrap"),
    "docker/postgres/requirements.txt": (*EXPORT, "--only-group", "postgres"),
}


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("name", FILES)
def test_it_equals_what_uv_exports(root: Path, name: str) -> None:
    exported = subprocess.run(
        [sys.executable, "-m", "uv", *FILES[name]],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    kept = (root / name).read_text("utf-8")
    remedy = f"run: uv {' '.join(FILES[name])} -o {name}"
    assert lines_of(kept) == lines_of(exported.stdout), remedy


def test_every_package_is_pinned_by_hash(root: Path) -> None:
    for name in FILES:
        least = 50 if name == "requirements.txt" else 0
        text = (root / name).read_text("utf-8")
        packages = re.findall(r"^[\w.\[\],-]+==.*(?:\n    --hash=sha256:.*)*", text, re.MULTILINE)
        assert len(packages) > least
        assert [package for package in packages if "--hash=sha256:" not in package] == []


@pytest.mark.parametrize("name", [*FILES, "web/package-lock.json"])
def test_it_names_no_index(root: Path, name: str) -> None:
    text = (root / name).read_text("utf-8")
    hosts = re.findall(r"--(?:extra-)?index-url|--find-links|\"resolved\":", text)
    assert hosts == []
    assert name.endswith(".json") or "://" not in text
