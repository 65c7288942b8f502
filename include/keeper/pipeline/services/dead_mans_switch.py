"""A call to a service outside this machine at the end of each good run, for when none comes.

Services like healthchecks.io notify somebody when they have not been called for a while: also of a
machine that is off, which cannot notify anybody itself.
"""

import logging
from typing import Final

import httpx

_LOG: Final = logging.getLogger(__name__)
_TIMEOUT_S: Final = 10.0
# It would log the address, which is a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)


def report_good_run(url: str) -> bool:
    """Call an address by GET and return whether it answered well; what it says is not read.

    It never raises: a run is not worse for a service elsewhere that is. Blocks up to ten seconds
    for the connection and as long for the answer.

    Args:
        url: The address; no log contains it.
    """
    try:
        with httpx.stream("GET", url, timeout=_TIMEOUT_S) as answer:
            code = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Its text may quote the address.
        _LOG.warning("KEEPER_HEARTBEAT_URL was not reached: %s", type(error).__name__)
        return False
    if not 200 <= code < 300:
        _LOG.warning("KEEPER_HEARTBEAT_URL answers %d", code)
        return False
    return True
