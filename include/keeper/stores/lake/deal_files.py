"""The files of one saved filter's part in a run of `collect_deals`."""

from dataclasses import asdict

from keeper.domain.deals.deal import DealFilter
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.lake.paths import MissingFileError
from keeper.stores.lake.run_files import BatchFolder, as_json


class DealFolder(BatchFolder):
    """A batch folder whose pages are of deals, with the filter that asks for them.

    Beside `filter.json`, the pages and the messages there is a folder `histories` with the replies
    that were asked for to know the products' history.
    """

    def write_filter(self, found_by: DealFilter) -> None:
        """Write the filter; pages that were fetched by another search are let go."""
        self._path.mkdir(parents=True, exist_ok=True)
        try:
            is_other = _search(self.read_filter()) != _search(found_by)
        except MissingFileError:
            is_other = False
        if is_other:
            self.drop_pages()
        (self._path / "filter.json").write_bytes(as_json(asdict(found_by)))

    def read_filter(self) -> DealFilter:
        """Return the filter.

        Raises:
            MissingFileError: It is not there or damaged.
        """
        return self._read("filter.json", DealFilter)

    @property
    def histories(self) -> BatchFolder:
        """Where the replies with the products' histories are."""
        return BatchFolder(self._path / "histories", self._archive, self._run_id)

    @property
    def archive(self) -> ReplyArchive:
        """Every raw reply of the lake, those of other runs too."""
        return self._archive


def _search(found_by: DealFilter) -> tuple[object, ...]:
    return found_by.domain, found_by.price_type, found_by.selection
