"""The commands around the pages of the browser: `python -m stack pages --help`."""

import os
import subprocess
from typing import Annotated

import typer

from stack.layout import REPOSITORY, Layout
from stack.pages import build_pages, fetch_packages, node_environment, npm_command

app = typer.Typer(no_args_is_help=True)
_LAYOUT = Layout(REPOSITORY / ".keeper")


@app.command()
def build() -> None:
    """Build web/dist, if the sources have changed."""
    print(f"web/dist: {build_pages(_LAYOUT)}")


@app.command()
def dev(
    console: Annotated[
        str, typer.Option(help="Where a console runs.", envvar="KEEPER_CONSOLE_URL")
    ] = "http://127.0.0.1:8000",
) -> None:
    """Serve the pages on http://127.0.0.1:5173/app/ as they are changed, before a console."""
    _npm("run", "dev", KEEPER_CONSOLE_URL=console)


@app.command()
def run(
    script: Annotated[str, typer.Argument(help="One of package.json's: lint, fmt, check, test.")],
) -> None:
    """Run a script of package.json: Biome, tsc, vitest."""
    _npm("run", "--silent", script)


def _npm(*arguments: str, **variables: str) -> None:
    """Run npm in this terminal, and end as it does."""
    log = _LAYOUT.log_of("pages")
    log.parent.mkdir(parents=True, exist_ok=True)
    fetch_packages(_LAYOUT, log)
    environ = node_environment(os.environ) | variables
    argv = [*npm_command(), *arguments]
    try:
        ended = subprocess.run(argv, cwd=REPOSITORY / "web", env=environ, check=False)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(ended.returncode)
