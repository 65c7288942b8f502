"""Videos and A+ content of a product, which Keepa sends on request alone.

Source of the fields: Keepa's Java framework; null stands for a product that has none.
"""

from random import Random
from typing import Any, Final

from keeper.simulator.products.sheets import WITHDRAWN, ProductSheet

_VIDEO_SHARE: Final = 0.3
_A_PLUS_SHARE: Final = 0.4
_ADDRESS: Final = "https://videos.invalid"
"""Nothing can be there: nobody has filmed what is invented."""


def videos_of(sheet: ProductSheet) -> list[dict[str, Any]] | None:
    """Return what is said of a product's videos."""
    chance = Random(f"videos/{sheet.seed}/{sheet.number}")
    if sheet.product_type == WITHDRAWN or chance.random() >= _VIDEO_SHARE:
        return None
    return [
        {
            "title": f"{sheet.kind.noun}, part {part} (simulated)",
            "image": chance.choice(sheet.images),
            "duration": chance.randint(15, 180),
            "creator": chance.choice(("Main", "Seller", "Brand")),
            "name": sheet.brand,
            "url": f"{_ADDRESS}/{sheet.asin}/{part}.m3u8",
        }
        for part in range(1, chance.randint(1, 3) + 1)
    ]


def a_plus_of(sheet: ProductSheet) -> list[dict[str, Any]] | None:
    """Return a maker's own presentation of a product."""
    chance = Random(f"a-plus/{sheet.seed}/{sheet.number}")
    if sheet.product_type == WITHDRAWN or chance.random() >= _A_PLUS_SHARE:
        return None
    modules = [
        {"text": [f"{sheet.brand} {sheet.kind.noun}", feature], "image": [image]}
        for feature, image in zip(sheet.kind.features, sheet.images, strict=False)
    ]
    return [{"module": modules, "fromManufacturer": True}]
