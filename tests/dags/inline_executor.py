"""An executor that supervises one task after the other in the process that asks it to."""

from collections.abc import Sequence

from airflow.executors.base_executor import BaseExecutor
from airflow.executors.workloads import ExecutorWorkload


class InlineExecutor(BaseExecutor):
    """Runs a task as LocalExecutor's workers do, in a process of its own, and waits for its end."""

    def _process_workloads(self, workload_items: Sequence[ExecutorWorkload]) -> None:
        for workload in workload_items:
            del self.queued_tasks[workload.key]  # type: ignore[arg-type]  # here all are tasks
            self.run_workload(workload)
            self.success(workload.key)

    def sync(self) -> None:
        """Have nothing to look after."""

    def end(self) -> None:
        """Have nothing to wait for."""
