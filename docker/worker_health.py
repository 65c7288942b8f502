"""Asks one of Celery's workers, through the broker, whether it works: `worker_health.py NAME`.

Airflow's own application would say the same, for the seconds of processor time its import takes.
"""

import os
import shlex
import socket
import subprocess
import sys

from celery import Celery

_TIMEOUT_S = 20


def broker() -> str:
    """Return where the broker is, as Airflow's configuration says it."""
    url = os.environ.get("AIRFLOW__CELERY__BROKER_URL")
    if url:
        return url
    command = shlex.split(os.environ["AIRFLOW__CELERY__BROKER_URL_CMD"])
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    worker = f"{sys.argv[1]}@{socket.gethostname()}"
    control = Celery(broker=broker(), set_as_current=False).control
    answers = control.ping(destination=[worker], timeout=_TIMEOUT_S, limit=1)
    sys.exit(None if answers else f"{worker} does not answer")
