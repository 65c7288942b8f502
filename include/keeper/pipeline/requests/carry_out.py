"""Carries requests out: each in its own attempt, under a lease that is moved on meanwhile.

A worker that dies leaves its lease behind; once that is over another takes the request. A request
of a kind that may not be repeated blindly then fails and says so. What fails for a passing reason
is tried again after a pause; a mistake in the code fails the request and leaves the worker running.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from pydantic import BaseModel, ValidationError

from keeper.clock import Clock, utc_now
from keeper.domain.requests import ClaimedRequest, RequestKind, RequestState, pause_after
from keeper.errors import KeeperError, TransientError
from keeper.pipeline.requests.kinds import KINDS, KindOfRequest
from keeper.pipeline.requests.lease import RENEW_EVERY_S, Lease
from keeper.pipeline.requests.work import (
    CancelledError,
    LeaseLostError,
    StoppingError,
    TookTooLongError,
    Work,
)
from keeper.pipeline.users.audit import Actor, Doer, record
from keeper.settings import Settings
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.requests.queue import claim_next, finish, postpone

_LOG: Final = logging.getLogger(__name__)
LEASE: Final = timedelta(seconds=60)
_ABANDONED: Final = "its worker ended while it carried this out: nobody knows how far it came"
_MISTAKE: Final = "Keeper has made a mistake; the worker's log has the trace"


@dataclass(frozen=True, slots=True)
class Lane:
    """Requests that are carried out one after another.

    Attributes:
        name: What logs call it.
        kinds: Of which kinds.
    """

    name: str
    kinds: tuple[RequestKind, ...]


def _lane(name: str, *, is_long: bool, is_backup: bool) -> Lane:
    kinds = (
        kind for kind, of in KINDS.items() if of.is_long is is_long and of.is_backup is is_backup
    )
    return Lane(name, tuple(kinds))


LANES: Final = (
    _lane("quick", is_long=False, is_backup=False),
    _lane("long", is_long=True, is_backup=False),
)
"""A long request holds no quick one up."""
BACKUP_LANES: Final = (_lane("backups", is_long=True, is_backup=True),)
"""Of the worker that makes backups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How requests are carried out.

    Attributes:
        settings: Keeper's settings.
        config: Where the requests are.
        stopping: Whether the worker is asked to end.
        wait: Waits so many seconds, or until the worker is asked to end.
        kinds: The table of kinds.
        clock: The time.
        renew_every_s: How often a lease is moved on.
    """

    settings: Settings
    config: PostgresConfig
    stopping: Callable[[], bool]
    wait: Callable[[float], object]
    kinds: Mapping[RequestKind, KindOfRequest[Any, Any]] = KINDS
    clock: Clock = utc_now
    renew_every_s: float = RENEW_EVERY_S


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended.

    Attributes:
        state: What becomes of the request; WAITING if it is tried again.
        result: What came of it.
        problem: Why it failed.
        counts: Whether this was an attempt; not if it was broken off.
    """

    state: RequestState
    result: BaseModel | None = None
    problem: str | None = None
    counts: bool = True


def carry_out_due(connection: Connection, kinds: Collection[RequestKind], options: Options) -> int:
    """Carry out what is due, one request after another; return how many attempts were made.

    Raises:
        TransientError: PostgreSQL does not answer.
    """
    made = 0
    while not options.stopping():
        now = options.clock()
        until = now + LEASE
        request = claim_next(connection, kinds, uuid4().hex, now=now, until=until)
        if request is None:
            break
        made += 1
        ended = _attempt(request, until, options)
        _LOG.info("request %d, %s: %s", request.request_id, request.kind, ended.state)
        _record_surely(connection, request, ended, options)
    return made


def _attempt(request: ClaimedRequest, until: datetime, options: Options) -> Ended:
    of = options.kinds[request.kind]
    if request.is_cancel_asked:
        return Ended(RequestState.CANCELLED)
    if request.abandoned_claim is not None and not of.is_repeatable:
        return Ended(RequestState.FAILED, problem=f"{_ABANDONED}; ask again if it is needed")
    if request.attempts > of.most_attempts:
        return Ended(RequestState.FAILED, problem=_ABANDONED)
    try:
        with Lease(
            request,
            options.config,
            until=until,
            length=LEASE,
            longest=of.longest,
            renew_every_s=options.renew_every_s,
            stopping=options.stopping,
            clock=options.clock,
        ) as lease:
            work = Work(
                request.request_id, request.attempts, options.settings, lease.report_progress
            )
            result = of.carry_out(of.arguments.model_validate(request.arguments), work)
    except CancelledError:
        return Ended(RequestState.CANCELLED)
    except TookTooLongError as error:
        # Tried again it would take as long, and nothing would ever end that.
        return Ended(RequestState.FAILED, problem=str(error))
    except StoppingError:
        return Ended(RequestState.WAITING, counts=False)
    except (LeaseLostError, TransientError) as error:
        # A lost lease counts: what loses one each time would never end else.
        is_last = request.attempts >= of.most_attempts
        state = RequestState.FAILED if is_last else RequestState.WAITING
        return Ended(state, problem=str(error))
    except KeeperError as error:
        return Ended(RequestState.FAILED, problem=str(error))
    except ValidationError:
        return Ended(RequestState.FAILED, problem="this version of Keeper does not understand it")
    except Exception:  # noqa: BLE001 -- a mistake costs its request, never the worker
        _LOG.exception("request %d, %s", request.request_id, request.kind)
        return Ended(RequestState.FAILED, problem=_MISTAKE)
    return Ended(RequestState.DONE, result=result)


def _record_surely(
    connection: Connection, request: ClaimedRequest, ended: Ended, options: Options
) -> None:
    """Record how an attempt ended, again and again while PostgreSQL is away.

    A worker asked to end meanwhile leaves the request claimed, and the next one takes it.
    """
    try:
        _record(connection, request, ended, options)
    except Exception as error:
        if not connection.closed and not isinstance(error, TransientError):
            raise
        while not options.stopping():
            try:
                with session(options.config) as fresh:
                    _record(fresh, request, ended, options)
            except TransientError as again:
                _LOG.warning("request %d: %s; recorded later", request.request_id, again)
                options.wait(options.renew_every_s)
            else:
                break
        raise


def _record(
    connection: Connection, request: ClaimedRequest, ended: Ended, options: Options
) -> None:
    now = options.clock()
    with connection.transaction():
        if ended.state is RequestState.WAITING:
            pause = pause_after(request.attempts) if ended.counts else timedelta()
            postpone(connection, request, now + pause, problem=ended.problem, counts=ended.counts)
            return
        result = None if ended.result is None else ended.result.model_dump(mode="json")
        if finish(connection, request, ended.state, now=now, result=result, problem=ended.problem):
            actor = Actor.USER if request.token_id is None else Actor.TOKEN
            doer = Doer(actor, request.account, request.token_id, request.origin)
            subject = f"request {request.request_id}"
            record(connection, doer, now, f"{request.kind} {ended.state}", subject, _said(ended))


def _said(ended: Ended) -> str:
    if ended.result is not None:
        return ", ".join(f"{name} {value}" for name, value in ended.result.model_dump().items())
    return ended.problem or ended.state.value
