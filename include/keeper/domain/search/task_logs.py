"""What is known of a log that a task of Airflow's writes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskLog:
    """A log file, and the try of a task that writes it.

    Attributes:
        file: Its place in the folder of logs, by which it is known everywhere.
        dag_id: The DAG.
        run_id: The run.
        task_id: The task.
        map_index: Which of the mapped tasks, -1 where the task is not mapped.
        try_number: Which of its tries, from 1 on.
    """

    file: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
