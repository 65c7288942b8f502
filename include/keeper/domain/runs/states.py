"""How far runs and requests to Keepa have come."""

from enum import StrEnum


class RunState(StrEnum):
    """A run, in `pipeline_runs`."""

    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class RequestState(StrEnum):
    """A request's tokens, in `token_ledger`: set aside, taken, refused, or Keepa has not said."""

    RESERVED = "RESERVED"
    CHARGED = "CHARGED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"
