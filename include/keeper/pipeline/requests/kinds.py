"""The table of requests: what each kind takes, who may ask for it, and what carries it out.

A new kind is a member of RequestKind, a module beside this one with its arguments, its result and
the function that carries it out, and an entry here; its result goes to RequestResult too. The
console imports this table, so that what needs a secret or a heavy library is imported by the
functions alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel

from keeper.domain.requests import RequestKind
from keeper.domain.users.access import Identity, Scope
from keeper.pipeline.requests.backups import BackUp, BackUpResult, back_up
from keeper.pipeline.requests.channel_tests import ChannelTest, ChannelTestResult, test_channel
from keeper.pipeline.requests.rebuilds import Rebuild, RebuildResult, rebuild
from keeper.pipeline.requests.replays import Replay, ReplayResult, replay
from keeper.pipeline.requests.work import Work

_Arguments = TypeVar("_Arguments", bound=BaseModel)
_Result = TypeVar("_Result", bound=BaseModel)
RequestResult = ReplayResult | RebuildResult | ChannelTestResult | BackUpResult
"""What may come of a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfRequest(Generic[_Arguments, _Result]):
    """What a kind of request is.

    Attributes:
        arguments: What it takes.
        result: What comes of it.
        carry_out: Does it. A TransientError is tried again, any other error is the end.
        subject: What the audit log calls what it is done to; no secret.
        read_scope: What a token needs to see such requests.
        write_scope: What a token needs to ask for one or to cancel it.
        is_long: Whether it may take more than a minute or two; it then holds no quick one up.
        is_repeatable: Whether it may be tried again when nobody knows how far an attempt came.
        is_backup: Whether it is done by the worker that makes backups, which alone has a login
            that may copy the server.
        most_attempts: How often it is tried.
        longest: After this time an attempt is given up, and the request has failed; one that hangs,
            so that it cannot be broken off, is taken by another worker.
    """

    arguments: type[_Arguments]
    result: type[_Result]
    carry_out: Callable[[_Arguments, Work], _Result]
    subject: Callable[[_Arguments], str]
    read_scope: Scope
    write_scope: Scope
    is_long: bool = False
    is_repeatable: bool = True
    is_backup: bool = False
    most_attempts: int = 5
    longest: timedelta = timedelta(hours=1)

    @property
    def is_for_operators(self) -> bool:
        """Whether only operators may ask for it."""
        return self.write_scope.is_for_operators


def _of_letters(wanted: Replay) -> str:
    return wanted.topic if wanted.place is None else f"{wanted.topic} {wanted.place}"


KINDS: Final[Mapping[RequestKind, KindOfRequest[Any, Any]]] = MappingProxyType(
    {
        RequestKind.REPLAY_DEAD_LETTERS: KindOfRequest(
            arguments=Replay,
            result=ReplayResult,
            carry_out=replay,
            subject=_of_letters,
            read_scope=Scope.OPERATIONS_READ,
            write_scope=Scope.OPERATIONS_WRITE,
        ),
        RequestKind.REBUILD_SEARCH: KindOfRequest(
            arguments=Rebuild,
            result=RebuildResult,
            carry_out=rebuild,
            subject=lambda wanted: f"index {wanted.index}",
            read_scope=Scope.OPERATIONS_READ,
            write_scope=Scope.OPERATIONS_WRITE,
            is_long=True,
            longest=timedelta(hours=12),
        ),
        RequestKind.TEST_CHANNEL: KindOfRequest(
            arguments=ChannelTest,
            result=ChannelTestResult,
            carry_out=test_channel,
            subject=lambda wanted: f"channel {wanted.channel_id}",
            read_scope=Scope.MESSAGES_READ,
            write_scope=Scope.MESSAGES_WRITE,
            # Nobody is to get it twice.
            is_repeatable=False,
            longest=timedelta(minutes=5),
        ),
        RequestKind.BACK_UP: KindOfRequest(
            arguments=BackUp,
            result=BackUpResult,
            carry_out=back_up,
            subject=lambda wanted: "everything",
            read_scope=Scope.OPERATIONS_READ,
            write_scope=Scope.OPERATIONS_WRITE,
            is_long=True,
            is_backup=True,
            longest=timedelta(hours=12),
        ),
    }
)
"""Every kind."""


def kinds_seen_by(identity: Identity) -> list[RequestKind]:
    """Return the kinds of request that somebody may see."""
    return [kind for kind, of in KINDS.items() if not identity.missing([of.read_scope])]


def kinds_changed_by(identity: Identity) -> list[RequestKind]:
    """Return the kinds of request that somebody may cancel."""
    return [kind for kind, of in KINDS.items() if not identity.missing([of.write_scope])]
