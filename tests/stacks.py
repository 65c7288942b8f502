"""A stack made of plain values: nothing is asked of the machine."""

from pathlib import Path
from typing import Any

from stack.context import Stack
from stack.credentials import Credentials
from stack.java import Java
from stack.layout import Layout
from stack.ports import Ports


def plain_stack(layout: Layout, **changes: Any) -> Stack:
    """A stack in these folders, with `changes` instead of its usual facts."""
    facts: dict[str, Any] = {
        "layout": layout,
        "ports": Ports(),
        "credentials": Credentials(
            postgres_superuser="super",
            postgres_app="app-password",
            postgres_console="console-password",
            postgres_read="read-password",
            postgres_keeper="keeper-password",
            postgres_airflow="airflow-password",
            airflow_admin="admin-password",
            airflow_console="console-password",
            airflow_fernet_key="fernet",
            airflow_jwt_secret="jwt",
            airflow_api_secret="api",
            kafka_cluster_id="kXXXXXXXXXXXXXXXXXXXXA",
            keeper_link_secret="link-secret-of-the-stack",
            redis="redis-password",
        ),
        "account": None,
        "java": Java(Path("/usr/lib/jvm/java-17"), 17),
        "java_too_old": None,
        "maven": "/usr/bin/mvn",
        "repository": None,
        "keepa_key": None,
        "simulator_at": "2026-01-02T03:00:00+00:00",
        "durable": True,
        "environ": {"PATH": "/usr/bin"},
    }
    return Stack(**(facts | changes))
