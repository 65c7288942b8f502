import pytest

from keeper.orchestration.preload import is_celery_worker, is_scheduler, preload_in_scheduler


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["/opt/keeper/bin/airflow", "scheduler"], id="airflow scheduler"),
        pytest.param(["python", "-m", "scheduler"], id="as a module"),
        pytest.param(["airflow", "scheduler", "--skip-serve-logs"], id="with options"),
    ],
)
def test_the_scheduler_is_known_by_its_arguments(argv: list[str]) -> None:
    assert is_scheduler(argv)


def test_a_celery_worker_is_known_by_its_arguments() -> None:
    assert is_celery_worker(["/opt/keeper/bin/airflow", "celery", "worker", "--queues", "prices"])
    assert not is_celery_worker(["airflow", "celery", "flower"])


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["airflow", "celery", "stop"], id="another command of Celery's"),
        pytest.param(["airflow", "api-server"], id="api-server"),
        pytest.param(["airflow", "triggerer"], id="triggerer"),
        pytest.param(["airflow", "dag-processor"], id="dag-processor"),
        pytest.param(["airflow", "jobs", "check", "scheduler"], id="a health check"),
        pytest.param([], id="no arguments"),
    ],
)
def test_no_other_process_preloads(argv: list[str]) -> None:
    assert preload_in_scheduler(argv) is False
