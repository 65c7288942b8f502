from io import BytesIO

import matplotlib.image
import numpy as np
import pytest

from keeper.simulator.pictures.product import draw_product, is_picture_name
from keeper.simulator.products.catalogue import Catalogue


def test_every_picture_of_the_catalogue_can_be_drawn(catalogue: Catalogue) -> None:
    names = [name for number in range(30) for name in catalogue.sheet(number).images]
    assert all(is_picture_name(name) for name in names)
    pictures = {name: draw_product(name) for name in names[:10]}
    assert len(set(pictures.values())) == 10
    for picture in pictures.values():
        pixels = matplotlib.image.imread(BytesIO(picture), format="png")
        assert pixels.shape[:2] == (300, 300)
        # The words below the product.
        assert np.any(pixels[240:290, 60:240, :3] < 0.6)


def test_a_name_has_the_same_picture_every_time() -> None:
    first = draw_product("41aBcDeFgHi.jpg")
    draw_product.cache_clear()
    assert draw_product("41aBcDeFgHi.jpg") == first


@pytest.mark.parametrize("name", ["state", "a.jpg", "41aBcDeFgHi.png", "41aBcDeFgH!.jpg"])
def test_other_names_are_none_of_the_catalogue(name: str) -> None:
    assert not is_picture_name(name)
