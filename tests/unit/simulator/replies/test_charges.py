import pytest

from keeper.simulator.replies.charges import Standing, product_tokens, unknown_tokens
from keeper.simulator.replies.detail import ProductDetail

DAY = 1440


def standing(
    offers: int = 7,
    look_age: int | None = 200,
    offers_age: int | None = 3000,
    rating_age: int | None = 3000,
    *,
    offers_fail: bool = False,
) -> Standing:
    return Standing(offers, look_age, offers_age, rating_age, offers_fail)


@pytest.mark.parametrize(
    ("detail", "found", "tokens"),
    [
        pytest.param(ProductDetail(), standing(), 1, id="plain"),
        pytest.param(ProductDetail(stock=True, only_live_offers=True), standing(), 1, id="free"),
        pytest.param(ProductDetail(rating=True), standing(), 2, id="rating"),
        pytest.param(
            ProductDetail(rating=True), standing(rating_age=14 * DAY), 2, id="rating of 14 days"
        ),
        pytest.param(
            ProductDetail(rating=True), standing(rating_age=14 * DAY + 1), 1, id="old rating"
        ),
        pytest.param(ProductDetail(rating=True), standing(rating_age=None), 1, id="no rating"),
        pytest.param(ProductDetail(buy_box=True), standing(), 3, id="buy box"),
        pytest.param(ProductDetail(buy_box=True, rating=True), standing(), 4, id="box and rating"),
        pytest.param(ProductDetail(update_h=0), standing(look_age=59), 2, id="update while fresh"),
        pytest.param(ProductDetail(update_h=0), standing(look_age=60), 1, id="update when stale"),
        pytest.param(ProductDetail(update_h=-1), standing(look_age=5), 1, id="no collection"),
        pytest.param(ProductDetail(offers=20), standing(1), 6, id="one offer"),
        pytest.param(ProductDetail(offers=20), standing(10), 6, id="a page"),
        pytest.param(ProductDetail(offers=20), standing(11), 12, id="two pages"),
        pytest.param(ProductDetail(offers=20), standing(95), 12, id="more than asked for"),
        pytest.param(ProductDetail(offers=100), standing(95), 60, id="ten pages"),
        pytest.param(ProductDetail(offers=25), standing(95), 18, id="a part of a page"),
        pytest.param(ProductDetail(offers=20), standing(0), 5, id="no offer"),
        pytest.param(ProductDetail(offers=20), standing(offers_age=59), 5, id="just collected"),
        pytest.param(ProductDetail(offers=20), standing(offers_age=60), 6, id="an hour ago"),
        pytest.param(ProductDetail(offers=20), standing(offers_age=None), 6, id="never collected"),
        pytest.param(ProductDetail(offers=20, update_h=8760), standing(), 5, id="history only"),
        pytest.param(ProductDetail(offers=20, update_h=-1), standing(), 5, id="offers as stored"),
        pytest.param(
            ProductDetail(offers=20, buy_box=True, rating=True), standing(), 6, id="all in one"
        ),
        pytest.param(ProductDetail(offers=20, stock=True), standing(), 8, id="stock"),
        pytest.param(ProductDetail(offers=20), standing(offers_fail=True), 1, id="failed"),
        pytest.param(
            ProductDetail(offers=20, only_live_offers=True),
            standing(offers_fail=True),
            0,
            id="failed, live offers only",
        ),
        pytest.param(
            ProductDetail(offers=20),
            standing(offers_age=5, offers_fail=True),
            5,
            id="nothing to fail",
        ),
    ],
)
def test_a_product_costs_what_was_asked_for(
    detail: ProductDetail, found: Standing, tokens: int
) -> None:
    assert product_tokens(detail, found) == tokens


def test_an_unknown_product_costs_the_look_for_it() -> None:
    assert unknown_tokens(ProductDetail()) == 1
    assert unknown_tokens(ProductDetail(offers=20, buy_box=True)) == 1
    assert unknown_tokens(ProductDetail(update_h=-1)) == 0
