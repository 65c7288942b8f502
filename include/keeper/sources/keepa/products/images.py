"""Addresses of the pictures that Keepa names."""

from typing import Final
from urllib.parse import quote

from keeper.settings import AMAZON_IMAGES_URL
from keeper.sources.keepa.document import JsonObject, as_array, as_object, as_text

_MAIN_IMAGE: Final = "MAIN"


def main_image_url(product: JsonObject) -> str | None:
    """Return the address of a product's main picture; None if it has no picture."""
    images = [image for node in as_array(product.get("images")) or () if (image := as_object(node))]
    # The main one is marked in newer replies, and the first in older ones.
    images.sort(key=lambda image: image.get("variant") != _MAIN_IMAGE)
    name = (as_text(images[0].get("l")) or as_text(images[0].get("m")) or "") if images else ""
    if not name:
        listed = as_text(product.get("imagesCSV"))
        name = listed.partition(",")[0].strip() if listed else ""
    return image_url(name) if name else None


def image_url(name: str) -> str:
    """Return the address of a picture Keepa names, as Amazon has it."""
    return f"{AMAZON_IMAGES_URL}/{quote(name, safe='+%')}"
