"""Which of Keepa's series move when.

Source: Keepa's documentation of /product and `CsvType.isExtraData` of its Java framework. The
tables stand here by themselves: the simulator would share a fault of the product's own.
"""

from typing import Final

ALWAYS: Final = frozenset({*range(7), 8, *range(11, 15), *range(28, 31), 34, 35})
"""Series that come whatever is asked. RENT (31) never does: Keepa keeps no rents any more."""
RATINGS: Final = frozenset({16, 17})
BUY_BOX: Final = frozenset({18})
OF_COLLECTIONS: Final = frozenset({7, 9, 10, 15, 16, 17, *range(19, 28), 32, 33})
"""Series that move only when Keepa collects a product's offers."""
