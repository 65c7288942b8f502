"""The plan of a run, kept so that a run planned again does not pay again for what it has.

`<lake>/runs/<run>/plan.json` holds the batches as the planning task returned them.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import msgspec

from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.run_files import BatchFolder, as_json, safe_name

_T = TypeVar("_T")


def keep_plan(lake: LakePath, run: str, batches: Sequence[Any]) -> None:
    """Keep the plan of a run: dataclasses, one a batch, whose batches are numbered from 0."""
    file = _file(lake, run)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(as_json([asdict(batch) for batch in batches]))


def plan_paid_for(lake: LakePath, run: str, kind: type[_T]) -> list[_T]:
    """Return the kept plan of a run, if a reply is stored for one of its batches; else nothing.

    A plan that cannot be read, as an earlier version may have left it, counts as none.
    """
    try:
        batches = msgspec.json.decode(_file(lake, run).read_bytes(), type=list[kind])  # type: ignore[valid-type]  # mypy takes `kind` for a variable only
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return []
    numbers = range(len(batches))
    is_paid_for = any(BatchFolder.of(lake, run, number).pages() for number in numbers)
    return batches if is_paid_for else []


def _file(lake: LakePath, run: str) -> LakePath:
    return lake / "runs" / safe_name(run) / "plan.json"
