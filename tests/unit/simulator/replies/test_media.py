from keepa.models.backend import Product

from keeper.domain.locales import Locale
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.products.catalogue import Catalogue
from tests.unit.simulator.asking import ask


def test_videos_and_a_plus_come_on_request_alone_and_for_free(
    api: KeepaApi, catalogue: Catalogue, us: Locale
) -> None:
    asins = ",".join(sheet.asin for sheet in catalogue.products_in(us, limit=60))
    plain = ask(api, "product", domain=1, asin=asins, history=0)[1]
    asked = ask(api, "product", domain=1, asin=asins, history=0, videos=1, aplus=1)[1]
    assert asked["tokensConsumed"] == plain["tokensConsumed"] == 60
    for name in ("videos", "aPlus"):
        assert not any(name in product for product in plain["products"])
        found = [product[name] for product in asked["products"]]
        assert None in found
        assert any(found)
    for product in asked["products"]:
        images = {image["l"] for image in product["images"] or ()}
        assert all(video["image"] in images for video in product["videos"] or ())
        Product.model_validate(product)
