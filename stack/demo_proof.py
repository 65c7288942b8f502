"""Look with own eyes whether a run did what it says: in PostgreSQL, Elasticsearch and the mail."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import psycopg
from psycopg.rows import dict_row

from stack.context import Stack
from stack.environment import database_url
from stack.errors import StackError
from stack.given import catches_mail
from stack.ports import HOST

ALIAS: Final = "keeper-prices"
ALERTS_HEADER: Final = "x-keeper-alerts"
_RUN: Final = "SELECT * FROM pipeline_runs WHERE run_id = %(run)s"
_STORED: Final = """
WITH watched AS (
    SELECT DISTINCT asin, domain FROM watched_products WHERE status = 'ACTIVE'
)
SELECT count(*) AS watched,
       count(DISTINCT domain) AS locales,
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM current_prices AS c WHERE c.asin = w.asin AND c.domain = w.domain
       )) AS priced,
       (SELECT count(*) FROM price_history) AS points
FROM watched AS w
"""
_BILL: Final = """
SELECT detail, sum(products)::int AS products, sum(tokens_charged)::int AS tokens
FROM token_ledger WHERE run_id = %(run)s AND detail IS NOT NULL
GROUP BY detail ORDER BY detail
"""
_ALERTS: Final = "SELECT alert_id, status, run_id FROM price_alerts ORDER BY alert_id"


@dataclass(frozen=True, slots=True)
class Findings:
    """What was really there after a run.

    Attributes:
        run: The run's row in `pipeline_runs`.
        watched: Products on the watch list.
        locales: Amazon locales among them.
        priced: Watched products with a current price in PostgreSQL.
        points: Rows in `price_history`.
        documents: Documents behind the Elasticsearch alias.
        alerts: Alert id, status and run of every alert.
        mails: How many mails there are of each alert id; None counts mails of no alert.
        bill: What was asked of products with how much detail: its name, the products, the tokens.
    """

    run: Mapping[str, Any]
    watched: int
    locales: int
    priced: int
    points: int
    documents: int
    alerts: Sequence[tuple[int, str, str]]
    mails: Mapping[int | None, int]
    bill: Sequence[tuple[str, int, int]] = ()

    @property
    def new_alerts(self) -> list[tuple[int, str]]:
        """Return id and status of the alerts this run raised."""
        return [(alert, status) for alert, status, run in self.alerts if run == self.run["run_id"]]


def watched_products(stack: Stack) -> int:
    """Return how many products are watched.

    Raises:
        StackError: PostgreSQL does not answer.
    """
    try:
        with psycopg.connect(database_url(stack), row_factory=dict_row) as connection:
            row = connection.execute(_STORED).fetchone()
    except psycopg.Error as error:
        raise StackError(f"PostgreSQL could not be asked for the watch list: {error}") from None
    return int(row["watched"]) if row else 0


def look(stack: Stack, run_id: str) -> Findings:
    """Read what is there now.

    Raises:
        StackError: The run has no row, or a service does not answer.
    """
    try:
        with psycopg.connect(database_url(stack), row_factory=dict_row) as connection:
            run = connection.execute(_RUN, {"run": run_id}).fetchone()
            stored = connection.execute(_STORED).fetchone()
            alerts = connection.execute(_ALERTS).fetchall()
            bill = connection.execute(_BILL, {"run": run_id}).fetchall()
    except psycopg.Error as error:
        raise StackError(f"PostgreSQL could not be asked what the run did: {error}") from None
    if run is None or stored is None:
        raise StackError(f"The run {run_id} has left no row in pipeline_runs.")
    return Findings(
        run=run,
        watched=stored["watched"],
        locales=stored["locales"],
        priced=stored["priced"],
        points=stored["points"],
        documents=_documents(stack),
        alerts=[(a["alert_id"], a["status"], a["run_id"]) for a in alerts],
        mails=_mails(stack),
        bill=[(b["detail"], b["products"], b["tokens"] or 0) for b in bill],
    )


def look_until_proved(
    stack: Stack, run_id: str, timeout: float, waiting: Callable[[str], None]
) -> tuple[Findings, list[str]]:
    """Look again until nothing is missing or the time is up; documents and mails may lag.

    Args:
        stack: The stack.
        run_id: The run.
        timeout: Seconds to go on looking.
        waiting: Receives what is still missing.

    Returns:
        The last findings, and what is missing in them, a sentence each.
    """
    deadline = time.monotonic() + timeout
    while True:
        findings = look(stack, run_id)
        missing = missing_in(
            findings,
            simulated=stack.uses_simulator,
            caught=catches_mail(stack.layout, stack.environ),
        )
        if not missing or time.monotonic() > deadline:
            return findings, missing
        waiting(missing[0])
        time.sleep(1)


def missing_in(found: Findings, *, simulated: bool, caught: bool = True) -> list[str]:
    """Return what a run has not really done, a sentence each; empty proves it.

    Args:
        found: What was there.
        simulated: Whether prices come from the simulator, whose demo list always raises alerts.
        caught: Whether mails go to the mail catcher; those to the user's own server are not seen.
    """
    missing = []
    run = found.run
    if run["state"] != "SUCCESS":
        missing.append(f"The run's row says {run['state']}: {run['problem'] or 'no reason given'}.")
    expected = found.watched - run["products_missing"]
    if found.watched == 0:
        missing.append("Nothing is watched.")
    if found.priced < expected:
        missing.append(
            f"Only {found.priced} of {expected} watched products have a current price in "
            "PostgreSQL; see `make logs S=consume-prices`."
        )
    if found.points == 0:
        missing.append("price_history is empty.")
    if found.documents != found.points:
        missing.append(
            f"Elasticsearch has {found.documents} documents for {found.points} price points; see "
            "`make logs S=index-prices`."
        )
    return missing + _missing_alerts(found, simulated=simulated, caught=caught)


def _missing_alerts(found: Findings, *, simulated: bool, caught: bool) -> list[str]:
    missing = []
    unsent = [alert for alert, status in found.new_alerts if status != "SENT"]
    if unsent:
        missing.append(
            f"{len(unsent)} of {len(found.new_alerts)} alerts of this run were not sent; see "
            "`make logs S=deliver`."
        )
    if simulated and not any(status == "SENT" for _, status, _ in found.alerts):
        missing.append("No alert was raised and sent, although the demo list always has some.")
    return missing + (_missing_mail(found) if caught else [])


def _missing_mail(found: Findings) -> list[str]:
    missing = []
    unmailed = [alert for alert, _ in found.new_alerts if not found.mails.get(alert)]
    if unmailed:
        missing.append(f"No mail has arrived for {len(unmailed)} alerts of this run.")
    twice = [alert for alert, count in found.mails.items() if alert is not None and count > 1]
    if twice:
        missing.append(f"{len(twice)} alerts were mailed more than once: {twice[:5]}.")
    known = {alert for alert, _, _ in found.alerts}
    strangers = [alert for alert in found.mails if alert is not None and alert not in known]
    if strangers:
        missing.append(f"There are mails for alerts PostgreSQL does not know: {strangers[:5]}.")
    return missing


def _documents(stack: Stack) -> int:
    base = f"http://{HOST}:{stack.ports.elasticsearch}/{ALIAS}"
    try:
        httpx.post(f"{base}/_refresh", timeout=30, trust_env=False).raise_for_status()
        answer = httpx.get(f"{base}/_count", timeout=30, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        raise StackError(f"Elasticsearch could not be asked for its documents: {error}") from None
    return int(answer.json()["count"])


def _mails(stack: Stack) -> Counter[int | None]:
    url = f"http://{HOST}:{stack.ports.mail_web}/messages"
    try:
        answer = httpx.get(url, timeout=30, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        raise StackError(f"The mail catcher could not be asked: {error}") from None
    counts: Counter[int | None] = Counter()
    for message in answer.json():
        header = str(message["headers"].get(ALERTS_HEADER, ""))
        numbers: list[int | None] = [int(one) for one in header.split(",") if one.strip()]
        counts.update(numbers or [None])
    return counts
