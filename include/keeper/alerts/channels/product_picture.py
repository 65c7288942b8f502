"""A chart below the picture of its product, for a chat that shows one picture beside a text."""

from io import BytesIO
from typing import Final

from PIL import Image, UnidentifiedImageError

from keeper.alerts.photos import Photo

_HEIGHT: Final = 360
_MARGIN: Final = 24
_MOST_PIXELS: Final = 25_000_000
_FORMATS: Final = ("PNG", "JPEG", "GIF")


def above(photo: Photo, chart: bytes) -> bytes:
    """Return both as one PNG, as wide as the chart; the chart alone if the picture is none.

    Args:
        photo: What its host gave, whatever that is.
        chart: Keeper's own PNG.
    """
    try:
        shown = _small(photo, Image.open(BytesIO(chart)).width)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        # Pillow's readers raise each of these at broken files.
        return chart
    if shown is None:
        return chart
    drawn = Image.open(BytesIO(chart)).convert("RGB")
    top = shown.height + 2 * _MARGIN
    whole = Image.new("RGB", (drawn.width, top + drawn.height), "white")
    whole.paste(shown, ((drawn.width - shown.width) // 2, _MARGIN))
    whole.paste(drawn, (0, top))
    written = BytesIO()
    whole.save(written, "PNG")
    return written.getvalue()


def _small(photo: Photo, width: int) -> Image.Image | None:
    """Return the picture on white in the size it is shown in; None for one that is too large."""
    opened = Image.open(BytesIO(photo.content), formats=_FORMATS)
    if opened.width * opened.height > _MOST_PIXELS:
        # A few bytes may unpack to gigabytes.
        return None
    opened.draft("RGB", (width, _HEIGHT))
    clear = opened.convert("RGBA")
    white = Image.new("RGBA", clear.size, "white")
    shown = Image.alpha_composite(white, clear).convert("RGB")
    shown.thumbnail((width - 2 * _MARGIN, _HEIGHT))
    return shown
