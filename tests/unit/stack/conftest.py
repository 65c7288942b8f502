"""A stack made of plain values: nothing is asked of the machine."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stack.artifacts import elasticsearch_folder, kafka_folder
from stack.context import Stack
from stack.credentials import Credentials
from stack.java import Java
from stack.layout import Layout
from stack.ports import Ports

MakeStack = Callable[..., Stack]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "home", tmp_path / "checkout")
    layout.root.mkdir()
    layout.make_folders()
    return layout


@pytest.fixture
def make_stack(layout: Layout) -> MakeStack:
    def make(**changes: Any) -> Stack:
        facts: dict[str, Any] = {
            "layout": layout,
            "ports": Ports(),
            "credentials": Credentials(
                postgres_superuser="super",
                postgres_keeper="keeper-password",
                postgres_airflow="airflow-password",
                airflow_admin="admin-password",
                airflow_fernet_key="fernet",
                airflow_jwt_secret="jwt",
                airflow_api_secret="api",
                kafka_cluster_id="kXXXXXXXXXXXXXXXXXXXXA",
                keeper_link_secret="link-secret-of-the-stack",
            ),
            "account": None,
            "java": Java(Path("/usr/lib/jvm/java-17"), 17),
            "java_too_old": None,
            "maven": "/usr/bin/mvn",
            "keepa_key": None,
            "simulator_at": "2026-01-02T03:00:00+00:00",
            "durable": True,
            "environ": {"PATH": "/usr/bin"},
        }
        return Stack(**(facts | changes))

    return make


@pytest.fixture
def downloaded(layout: Layout) -> None:
    """Pretend Kafka and Elasticsearch have been fetched."""
    kafka_folder(layout).mkdir(parents=True)
    elasticsearch_folder(layout).mkdir(parents=True)
