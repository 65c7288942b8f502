"""A chart below its product's picture, whatever the picture's host gave."""

from io import BytesIO

import pytest
from PIL import Image

from keeper.alerts.channels.product_picture import above
from keeper.alerts.photos import Photo


def picture(kind: str, width: int, height: int, mode: str = "RGB") -> Photo:
    written = BytesIO()
    Image.new(mode, (width, height), "red").save(written, kind)
    return Photo(written.getvalue(), kind.lower())


CHART = picture("PNG", 1120, 460).content


@pytest.mark.parametrize(
    "photo",
    [
        picture("PNG", 500, 800, "RGBA"),
        picture("JPEG", 2_000, 300),
        picture("JPEG", 400, 400, "CMYK"),
        picture("GIF", 90, 90, "P"),
        picture("PNG", 1, 1, "L"),
    ],
)
def test_the_picture_is_above_the_chart(photo: Photo) -> None:
    whole = Image.open(BytesIO(above(photo, CHART)))

    assert whole.format == "PNG"
    assert whole.width == 1120
    assert 460 < whole.height <= 460 + 360 + 48
    assert whole.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff picture",
        b"GIF89a" + b"\xff" * 40,
        picture("PNG", 400, 400).content[:-30],
        picture("JPEG", 400, 400).content[:200],
        picture("PNG", 6_000, 6_000, "1").content,
        picture("BMP", 10, 10).content,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
    ids=["none", "png", "jpeg", "gif", "cut png", "cut jpeg", "huge", "bmp", "svg"],
)
def test_what_is_no_picture_leaves_the_chart_alone(content: bytes) -> None:
    assert above(Photo(content, "png"), CHART) == CHART
