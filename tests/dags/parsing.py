"""Reads DAG files as Airflow's DAG processor does, and says of each what that took and touched.

A process that has imported Airflow imports the Airflow modules a file names, forks, and the fork
reads the file. Prints JSON: by file, `cpu_s`, `problems` (what it tried to reach, and what the DAG
bag says) and `clients` (the services' libraries it has imported). Time is the fork's CPU time:
what else the machine does is not the file's doing.
"""

import json
import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.dag_processing.processor import _pre_import_airflow_modules

FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "sqlite3.connect")
CLIENTS = ("elasticsearch", "great_expectations", "keepa", "pandas", "psycopg")


def read(file: Path) -> dict[str, Any]:
    """Read a file; for a process of its own, in which nothing may be reached from now on."""
    problems: list[str] = []

    def refuse(event: str, _arguments: object) -> None:
        if event in FORBIDDEN:
            problems.append(event)
            raise PermissionError(f"{event} while a DAG file is read")

    sys.addaudithook(refuse)
    before = time.process_time()
    bag = DagBag(str(file))
    cpu_s = time.process_time() - before
    return {
        "cpu_s": cpu_s,
        "problems": [*problems, *bag.import_errors.values()],
        "clients": sorted(set(CLIENTS) & sys.modules.keys()),
    }


def main(folder: Path) -> None:
    """Read every file of a folder, each in a fork of its own."""
    fork = multiprocessing.get_context("fork")
    found = {}
    for file in sorted(folder.glob("*.py")):
        _pre_import_airflow_modules(str(file), _Silent())  # type: ignore[arg-type]  # a stand-in
        with fork.Pool(1) as pool:
            found[file.name] = pool.apply(read, (file,))
    sys.stdout.write(json.dumps(found))


class _Silent:
    def warning(self, *_: object) -> None:
        """A module that cannot be imported is the file's problem."""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
