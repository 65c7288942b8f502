"""Pages of the documentation can be found, and what they point to is there."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest

from stack.layers_picture import SUBJECTS, Architecture, Layer, Package, picture, read_architecture

FENCED = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
# `[file.py](…/file.py) `name`, `another``: names that file defines.
NAMED = re.compile(r"\]\(([^)]+\.(?:py|sql))\)((?:,? `\w+`)+)")


def pages_of(root: Path) -> list[Path]:
    return [
        *sorted(root.glob("*.md")),
        *sorted((root / "docs").rglob("*.md")),
        *sorted((root / ".github").rglob("*.md")),
    ]


def links_of(text: str) -> list[str]:
    """Return the targets of a page's links, without those in code and to other sites."""
    return [link for link in LINK.findall(prose_of(text)) if not ELSEWHERE.match(link)]


def prose_of(text: str) -> str:
    return CODE.sub("`code`", FENCED.sub("", text))


def anchors_of(text: str) -> set[str]:
    """Return the anchors GitHub gives a page's headings."""
    seen: Counter[str] = Counter()
    anchors = set()
    for heading in HEADING.findall(FENCED.sub("", text)):
        shown = LINK.sub(lambda link: link.group()[: link.group().index("]")], heading)
        anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        anchors.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return anchors


def leads_nowhere(link: str, page: Path) -> bool:
    name, _, anchor = unquote(link).partition("#")
    target = page.parent / name if name else page
    if not target.exists():
        return True
    return bool(anchor) and anchor not in anchors_of(target.read_text("utf-8"))


def defines(file: Path, name: str) -> bool:
    defined = rf"^(?:(?:async )?def|class) {name}\b|^{name}\b.* = |^-- name: {name}$"
    return re.search(defined, file.read_text("utf-8"), re.MULTILINE) is not None


def test_every_link_leads_to_a_file_and_heading(root: Path) -> None:
    pages = pages_of(root)
    links = {page: links_of(page.read_text("utf-8")) for page in pages}
    assert sum(map(len, links.values())) > 100
    assert [
        f"{page.relative_to(root)}: {link}"
        for page in pages
        for link in links[page]
        if leads_nowhere(link, page)
    ] == []


def test_every_page_is_in_the_index(root: Path) -> None:
    index = root / "docs" / "README.md"
    listed = {(index.parent / link).resolve() for link in links_of(index.read_text("utf-8"))}
    pages = set((root / "docs").rglob("*.md")) - {index}
    assert len(pages) > 15
    assert pages - listed == set(), "give each a line in docs/README.md"


def test_each_name_beside_a_file_is_defined_in_it(root: Path) -> None:
    page = root / "ARCHITECTURE.md"
    named = [
        (page.parent / file, name)
        for file, names in NAMED.findall(page.read_text("utf-8"))
        for name in re.findall(r"\w+", names)
    ]
    assert len(named) > 40
    assert [
        f"{file.name}: {name}" for file, name in named if file.exists() and not defines(file, name)
    ] == []


@pytest.mark.parametrize("link", ["missing.md", "page.md#no-such-heading", "#no-such-heading"])
def test_a_link_that_leads_nowhere_is_noticed(link: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# A `b` (c) d-e\n\n# Twice\n\n# Twice\n\n[x]({link})\n")
    (found,) = links_of(page.read_text())
    assert leads_nowhere(found, page)
    assert not leads_nowhere("page.md#a-b-c-d-e", page)
    assert not leads_nowhere("#twice-1", page)


def test_code_and_other_sites_are_let_be() -> None:
    text = "[a](https://x.example) `[b](c)`\n\n```sh\n[d](e)\n```\n\n[f](g.md) ![h](i.png)\n"
    assert links_of(text) == ["g.md", "i.png"]


def test_the_picture_is_current(root: Path) -> None:
    kept = (root / "docs" / "pictures" / "architecture.svg").read_text("utf-8")
    assert kept == picture(read_architecture(root)), "run: make architecture"


def test_the_picture_shows_the_layout_of_the_code(root: Path) -> None:
    architecture = read_architecture(root)
    packages = {one.name: one for layer in architecture.layers for one in layer.packages}
    assert set(packages) >= {"dags", "cli", "pipeline", "stores/postgres", "domain", "errors"}
    assert packages["pipeline"].subjects["prices"] == "prices/"
    assert packages["errors"].is_module
    assert {subject for one in packages.values() for subject in one.subjects} == set(SUBJECTS)
    assert "Only orchestration knows Airflow" in architecture.rules
    order = [{one.name for one in layer.packages} for layer in architecture.layers]
    assert "cli" in order[0]
    assert "errors" in order[-1]


def test_a_package_that_moves_changes_the_picture() -> None:
    above, below = Package("above", {"prices": "prices/"}), Package("below", {}, ("files",))
    apart = Architecture((Layer((above,)), Layer((below,))), ("No circle",))
    together = Architecture((Layer((above, below)),), ("No circle",))
    assert picture(apart) == picture(apart)
    assert picture(apart) != picture(together)
    assert "No circle." in picture(apart)
