from keeper.domain.locales import Locale
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.products.catalogue import Catalogue
from tests.unit.simulator.asking import ask


def named(catalogue: Catalogue, us: Locale, *words: str) -> dict[str, int]:
    return {
        sheet.asin: sheet.usual_rank
        for sheet in catalogue.products_in(us)
        if all(w in f"{sheet.title} {sheet.brand} {' '.join(sheet.authors)}".lower() for w in words)
    }


def test_products_whose_names_hold_all_words_are_found(
    api: KeepaApi, catalogue: Catalogue, us: Locale
) -> None:
    expected = named(catalogue, us, "kettle", "classic")
    assert 0 < len(expected) <= 20
    status, reply = ask(api, "search", domain=1, type="product", term="Classic KETTLE", stats=90)
    assert status == 200
    assert {product["asin"] for product in reply["products"]} == expected.keys()
    assert all(product["stats"] for product in reply["products"])


def test_at_most_twenty_products_come_the_better_sellers_first(
    api: KeepaApi, catalogue: Catalogue, us: Locale
) -> None:
    ranks = named(catalogue, us, "black")
    assert len(ranks) > 20
    query = {"domain": 1, "type": "product", "term": "black", "asins-only": 1}
    asins = ask(api, "search", **query)[1]["asinList"]
    assert [ranks[asin] for asin in asins] == sorted(ranks.values())[:20]


def test_an_author_is_a_word_too(api: KeepaApi, catalogue: Catalogue, us: Locale) -> None:
    author = next(sheet.authors[0] for sheet in catalogue.products_in(us) if sheet.authors)
    query = {"domain": 1, "type": "product", "term": author, "asins-only": 1}
    assert (
        set(ask(api, "search", **query)[1]["asinList"])
        <= named(catalogue, us, *author.lower().split()).keys()
    )


def test_a_search_costs_ten_tokens_and_what_its_products_cost_more(api: KeepaApi) -> None:
    query = {"domain": 1, "type": "product", "term": "kettle", "history": 0}
    assert ask(api, "search", **query)[1]["tokensConsumed"] == 10
    assert ask(api, "search", **query, update=1)[1]["tokensConsumed"] == 10
    with_rating = ask(api, "search", **query, rating=1)[1]
    assert 10 <= with_rating["tokensConsumed"] <= 15
    none = ask(api, "search", domain=1, type="product", term="zebra")[1]
    assert (none["tokensConsumed"], "products" in none) == (10, False)


def test_another_type_and_no_words_are_refused(api: KeepaApi) -> None:
    for query, details in (
        ({"type": "seller", "term": "kettle"}, "type"),
        ({"type": "product"}, "term"),
        ({"term": "kettle"}, "type"),
    ):
        status, reply = ask(api, "search", domain=1, **query)
        assert (status, reply["error"]["details"]) == (400, details)
