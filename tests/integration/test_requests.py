"""Requests as their worker carries them out: once, again after a failure, and after a crash."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from keeper.domain.requests import ClaimedRequest, ListedRequest, RequestKind, RequestState
from keeper.domain.users.access import Account, Identity, Role, Scope
from keeper.errors import TerminalError, TransientError
from keeper.pipeline.requests.ask import Asked, RequestGoneError, ask, cancel, request_of
from keeper.pipeline.requests.carry_out import BACKUP_LANES, LANES, LEASE, Options, carry_out_due
from keeper.pipeline.requests.kinds import KINDS, KindOfRequest
from keeper.pipeline.requests.rebuilds import Rebuild, Rebuildable, RebuildResult
from keeper.pipeline.requests.work import Work
from keeper.pipeline.users.accounts import add_user, known_user, remove_user
from keeper.pipeline.users.audit import COMMAND, Actor, Doer
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.requests.queue import claim_next
from tests.console_server import ANN, BOSS, Clock
from tests.waiting import wait_until

KIND = RequestKind.REBUILD_SEARCH
WANTED = Rebuild(index=Rebuildable.PRICES)
DONE = RebuildResult(made="keeper-prices-2", documents=3, caught_up=0, refused=0)
pytestmark = pytest.mark.services


class Bench:
    """A worker whose requests a test carries out itself."""

    def __init__(self, config: PostgresConfig, connection: Connection) -> None:
        self.connection = connection
        self.clock = Clock()
        self.stopping = threading.Event()
        self.does: Callable[[Work], BaseModel] = lambda work: DONE
        self.attempts: list[Work] = []
        self.kind: KindOfRequest[Any, Any] = replace(KINDS[KIND], carry_out=self._do)
        self.config = config
        self.renew_every_s = 0.01
        add_user(connection, ANN, Role.OPERATOR, COMMAND, at=self.clock.now, operators={BOSS})
        self.ann = known_user(connection, ANN, {BOSS})
        self.identity = Identity(self.ann, session_id=1)

    def _do(self, wanted: Rebuild, work: Work) -> BaseModel:
        self.attempts.append(work)
        return self.does(work)

    def ask(self, wanted: Rebuild = WANTED) -> Asked:
        doer = Doer(Actor.USER, self.ann, origin="203.0.113.7")
        return ask(self.connection, KIND, wanted, doer, at=self.clock.now)

    def run(self, connection: Connection | None = None) -> int:
        options = Options(
            settings=load_settings(),
            config=self.config,
            stopping=self.stopping.is_set,
            wait=self.stopping.wait,
            kinds={KIND: self.kind},
            clock=self.clock,
            renew_every_s=self.renew_every_s,
        )
        return carry_out_due(connection or self.connection, [KIND], options)

    def crash(self, claim: str = "of a worker that was killed") -> ClaimedRequest:
        """Claim a request as a worker that is killed right then."""
        now = self.clock.now
        claimed = claim_next(self.connection, [KIND], claim, now=now, until=now + LEASE)
        assert claimed is not None
        return claimed

    def state(self, asked: Asked) -> ListedRequest:
        return request_of(self.connection, self.identity, asked.request.request_id)

    def audited(self) -> list[tuple[str, str, str]]:
        rows = self.connection.execute(
            "SELECT action, subject, result FROM audit_log WHERE email = %s AND actor = 'user'"
            " ORDER BY entry_id",
            (ANN,),
        )
        return [(row["action"], row["subject"], row["result"]) for row in rows]


@pytest.fixture
def bench(database: PostgresConfig, connection: Connection) -> Bench:
    return Bench(database, connection)


def test_every_kind_is_carried_out_in_one_lane() -> None:
    lanes = [kind for lane in (*LANES, *BACKUP_LANES) for kind in lane.kinds]
    assert sorted(lanes) == sorted(RequestKind)
    assert set(KINDS) == set(RequestKind)
    assert all(lane.kinds for lane in LANES)


def test_what_is_asked_for_is_done_once_and_audited(bench: Bench) -> None:
    asked = bench.ask()
    assert (asked.is_new, asked.request.state) == (True, RequestState.WAITING)

    assert bench.run() == 1
    assert bench.run() == 0

    done = bench.state(asked)
    assert (done.state, done.attempts, done.progress) == (RequestState.DONE, 1, 1.0)
    assert RebuildResult.model_validate(done.result) == DONE
    number = f"request {asked.request.request_id}"
    assert bench.audited() == [
        ("rebuild-search asked", "index prices", number),
        (
            "rebuild-search done",
            number,
            "made keeper-prices-2, documents 3, caught_up 0, refused 0",
        ),
    ]


def test_asking_again_before_it_is_done_is_asking_once(bench: Bench) -> None:
    first, again = bench.ask(), bench.ask()
    assert (again.is_new, again.request.request_id) == (False, first.request.request_id)
    other = bench.ask(Rebuild(index=Rebuildable.DEALS))
    assert other.is_new
    bench.run()
    after = bench.ask()
    assert after.is_new
    assert after.request.request_id > other.request.request_id


def test_a_passing_failure_is_tried_again_after_a_pause(bench: Bench) -> None:
    def fail(work: Work) -> BaseModel:
        if work.attempt < 3:
            raise TransientError("Elasticsearch does not answer")
        return DONE

    bench.does = fail
    asked = bench.ask()
    assert bench.run() == 1
    waiting = bench.state(asked)
    assert (waiting.state, waiting.problem) == (
        RequestState.WAITING,
        "Elasticsearch does not answer",
    )
    assert waiting.due_at == bench.clock.now + timedelta(seconds=15)
    assert bench.run() == 0
    bench.clock.move(seconds=15)
    assert bench.run() == 1
    assert bench.state(asked).due_at == bench.clock.now + timedelta(seconds=30)
    bench.clock.move(seconds=30)
    assert bench.run() == 1
    assert (bench.state(asked).state, bench.state(asked).problem) == (RequestState.DONE, None)


def test_it_is_given_up_after_its_attempts(bench: Bench) -> None:
    def fail(work: Work) -> BaseModel:
        raise TransientError("away")

    bench.does = fail
    asked = bench.ask()
    for _ in range(10):
        bench.run()
        bench.clock.move(hours=1)
    ended = bench.state(asked)
    assert (ended.state, ended.attempts, ended.problem) == (RequestState.FAILED, 5, "away")
    assert bench.audited()[-1][::2] == ("rebuild-search failed", "away")


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (TerminalError("no such index"), "no such index"),
        (ZeroDivisionError("secret"), "Keeper has made a mistake; the worker's log has the trace"),
    ],
)
def test_what_no_attempt_can_cure_fails_at_once_and_the_worker_goes_on(
    bench: Bench, error: Exception, problem: str
) -> None:
    def fail(work: Work) -> BaseModel:
        if work.request_id == asked.request.request_id:
            raise error
        return DONE

    bench.does = fail
    asked = bench.ask()
    other = bench.ask(Rebuild(index=Rebuildable.DEALS))
    assert bench.run() == 2
    assert (bench.state(asked).state, bench.state(asked).problem) == (RequestState.FAILED, problem)
    assert bench.state(other).state is RequestState.DONE


def test_what_a_killed_worker_left_is_taken_once_its_lease_is_over(bench: Bench) -> None:
    asked = bench.ask()
    bench.crash()
    assert bench.run() == 0
    bench.clock.move(seconds=LEASE.total_seconds() + 1)
    assert bench.run() == 1
    done = bench.state(asked)
    assert (done.state, done.attempts) == (RequestState.DONE, 2)


def test_what_kills_every_worker_is_given_up(bench: Bench) -> None:
    asked = bench.ask()
    for number in range(5):
        bench.crash(f"killed {number}")
        bench.clock.move(seconds=LEASE.total_seconds() + 1)
    assert bench.run() == 1
    assert bench.attempts == []
    assert bench.state(asked).state is RequestState.FAILED


def test_what_may_not_be_repeated_blindly_is_not(bench: Bench) -> None:
    bench.kind = replace(bench.kind, is_repeatable=False)
    asked = bench.ask()
    bench.crash()
    bench.clock.move(seconds=LEASE.total_seconds() + 1)
    bench.run()
    assert bench.attempts == []
    ended = bench.state(asked)
    assert ended.state is RequestState.FAILED
    assert "nobody knows how far it came" in str(ended.problem)


def test_a_long_attempt_keeps_its_lease_and_shows_how_far_it_is(bench: Bench) -> None:
    seen: list[tuple[float | None, int]] = []

    def work_long(work: Work) -> BaseModel:
        bench.clock.move(seconds=50)
        work.report_progress(0.5)
        with session(bench.config) as other:

            def is_renewed() -> bool:
                row = other.execute("SELECT progress, claimed_until FROM requests").fetchone()
                assert row is not None
                return bool(row["claimed_until"] > bench.clock.now + timedelta(seconds=55))

            wait_until(is_renewed, "the lease is moved on")
            bench.clock.move(seconds=50)
            row = other.execute("SELECT progress FROM requests").fetchone()
            assert row is not None
            # 100 seconds after the claim, and still nobody else's.
            seen.append((row["progress"], bench.run(other)))
        return DONE

    bench.does = work_long
    asked = bench.ask()
    bench.run()
    assert seen == [(0.5, 0)]
    assert bench.state(asked).state is RequestState.DONE


def test_an_attempt_that_takes_longer_than_it_may_fails_and_says_so(bench: Bench) -> None:
    bench.kind = replace(bench.kind, longest=timedelta(seconds=30))

    def take_too_long(work: Work) -> BaseModel:
        assert len(bench.attempts) == 1, "it begins anew"
        bench.clock.move(seconds=30)
        for _ in range(100_000):
            work.report_progress(0.5)
            threading.Event().wait(0.001)
        return DONE

    bench.does = take_too_long
    asked = bench.ask()
    assert bench.run() == 1
    ended = bench.state(asked)
    assert (ended.state, ended.attempts) == (RequestState.FAILED, 1)
    assert ended.problem == "it took longer than 0:00:30 and was given up"
    assert bench.run() == 0


def test_an_attempt_whose_lease_is_over_counts(bench: Bench) -> None:
    def be_cut_off(work: Work) -> BaseModel:
        # Nothing moves it on, and it is over.
        bench.clock.move(seconds=LEASE.total_seconds())
        work.report_progress(0.5)
        return DONE

    bench.does = be_cut_off
    bench.renew_every_s = 3600
    asked = bench.ask()
    for number in range(1, 5):
        assert bench.run() == 1
        waiting = bench.state(asked)
        assert (waiting.state, waiting.attempts) == (RequestState.WAITING, number)
        bench.clock.move(hours=1)
    bench.run()
    assert bench.state(asked).state is RequestState.FAILED


def test_a_worker_that_lost_its_lease_records_nothing(bench: Bench) -> None:
    def be_overtaken(work: Work) -> BaseModel:
        bench.connection.execute("UPDATE requests SET claim = 'another worker''s'")
        return DONE

    bench.does = be_overtaken
    asked = bench.ask()
    bench.run()
    assert bench.state(asked).state is RequestState.RUNNING
    assert [action for action, *_ in bench.audited()] == ["rebuild-search asked"]


def test_a_waiting_request_is_cancelled_at_once_and_an_ended_one_stays(bench: Bench) -> None:
    asked = bench.ask()
    number, doer = asked.request.request_id, Doer(Actor.USER, bench.ann)
    for _ in range(2):
        now = bench.clock.now
        cancelled = cancel(bench.connection, bench.identity, number, doer, at=now)
        assert cancelled.state is RequestState.CANCELLED
    assert bench.run() == 0
    assert [action for action, *_ in bench.audited()] == [
        "rebuild-search asked",
        "rebuild-search cancelled",
    ]


def test_a_running_request_is_broken_off_where_it_reports(bench: Bench) -> None:
    def work_on(work: Work) -> BaseModel:
        with session(bench.config) as other:
            doer = Doer(Actor.USER, bench.ann)
            now = bench.clock.now
            asked = cancel(other, bench.identity, work.request_id, doer, at=now)
            assert (asked.state, asked.is_cancel_asked) == (RequestState.RUNNING, True)
        for share in range(10_000_000):
            work.report_progress(share / 10_000_000)
            threading.Event().wait(0.001)
        return DONE

    bench.does = work_on
    asked = bench.ask()
    bench.run()
    assert bench.state(asked).state is RequestState.CANCELLED


def test_a_worker_asked_to_end_leaves_its_request_to_the_next(bench: Bench) -> None:
    def be_stopped(work: Work) -> BaseModel:
        bench.stopping.set()
        work.report_progress(0.1)
        return DONE

    bench.does = be_stopped
    asked = bench.ask()
    bench.run()
    waiting = bench.state(asked)
    assert (waiting.state, waiting.attempts) == (RequestState.WAITING, 0)
    bench.stopping.clear()
    bench.does = lambda work: DONE
    bench.run()
    assert bench.state(asked).attempts == 1


def test_two_workers_never_have_the_same(bench: Bench) -> None:
    names = [Rebuild(index=index) for index in Rebuildable]
    asked = [bench.ask(wanted) for wanted in names]

    def work_in_a_thread() -> None:
        with session(bench.config) as other:
            bench.run(other)

    threads = [threading.Thread(target=work_in_a_thread) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(work.request_id for work in bench.attempts) == [
        one.request.request_id for one in asked
    ]


def test_what_is_done_while_the_database_is_away_is_recorded_later(
    bench: Bench, database: PostgresConfig
) -> None:
    def end_the_session(work: Work) -> BaseModel:
        with session(database) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (mine.info.backend_pid,))
        return DONE

    bench.does = end_the_session
    asked = bench.ask()
    with pytest.raises(TransientError), session(database) as mine:
        bench.run(mine)
    assert bench.state(asked).state is RequestState.DONE
    assert len(bench.attempts) == 1


def test_a_removed_users_requests_are_not_carried_out(bench: Bench) -> None:
    bench.ask()
    now = bench.clock.now
    remove_user(bench.connection, ANN, COMMAND, at=now, operators={BOSS})
    assert bench.run() == 0
    with pytest.raises(RequestGoneError):
        bench.ask()


def test_a_token_sees_and_cancels_only_what_its_scopes_allow(bench: Bench) -> None:
    number = bench.ask().request.request_id
    doer = Doer(Actor.TOKEN, bench.ann, token_id=1)
    reads = Identity(bench.ann, token_id=1, scopes=frozenset({Scope.OPERATIONS_READ}))
    other = Identity(bench.ann, token_id=1, scopes=frozenset({Scope.WATCHES_READ}))
    assert request_of(bench.connection, reads, number).request_id == number
    with pytest.raises(RequestGoneError):
        request_of(bench.connection, other, number)
    with pytest.raises(RequestGoneError):
        cancel(bench.connection, reads, number, doer, at=bench.clock.now)


def test_a_reader_sees_no_one_elses(bench: Bench) -> None:
    number = bench.ask().request.request_id
    reader = Identity(Account(bench.ann.user_id + 1, "ben@example.org", Role.READER), session_id=2)
    with pytest.raises(RequestGoneError):
        request_of(bench.connection, reader, number)
