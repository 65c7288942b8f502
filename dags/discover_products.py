"""
### What
Every week: looks for products by the saved searches (best sellers of a category, Keepa's product
finder), proposes those that were never proposed before, and asks an operator which of them to
watch, on Airflow's page "Required Actions". Those chosen join the watch list. The others are never
proposed again.

### Reads
The active rows of `discoveries`, see `keeper discover`; Keepa (or its simulator) by connection
`keeper_keepa`: 50 tokens for best sellers, 11 and more for a finder, 2 for each product proposed
with its rating (4 with the buy box, 6 and more with offers).

### Writes
`product_proposals`; `watched_products` for those approved; a row of `pipeline_runs`.

### Params
- `max_proposals`: at most so many products wait for a decision; searches pause beyond that.
- `user`: e-mail address of the user whose watch list approved products join; by default Keeper's
  own, whose watches have no target because nobody reads its alerts.
- `answer_within_h`: how long the question stays open.

### If it fails
- `find`: Keepa refuses a search; `keeper discover list` says why. What the others found is
  proposed and asked about; `propose` fails too, so that it is cleared with the search.
- `approve` skipped: there was nothing to ask, or nobody answered; the next run asks again. It
  fails if there was nothing to ask because a search failed, and is cleared with that.
- `decide`: the answer contradicts itself; nothing was decided. Clear `approve` and answer again.

### Run it again
Clear the failed tasks: nothing is proposed, paid for or watched twice. Airflow shows a cleared
question as it was first asked; the next run asks about products proposed since. While a run's
question is open, the next run waits. `keeper discover approve` and `reject` decide without
Airflow. `airflow backfill create` is refused: Keepa has only today's best sellers.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, Param, TriggerRule, dag

from keeper.orchestration import discover_products as tasks
from keeper.orchestration.airflow.assets import PRODUCT_PROPOSALS
from keeper.orchestration.airflow.defaults import DEFAULT_ARGS, in_queue
from keeper.orchestration.airflow.forms import NOT_BACKFILLED
from keeper.orchestration.run_notices import deadline_after, notify_of_failed_run, record_good_run
from keeper.orchestration.waits.approval import ProposalApproval

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
    on_failure_callback=notify_of_failed_run,
    on_success_callback=record_good_run,
    deadline=deadline_after(timedelta(days=3)),
    params={
        "max_proposals": Param(50, type="integer", minimum=1, maximum=500),
        "user": Param(None, type=["null", "string"], pattern="^[^@\\s]+@[^@\\s]+$"),
        "answer_within_h": Param(
            ANSWER_WITHIN_H, type="number", exclusiveMinimum=0, maximum=ANSWER_WITHIN_H
        ),
    },
)
def discover_products() -> None:
    """Wire the run; the heads above say what it does."""
    proposed = tasks.propose(tasks.find.expand(planned=tasks.plan()))
    approve = ProposalApproval(
        task_id="approve",
        question=proposed,
        answer_within=timedelta(hours=ANSWER_WITHIN_H),
        # What the others found is asked about whatever search failed, and is not asked twice.
        trigger_rule=TriggerRule.ALL_DONE,
        is_independent=True,
        inlets=[PRODUCT_PROPOSALS],
    )
    tasks.decide(approve.output)
    tasks.summarise(proposed)


discover_products()
