"""The picture in ARCHITECTURE.md: layers, packages and subjects, drawn from what checks enforce.

`python -m stack.layers_picture PICTURE.svg`, or `make architecture`. Layers and rules come from the
import contracts in pyproject.toml, packages and subjects from the product's folders. The picture
shows which subjects a package has, not how many files: it changes only when the layout does.
"""

import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

from stack.layout import REPOSITORY

SUBJECTS: Final = tuple(
    "prices watches deals discovery messages tokens runs search storage services".split()
)
"""The names of folders that mean the same in every package."""

_WIDTH: Final = 1120
_LEFT: Final = 196
_COLUMN: Final = 73
_OTHERS: Final = _LEFT + _COLUMN * len(SUBJECTS) + 8
_TOP: Final = 66
_ROW: Final = 34
_GAP: Final = 22
_INK: Final = "#1f2933"
_MUTED: Final = "#5d6b7a"
_LINE: Final = "#c9d2dc"
_BAND: Final = "#f4f6f9"
_ACCENT: Final = "#dbe8fb"


@dataclass(frozen=True, slots=True)
class Package:
    """A package of the product, or a module that is a package by itself.

    Attributes:
        name: Below `include/keeper/`: `pipeline`, `stores/postgres`, `settings`.
        subjects: By subject, the folder or the files about it: `deals/`, `deal_*.py`.
        others: What else is in it: folders by name, and `files` if there are any.
        is_module: It is a single file, which any layer above may use.
    """

    name: str
    subjects: dict[str, str]
    others: tuple[str, ...] = ()
    is_module: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """Packages that may use the layers below and never each other."""

    packages: tuple[Package, ...]


@dataclass(frozen=True, slots=True)
class Architecture:
    """All layers, the uppermost first, and the rules in the words of their contracts."""

    layers: tuple[Layer, ...]
    rules: tuple[str, ...]


def read_architecture(root: Path = REPOSITORY) -> Architecture:
    """Read the layers from the contracts and the packages from the folders of a checkout."""
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    contracts: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one["type"] == "layers")
    product = root / "include" / "keeper"
    packages = [
        [package for name in _names(layer) for package in _packages_of(product, name)]
        for layer in layers
    ]
    # No package, so no contract speaks of it: tests/architecture/test_dag_files.py does.
    packages[0].insert(0, Package("dags", {}, ("one DAG a file: wiring only",)))
    return Architecture(
        tuple(Layer(tuple(layer)) for layer in packages if layer),
        tuple(str(one["name"]) for one in contracts),
    )


def picture(architecture: Architecture) -> str:
    """Return the architecture as SVG; the same one gives the same text."""
    parts = [_text(16, 30, "Keeper's layers and subjects", size=18, weight=600)]
    parts += [
        _text(_LEFT + _COLUMN * (number + 0.5), _TOP - 12, subject, anchor="middle", weight=600)
        for number, subject in enumerate(SUBJECTS)
    ]
    parts.append(_text(_OTHERS, _TOP - 12, "of its own", weight=600))
    top = _TOP
    for number, layer in enumerate(architecture.layers):
        if number:
            parts.append(_arrow(top - _GAP + 3, top - 3))
        height = _height(layer)
        parts.append(
            f'<rect x="8" y="{top}" width="{_WIDTH - 16}" height="{height}" rx="6"'
            f' fill="{_BAND}" stroke="{_LINE}"/>'
        )
        parts += _band(layer, top)
        top += height + _GAP
    parts.append(_text(16, top + 4, "Checked by make layers:", weight=600))
    for number, rule in enumerate(architecture.rules, 1):
        parts.append(_text(16, top + 4 + 20 * number, f"{rule}."))
    height = top + 20 * len(architecture.rules) + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        f' width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="13">\n'
        "<title>Keeper's layers, packages and subjects</title>\n"
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _names(layer: str) -> list[str]:
    """Return the packages of a layer as import-linter spells it; one in brackets may lack."""
    return [name.strip().strip("()") for name in layer.split("|")]


