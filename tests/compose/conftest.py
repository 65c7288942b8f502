"""The compose files on a real engine; each test module brings its own system up once."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from stack.docker.commands import compose_command
from stack.docker.composed import ComposedSystem
from stack.docker.engine import docker_engine
from stack.docker.standins import make_standins
from stack.layout import Layout
from tests.architecture.composition import BASE, DEV, PROD, composed, example_environment
from tests.services import ROOT

STAND_INS = ("postgres", "kafka", "elasticsearch", "redis", "mail", "nginx")

Bring = Callable[[Sequence[str], dict[str, str]], AbstractContextManager[ComposedSystem]]


@pytest.fixture(scope="session")
def bring_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bring]:
    """What brings a system of the named files up with changes to `.env.example`, and down after."""
    layout = Layout(ROOT / ".keeper" / "composed")
    layout.make_folders()
    compose = compose_command(layout)
    with docker_engine(layout) as engine:
        make_standins(engine, compose, _images())

        @contextmanager
        def bring(files: Sequence[str], changes: dict[str, str]) -> Iterator[ComposedSystem]:
            env_file = tmp_path_factory.mktemp("compose") / "env"
            env_file.write_text(changed_example(changes))
            project = f"keeper-test-{Path(files[-1]).stem.rpartition('.')[2]}"
            system = ComposedSystem(engine, compose, project, env_file, files)
            try:
                system.up()
                yield system
            finally:
                system.down()

        yield bring


def changed_example(changes: dict[str, str]) -> str:
    """Return `.env.example` with other values."""
    text = Path(ROOT / ".env.example").read_text("utf-8")
    for name, value in changes.items():
        text, found = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        assert found == 1, f"{name} is not in .env.example"
    return text


def _images() -> dict[str, str]:
    """Return the name of each image that is stood in for."""
    environment = example_environment() | {"KEEPER_PUBLIC_URL": "https://localhost"}
    services = {
        **composed(environment, BASE, PROD)["services"],
        **composed(environment, BASE, DEV)["services"],
    }
    images = {name: services[name]["image"] for name in STAND_INS}
    return images | {"airflow": services["migrate"]["build"]["args"]["BASE_IMAGE"]}
