"""From a program's description to what Supervisor reads and the process gets."""

import configparser
import json
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stack import launch
from stack.launch import environment_of
from stack.layout import Layout
from stack.programs import (
    MARK,
    Program,
    forget_program,
    known_programs,
    render_config,
    render_supervisor_config,
    write_program,
)

PROGRAM = Program(
    name="worker",
    argv=("/bin/worker", "--flag"),
    env={"PASSWORD": "p%s;\"'# hunter2", "A": "1"},
    directory="/",
    stop_signal="INT",
    stop_seconds=7,
)


def rendered(layout: Layout) -> configparser.RawConfigParser:
    text = render_supervisor_config(layout, layout.run / "supervisor.sock", None)
    # The way Supervisor itself reads it.
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    parser.read_string(text)
    return parser


def test_a_program_is_started_by_the_launcher_and_never_by_itself(layout: Layout) -> None:
    write_program(layout, PROGRAM)

    section = rendered(layout)["program:worker"]

    assert "launch.py" in section["command"]
    assert str(layout.programs / "worker.json") in section["command"]
    assert section["autostart"] == "false"
    assert section["stopsignal"] == "INT"
    assert section["stopwaitsecs"] == "7"
    assert section["stopasgroup"] == section["killasgroup"] == "true"


def test_what_a_program_writes_is_its_users_alone(layout: Layout, tmp_path: Path) -> None:
    made = tmp_path / "made"
    write_program(layout, replace(PROGRAM, argv=("/bin/touch", str(made))))

    launcher = Path(launch.__file__)
    description = layout.programs / "worker.json"
    subprocess.run([sys.executable, "-S", "-E", launcher, description], check=True)

    assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_no_secret_is_in_supervisors_configuration(layout: Layout) -> None:
    write_program(layout, PROGRAM)

    assert "hunter2" not in render_supervisor_config(layout, layout.run / "s", None)
    description = layout.programs / "worker.json"
    assert stat.S_IMODE(description.stat().st_mode) == 0o600
    assert json.loads(description.read_text())["env"]["PASSWORD"] == PROGRAM.env["PASSWORD"]


def test_a_changed_description_changes_the_section(layout: Layout) -> None:
    write_program(layout, PROGRAM)
    first = rendered(layout)["program:worker"]["command"]
    write_program(layout, replace(PROGRAM, env={"A": "1", "PASSWORD": PROGRAM.env["PASSWORD"]}))
    reordered = rendered(layout)["program:worker"]["command"]
    write_program(layout, replace(PROGRAM, env={"A": "2"}))

    assert reordered == first
    assert rendered(layout)["program:worker"]["command"] != first


def test_a_forgotten_program_has_no_section(layout: Layout) -> None:
    write_program(layout, PROGRAM)
    write_program(layout, replace(PROGRAM, name="other"))
    forget_program(layout, "worker")
    forget_program(layout, "worker")

    assert known_programs(layout) == ["other"]
    assert "program:worker" not in rendered(layout)


def test_a_percent_sign_in_a_path_survives_supervisors_expansion(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "100%", tmp_path)
    layout.make_folders()
    write_program(layout, PROGRAM)

    log = rendered(layout)["program:worker"]["stdout_logfile"]

    assert log % {} == str(layout.log_of("worker"))


def test_every_process_carries_the_mark_of_its_home(layout: Layout) -> None:
    write_program(layout, PROGRAM)

    environment = json.loads((layout.programs / "worker.json").read_text())["env"]

    assert environment[MARK] == f"{layout.home}:worker"


@pytest.mark.parametrize(
    "name", ["AIRFLOW__CORE__EXECUTOR", "PYTHONPATH", "KEEPA_API_KEY", "SMTP_USER", "VIRTUAL_ENV"]
)
def test_a_users_variable_never_leads_a_program_astray(name: str) -> None:
    program = {"bare": False, "env": {"A": "1"}}

    found = environment_of(program, {name: "theirs", "HTTPS_PROXY": "http://proxy", "A": "0"})

    assert found == {"HTTPS_PROXY": "http://proxy", "A": "1"}


def test_a_bare_program_inherits_the_path_alone() -> None:
    program = {"bare": True, "env": {"HOME": "/h"}}

    assert environment_of(program, {"PATH": "/bin", "HTTPS_PROXY": "x"}) == {
        "PATH": "/bin",
        "HOME": "/h",
    }


@pytest.mark.parametrize(
    ("name", "values", "line"),
    [
        ("kafka.properties", {"port": 1, "controller_port": 2, "data": "/d"}, "127.0.0.1:1,"),
        (
            "elasticsearch.yml",
            {"port": 1, "transport_port": 2, "data": "/d", "logs": "/l"},
            "network.host: 127.0.0.1\nhttp.port: 1\n",
        ),
        (
            "postgresql.conf",
            {"port": 1, "data": "/d", "hba": "/h", "ident": "/i", "durable": "on"},
            "listen_addresses = '127.0.0.1'\nport = 1\n",
        ),
        ("redis.conf", {"port": 1, "folder": "/d", "password": "p"}, "bind 127.0.0.1\nport 1\n"),
        (
            "elasticsearch.jvm.options",
            {"tmp": "/t", "server": "-XX:+UseSerialGC"},
            "-Djava.io.tmpdir=${ES_TMPDIR}\n",
        ),
    ],
)
def test_servers_listen_on_loopback(name: str, values: dict[str, object], line: str) -> None:
    text = render_config(name, **values)

    assert line in text
    assert "0.0.0.0" not in text
