"""Which page of a batch a product is taken from."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from keeper.domain.prices.detail import Detail
from keeper.domain.watches.watch import ProductToCheck
from keeper.pipeline.prices.replies import decode_pages, read_plan, stored_pages
from keeper.stores.lake.run_files import BatchFolder
from tests.lake_pages import add_page

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DEAR, PLAIN, GONE = "B000000001", "B000000002", "B000000003"


def body(*asins: str) -> bytes:
    return json.dumps(
        {"tokensLeft": 1, "products": [{"asin": asin, "domainId": 1} for asin in asins]}
    ).encode()


def test_a_product_is_taken_from_the_newest_page_that_was_asked_enough_for_it(
    tmp_path: Path,
) -> None:
    folder = BatchFolder.of(tmp_path, "run", 0)
    folder.write_plan(
        [
            ProductToCheck(DEAR, "us", {"WAREHOUSE": 1}, {}),
            ProductToCheck(PLAIN, "us", {"NEW": 1}, {}),
            ProductToCheck(GONE, "us", {"NEW": 1}, {}),
        ]
    )
    asked = (DEAR, PLAIN, GONE)
    pages = ((AT, Detail.OFFERS), (AT + DAY, Detail.BASIC), (AT + 2 * DAY, Detail.BASIC))
    for number, (received_at, detail) in enumerate(pages):
        held = (DEAR, PLAIN, GONE) if number < 2 else (DEAR, PLAIN)
        add_page(folder, number, body(*held), asked=asked, received_at=received_at, detail=detail)
    plan = read_plan(folder)

    decoded = list(
        decode_pages(folder, stored_pages(folder, plan, is_complete=True), plan, are_archived=True)
    )

    taken = {
        fetched.product.asin: (page.received_at, fetched.detail)
        for page in decoded
        for fetched in page.products
    }
    assert taken == {DEAR: (AT, Detail.OFFERS), PLAIN: (AT + 2 * DAY, Detail.BASIC)}
    # The newest page is asked about it, and says that Keepa does not know it any more.
    assert [page.not_found for page in decoded] == [(), (), (("us", GONE),)]
