"""Images that stand in for those of the compose files, where none can be pulled.

They are made of what the local stack runs: PostgreSQL from the wheel, Kafka and Elasticsearch from
Maven, on a Debian made with debootstrap; nginx and Redis are Debian's, and a few lines take mail.
Kibana and the pages of the profile dev-tools have no such source and are left out.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from stack import postgres
from stack.artifacts import elasticsearch_folder, fetch_artifacts, kafka_folder
from stack.commands import run_logged
from stack.docker.commands import need_programs
from stack.docker.engine import Engine
from stack.errors import StackError
from stack.layout import Layout

BASE: Final = "keeper-standin-base"
_FOLDER: Final = Path(__file__).with_name("standins")
_SUITE: Final = "bookworm"
_PACKAGES: Final = ("python3", "python3-venv", "ca-certificates")
_CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")


def make_standins(engine: Engine, compose: Sequence[str], images: Mapping[str, str]) -> None:
    """Build the stand-ins and give them the names the compose file asks for.

    Args:
        engine: Where they are built.
        compose: Docker Compose's command, which builds without the plugin buildx.
        images: The image's name by its stand-in's: postgres, kafka, elasticsearch, airflow, redis,
            nginx and mail.

    Raises:
        StackError: One could not be made; with the last lines of what made it.
    """
    layout = engine.layout
    fetch_artifacts(layout)
    _import_base(engine)
    staging = layout.home / "standins"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        for name in images:
            context = staging / name
            shutil.copytree(_FOLDER / name, context)
            for source, target in _contents(layout, name).items():
                shutil.copytree(source, context / target, symlinks=True, copy_function=_link)
        services = {
            name: {"image": image, "build": {"context": str(staging / name)}}
            for name, image in images.items()
        }
        file = staging / "compose.json"
        file.write_text(json.dumps({"name": BASE, "services": services}), encoding="utf-8")
        run_logged(
            "Building the stand-ins",
            [*compose, "--file", file, "build"],
            log=layout.log_of("standins"),
            env=engine.environment,
            timeout=1200,
        )
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _contents(layout: Layout, name: str) -> dict[Path, str]:
    wheel = postgres.binaries().parent
    return {
        "postgres": {
            wheel: wheel.name,
            wheel.parent.with_name(f"{wheel.parent.name}.libs"): f"{wheel.parent.name}.libs",
        },
        "kafka": {kafka_folder(layout): "libs"},
        "elasticsearch": {elasticsearch_folder(layout): "elasticsearch"},
    }.get(name, {})


def _link(source: str, target: str) -> None:
    """Put a file into a build's folder without copying it where that is possible."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _import_base(engine: Engine) -> None:
    """Make Debian's image, with this machine's certificates and package sources."""
    layout = engine.layout
    archive = layout.lib / f"{_SUITE}.tar"
    if not archive.exists():
        need_programs(layout, "debootstrap")
        _bootstrap(layout, archive)
    settings = [f"ENV {name}={value}" for name, value in _package_settings().items()]
    changes = [word for setting in settings for word in ("--change", setting)]
    engine.run("Importing Debian", "import", *changes, archive, BASE)


def _bootstrap(layout: Layout, archive: Path) -> None:
    root = layout.home / "debian"
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    try:
        run_logged(
            "Making a Debian with debootstrap",
            [
                *("debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}"),
                *(_SUITE, root, _mirror()),
            ],
            log=layout.log_of("debootstrap"),
            timeout=900,
        )
        shutil.copyfile(_CERTIFICATES, root / _CERTIFICATES.relative_to("/"))
        for file in Path("/etc/apt/apt.conf.d").glob("*"):
            if "Acquire::Check" in file.read_text("utf-8"):
                shutil.copy(file, root / file.relative_to("/"))
        partial = archive.with_suffix(".part")
        pack = ("tar", "--create", "--numeric-owner")
        run_logged(
            "Packing Debian",
            [*pack, f"--file={partial}", f"--directory={root}", "."],
            log=layout.log_of("debootstrap"),
        )
        partial.rename(archive)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _mirror() -> str:
    """Return where this machine's Debian packages come from.

    Raises:
        StackError: It does not say.
    """
    folder = Path("/etc/apt")
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.sources"))]
    for file in files:
        if file.exists():
            text = file.read_text("utf-8")
            found = re.search(r"^(?:deb(?: \[.*?\])? |URIs: )(\S+/debian/?)(?:\s|$)", text, re.M)
            if found:
                return found[1]
    raise StackError("No source of Debian packages is in /etc/apt/sources.list or sources.list.d.")


def _package_settings() -> dict[str, str]:
    """Return the variables by which pip finds this machine's index and trusts it."""
    settings = {"PIP_CERT": str(_CERTIFICATES), "SSL_CERT_FILE": str(_CERTIFICATES)}
    asked = subprocess.run(
        ["python3", "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
    )
    index = os.environ.get("PIP_INDEX_URL") or asked.stdout.strip()
    return {**settings, "PIP_INDEX_URL": index} if index else settings
