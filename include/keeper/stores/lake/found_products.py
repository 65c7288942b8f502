"""What the searches of a run found, kept so that a search made again is not paid for again.

`<lake>/runs/<run>/search-<number>-<propose>.json` holds the products in the order they were found.
One that its user lets propose more products meanwhile is another search.
"""

from collections.abc import Sequence

import msgspec

from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.run_files import as_json, safe_name


def keep_found(lake: LakePath, run: str, search: int, propose: int, asins: Sequence[str]) -> None:
    """Keep what a search of a run found that may propose so many products."""
    file = _file(lake, run, search, propose)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(as_json(list(asins)))


def found_before(lake: LakePath, run: str, search: int, propose: int) -> list[str] | None:
    """Return what a search of this run found before; None if it was not made, or is not kept."""
    try:
        return msgspec.json.decode(_file(lake, run, search, propose).read_bytes(), type=list[str])
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _file(lake: LakePath, run: str, search: int, propose: int) -> LakePath:
    return lake / "runs" / safe_name(run) / f"search-{search}-{propose}.json"
