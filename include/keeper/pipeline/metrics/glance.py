"""How Keeper is right now, for somebody who watches: runs, tokens, messages, topics."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from keeper.domain.runs.records import ListedRun
from keeper.errors import KeeperError
from keeper.pipeline.metrics.kafka import TopicNumbers, topic_numbers
from keeper.pipeline.services.configuration import kafka_config, postgres_config
from keeper.settings import Settings
from keeper.stores.postgres.connection import session
from keeper.stores.postgres.metrics import WaitingMessages, waiting_messages
from keeper.stores.postgres.runs.figures import OperatorFigures, operator_figures
from keeper.stores.postgres.runs.pages import run_page
from keeper.stores.postgres.tokens.accounts import TokenAccount, token_accounts

_DAY: Final = timedelta(days=1)
_ANSWER_S: Final = 2
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Records:
    """What PostgreSQL knows.

    Attributes:
        runs: The newest runs, the one that started last first.
        tokens: The account of Keepa's in use; None before its first report.
        waiting: Messages by kind of channel; none of a kind for which none waits.
        figures: Numbers of a day.
    """

    runs: Sequence[ListedRun]
    tokens: TokenAccount | None
    waiting: Sequence[WaitingMessages]
    figures: OperatorFigures


@dataclass(frozen=True, slots=True)
class Glance:
    """How Keeper is at a moment; of a store that does not answer, a sentence instead.

    Attributes:
        at: The moment.
        records: What PostgreSQL knows; None if it does not answer.
        topics: How the topics stand; None if Kafka does not answer.
        problems: By store, why it does not answer.
    """

    at: datetime
    records: Records | None
    topics: TopicNumbers | None
    problems: Mapping[str, str]


def glance_at(settings: Settings, *, at: datetime, runs: int) -> Glance:
    """Ask PostgreSQL and Kafka, both at once.

    Args:
        settings: Where they are.
        at: Now.
        runs: How many of the newest runs are wanted.
    """
    problems: dict[str, str] = {}

    def answer_of(store: str, ask: Callable[[], _Answer]) -> _Answer | None:
        try:
            return ask()
        except KeeperError as error:
            problems[store] = str(error)
            return None

    with ThreadPoolExecutor(2, thread_name_prefix="glance") as pool:
        records = pool.submit(answer_of, "PostgreSQL", lambda: _records(settings, at, runs))
        topics = pool.submit(answer_of, "Kafka", lambda: topic_numbers(kafka_config(settings)))
        return Glance(at, records.result(), topics.result(), problems)


def _records(settings: Settings, at: datetime, runs: int) -> Records:
    # What hangs, behind a lock too, must not hold the others' numbers, nor Ctrl-C.
    quick = replace(
        postgres_config(settings), connect_timeout_s=_ANSWER_S, statement_timeout_s=_ANSWER_S
    )
    with session(quick) as connection:
        accounts = token_accounts(connection)
        return Records(
            run_page(connection, most=runs),
            accounts[0] if accounts else None,
            waiting_messages(connection),
            operator_figures(connection, at - _DAY),
        )
