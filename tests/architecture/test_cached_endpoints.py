"""What is kept for everybody depends on nobody."""

import ast
from collections.abc import Iterator
from pathlib import Path

API = Path("include/keeper/console/api")
MARK = "shows_product"


def kept_endpoints(source: str) -> Iterator[ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AsyncFunctionDef):
            marks = {one.id for one in node.decorator_list if isinstance(one, ast.Name)}
            if MARK in marks:
                yield node


def faults(source: str) -> list[str]:
    """Return what an endpoint of a module does that is marked as the same for everybody."""
    found = []
    for endpoint in kept_endpoints(source):
        looks = any(
            isinstance(node, ast.Name) and node.id == "caller"
            for statement in endpoint.body
            for node in ast.walk(statement)
        )
        if looks:
            found.append(f"{endpoint.name} looks at who asks")
        if "route_class=CachedRoute" not in source:
            found.append(f"{endpoint.name} is marked for nothing")
    return found


def test_no_endpoint_whose_answers_are_kept_looks_at_who_asks(root: Path) -> None:
    sources = [path.read_text("utf-8") for path in sorted((root / API).rglob("*.py"))]
    assert sum(len(list(kept_endpoints(one))) for one in sources) >= 4
    assert [fault for one in sources for fault in faults(one)] == []


def test_one_that_looks_or_is_marked_for_nothing_is_found() -> None:
    looks = "@router.get('')\n@shows_product\nasync def get(caller):\n    return caller.account\n"
    assert faults(f"router = APIRouter(route_class=CachedRoute)\n{looks}") == [
        "get looks at who asks"
    ]
    assert faults("@shows_product\nasync def get(caller):\n    return 1\n") == [
        "get is marked for nothing"
    ]
