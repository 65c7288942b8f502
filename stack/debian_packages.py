"""Unpack Debian's packages below `.keeper`, where they change nothing of the machine."""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from stack.commands import run_logged
from stack.layout import Layout
from stack.locks import only_one

_PROGRAMS: Final = ("apt-get", "dpkg-deb")


def can_unpack() -> bool:
    """Return whether the machine has Debian's programs for that; none of them needs root."""
    return all(shutil.which(program) for program in _PROGRAMS)


def unpack_packages(
    layout: Layout, folder: Path, packages: Sequence[str], finish: Callable[[Path], None]
) -> None:
    """Fetch packages and unpack them into one folder; apt-get checks their signatures.

    Blocks while another process fetches into the same place.

    Args:
        layout: Where the stack lies.
        folder: The folder to be, below `layout.lib`; it exists only once it is complete.
        packages: The packages' names.
        finish: Completes and probes what was unpacked, before it counts as complete.

    Raises:
        StackError: They could not be fetched, with apt-get's last lines; or what `finish` raises.
    """
    layout.lib.mkdir(parents=True, exist_ok=True)
    layout.logs.mkdir(parents=True, exist_ok=True)
    with (
        only_one(layout.lib / ".lock"),
        tempfile.TemporaryDirectory(dir=layout.lib, prefix=f".{folder.name}-") as name,
    ):
        staging = Path(name)
        if folder.is_dir():
            return
        lists, cache, root = (staging / part for part in ("lists", "cache", "root"))
        for made in (lists / "partial", cache / "archives" / "partial", root):
            made.mkdir(parents=True)
        # The machine's own lists belong to root and may be absent.
        options = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}"]
        what, log = f"Fetching {', '.join(packages)}", layout.log_of(folder.name)
        for command in (["update"], ["download", *packages]):
            run_logged(what, ["apt-get", "-qq", *options, *command], log=log, cwd=staging)
        for archive in staging.glob("*.deb"):
            run_logged(what, ["dpkg-deb", "--extract", archive, root], log=log, cwd=staging)
        keep_links_inside(root)
        finish(root)
        root.chmod(0o755)
        root.rename(folder)


def keep_links_inside(root: Path) -> None:
    """Let the links of an unpacked package to its own files in /etc lead to where they now are."""
    for link in [path for path in root.rglob("*") if path.is_symlink()]:
        target = str(link.readlink())
        inside = root / target.lstrip("/")
        if target.startswith("/") and inside.exists():
            link.unlink()
            link.symlink_to(os.path.relpath(inside, link.parent))
