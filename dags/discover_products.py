"""
### What
Every week: looks for products by the saved searches (best sellers of a category, Keepa's product
finder), proposes those that were never proposed before, and asks an operator which of them to
watch, on Airflow's page "Required Actions". Those chosen join the watch list. The others are never
proposed again.

### Reads
The active rows of `discoveries`, see `keeper discover`; Keepa (or its simulator) by connection
`keeper_keepa`: 50 tokens for best sellers, 11 and more for a finder, 1 for each product proposed.

### Writes
`product_proposals`; `watched_products` for those approved; a row of `pipeline_runs`.

### Params
- `max_proposals`: at most so many products wait for a decision; searches pause beyond that.
- `user`: e-mail address of the user whose watch list approved products join; by default Keeper's
  own, whose watches have no target because nobody reads its alerts.
- `answer_within_h`: how long the question stays open.

### If it fails
- `find`: Keepa refuses a search; `keeper discover list` says why. The others continue.
- `approve` skipped: there was nothing to ask, or nobody answered; the next run asks again.
- `decide`: the answer contradicts itself; nothing was decided. Clear `approve` and answer again.

### Run it again
Clear the failed tasks: nothing is proposed, paid for or watched twice. Airflow shows a cleared
question as it was first asked; the next run asks about products proposed since. While a run's
question is open, the next run waits. `keeper discover approve` and `reject` decide without
Airflow. `airflow backfill create` is refused: Keepa has only today's best sellers.
"""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, Param, TriggerRule, dag, task

from keeper.orchestration import assets
from keeper.orchestration.defaults import DEFAULT_ARGS, in_queue
from keeper.orchestration.discovery import ProposalApproval
from keeper.orchestration.keepa_tasks import keepa_task
from keeper.orchestration.run_names import run_name
from keeper.orchestration.run_notices import told_to_operator
from keeper.orchestration.trigger_forms import NOT_BACKFILLED

ANSWER_WITHIN_H = 6 * 24


@dag(
    schedule=CronDataIntervalTimetable("0 5 * * 1", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    allowed_run_types=NOT_BACKFILLED,
    max_active_runs=1,
    dagrun_timeout=timedelta(days=7),
    is_paused_upon_creation=False,
    default_args=DEFAULT_ARGS | in_queue("deals"),
    doc_md=__doc__,
    tags=["discovery"],
    **told_to_operator(late_after=timedelta(days=3)),
    params={
        "max_proposals": Param(50, type="integer", minimum=1, maximum=500),
        "user": Param(None, type=["null", "string"], pattern="^[^@\\s]+@[^@\\s]+$"),
        "answer_within_h": Param(
            ANSWER_WITHIN_H, type="number", exclusiveMinimum=0, maximum=ANSWER_WITHIN_H
        ),
    },
)
def discover_products():
    """Wire the run; the heads above say what it does."""

    @task(inlets=[assets.DISCOVERIES], outlets=[assets.PIPELINE_RUNS])
    def plan(run_id: str, dag, params) -> list[dict]:
        from keeper.clock import utc_now
        from keeper.orchestration.connections import database, keepa_config
        from keeper.pipeline.discovery.run import plan_discovery

        with database() as connection:
            planned = plan_discovery(
                connection,
                run=run_name(dag.dag_id, run_id),
                dag_id=dag.dag_id,
                source=keepa_config().source,
                max_proposals=params["max_proposals"],
                started_at=utc_now(),
            )
        return [asdict(search) for search in planned]

    @keepa_task(
        map_index_template="{{ task.op_kwargs['planned'].label }}",
        inlets=[assets.WATCHED_PRODUCTS, assets.PRODUCT_PROPOSALS],
        outlets=[assets.DISCOVERIES, *assets.TOKENS],
    )
    def find(planned: dict, run_id: str, dag) -> dict:
        from keeper.orchestration.connections import database
        from keeper.orchestration.keepa_tasks import keepa_client
        from keeper.pipeline.discovery.run import PlannedSearch, find_candidates

        run = run_name(dag.dag_id, run_id)
        with database() as connection, keepa_client(run) as client:
            search = PlannedSearch(**planned)
            return asdict(find_candidates(connection, client, search, run=run))

    # A search that failed must not keep the others' products waiting.
    @keepa_task(
        trigger_rule=TriggerRule.ALL_DONE, outlets=[assets.PRODUCT_PROPOSALS, *assets.TOKENS]
    )
    def propose(found, run_id: str, dag, params) -> dict:
        from keeper.orchestration.connections import database
        from keeper.orchestration.keepa_tasks import keepa_client
        from keeper.pipeline.discovery.run import Candidates, open_question, propose

        run = run_name(dag.dag_id, run_id)
        candidates = [Candidates(**search) for search in found or ()]
        with database() as connection, keepa_client(run) as client:
            proposed = propose(connection, client, candidates, run=run)
            question = open_question(connection, params["user"])
        return {**asdict(proposed), "question": question and asdict(question)}

    @task(
        outlets=[assets.PRODUCT_PROPOSALS, assets.WATCHED_PRODUCTS, assets.USERS, assets.CHANNELS]
    )
    def decide(answer: dict, params) -> dict:
        from keeper.orchestration.discovery import settle

        return settle(answer, params["user"])

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[assets.PIPELINE_RUNS], retries=1)
    def summarise(proposed: dict | None, ti) -> dict:
        from keeper.orchestration.discovery import finish_discovery_run

        return finish_discovery_run(ti, proposed)

    proposed = propose(find.expand(planned=plan()))
    approve = ProposalApproval(
        task_id="approve",
        question=proposed,
        answer_within=timedelta(hours=ANSWER_WITHIN_H),
        inlets=[assets.PRODUCT_PROPOSALS],
    )
    decide(approve.output)
    summarise(proposed)


discover_products()
