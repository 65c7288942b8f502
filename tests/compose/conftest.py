"""docker-compose.yaml, brought up once for all tests on a real engine."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.airflow_api import AirflowApi
from stack.docker.commands import compose_command
from stack.docker.composed import ComposedSystem
from stack.docker.engine import docker_engine
from stack.docker.standins import make_standins
from stack.layout import Layout
from tests.services import ROOT, free_port

PASSWORD = "of-this-test-alone"


@pytest.fixture(scope="session")
def ports() -> dict[str, int]:
    """A free port of this machine for each one the file publishes."""
    names = ("AIRFLOW", "POSTGRES", "KAFKA", "ELASTICSEARCH", "KIBANA", "SIMULATOR")
    return {name: free_port() for name in names}


@pytest.fixture(scope="session")
def system(
    ports: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ComposedSystem]:
    """The composed system, healthy; taken down after the tests."""
    layout = Layout(ROOT / ".keeper" / "composed")
    layout.make_folders()
    env_file = tmp_path_factory.mktemp("compose") / "env"
    env_file.write_text(_environment(ports))
    compose = compose_command(layout)
    with docker_engine(layout) as engine:
        system = ComposedSystem(engine, compose, "keeper-test", env_file)
        services = system.services()
        images = {name: services[name]["image"] for name in ("postgres", "kafka", "elasticsearch")}
        base = services["migrate"]["build"]["args"]["BASE_IMAGE"]
        make_standins(engine, compose, {**images, "airflow": base})
        try:
            system.up()
            yield system
        finally:
            system.down()


@pytest.fixture
def airflow(system: ComposedSystem, ports: dict[str, int]) -> Iterator[AirflowApi]:
    """A session with the composed system's Airflow."""
    with AirflowApi(ports["AIRFLOW"], PASSWORD) as api:
        yield api


def _environment(ports: dict[str, int]) -> str:
    """Return `.env.example` with this test's passwords and ports."""
    text = Path(ROOT / ".env.example").read_text("utf-8")
    own = {f"KEEPER_{name}_PORT": str(port) for name, port in ports.items()}
    own |= {"KEEPER_AIRFLOW_PASSWORD": PASSWORD, "KEEPER_BATCH_PRODUCTS": "25"}
    for name, value in own.items():
        text, found = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        assert found == 1, f"{name} is not in .env.example"
    return text
