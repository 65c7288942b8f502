"""The token ledger on a real PostgreSQL, and a client that spends by it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from keeper.domain.locales import locale_of
from keeper.domain.tokens.balance import (
    BREAK_AFTER,
    Outage,
    Reservation,
    Shortage,
    TokenReading,
    TokenRequest,
)
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.errors import (
    KeepaLeftAloneError,
    KeepaReplyError,
    KeepaUnavailableError,
    TokensExhaustedError,
)
from keeper.stores.postgres.connection import (
    Connection,
    DatabaseUnavailableError,
    PostgresConfig,
    connect,
)
from keeper.stores.postgres.tokens.ledger import TokenLedger, TokenUse
from tests.keepa_simulator import Simulator, watch_list
from tests.services import free_port

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = "simulator:test"


class HandClock:
    """A clock a test moves on."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def ledger(connection: Connection, clock: HandClock) -> TokenLedger:
    return TokenLedger(connection, account=ACCOUNT, run="run", clock=clock)


def reading(clock: HandClock, left: int, *, keepa_time: datetime | None = None) -> TokenReading:
    return TokenReading(left, 20, clock.now + timedelta(seconds=30), clock.now, keepa_time)


def ask(tokens: int, *, may_use_reserve: bool = False) -> TokenRequest:
    return TokenRequest("product", tokens, "us", tokens, may_use_reserve)


def granted(ledger: TokenLedger, tokens: int) -> Reservation:
    reserved = ledger.reserve(ask(tokens))
    assert isinstance(reserved, Reservation)
    return reserved


def test_what_is_reserved_cannot_be_reserved_again(ledger: TokenLedger, clock: HandClock) -> None:
    ledger.observe(reading(clock, 150))
    granted(ledger, 100)

    assert ledger.reserve(ask(100)) == Shortage(wait_s=30 + 2 * 60, tokens_left=50)
    granted(ledger, 50)


def test_a_finished_request_counts_as_what_keepa_says(
    ledger: TokenLedger, clock: HandClock
) -> None:
    ledger.observe(reading(clock, 150))
    reservation = granted(ledger, 100)

    ledger.record_outcome(
        reservation, charged=98, reading=reading(clock, 52), refused=False, status=200
    )

    assert ledger.reserve(ask(60)) == Shortage(wait_s=30, tokens_left=52)
    (use,) = ledger.spent_since(AT)
    assert use == TokenUse("product", 1, 100, 100, 98, 0, 0)


def test_tokens_others_spend_on_the_key_are_seen(ledger: TokenLedger, clock: HandClock) -> None:
    ledger.observe(reading(clock, 150))
    reservation = granted(ledger, 10)

    ledger.record_outcome(
        reservation, charged=10, reading=reading(clock, 100), refused=False, status=200
    )

    (use,) = ledger.spent_since(AT)
    assert use.elsewhere == 40


def test_a_lost_reply_counts_as_spent_until_keepa_says_the_balance(
    ledger: TokenLedger, clock: HandClock
) -> None:
    ledger.observe(reading(clock, 150))
    ledger.record_outcome(
        granted(ledger, 100), charged=None, reading=None, refused=True, status=None
    )

    assert isinstance(ledger.reserve(ask(100)), Shortage)
    ledger.observe(reading(clock, 150))
    granted(ledger, 100)
    assert ledger.spent_since(AT)[0].unsettled == 200


def test_a_reservation_whose_holder_was_killed_is_given_up(
    ledger: TokenLedger, clock: HandClock
) -> None:
    ledger.observe(reading(clock, 100))
    granted(ledger, 100)
    assert isinstance(ledger.reserve(ask(100)), Shortage)

    clock.pass_s(11 * 60)

    granted(ledger, 100)


def test_a_negative_balance_is_waited_out(ledger: TokenLedger, clock: HandClock) -> None:
    ledger.observe(reading(clock, -95))

    shortage = ledger.reserve(ask(5))
    assert shortage == Shortage(wait_s=30 + 4 * 60, tokens_left=-95)
    clock.pass_s(shortage.wait_s)
    granted(ledger, 5)


def test_a_server_clock_hours_off_changes_nothing(ledger: TokenLedger, clock: HandClock) -> None:
    ledger.observe(reading(clock, 10, keepa_time=AT + timedelta(hours=9)))
    assert ledger.reserve(ask(20)) == Shortage(wait_s=30, tokens_left=10)

    clock.pass_s(60)
    ledger.observe(reading(clock, 7, keepa_time=AT - timedelta(hours=3)))

    assert ledger.reserve(ask(20)) == Shortage(wait_s=30, tokens_left=7)


