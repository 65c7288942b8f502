"""The lake on every storage; Airflow's own files go to a folder before anything imports it."""

import os
import tempfile

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="keeper-airflow-"))

from pathlib import Path

import pytest

from keeper.orchestration.airflow.lake import lake_by_connection
from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.storage import lake_at
from tests.object_storage import lake_url, s3_server

__all__ = ["s3_server"]


@pytest.fixture(
    params=[
        ("folder", Path),
        ("file://", lake_by_connection),
        ("s3://", lake_by_connection),
        ("s3://aws_default@", lake_by_connection),
        ("file://", lake_at),
        ("s3://", lake_at),
    ],
    ids=[
        "folder",
        "file by Airflow",
        "S3 by Airflow",
        "S3 by an Airflow connection",
        "file by a command",
        "S3 by a command",
    ],
)
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> LakePath:
    kind, path_of = request.param
    if kind.startswith("s3"):
        request.getfixturevalue("s3_server")
    url = lake_url(kind, tmp_path)
    found: LakePath = path_of(url.removeprefix("file://") if path_of is Path else url)
    return found
