"""The words simulated products are named with; every brand is invented."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ProductKind:
    """A sort of thing and what is said of it.

    Attributes:
        category: Root category.
        shelf: Category below it.
        noun: What a title calls it.
        features: Of which a title names one.
        cheapest: Lower end of its usual price, in US dollars.
        dearest: Upper end.
    """

    category: str
    shelf: str
    noun: str
    features: tuple[str, ...]
    cheapest: float
    dearest: float


def _kind(
    category: str, shelf: str, noun: str, prices: tuple[float, float], features: str
) -> ProductKind:
    return ProductKind(category, shelf, noun, tuple(features.split("; ")), *prices)


KINDS: Final[tuple[ProductKind, ...]] = (
    _kind(
        "Electronics",
        "Headphones",
        "Wireless Headphones",
        (35, 320),
        "Noise Cancelling; 40 h Battery; Foldable; Dual Microphone",
    ),
    _kind(
        "Electronics",
        "Headphones",
        "In-Ear Earbuds",
        (18, 180),
        "with Charging Case; Splash Proof; Low Latency; Ambient Mode",
    ),
    _kind(
        "Electronics",
        "Keyboards",
        "Mechanical Keyboard",
        (45, 190),
        "Hot-Swap Switches; 75% Layout; Quiet Linear Switches; White Backlight",
    ),
    _kind(
        "Electronics",
        "Keyboards",
        "Wireless Keyboard and Mouse",
        (22, 95),
        "Full Size; Rechargeable; Three-Device Pairing; Spill Resistant",
    ),
    _kind(
        "Electronics",
        "Webcams",
        "Webcam",
        (28, 160),
        "1080p at 60 fps; with Privacy Shutter; 4K with Autofocus; Stereo Microphones",
    ),
    _kind(
        "Electronics",
        "Chargers",
        "USB-C Charger",
        (14, 85),
        "65 W Two Ports; 100 W Four Ports; Folding Plug; with 2 m Cable",
    ),
    _kind(
        "Electronics",
        "Storage",
        "Portable SSD",
        (60, 260),
        "1 TB; 2 TB; 500 GB; 1 TB with Rugged Shell",
    ),
    _kind(
        "Kitchen",
        "Kettles",
        "Electric Kettle",
        (22, 110),
        "1.7 L; Variable Temperature 1 L; Gooseneck 0.8 L; Double Wall 1.5 L",
    ),
    _kind(
        "Kitchen",
        "Toasters",
        "Toaster",
        (24, 95),
        "Two Slice; Four Slice; Long Slot; with Bun Rack",
    ),
    _kind(
        "Kitchen",
        "Cookware",
        "Frying Pan",
        (19, 120),
        "28 cm Non-Stick; 24 cm Stainless; 26 cm Cast Iron; 30 cm with Lid",
    ),
    _kind(
        "Kitchen",
        "Coffee",
        "Burr Coffee Grinder",
        (35, 240),
        "30 Settings; Hand-Cranked; with Timer; for Espresso",
    ),
    _kind(
        "Kitchen",
        "Cookware",
        "Chef's Knife",
        (25, 140),
        "20 cm; 18 cm Santoku; with Sheath; Full Tang",
    ),
    _kind(
        "Home",
        "Lamps",
        "Desk Lamp",
        (20, 90),
        "Dimmable; with Clamp; Three Colour Temperatures; with USB Port",
    ),
    _kind(
        "Home",
        "Bedding",
        "Memory Foam Pillow",
        (24, 85),
        "for Side Sleepers; Set of 2; Adjustable Height; with Bamboo Cover",
    ),
    _kind(
        "Home",
        "Vacuums",
        "Cordless Vacuum Cleaner",
        (95, 420),
        "45 min Run Time; with Pet Brush; Self-Standing; with Wall Dock",
    ),
    _kind(
        "Home",
        "Air Care",
        "Air Purifier",
        (60, 280),
        "for 30 m² Rooms; HEPA 13; with Sleep Mode; with Air Sensor",
    ),
    _kind(
        "Sports",
        "Bottles",
        "Insulated Water Bottle",
        (16, 48),
        "750 ml; 1 L with Straw Lid; 500 ml; Leakproof",
    ),
    _kind(
        "Sports",
        "Yoga",
        "Yoga Mat",
        (18, 90),
        "6 mm; with Strap; Natural Rubber; Extra Wide",
    ),
    _kind(
        "Sports",
        "Camping",
        "Head Torch",
        (15, 75),
        "400 lm Rechargeable; with Red Light; Waterproof; Motion Sensor",
    ),
    _kind(
        "Tools",
        "Power Tools",
        "Cordless Drill",
        (49, 210),
        "18 V with Two Batteries; 12 V Compact; Brushless; with 34-Piece Bit Set",
    ),
    _kind(
        "Tools",
        "Hand Tools",
        "Screwdriver Set",
        (15, 70),
        "64 Pieces; Insulated; Magnetic; with Ratchet Handle",
    ),
    _kind(
        "Tools",
        "Measuring",
        "Laser Distance Meter",
        (25, 130),
        "40 m; 60 m with Angle Sensor; Rechargeable; with Area Function",
    ),
    _kind(
        "Toys",
        "Building Sets",
        "Wooden Train Set",
        (25, 110),
        "50 Pieces; with Bridge; Starter Box; 80 Pieces with Table",
    ),
    _kind(
        "Toys",
        "Board Games",
        "Strategy Board Game",
        (20, 80),
        "for 2–4 Players; for 1–5 Players; 45 Minutes; Family Edition",
    ),
    _kind(
        "Office",
        "Chairs",
        "Ergonomic Office Chair",
        (110, 480),
        "with Lumbar Support; Mesh Back; with Headrest; Adjustable Arms",
    ),
    _kind(
        "Office",
        "Paper",
        "Dotted Notebook",
        (9, 32),
        "A5 160 Pages; A4 120 gsm; Hardcover; Pack of 3",
    ),
)

BRANDS: Final = (
    "Alderkamp Brightmoor Calvento Dunnet Elmhaven Fjordby Grantley Halvorsen Ishimori Juniper "
    "Kestrelle Lindqvist Marlowe Northwick Orrin Pellham Quillon Ravensby Solberg Tamsin Umbra "
    "Velden Wexcombe Yarrow Zellner"
).split()
QUALITIES: Final = "Classic Essential Pro Compact Premium Everyday Studio Plus Home Active".split()
COLOURS: Final = (
    "Black",
    "White",
    "Graphite",
    "Navy",
    "Forest Green",
    "Stone Grey",
    "Red",
    "Sand",
)