def test_a_reading_overtaken_on_the_way_is_not_believed(
    ledger: TokenLedger, clock: HandClock
) -> None:
    ledger.observe(reading(clock, 10, keepa_time=AT + timedelta(seconds=5)))
    ledger.observe(reading(clock, 110, keepa_time=AT + timedelta(seconds=2)))

    assert ledger.reserve(ask(20)) == Shortage(wait_s=30, tokens_left=10)


def test_only_what_is_about_to_alert_gets_the_reserve(
    ledger: TokenLedger, clock: HandClock
) -> None:
    ledger.observe(reading(clock, 150))
    ledger.keep_back(120)

    assert ledger.reserve(ask(40)) == Shortage(wait_s=30, tokens_left=30)
    assert isinstance(ledger.reserve(ask(40, may_use_reserve=True)), Reservation)


def lose(ledger: TokenLedger, requests: int) -> None:
    for _ in range(requests):
        ledger.record_outcome(
            granted(ledger, 1), charged=None, reading=None, refused=True, status=None
        )


def test_keepa_is_left_alone_once_it_answers_nobody_and_then_tried_by_one(
    ledger: TokenLedger, clock: HandClock
) -> None:
    ledger.observe(reading(clock, 600))
    lose(ledger, BREAK_AFTER)
    clock.pass_s(20)
    assert ledger.reserve(ask(1)) == Outage(wait_s=40)

    clock.pass_s(40)
    trial = granted(ledger, 1)
    assert ledger.reserve(ask(1)) == Outage(wait_s=60)
    ledger.record_outcome(trial, charged=None, reading=None, refused=True, status=None)
    assert ledger.reserve(ask(1)) == Outage(wait_s=60)

    clock.pass_s(60)
    ledger.record_outcome(
        granted(ledger, 1), charged=1, reading=reading(clock, 600), refused=False, status=200
    )
    for _ in range(3):
        granted(ledger, 1)


def test_a_refusal_is_an_answer_and_other_accounts_are_others_business(
    ledger: TokenLedger, connection: Connection, clock: HandClock
) -> None:
    ledger.observe(reading(clock, 600))
    lose(ledger, BREAK_AFTER - 1)
    ledger.record_outcome(granted(ledger, 1), charged=0, reading=None, refused=True, status=400)
    lose(ledger, BREAK_AFTER - 1)
    granted(ledger, 1)

    lose(ledger, 1)

    assert isinstance(ledger.reserve(ask(1)), Outage)
    other = TokenLedger(connection, account="simulator:other", run="run", clock=clock)
    granted(other, 1)


@pytest.mark.parametrize(
    ("status", "is_left_alone"),
    [(500, True), (503, True), (599, True), (200, False), (400, False), (402, False), (429, False)],
)
def test_only_replies_of_a_failing_keepa_count_as_failures(
    ledger: TokenLedger, clock: HandClock, status: int, is_left_alone: bool
) -> None:
    ledger.observe(reading(clock, 600))
    for _ in range(BREAK_AFTER):
        # With Keepa's envelope: it says what the request cost.
        ledger.record_outcome(
            granted(ledger, 1), charged=0, reading=reading(clock, 600), refused=True, status=status
        )

    assert isinstance(ledger.reserve(ask(1)), Outage) == is_left_alone


def test_a_request_that_would_go_nowhere_is_not_sent(ledger: TokenLedger, clock: HandClock) -> None:
    ledger.observe(reading(clock, 600))
    nowhere = Simulator(f"http://127.0.0.1:{free_port()}").config()
    with KeepaClient(nowhere, budget=ledger, clock=clock, sleep=lambda _: None) as client:
        for _ in range(BREAK_AFTER // nowhere.max_attempts):
            with pytest.raises(KeepaUnavailableError):
                next(client.product_pages(locale_of("us"), ["B000000001"]))

        with pytest.raises(KeepaLeftAloneError, match="asked again in 60 s"):
            next(client.product_pages(locale_of("us"), ["B000000001"]))

    (use,) = ledger.spent_since(AT)
    assert use.requests == BREAK_AFTER


def test_a_request_dearer_than_can_gather_has_its_turn_when_the_balance_is_full(
    ledger: TokenLedger, clock: HandClock
) -> None:
    ledger.observe(reading(clock, 1190))
    assert ledger.reserve(ask(5000)) == Shortage(wait_s=30, tokens_left=1190)

    clock.pass_s(30)

    granted(ledger, 5000)


def test_runs_side_by_side_never_reserve_more_than_there_is(
    database: PostgresConfig, ledger: TokenLedger, clock: HandClock
) -> None:
    ledger.observe(reading(clock, 1000))

    def spend(run: int) -> int:
        with connect(database) as connection:
            own = TokenLedger(connection, account=ACCOUNT, run=f"run-{run}", clock=clock)
            return sum(isinstance(own.reserve(ask(7)), Reservation) for _ in range(100))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(spend, range(4))) == 1000 // 7


