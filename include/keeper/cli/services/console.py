"""The commands of the console: serving it, and a link to sign in to it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.options import HostOption

if TYPE_CHECKING:
    from fastapi import FastAPI

    from keeper.settings import Settings

app = typer.Typer(invoke_without_command=True)


@app.callback()
def console(
    context: typer.Context,
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
    reload: Annotated[
        bool, typer.Option(help="Start again whenever its code changes; for development.")
    ] = False,
) -> None:
    """Serve the pages at /app/, the API with its documentation at /docs, and links in messages.

    With the simulator also its pictures of products, at /img/NAME.

    Messages have links where KEEPER_PUBLIC_URL, where readers reach it, and KEEPER_LINK_SECRET are
    set. Example: keeper console --port 8000
    """
    if context.invoked_subcommand is not None:
        return
    from keeper.console.serving.server import serve
    from keeper.settings import load_settings

    # Mistakes in the settings are one message here; later they would be a traceback.
    settings = load_settings()
    if reload:
        package = Path(__file__).resolve().parents[2]
        serve(f"{__name__}:application", host=host, port=port, reload_dirs=[str(package)])
    else:
        serve(_application(settings), host=host, port=port)


def application() -> "FastAPI":
    """Make the console by the settings; what --reload calls in each new process."""
    from keeper.settings import load_settings

    return _application(load_settings())


def _application(settings: "Settings") -> "FastAPI":
    from keeper.console.assembly import console_by

    return console_by(settings)
