"""The tasks of `discover_products`, but for the question: `waits/approval.py` asks it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from airflow.sdk import TriggerRule
from airflow.sdk.types import DagRunProtocol, RuntimeTaskInstanceProtocol

from keeper.clock import utc_now
from keeper.orchestration.airflow import assets
from keeper.orchestration.airflow.connections import database, keepa_config
from keeper.orchestration.airflow.lake import lake
from keeper.orchestration.airflow.operators import task
from keeper.orchestration.airflow.task_states import first_cause, unfinished_tasks
from keeper.orchestration.runs.names import run_name
from keeper.orchestration.runs.plans import begin, plain_parts
from keeper.orchestration.runs.reports import plain_row
from keeper.orchestration.runs.summaries import report_line
from keeper.orchestration.waits.keepa_tasks import keepa_client, keepa_task

WHICH_SEARCH: Final = "{{ task.op_kwargs['planned'].label }}"
_ASKING = frozenset({"approve", "decide"})


@task(inlets=[assets.PRODUCT_PROPOSALS], outlets=[assets.PIPELINE_RUNS])
def plan(dag_run: DagRunProtocol, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Choose the searches this run makes."""
    from keeper.pipeline.discovery.run import plan_discovery

    run = begin(dag_run)
    with database() as connection:
        return plain_parts(
            plan_discovery(
                connection,
                run=run.name,
                dag_id=run.dag_id,
                source=keepa_config().source,
                max_proposals=params["max_proposals"],
                started_at=run.started_at,
            )
        )


@keepa_task(
    map_index_template=WHICH_SEARCH,
    inlets=[assets.WATCHED_PRODUCTS, assets.PRODUCT_PROPOSALS],
    outlets=[assets.PRODUCT_PROPOSALS, assets.TOKEN_LEDGER],
)
def find(planned: dict[str, Any], dag_run: DagRunProtocol) -> dict[str, Any]:
    """Make one search; return the products nobody was asked about yet, the best first."""
    from keeper.pipeline.discovery.run import PlannedSearch, find_candidates

    run = run_name(dag_run.dag_id, dag_run.run_id)
    search = PlannedSearch(planned["discovery_id"], planned["label"], planned["limit"])
    with database() as connection, keepa_client(run) as client:
        return asdict(find_candidates(connection, client, lake(), search, run=run))


# A search that failed must not keep the others' products waiting.
@keepa_task(
    trigger_rule=TriggerRule.ALL_DONE, outlets=[assets.PRODUCT_PROPOSALS, assets.TOKEN_LEDGER]
)
def propose(
    found: list[dict[str, Any]] | None, dag_run: DagRunProtocol, params: dict[str, Any]
) -> dict[str, Any]:
    """Keep what was found as proposals; count them, and return the question about all that wait."""
    from keeper.pipeline.discovery.run import Candidates, open_question, propose

    run = run_name(dag_run.dag_id, dag_run.run_id)
    candidates = [
        Candidates(search["discovery_id"], tuple(search["asins"])) for search in found or ()
    ]
    with database() as connection, keepa_client(run) as client:
        proposed = propose(connection, client, candidates, run=run)
        question = open_question(connection, params["user"])
    return asdict(proposed) | {"question": question and asdict(question)}


@task(outlets=[assets.PRODUCT_PROPOSALS, assets.WATCHED_PRODUCTS])
def decide(answer: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Watch and reject products as an operator has answered; return how many of each.

    Args:
        answer: What ProposalApproval returned.
        params: `user`: e-mail address of whose watch list the chosen products join; None is
            Keeper's own.
    """
    from keeper.pipeline.discovery.run import record_answer

    with database() as connection:
        decision = record_answer(
            connection,
            answer["asked"],
            answer["chosen_options"],
            answered_by=answered_by(answer),
            user=params["user"],
        )
    return asdict(decision)


@task(trigger_rule=TriggerRule.ALL_DONE, outlets=[assets.PIPELINE_RUNS], retries=1)
def summarise(proposed: dict[str, Any] | None, ti: RuntimeTaskInstanceProtocol) -> dict[str, Any]:
    """Write the run's row and return it as plain values.

    It is written before the question is answered, which may take days.

    Raises:
        RunFailedError: A search failed; the row, already written, says why.
    """
    from keeper.pipeline.discovery.run import summarise_discovery

    counted = proposed or {"proposed": 0, "unknown": 0, "question": None}
    asked = "a question waits for an answer" if counted["question"] else "nothing to decide"
    report_line(
        f"{counted['proposed']} products proposed, {counted['unknown']} unknown to Keepa; {asked}"
    )
    failed = [task_id for task_id in unfinished_tasks(ti) if task_id not in _ASKING]
    with database() as connection:
        row = summarise_discovery(
            connection,
            run=run_name(ti.dag_id, ti.run_id),
            unknown=counted["unknown"],
            failed=failed,
            cause=first_cause(ti, failed),
            finished_at=utc_now(),
        )
    return plain_row(row)


def answered_by(answer: Mapping[str, Any]) -> str:
    """Return the name of who answered a question, as Airflow knows it."""
    user: Mapping[str, str] = answer.get("responded_by_user") or {}
    return user.get("name") or user.get("id") or "Airflow"
