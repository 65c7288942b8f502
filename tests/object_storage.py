"""A server that speaks S3, and lakes on every kind of storage Keeper keeps one on."""

import json
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "keeper"
LOGIN = "keeper-test"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """An S3 server on loopback with a bucket, and what a process needs to find it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", LOGIN)
        patch.setenv("AWS_SECRET_ACCESS_KEY", LOGIN)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv("AIRFLOW_CONN_AWS_DEFAULT", aws_connection(url))
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield url
    server.stop()


def aws_connection(url: str) -> str:
    """Return Airflow's connection to an S3 server, as JSON."""
    return json.dumps(
        {
            "conn_type": "aws",
            "login": LOGIN,
            "password": LOGIN,
            "extra": {"region_name": "us-east-1", "endpoint_url": url},
        }
    )


LAKES = ("folder", "file://", "s3://", "s3://aws_default@")
"""Beside a plain folder, how KEEPER_LAKE may begin."""


def lake_url(kind: str, folder: Path) -> str:
    """Return a KEEPER_LAKE of the test's own."""
    if kind in ("folder", "file://"):
        return f"file://{folder}/lake"
    return f"{kind}{BUCKET}/{uuid.uuid4().hex}/lake"
