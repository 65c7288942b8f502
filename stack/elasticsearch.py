"""Elasticsearch from its Maven artifact: one node without the optional modules."""

import shutil
from pathlib import Path

import httpx

from stack.accounts import give, run_as
from stack.artifacts import elasticsearch_folder
from stack.context import Stack
from stack.errors import StackError
from stack.java import QUICK_START
from stack.layout import write_private
from stack.ports import HOST
from stack.programs import Program, render_config
from stack.services import Service


def service(stack: Stack) -> Service:
    """Describe the Elasticsearch node."""
    home = stack.layout.home / "elasticsearch"
    software = elasticsearch_folder(stack.layout)
    if stack.java is None:
        raise StackError("Elasticsearch needs Java.")
    start = software / "bin" / "elasticsearch"
    return Service(
        program=Program(
            name="elasticsearch",
            argv=(
                *run_as(stack.account, (stack.layout.root, stack.java.executable, home.parent)),
                shutil.which("bash") or "/bin/bash",
                str(start),
            ),
            env={
                "HOME": str(home),
                "ES_JAVA_HOME": str(stack.java.home),
                "ES_PATH_CONF": str(home / "config"),
                "ES_TMPDIR": str(home / "tmp"),
                # The launcher's, a second small JVM.
                "CLI_JAVA_OPTS": " ".join(("-XX:-UsePerfData", *QUICK_START)),
            },
            directory=str(home),
            bare=True,
            stop_seconds=30,
        ),
        title="Elasticsearch",
        probe=lambda _: probe(stack),
        needs=frozenset({"artifacts"}),
        prepare=lambda: prepare(stack, home),
        timeout=180,
        memory_mib=950,
        ports=("elasticsearch", "elasticsearch_transport"),
    )


def probe(stack: Stack) -> str | None:
    """Return None when the cluster is usable; `GET /` does not exist in this build."""
    url = f"http://{HOST}:{stack.ports.elasticsearch}/_cluster/health"
    answer = httpx.get(url, timeout=3, trust_env=False)
    answer.raise_for_status()
    status = str(answer.json()["status"])
    return None if status in {"green", "yellow"} else f"cluster status is {status}"


def prepare(stack: Stack, home: Path) -> None:
    """Write the configuration; the node adds its keystore to the same folder."""
    folders = {name: home / name for name in ("config", "data", "logs", "tmp")}
    for folder in (home, *folders.values()):
        folder.mkdir(exist_ok=True)
        give(stack.account, folder)
    files = {
        "elasticsearch.yml": render_config(
            "elasticsearch.yml",
            data=folders["data"],
            logs=folders["logs"],
            port=stack.ports.elasticsearch,
            transport_port=stack.ports.elasticsearch_transport,
        ),
        "jvm.options": render_config(
            "elasticsearch.jvm.options", tmp=folders["tmp"], server="\n".join(stack.server_jvm)
        ),
        "log4j2.properties": render_config("elasticsearch.log4j2.properties"),
    }
    for name, text in files.items():
        write_private(folders["config"] / name, text, mode=0o644)
