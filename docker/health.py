"""Health check by HTTP: `health.py URL` asks for an answer, `health.py URL NAME` for its part NAME.

The second form reads Airflow's health report. `airflow jobs check` would say the same for five
seconds of processor time, every thirty seconds in every container. Standard library only, for it is
started as often.
"""

import json
import sys
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

_TIMEOUT_S = 8


def problem_of(url: str, component: str | None = None) -> str | None:
    """Return what is wrong with the service at `url`, or with a part it reports; None if nothing.

    Any proxy of the environment is passed over: the services are in the same network.
    """
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=_TIMEOUT_S) as answer:
            body = answer.read()
    except HTTPError as error:
        return f"{url} answers {error.code}"
    except (OSError, HTTPException) as error:
        return f"{url}: {error}"
    if component is None:
        return None
    try:
        status = json.loads(body)[component]["status"]
    except (ValueError, LookupError, TypeError):
        return f"{url} reports no {component}"
    return None if status == "healthy" else f"{component} is {status or 'not started'}"


if __name__ == "__main__":
    sys.exit(problem_of(*sys.argv[1:3]))
