"""Prometheus, if it is asked for: the machine's own, or Debian's, unpacked."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from stack.accounts import give, run_as
from stack.commands import run_logged
from stack.context import Stack
from stack.debian_packages import unpack_packages
from stack.errors import StackError
from stack.layout import Layout, write_private
from stack.observing import addresses
from stack.ports import HOST
from stack.product import metrics_addresses, unwanted_workers
from stack.programs import Program, render_config
from stack.services import Service, Step

_KEPT: Final = "15d"


def prometheus_folder(layout: Layout) -> Path:
    """Where Debian's Prometheus is unpacked; it exists only once it is complete."""
    return layout.lib / "prometheus"


def program_of(stack: Stack, name: str = "prometheus") -> Path:
    """Return Prometheus, or promtool, on the PATH, else the one that is, or will be, unpacked."""
    found = shutil.which(name, path=stack.environ.get("PATH", ""))
    return Path(found) if found else prometheus_folder(stack.layout) / "usr/bin" / name


def software_step(stack: Stack) -> Step:
    """Describe the step that sees to it that there is a Prometheus to start."""

    def fetch() -> str:
        if not program_of(stack).exists():
            unpack_prometheus(stack.layout)
        return "there"

    return Step("prometheus-software", "Prometheus software", fetch)


def unpack_prometheus(layout: Layout) -> None:
    """Fetch Debian's Prometheus, the first time, and unpack it; apt-get checks its signature.

    Raises:
        StackError: It could not be fetched, or does not start; with the last lines said.
    """

    def finish(root: Path) -> None:
        line = [str(root / "usr/bin/prometheus"), "--version"]
        run_logged("Debian's Prometheus", line, log=layout.log_of("prometheus"))

    try:
        unpack_packages(layout, prometheus_folder(layout), ["prometheus"], finish)
    except StackError as error:
        raise StackError(
            f"{error}\nInstall Prometheus, or do without: KEEPER_STACK_OBSERVE=0."
        ) from None


def service(stack: Stack) -> Service:
    """Describe the Prometheus that reads the numbers of the stack's parts."""
    home = stack.layout.home / "prometheus"
    return Service(
        program=Program(
            name="prometheus",
            argv=(
                *run_as(stack.account, (stack.layout.root, stack.layout.home)),
                str(program_of(stack)),
                f"--config.file={home / 'prometheus.yml'}",
                f"--storage.tsdb.path={home / 'data'}",
                f"--storage.tsdb.retention.time={_KEPT}",
                f"--web.listen-address={HOST}:{stack.ports.prometheus}",
            ),
            # A change of what it reads starts it anew.
            env={"HOME": str(home), "KEEPER_PROMETHEUS_CONFIG": _digest(stack)},
            directory=str(home),
            bare=True,
        ),
        title="Prometheus",
        probe=lambda _: _probe(stack),
        needs=frozenset({"prometheus-software"}),
        prepare=lambda: _prepare(stack, home),
        memory_mib=90,
        ports=("prometheus",),
    )


def _probe(stack: Stack) -> str | None:
    url = f"http://{HOST}:{stack.ports.prometheus}/-/ready"
    answer = httpx.get(url, timeout=3, trust_env=False)
    return None if answer.status_code == httpx.codes.OK else answer.text.strip()


def _prepare(stack: Stack, home: Path) -> None:
    for folder in (home, home / "data"):
        folder.mkdir(exist_ok=True)
        give(stack.account, folder)
    write_private(home / "prometheus.yml", _configuration(stack), mode=0o644)


def _digest(stack: Stack) -> str:
    return hashlib.sha256(_configuration(stack).encode()).hexdigest()


def _configuration(stack: Stack) -> str:
    unwanted = unwanted_workers(stack)
    workers = {
        name: address for name, address in metrics_addresses(stack).items() if name not in unwanted
    }
    return render_config(
        "prometheus.yml",
        prometheus=f"{HOST}:{stack.ports.prometheus}",
        console=f"{HOST}:{stack.ports.console}",
        rules=stack.layout.root / "docker" / "prometheus" / "keeper.rules.yml",
        alertmanager=f"{HOST}:{stack.ports.alertmanager}",
        workers=_targets(workers),
        stores=_targets(addresses(stack)),
    )


def _targets(programs: Mapping[str, str]) -> str:
    return "\n".join(
        f'      - {{targets: ["{address}"], labels: {{program: {name}}}}}'
        for name, address in programs.items()
    )