def _packages_of(product: Path, name: str) -> Iterator[Package]:
    folder = product / name
    if not folder.is_dir():
        if folder.with_suffix(".py").is_file():
            yield Package(name, {}, is_module=True)
        return
    folders = [path.name for path in _packages(folder)]
    if folders and not _modules(folder) and not set(folders) & set(SUBJECTS):
        # A folder for each outside system, and the subjects in those.
        for inner in folders:
            yield from _packages_of(product, f"{name}/{inner}")
        return
    subjects = {subject: found for subject in SUBJECTS if (found := _about(folder, subject))}
    others = [f"{inner}/" for inner in folders if inner not in SUBJECTS]
    if any(_subject_of(module.stem) is None for module in _modules(folder)):
        others.append("files")
    yield Package(name, subjects, tuple(others))


def _about(folder: Path, subject: str) -> str | None:
    """Return what a package has about a subject, as a reader would look for it."""
    if (folder / subject / "__init__.py").is_file():
        return f"{subject}/"
    files = [path.stem for path in _modules(folder) if _subject_of(path.stem) == subject]
    if not files:
        return None
    is_one = files in ([subject], [_singular(subject)])
    return f"{files[0]}.py" if is_one else f"{_singular(subject)}_*.py"


def _subject_of(module: str) -> str | None:
    first = module.partition("_")[0]
    for subject in SUBJECTS:
        if module == subject or first == _singular(subject):
            return subject
    return None


def _singular(subject: str) -> str:
    return subject.removesuffix("es") if subject.endswith("ches") else subject.removesuffix("s")


def _packages(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("*/__init__.py"))


def _modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if path.stem != "__init__")


def _height(layer: Layer) -> int:
    rows = [package for package in layer.packages if not package.is_module]
    modules = len(layer.packages) > len(rows)
    return _ROW * (len(rows) + modules) + 8


def _band(layer: Layer, top: int) -> Iterator[str]:
    rows = [package for package in layer.packages if not package.is_module]
    for number, package in enumerate(rows):
        yield from _row(package, top + 4 + _ROW * number, is_first=number == 0)
    left = 16
    for package in (package for package in layer.packages if package.is_module):
        yield from _pill(left, top + 8 + _ROW * len(rows), 110, f"{package.name}.py")
        left += 120


def _row(package: Package, top: int, *, is_first: bool) -> Iterator[str]:
    middle = top + _ROW // 2
    if not is_first:
        yield f'<path d="M16 {top}H{_WIDTH - 16}" stroke="{_LINE}" stroke-dasharray="3 3"/>'
    yield _text(16, middle + 5, package.name, size=15, weight=600)
    for number, subject in enumerate(SUBJECTS):
        if subject in package.subjects:
            left = _LEFT + _COLUMN * number + 2
            yield from _pill(left, top + 5, _COLUMN - 4, package.subjects[subject])
    lines = wrap(", ".join(package.others), width=29)
    first = middle + 5 - 7 * (len(lines) - 1)
    for number, line in enumerate(lines):
        yield _text(_OTHERS, first + 14 * number, line, size=12, colour=_MUTED)


def _pill(left: int, top: int, width: int, text: str) -> Sequence[str]:
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="24" rx="4" fill="{_ACCENT}"/>',
        _text(left + width / 2, top + 16, text, size=11, anchor="middle"),
    )


def _arrow(start: int, end: int) -> str:
    middle = _LEFT // 2
    return (
        f'<path d="M{middle} {start}V{end}m-4 -5l4 5l4 -5" fill="none" stroke="{_MUTED}"'
        ' stroke-width="1.5"/>'
    )


def _text(
    left: float,
    baseline: float,
    text: str,
    *,
    size: int = 13,
    weight: int = 400,
    anchor: str = "start",
    colour: str = _INK,
) -> str:
    return (
        f'<text x="{left:g}" y="{baseline:g}" font-size="{size}" font-weight="{weight}"'
        f' text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture(read_architecture()), "utf-8")
