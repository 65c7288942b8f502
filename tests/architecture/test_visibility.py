"""What the API shows goes through `visible_to`: no endpoint and no query goes around it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

API = Path("include/keeper/console/api")
VISIBILITY = Path("include/keeper/stores/postgres/users/visibility.py")
STORES = Path("include/keeper/stores/postgres")
QUERIES = Path("sql/queries")


def imports_of(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{one.name}" for one in node.names)
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names)


def queries_by_itself(source: str) -> list[str]:
    """Return what lets a module ask the database without the pipeline."""
    return sorted(
        {name for name in imports_of(source) if name.startswith(("keeper.stores", "psycopg"))}
        | {
            node.func.attr
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"execute", "executemany", "cursor"}
        }
    )


def test_no_endpoint_queries_by_itself(root: Path) -> None:
    modules = sorted((root / API).rglob("*.py"))
    assert len(modules) > 5
    found = {str(path): queries_by_itself(path.read_text("utf-8")) for path in modules}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "source",
    [
        "from keeper.stores.postgres.watches.watch_list import list_watches",
        "import psycopg",
        "def f(connection): return connection.execute('SELECT 1')",
    ],
)
def test_an_endpoint_that_queries_by_itself_is_noticed(source: str) -> None:
    assert queries_by_itself(source)


def test_only_one_function_makes_a_visibility(root: Path) -> None:
    makers = [
        path.relative_to(root)
        for path in sorted((root / "include" / "keeper").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Visibility"
    ]
    assert makers == [VISIBILITY]


@pytest.mark.parametrize(
    ("module", "query", "condition"),
    [
        (
            "watches/watch_pages.py",
            "watch_pages/asked_for",
            "%(owner)s::bigint IS NULL OR w.user_id = %(owner)s",
        ),
        ("watches/watch_pages.py", "watch_pages/watch_page", "WHERE {where}"),
        ("watches/watch_pages.py", "watch_pages/watch_count", "WHERE {where}"),
        (
            "messages/message_pages.py",
            "message_pages/alert_page",
            "(%(owner)s::bigint IS NULL OR a.user_id = %(owner)s)",
        ),
        (
            "messages/message_pages.py",
            "message_pages/message_page",
            "(%(owner)s::bigint IS NULL OR c.user_id = %(owner)s)",
        ),
        (
            "messages/message_pages.py",
            "message_pages/delivery_page",
            "(%(owner)s::bigint IS NULL OR c.user_id = %(owner)s)",
        ),
        (
            "messages/message_pages.py",
            "message_pages/channel_page",
            "(%(owner)s::bigint IS NULL OR c.user_id = %(owner)s)",
        ),
        (
            "deals/deal_pages.py",
            "deal_pages/deal_page",
            "(%(owner)s::bigint IS NULL OR f.user_id = %(owner)s)",
        ),
        (
            "deals/deal_pages.py",
            "deal_pages/deal_counts",
            "(%(owner)s::bigint IS NULL OR f.user_id = %(owner)s)",
        ),
        (
            "deals/deal_pages.py",
            "deal_pages/filter_ids",
            "(%(owner)s::bigint IS NULL OR f.user_id = %(owner)s)",
        ),
        (
            "deals/deal_pages.py",
            "deal_pages/filter_page",
            "(%(owner)s::bigint IS NULL OR f.user_id = %(owner)s)",
        ),
        (
            "deals/deal_pages.py",
            "deal_pages/report_page",
            "(%(owner)s::bigint IS NULL OR r.user_id = %(owner)s)",
        ),
        (
            "watches/watch_pages.py",
            "watch_pages/tags",
            "(%(owner)s::bigint IS NULL OR w.user_id = %(owner)s)",
        ),
        (
            "prices/product_pages.py",
            "products/product_page",
            "(w.user_id, w.asin, w.domain) = (%(owner)s, p.asin, p.domain)",
        ),
    ],
)
def test_what_lists_for_the_console_takes_a_visibility(
    root: Path, module: str, query: str, condition: str
) -> None:
    tree = ast.parse((root / STORES / module).read_text("utf-8"))
    public = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"
    ]
    assert public
    without = [
        node.name
        for node in public
        if "Visibility" not in [ast.unparse(a.annotation) for a in node.args.args if a.annotation]
    ]
    assert without == []
    file, name = query.split("/")
    blocks = (root / QUERIES / f"{file}.sql").read_text("utf-8").split("-- name: ")
    (text,) = [block for block in blocks if block.startswith(f"{name}\n")]
    assert condition in text
