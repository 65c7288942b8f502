"""Object storage that takes connections and does not answer: given up soon, and said."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from s3fs import S3FileSystem

from keeper.orchestration.airflow.lake import lake_by_connection
from keeper.pipeline.prices.fetch import fetch_batch
from keeper.stores.lake import storage
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.lake.paths import LakePath, LakeUnavailableError
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.lake.storage import lake_at
from tests.lake_pages import add_page
from tests.object_storage import aws_connection, lake_url
from tests.relay import Relay

ANSWER_S = 1
DEADLINE_S = 3
SOON_S = 60
"""On a very busy machine; without bounds it is minutes, and for ever when something is sent."""


@pytest.fixture(scope="module")
def relay(s3_server: str) -> Iterator[Relay]:
    """A way to the S3 server, which file systems made from now on take."""
    address = urlsplit(s3_server)
    assert address.hostname is not None
    assert address.port is not None
    with (
        Relay.running(address.hostname, address.port) as relay,
        pytest.MonkeyPatch.context() as patch,
    ):
        url = f"http://127.0.0.1:{relay.port}"
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv("AIRFLOW_CONN_AWS_RELAY", aws_connection(url))
        patch.setattr(storage, "_ANSWER_S", ANSWER_S)
        patch.setattr(storage, "_DEADLINE_S", DEADLINE_S)
        S3FileSystem.clear_instance_cache()
        yield relay
        S3FileSystem.clear_instance_cache()


BY_VARIABLES = pytest.param(("s3://", lake_at), id="by AWS's variables")
BY_CONNECTION = pytest.param(("s3://aws_relay@", lake_by_connection), id="by an Airflow connection")


@pytest.fixture(params=[BY_VARIABLES, BY_CONNECTION])
def lake(request: pytest.FixtureRequest, relay: Relay, tmp_path: Path) -> LakePath:
    kind, lake_of = request.param
    found: LakePath = lake_of(lake_url(kind, tmp_path))
    return found


def fails_soon(ask: Callable[[], object]) -> None:
    started = time.monotonic()
    with pytest.raises(LakeUnavailableError, match=r"cannot be used: .*KEEPER_LAKE"):
        ask()
    assert time.monotonic() - started < SOON_S


def test_a_storage_that_hangs_is_given_up_and_used_again_once_it_answers(
    lake: LakePath, relay: Relay
) -> None:
    file = lake / "plan.json"
    lake.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"before")

    with relay.blocked():
        fails_soon(file.exists)
        # Not to the same file: what was given up on its way may arrive after what is written next.
        fails_soon(lambda: (lake / "meanwhile.json").write_bytes(b"meanwhile"))

    file.write_bytes(b"after")
    assert file.read_bytes() == b"after"
    with pytest.raises(FileNotFoundError):
        (lake / "nothing").read_bytes()


@pytest.mark.parametrize("lake", [BY_VARIABLES], indirect=True)
def test_of_many_files_those_that_wait_for_their_turn_are_not_asked_for(
    lake: LakePath, relay: Relay
) -> None:
    folder = BatchFolder.of(lake, "run", 0)
    pages = [add_page(folder, number, b"body %d" % number) for number in range(33)]
    archive = ReplyArchive(lake)
    assert len(list(archive.replies("product"))) == len(pages)

    with relay.blocked():
        fails_soon(lambda: list(archive.replies("product")))
        fails_soon(lambda: archive.read(pages[0].reply))


@pytest.mark.parametrize("lake", [BY_VARIABLES], indirect=True)
def test_nothing_is_paid_for_that_could_not_be_kept(lake: LakePath, relay: Relay) -> None:
    folder = BatchFolder.of(lake, "run", 0)
    folder.write_plan([])

    class NobodyAsks:
        source = "simulator"

        def product_pages(self, *_: object, **__: object) -> None:
            pytest.fail("Keepa was asked")

    with relay.blocked():
        fails_soon(
            lambda: fetch_batch(folder, NobodyAsks())  # type: ignore[arg-type]  # never asked
        )
