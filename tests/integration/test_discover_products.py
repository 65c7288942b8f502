"""The steps of discover_products, one after the other, on PostgreSQL and the simulator."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keeper.domain.discovery import (
    Discovery,
    DiscoveryKind,
    Proposal,
    ProposalState,
    target_below,
)
from keeper.domain.locales import locale_of
from keeper.domain.watches.watch import DEFAULT_PRICE_TYPE, Watch, WatchStatus
from keeper.pipeline.discovery.question import ALL, LATER, NONE, AnswerError
from keeper.pipeline.discovery.run import (
    Candidates,
    PlannedSearch,
    Proposed,
    find_candidates,
    open_question,
    plan_discovery,
    propose,
    record_answer,
    summarise_discovery,
)
from keeper.pipeline.runs.finish import RunFailedError
from keeper.pipeline.runs.keepa_account import keepa_account
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.discovery import (
    CategoryUnknownError,
    FinderSelectionError,
    best_sellers,
    search_categories,
)
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.discovery.proposals import (
    Decision,
    list_discoveries,
    list_proposals,
    remove_discovery,
    save_discovery,
)
from keeper.stores.postgres.watches.watch_list import list_watches, save_watches, set_status
from tests.keepa_simulator import Simulator

US = locale_of("us")
NOW = datetime(2026, 3, 2, 5, tzinfo=UTC)
USER = "reader@example.org"
SYSTEM = "system@keeper.invalid"


@pytest.fixture
def simulator(simulate: Callable[..., Simulator]) -> Simulator:
    return simulate(refill_rate=100)


@pytest.fixture
def client(simulator: Simulator) -> Iterator[KeepaClient]:
    with simulator.client() as client:
        yield client


@pytest.fixture
def category(client: KeepaClient) -> int:
    return search_categories(client, US, "electronics")[0].category


@pytest.fixture
def sellers(category: int) -> Discovery:
    return Discovery(
        name="best electronics",
        kind=DiscoveryKind.BEST_SELLERS,
        domain="us",
        category=category,
        propose=5,
        below_average_percent=10,
    )


FINDER = Discovery(
    name="well sold",
    kind=DiscoveryKind.FINDER,
    domain="de",
    selection={"current_SALES_gte": 1, "sort": [["current_SALES", "asc"]]},
    propose=3,
)


@dataclass(frozen=True)
class Run:
    """One run of the DAG, without Airflow."""

    connection: Connection
    client: KeepaClient
    lake: Path
    run_id: str = "discover_products/one"
    max_proposals: int = 50

    def plan(self) -> list[PlannedSearch]:
        return plan_discovery(
            self.connection,
            run=self.run_id,
            dag_id="discover_products",
            source="simulator",
            max_proposals=self.max_proposals,
            started_at=NOW,
        )

    def find(self, planned: PlannedSearch) -> Candidates:
        return find_candidates(self.connection, self.client, self.lake, planned, run=self.run_id)

    def propose(self, *candidates: Candidates) -> Proposed:
        return propose(self.connection, self.client, candidates, run=self.run_id)

    def all(self) -> Proposed:
        return self.propose(*[self.find(planned) for planned in self.plan()])

    def answer(self, *chosen: str, user: str | None = None) -> Decision:
        question = open_question(self.connection, user)
        assert question is not None
        return record_answer(
            self.connection, question.options, chosen, answered_by="admin", user=user
        )

    def option(self, asin: str) -> str:
        question = open_question(self.connection, None)
        assert question is not None
        (option,) = [option for option in question.options if asin in option]
        return option

    def tokens(self) -> int:
        return self.client.usage.tokens_consumed


@pytest.fixture
def run(connection: Connection, client: KeepaClient, tmp_path: Path) -> Run:
    return Run(connection, client, tmp_path / "lake")


def proposed(connection: Connection) -> list[Proposal]:
    return list_proposals(connection)


def test_best_sellers_are_proposed_with_what_a_decision_needs(
    run: Run, connection: Connection, sellers: Discovery, category: int
) -> None:
    save_discovery(connection, sellers)
    best = best_sellers(run.client, US, category).asins
    before = run.tokens()

    assert run.all() == Proposed(proposed=5, unknown=0)

    # A token each, and another where Keepa has looked at the rating lately.
    assert 50 + 5 < run.tokens() - before <= 50 + 10
    found = proposed(connection)
    assert {proposal.asin for proposal in found} == set(best[:5])
    for proposal in found:
        assert proposal.title
        assert proposal.found_by == "best electronics"
        assert (proposal.domain, proposal.currency, proposal.source) == ("us", "USD", "simulator")
        assert proposal.target_minor == target_below(proposal.average_90_days_minor, 10)
        assert proposal.sales_rank
        assert proposal.rating is not None
    assert any(proposal.price_minor and proposal.target_minor for proposal in found)


def test_approved_products_join_the_list_of_a_user_and_the_others_are_remembered(
    run: Run, connection: Connection, sellers: Discovery
) -> None:
    save_discovery(connection, sellers)
    run.all()
    wanted, *others = proposed(connection)

    assert run.answer(run.option(wanted.asin), user=USER) == Decision(approved=1, rejected=4)

    (watched,) = list_watches(connection, USER)
    assert (watched.watch.asin, watched.watch.domain) == (wanted.asin, "us")
    assert watched.watch.price_type == DEFAULT_PRICE_TYPE
    assert watched.watch.target_minor == wanted.target_minor
    rejected = list_proposals(connection, ProposalState.REJECTED)
    assert {proposal.asin for proposal in rejected} == {proposal.asin for proposal in others}
    assert {proposal.decided_by for proposal in rejected} == {"admin"}

    next_run = replace(run, run_id="discover_products/two")
    next_run.all()
    seen = {wanted.asin, *(proposal.asin for proposal in others)}
    again = proposed(connection)
    assert len(again) == 5
    assert seen.isdisjoint(proposal.asin for proposal in again)


def test_the_system_user_watches_without_a_target(
    run: Run, connection: Connection, sellers: Discovery
) -> None:
    save_discovery(connection, sellers)
    run.all()

    assert run.answer(ALL) == Decision(approved=5, rejected=0)

    watched = list_watches(connection, SYSTEM)
    assert len(watched) == 5
    assert {item.watch.target_minor for item in watched} == {None}


def test_watched_products_are_never_proposed_even_those_a_user_removed(
    run: Run, connection: Connection, sellers: Discovery, category: int
) -> None:
    first, second, *_ = best_sellers(run.client, US, category).asins
    save_watches(connection, USER, [Watch(first, "us", "NEW", 1), Watch(second, "us", "NEW", 1)])
    set_status(connection, USER, second, WatchStatus.INACTIVE)
    save_discovery(connection, sellers)

    run.all()

    assert {first, second}.isdisjoint(proposal.asin for proposal in proposed(connection))


def test_what_nobody_answered_is_offered_again_instead_of_more(
    run: Run, connection: Connection, sellers: Discovery
) -> None:
    save_discovery(connection, sellers)
    run.all()
    first = proposed(connection)
    run.answer(run.option(first[0].asin), LATER)
    next_run = replace(run, run_id="discover_products/two")

    assert [planned.limit for planned in next_run.plan()] == [1]
    next_run.all()

    still = proposed(connection)
    assert len(still) == 5
    assert {proposal.asin for proposal in first[1:]} < {proposal.asin for proposal in still}


def test_tasks_run_again_propose_ask_and_pay_nothing_more(
    run: Run, connection: Connection, sellers: Discovery
) -> None:
    save_discovery(connection, sellers)
    (planned,) = run.plan()
    candidates = run.find(planned)
    run.propose(candidates)
    spent = run.tokens()

    assert run.propose(candidates) == Proposed(0, 0)
    assert run.find(planned).asins == ()
    assert run.plan() == []
    run.answer(NONE)
    assert run.find(planned).asins == ()
    assert run.plan() == []
    assert run.tokens() == spent
    assert open_question(connection, None) is None
    assert len(list_proposals(connection, None)) == 5


def test_a_decision_made_again_changes_nothing(
    run: Run, connection: Connection, sellers: Discovery
) -> None:
    save_discovery(connection, sellers)
    run.all()
    question = open_question(connection, USER)
    assert question is not None
    chosen = [question.options[-1]]
    record_answer(connection, question.options, chosen, answered_by="ann", user=USER)
    (watched,) = list_watches(connection, USER)
    set_status(connection, USER, watched.watch.asin, WatchStatus.PAUSED)

    again = record_answer(connection, question.options, [ALL], answered_by="bob", user=USER)

    assert again == Decision(0, 0)
    assert list_watches(connection, USER)[0].watch.status is WatchStatus.PAUSED
    assert {one.decided_by for one in list_proposals(connection, None)} == {"ann"}


def test_a_watch_made_meanwhile_keeps_its_target(
    run: Run, connection: Connection, sellers: Discovery
) -> None:
    save_discovery(connection, sellers)
    run.all()
    own = Watch(proposed(connection)[0].asin, "us", "NEW", 123)
    save_watches(connection, USER, [own])

    run.answer(ALL, user=USER)

    targets = {one.watch.asin: one.watch.target_minor for one in list_watches(connection, USER)}
    assert len(targets) == 5
    assert targets[own.asin] == 123


def test_an_unclear_answer_decides_nothing(
    run: Run, connection: Connection, sellers: Discovery
) -> None:
    save_discovery(connection, sellers)
    run.all()

    with pytest.raises(AnswerError):
        run.answer(ALL, NONE)

    assert len(proposed(connection)) == 5


def test_no_more_wait_for_a_decision_than_a_run_may_ask_about(
    run: Run, connection: Connection, sellers: Discovery
) -> None:
    save_discovery(connection, sellers)
    save_discovery(connection, replace(sellers, name="the same", propose=9))
    run = replace(run, max_proposals=7)

    run.all()

    # The second list begins with the products of the first: each product is proposed once.
    assert len(proposed(connection)) <= 7
    assert [search.discovery.name for search in list_discoveries(connection)] == [
        "best electronics",
        "the same",
    ]


def test_a_removed_search_proposes_nothing_and_what_it_proposed_stays(
    run: Run, connection: Connection, sellers: Discovery
) -> None:
    number = save_discovery(connection, sellers)
    (planned,) = run.plan()
    candidates = run.find(planned)
    assert remove_discovery(connection, number) == "best electronics"

    assert run.propose(candidates) == Proposed(0, 0)
    assert run.find(planned).asins == ()
    assert remove_discovery(connection, number) is None


def test_a_category_keepa_lacks_fails_its_search_alone_and_says_why(
    run: Run, connection: Connection, sellers: Discovery
) -> None:
    save_discovery(connection, replace(sellers, name="a: wrong", category=5))
    save_discovery(connection, sellers)
    wrong, right = run.plan()

    with pytest.raises(CategoryUnknownError):
        run.find(wrong)
    run.propose(run.find(right))

    problems = {s.discovery.name: s.discovery.problem for s in list_discoveries(connection)}
    assert problems["best electronics"] is None
    assert "keeper discover categories" in (problems["a: wrong"] or "")
    with pytest.raises(RunFailedError, match="a: wrong: Keepa has no best sellers"):
        summarise_discovery(
            connection, run=run.run_id, unknown=0, failed=["find_0"], finished_at=NOW
        )
    row = connection.execute("SELECT * FROM pipeline_runs").fetchone()
    assert row is not None
    assert (row["state"], row["products_fetched"]) == ("FAILED", 5)


def test_the_summary_counts_products_and_tokens(
    connection: Connection,
    database: PostgresConfig,
    simulator: Simulator,
    sellers: Discovery,
    tmp_path: Path,
) -> None:
    save_discovery(connection, sellers)
    run_id = "discover_products/one"
    with (
        session(database) as books,
        keepa_account(simulator.config(), books, run_id) as account,
    ):
        Run(connection, account.client, tmp_path / "lake", run_id).all()

    row = summarise_discovery(connection, run=run_id, unknown=0, failed=[], finished_at=NOW)

    assert (row["state"], row["source"]) == ("SUCCESS", "simulator")
    assert row["products_fetched"] == 5
    assert 55 < int(str(row["tokens_spent"])) <= 60


def test_a_search_made_again_in_a_run_is_not_paid_for_again(
    run: Run, connection: Connection, sellers: Discovery
) -> None:
    """As when its task is cleared; what it found may be less than it might propose."""
    save_discovery(connection, replace(sellers, propose=50))
    (planned,) = run.plan()
    found = run.find(planned)
    paid = run.tokens()

    assert run.find(planned) == found
    assert run.tokens() == paid
    next_run = replace(run, run_id="discover_products/two")
    assert next_run.find(*next_run.plan()) == found
    assert next_run.tokens() == paid + 50


def test_products_a_finder_selects_are_proposed(run: Run, connection: Connection) -> None:
    save_discovery(connection, FINDER)

    assert run.all() == Proposed(proposed=3, unknown=0)

    assert 11 + 3 < run.tokens() <= 11 + 6
    assert {(one.domain, one.currency) for one in proposed(connection)} == {("de", "EUR")}


def test_a_finder_goes_on_to_products_nobody_was_asked_about(
    run: Run, connection: Connection
) -> None:
    save_discovery(connection, replace(FINDER, propose=100))
    for number in range(3):
        replace(run, run_id=f"discover_products/{number}", max_proposals=500).all()
        run.answer(NONE)

    assert len(list_proposals(connection, ProposalState.REJECTED)) == 300


def test_a_selection_keepa_rejects_names_its_field(run: Run, connection: Connection) -> None:
    save_discovery(connection, replace(FINDER, selection={"no_such_field": 1}))
    (planned,) = run.plan()

    with pytest.raises(FinderSelectionError) as caught:
        run.find(planned)

    assert caught.value.field == "no_such_field"
    assert "no_such_field" in (list_discoveries(connection)[0].discovery.problem or "")


def test_saving_a_search_again_changes_and_wakes_it(
    connection: Connection, sellers: Discovery
) -> None:
    number = save_discovery(connection, sellers)
    remove_discovery(connection, number)

    assert save_discovery(connection, replace(sellers, propose=9)) == number
    (search,) = list_discoveries(connection)
    assert search.discovery.propose == 9
