"""Asking an operator which proposed products to watch."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput

from keeper.orchestration.airflow.failures import IncompleteRunError
from keeper.orchestration.airflow.operators import KeeperTask
from keeper.orchestration.airflow.task_states import unfinished_before


class _ApprovalOperator(HITLOperator):
    """Asks which proposed products to watch, and waits for the answer without a worker.

    It is skipped when there is nothing to ask, and when nobody answers in time: the products stay
    proposed. It fails when there is nothing to ask because something before it failed, so that
    whoever clears the failed tasks is asked. An answer comes from Airflow's page of required
    actions or its REST API.

    Args:
        question: What the proposing task returned: a mapping whose `question` has `subject`, `body`
            and `options`, or is None.
        answer_within: How long to wait where the run's parameter `answer_within_h` says nothing.
    """

    template_fields: Collection[str] = (*HITLOperator.template_fields, "question")

    def __init__(self, *, question: Any, answer_within: timedelta, **kwargs: Any) -> None:
        """Prepare; see the class."""
        super().__init__(
            subject="Which of the proposed products shall be watched?",
            options=["…"],
            multiple=True,
            response_timeout=answer_within,
            **kwargs,
        )
        self.question = question

    def execute(self, context: Context) -> Any:
        """Ask and give the worker back."""
        question = (self.question or {}).get("question")
        if question is None and unfinished_before(context["ti"]):
            raise IncompleteRunError("Nothing can be asked: what came before it failed.")
        if question is None:
            raise AirflowSkipException("No product waits for a decision")
        self.subject, self.body = question["subject"], question["body"]
        self.options = list(question["options"])
        asked = self._ask(context["ti"].id)
        if asked != self.options:
            self.log.warning(
                "This task has asked before, and Airflow shows that question again; products "
                "proposed since are asked about in the next run"
            )
        hours = context["params"].get("answer_within_h")
        timeout = self.response_timeout if hours is None else timedelta(hours=hours)
        self.log.info("Waiting for an answer, without a worker")
        raise TaskAwaitingInput(
            method_name="execute_complete", kwargs={"asked": asked}, timeout=timeout
        )

    def execute_complete(
        self, context: Context, event: dict[str, Any], asked: Sequence[str] = ()
    ) -> Any:
        """Return the answer: `asked`, `chosen_options`, `responded_by_user`, `responded_at`."""
        self.options = list(asked)
        return {**super().execute_complete(context, event), "asked": self.options}

    def process_trigger_event_error(self, event: dict[str, Any]) -> None:
        """Skip what follows when nobody answered in time."""
        if event["error_type"] == "timeout":
            raise AirflowSkipException("Nobody answered in time; the next run asks again")
        super().process_trigger_event_error(event)

    def _ask(self, ti_id: UUID) -> list[str]:
        """Hand the question in and return the options people see.

        Airflow keeps the question of a task that is cleared, and shows the old one whatever is
        asked anew (seen with 3.3.2). The provider's operator would never know, and an answer to
        the old question would be taken for one to the new.
        """
        from airflow.sdk.execution_time.comms import CreateHITLDetailPayload
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        kept: Any = SUPERVISOR_COMMS.send(
            CreateHITLDetailPayload(
                ti_id=ti_id,
                subject=self.subject,
                body=self.body,
                options=self.options,
                multiple=self.multiple,
                params={},
                assigned_users=[],
            )
        )
        return list(kept.options)


class ProposalApproval(KeeperTask, _ApprovalOperator):
    """The question as a task of Keeper's; see _ApprovalOperator for its arguments."""
