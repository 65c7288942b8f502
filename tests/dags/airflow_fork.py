"""Runs Python scripts and modules in forks of a process that has imported Airflow.

Importing Airflow takes longer than what most tests do with it. Reads requests from standard input,
a JSON object a line: `argv` (a script's path or `-m` and a module, then its arguments), `env` (all
variables), `cwd`, and `output`, the file that gets what is printed. Answers each with a line: the
exit code.
"""

import importlib
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any, Final

IMPORTED: Final = (
    "airflow.api_fastapi.execution_api.app",
    "airflow.cli.cli_parser",
    "airflow.dag_processing.dagbag",
    "airflow.models.xcom",
    "airflow.providers_manager",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.serialization.serialized_objects",
    "confluent_kafka",
    "elasticsearch",
    "keepa",
    "pandas",
    "psycopg",
)
"""What a run of a DAG, or a command of Airflow, imports anyway."""


def run(request: dict[str, Any]) -> int:
    """Do what is asked for, as a process of its own would; return its exit code."""
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    first, *rest = request["argv"]
    try:
        if first == "-m":
            sys.argv = rest
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.argv = [first, *rest]
            sys.path[0] = str(Path(first).parent)
            runpy.run_path(first, run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def main() -> None:
    """Answer requests until there are no more."""
    # Airflow logs to standard output while it is imported.
    codes = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for name in IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = run(request)
            except BaseException:  # noqa: BLE001  # the child must not read the next request
                sys.excepthook(*sys.exc_info())
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        codes.write(f"{os.waitstatus_to_exitcode(status)}\n")


if __name__ == "__main__":
    main()
