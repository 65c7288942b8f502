"""What a check found: which rows failed which expectation."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Failure:
    """One row that failed one expectation.

    Attributes:
        row: Position of the row in the checked records, from 0.
        expectation: Great Expectations' name of the expectation.
        column: The column it is about; several, joined by commas, for a rule on a key.
        value: The value found there as text; None where it was null.
    """

    row: int
    expectation: str
    column: str | None
    value: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of checking one batch.

    Attributes:
        checked: Number of rows checked.
        failures: Every failure, in row order; a row is there once for each expectation it failed.
        docs: The first page of the check's Data Docs, if they were asked for.
    """

    checked: int
    failures: tuple[Failure, ...] = ()
    docs: Path | None = None

    @property
    def failed_rows(self) -> tuple[int, ...]:
        """Positions of the rows with a failure, ascending, each once."""
        return tuple(sorted({failure.row for failure in self.failures}))

    @property
    def good_rows(self) -> "npt.NDArray[np.bool_]":
        """A mask over the checked rows, true where nothing failed: `records[verdict.good_rows]`."""
        import numpy as np

        mask = np.ones(self.checked, dtype=np.bool_)
        mask[list(self.failed_rows)] = False
        return mask

    @property
    def failed_by_expectation(self) -> dict[str, int]:
        """Number of failed rows by "expectation(column)", most frequent first."""
        counts = Counter(f"{failure.expectation}({failure.column})" for failure in self.failures)
        return dict(counts.most_common())