@pytest.fixture
def keepa(simulate: Callable[..., Simulator]) -> Simulator:
    return simulate()


@pytest.fixture
def own_ledger(connection: Connection) -> TokenLedger:
    """A ledger on the real clock, as the simulator's tokens are."""
    return TokenLedger(connection, account=ACCOUNT, run="run")


def budgeted(keepa: Simulator, ledger: TokenLedger) -> KeepaClient:
    return KeepaClient(keepa.config(), budget=ledger, sleep=lambda _: None)


@pytest.fixture(scope="module")
def asins() -> list[str]:
    return [watch.asin for watch in watch_list(40) if watch.domain == "us"]


def test_every_request_is_in_the_ledger_and_agrees_with_keepas_envelope(
    keepa: Simulator, own_ledger: TokenLedger, asins: list[str]
) -> None:
    started = datetime.now(UTC)
    with budgeted(keepa, own_ledger) as client:
        client.token_status()
        list(client.product_pages(locale_of("us"), asins, page_products=5))
        spent = client.usage.tokens_consumed

    (use,) = own_ledger.spent_since(started)
    assert spent == len(asins)
    assert use == TokenUse("product", -(-len(asins) // 5), len(asins), len(asins), len(asins), 0, 0)


def test_a_reply_that_was_paid_for_is_kept_when_the_ledger_is_away(
    keepa: Simulator,
    own_ledger: TokenLedger,
    asins: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailableError("PostgreSQL does not answer")

    monkeypatch.setattr(own_ledger, "record_outcome", away)
    with budgeted(keepa, own_ledger) as client:
        (page,) = client.product_pages(locale_of("us"), asins[:5])

        assert page.envelope.tokens_consumed == 5
        assert "could not be recorded: PostgreSQL does not answer" in caplog.text
        # Of a reply that is no use nothing is lost: the task ends, and tries again later.
        keepa.post("faults", {"kind": "status", "status": 500, "endpoint": "product"})
        with pytest.raises(DatabaseUnavailableError):
            list(client.product_pages(locale_of("us"), asins[5:10]))


def test_without_tokens_nothing_is_sent_and_the_error_says_how_long(
    keepa: Simulator, own_ledger: TokenLedger, asins: list[str]
) -> None:
    keepa.post("tokens", {"left": -45})
    with budgeted(keepa, own_ledger) as client:
        client.token_status()
        sent = client.usage.requests
        with pytest.raises(TokensExhaustedError) as caught:
            list(client.product_pages(locale_of("us"), asins[:5]))

        assert client.usage.requests == sent
    # −45 + 3 × 20 = 15: the third refill brings the five.
    assert 120 < caught.value.refill_in_s <= 180


def test_a_keepa_that_answers_5xx_to_everybody_is_left_alone(
    keepa: Simulator, own_ledger: TokenLedger, asins: list[str]
) -> None:
    keepa.post("faults", {"kind": "status", "status": 503, "count": 100, "endpoint": "product"})
    with budgeted(keepa, own_ledger) as client:
        client.token_status()
        for _ in range(BREAK_AFTER // keepa.config().max_attempts):
            with pytest.raises(KeepaUnavailableError):
                list(client.product_pages(locale_of("us"), asins[:5]))
        sent = client.usage.requests

        with pytest.raises(KeepaLeftAloneError, match="HTTP 5xx"):
            list(client.product_pages(locale_of("us"), asins[:5]))

        assert client.usage.requests == sent


@pytest.mark.parametrize(
    ("fault", "error", "state", "status", "charged"),
    [
        ({"kind": "status", "status": 500}, KeepaUnavailableError, "REFUSED", 500, 0),
        ({"kind": "cut"}, KeepaReplyError, "REFUSED", 200, 5),
        ({"kind": "not_json"}, KeepaReplyError, "UNKNOWN", 200, None),
    ],
    ids=["uncharged 500", "charged and cut", "no envelope at all"],
)
def test_every_attempt_of_a_failing_request_has_its_row(
    keepa: Simulator,
    own_ledger: TokenLedger,
    connection: Connection,
    asins: list[str],
    fault: dict[str, object],
    error: type[Exception],
    state: str,
    status: int,
    charged: int | None,
) -> None:
    keepa.post("faults", {**fault, "count": 2, "endpoint": "product"})
    with budgeted(keepa, own_ledger) as client:
        client.token_status()
        with pytest.raises(error):
            list(client.product_pages(locale_of("us"), asins[:5]))

    rows = connection.execute(
        "SELECT state, http_status, tokens_charged FROM token_ledger"
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [(state, status, charged)] * 2
