"""What stands beside Prometheus: Alertmanager, and Debian's exporters of the stores' numbers."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from stack.accounts import give, run_as
from stack.commands import run_logged
from stack.context import Stack
from stack.debian_packages import unpack_packages
from stack.environment import product_environment, redis_url
from stack.errors import StackError
from stack.layout import Layout
from stack.ports import HOST
from stack.product import run_keeper
from stack.programs import Program
from stack.services import Service, Step

ALERTMANAGER: Final = "alertmanager"
SOFTWARE: Final = "observing-software"
_PACKAGES: Final = (
    "prometheus-alertmanager",
    "prometheus-node-exporter",
    "prometheus-postgres-exporter",
    "prometheus-elasticsearch-exporter",
    "prometheus-redis-exporter",
)
# Debian's Alertmanager reads its templates there; no option changes that. They are unpacked
# elsewhere: in the copy of it stands another path to them, as long as the first, from where it is
# started.
_INSTALLED: Final = b"/usr/share/prometheus/alertmanager"
_UNPACKED: Final = b"/proc/self/cwd" + b"alertmanager".rjust(len(_INSTALLED) - 14, b"/")
# What its configuration is made from: a change of these starts it anew.
_CALLED_BY: Final = ("SMTP_", "KEEPER_SMTP_", "KEEPER_OPERATOR_", "TELEGRAM_", "DISCORD_")
_CALLED: Final = frozenset(
    {
        *("KEEPER_MAIL_FROM", "KEEPER_USER_EMAIL", "KEEPER_WATCHDOG_URL"),
        *("KEEPER_TELEGRAM_URL", "KEEPER_DISCORD_WEBHOOKS"),
    }
)


@dataclass(frozen=True, slots=True)
class Exporter:
    """A program of Debian's that shows a store's numbers.

    Attributes:
        program: Its name in Debian, and in the stack.
        title: What people call it.
        options: Beside the address it listens at.
        env: Its variables; secrets are here and never among the options.
        needs: The store.
    """

    program: str
    title: str
    options: tuple[str, ...]
    env: Mapping[str, str]
    needs: frozenset[str]


def exporters(stack: Stack) -> Iterator[Exporter]:
    """Yield the exporters of what the stack has."""
    ports = stack.ports
    yield Exporter(
        "prometheus-node-exporter",
        "numbers of the machine",
        (
            "--collector.disable-defaults",
            *(f"--collector.{name}" for name in ("cpu", "filesystem", "loadavg", "meminfo")),
            "--collector.timex",
        ),
        {},
        frozenset(),
    )
    yield Exporter(
        "prometheus-postgres-exporter",
        "numbers of PostgreSQL",
        # PostgreSQL 17 moved columns of this one.
        ("--no-collector.bgwriter", "--disable-settings-metrics"),
        # It may read statistics of all, and owns nothing.
        {
            "DATA_SOURCE_URI": f"{HOST}:{ports.postgres}/keeper?sslmode=disable",
            "DATA_SOURCE_USER": "keeper_app",
            "DATA_SOURCE_PASS": stack.credentials.postgres_app,
        },
        frozenset({"databases"}),
    )
    yield Exporter(
        "prometheus-elasticsearch-exporter",
        "numbers of Elasticsearch",
        (f"--es.uri=http://{HOST}:{ports.elasticsearch}",),
        {},
        frozenset({"elasticsearch"}),
    )
    if stack.uses_redis:
        yield Exporter(
            "prometheus-redis-exporter",
            "numbers of Redis",
            (),
            {"REDIS_ADDR": redis_url(stack)},
            frozenset({"redis"}),
        )


def observing_folder(layout: Layout) -> Path:
    """Where Debian's programs are unpacked; it exists only once it is complete."""
    return layout.lib / "observing"


def program_in(layout: Layout, name: str) -> Path:
    """Return one of Debian's programs that is, or will be, unpacked."""
    return observing_folder(layout) / "usr/bin" / name


def share_of(layout: Layout) -> Path:
    """Return where Alertmanager has to be started, for it finds its templates from there."""
    return observing_folder(layout) / "usr/share/prometheus"


