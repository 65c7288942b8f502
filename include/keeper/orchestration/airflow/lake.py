"""The lake as Airflow's object storage reaches it."""

from pathlib import Path
from urllib.parse import urlsplit

from airflow.sdk import ObjectStoragePath

from keeper.settings import load_settings
from keeper.stores.lake.deal_files import DealFolder
from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.run_files import BatchFolder, safe_name
from keeper.stores.lake.storage import lake_at, on_storage


def lake() -> LakePath:
    """Return the root of the lake, by KEEPER_LAKE."""
    return lake_by_connection(load_settings().folders.lake)


def lake_by_connection(url: str) -> LakePath:
    """Return the lake at a URL, whose Airflow connection, if it names one, says how to log in."""
    if "@" not in urlsplit(url).netloc:
        return lake_at(url)
    path = ObjectStoragePath(url)
    return on_storage(path, path.fs)


def batch_folder(run_id: str, batch: int) -> BatchFolder:
    """Return where the tasks of a batch hand each other files."""
    return BatchFolder.of(lake(), run_id, batch)


def deal_folder(run_id: str, batch: int) -> DealFolder:
    """Return where the tasks of a deal filter hand each other files."""
    return DealFolder.of(lake(), run_id, batch)


def data_docs_folder(run_id: str, batch: int) -> Path:
    """Return where a batch's Data Docs go: pages for a browser, so a folder and not the lake."""
    return Path(load_settings().folders.data_docs) / safe_name(run_id) / f"batch-{batch:03d}"
