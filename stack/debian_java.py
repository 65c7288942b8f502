"""Unpack Debian's Java below `.keeper` where nobody may install packages.

A Java from the Python package index would not do: Elasticsearch needs the modules jdk.jdi and
jdk.jlink, which such trimmed runtimes lack.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from stack.commands import run_logged
from stack.errors import StackError
from stack.layout import Layout
from stack.locks import only_one

_PROGRAMS: Final = ("apt-get", "dpkg-deb")


def can_unpack() -> bool:
    """Return whether the machine has Debian's programs for that; none of them needs root."""
    return all(shutil.which(program) for program in _PROGRAMS)


def java_folder(layout: Layout) -> Path:
    """Where the Java is; it exists only once it is complete."""
    return layout.lib / "java"


def unpack_java(layout: Layout, package: str) -> None:
    """Fetch a package with a Java and unpack it; apt-get checks its signature.

    Blocks while another process fetches into the same folder.

    Raises:
        StackError: It could not be fetched; with apt-get's last lines.
    """
    layout.lib.mkdir(parents=True, exist_ok=True)
    with (
        only_one(layout.lib / ".lock"),
        tempfile.TemporaryDirectory(dir=layout.lib, prefix=".java-") as name,
    ):
        staging = Path(name)
        if java_folder(layout).is_dir():
            return
        lists, cache, root = (staging / part for part in ("lists", "cache", "root"))
        for folder in (lists / "partial", cache / "archives" / "partial", root):
            folder.mkdir(parents=True)
        # The machine's own lists belong to root and may be absent.
        options = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}"]
        what, log = f"Fetching {package}", layout.log_of("java")
        try:
            for command in (["update"], ["download", package]):
                run_logged(what, ["apt-get", "-qq", *options, *command], log=log, cwd=staging)
            for archive in staging.glob("*.deb"):
                run_logged(what, ["dpkg-deb", "--extract", archive, root], log=log, cwd=staging)
        except StackError as error:
            raise StackError(
                f"{error}\nInstall a Java, or point JAVA_HOME at one, then run the command again."
            ) from None
        keep_links_inside(root)
        if not any((root / "usr/lib/jvm").glob("*/bin/java")):
            raise StackError(f"{package} holds no Java.")
        root.chmod(0o755)
        root.rename(java_folder(layout))


def keep_links_inside(root: Path) -> None:
    """Let the links of an unpacked package to its own files in /etc lead to where they now are."""
    for link in [path for path in root.rglob("*") if path.is_symlink()]:
        target = str(link.readlink())
        inside = root / target.lstrip("/")
        if target.startswith("/") and inside.exists():
            link.unlink()
            link.symlink_to(os.path.relpath(inside, link.parent))
