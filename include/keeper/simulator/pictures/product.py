"""A picture for each image name of the catalogue; nobody has photographed what is invented."""

import re
from functools import lru_cache
from io import BytesIO
from random import Random
from typing import Final

_NAME: Final = re.compile(r"\d{2}[0-9A-Za-z]{9}\.jpg")
_INCHES: Final = 3.0
_DPI: Final = 100


def is_picture_name(name: str) -> bool:
    """Return whether an image could be called so in the catalogue."""
    return _NAME.fullmatch(name) is not None


@lru_cache(maxsize=512)
def draw_product(name: str) -> bytes:
    """Draw the picture of an image name, the same every time; gives a PNG.

    It shows a coloured box that stands for the product, and the words "simulated".
    """
    # A tenth of a second, and 30 MB, that only those who ask for a picture spend.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import hsv_to_rgb
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle, FancyBboxPatch

    chance = Random(f"picture/{name}")
    hue = chance.random()
    figure = Figure((_INCHES, _INCHES), _DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    width, height = chance.uniform(0.35, 0.6), chance.uniform(0.35, 0.55)
    corner = ((1 - width) / 2, 0.28)
    colour = tuple(hsv_to_rgb((hue, 0.45, 0.85)))
    darker = tuple(hsv_to_rgb((hue, 0.6, 0.55)))
    axes.add_patch(
        FancyBboxPatch(corner, width, height, "round,pad=0.03", facecolor=colour, edgecolor=darker)
    )
    for _ in range(chance.randint(1, 4)):
        centre = (
            corner[0] + width * chance.uniform(0.2, 0.8),
            corner[1] + height * chance.uniform(0.2, 0.8),
        )
        axes.add_patch(Circle(centre, chance.uniform(0.02, 0.08), facecolor=darker))
    axes.text(0.5, 0.12, "simulated", ha="center", va="center", fontsize=20, color="#57606a")
    written = BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None, "Source": "simulated"})
    return written.getvalue()