def unpack_observing(layout: Layout) -> None:
    """Fetch Debian's programs, the first time, and unpack them; apt-get checks their signatures.

    Raises:
        StackError: They could not be fetched, or do not start; with the last lines said.
    """

    def finish(root: Path) -> None:
        program = root / "usr/bin/prometheus-alertmanager"
        program.write_bytes(program.read_bytes().replace(_INSTALLED, _UNPACKED))
        for name in _PACKAGES:
            line = [str(root / "usr/bin" / name), "--version"]
            run_logged(f"Debian's {name}", line, log=layout.log_of("observing"))

    try:
        unpack_packages(layout, observing_folder(layout), _PACKAGES, finish)
    except StackError as error:
        raise StackError(f"{error}\nDo without: KEEPER_STACK_OBSERVE=0.") from None


def software_step(stack: Stack) -> Step:
    """Describe the step that sees to it that there are programs to start."""

    def fetch() -> str:
        if not observing_folder(stack.layout).is_dir():
            unpack_observing(stack.layout)
        return "there"

    return Step(SOFTWARE, "Alertmanager and exporters", fetch)


def names(stack: Stack) -> frozenset[str]:
    """Return the names of the programs beside Prometheus."""
    return frozenset({ALERTMANAGER, *(one.program for one in exporters(stack))})


def addresses(stack: Stack) -> dict[str, str]:
    """Return where the exporters show their numbers, by their names."""
    first = stack.ports.exporters
    return {one.program: f"{HOST}:{first + i}" for i, one in enumerate(exporters(stack))}


def services(stack: Stack) -> list[Service]:
    """Describe Alertmanager and the exporters."""
    return [_alertmanager(stack), *(_exporter(stack, one) for one in exporters(stack))]


def _alertmanager(stack: Stack) -> Service:
    home = stack.layout.home / ALERTMANAGER
    address = f"{HOST}:{stack.ports.alertmanager}"
    return Service(
        program=Program(
            name=ALERTMANAGER,
            argv=(
                *run_as(stack.account, (stack.layout.root, stack.layout.home)),
                str(program_in(stack.layout, "prometheus-alertmanager")),
                f"--config.file={home / 'alertmanager.yml'}",
                f"--storage.path={home / 'data'}",
                f"--web.listen-address={address}",
                f"--web.external-url=http://localhost:{stack.ports.alertmanager}",
                f"--web.ui-path={share_of(stack.layout) / 'alertmanager/no-ui'}",
                # One is no cluster.
                "--cluster.listen-address=",
            ),
            env={"HOME": str(home), "KEEPER_ALERTMANAGER_CONFIG": _digest(stack)},
            directory=str(share_of(stack.layout)),
            bare=True,
        ),
        title="Alertmanager",
        probe=lambda _: _probe(f"http://{address}/-/ready"),
        needs=frozenset({SOFTWARE}),
        prepare=lambda: _prepare(stack, home),
        memory_mib=40,
        ports=("alertmanager",),
    )


def _exporter(stack: Stack, exporter: Exporter) -> Service:
    address = addresses(stack)[exporter.program]
    return Service(
        program=Program(
            name=exporter.program,
            argv=(
                *run_as(stack.account, (stack.layout.root, stack.layout.home)),
                str(program_in(stack.layout, exporter.program)),
                f"--web.listen-address={address}",
                *exporter.options,
            ),
            env={"HOME": str(stack.layout.home), **exporter.env},
            directory="/",
            bare=True,
        ),
        title=exporter.title,
        probe=lambda _: _probe(f"http://{address}/metrics"),
        needs=frozenset({SOFTWARE}) | exporter.needs,
        memory_mib=25,
    )


def _prepare(stack: Stack, home: Path) -> None:
    (home / "data").mkdir(parents=True, exist_ok=True)
    run_keeper(stack, "alertmanager", str(home))
    give(stack.account, home, *home.iterdir())


def _digest(stack: Stack) -> str:
    settings = sorted(
        f"{name}={value}"
        for name, value in product_environment(stack).items()
        if name.startswith(_CALLED_BY) or name.removesuffix("_FILE") in _CALLED
    )
    return hashlib.sha256("\n".join(settings).encode()).hexdigest()


def _probe(url: str) -> str | None:
    answer = httpx.get(url, timeout=5, trust_env=False)
    return None if answer.status_code == httpx.codes.OK else answer.text.strip()
