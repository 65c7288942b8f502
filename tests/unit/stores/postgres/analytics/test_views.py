"""What sql/analytics/ says of itself."""

from pathlib import Path

import pytest

from keeper.stores.postgres.analytics.page import page
from keeper.stores.postgres.analytics.views import Analysis, analyses

DOCS = Path(__file__).resolve().parents[5] / "docs"


def test_the_page_is_what_the_files_say() -> None:
    assert (DOCS / "ANALYTICS.md").read_text("utf-8") == page(), "run: make analytics"


def test_every_example_uses_what_it_is_about() -> None:
    assert len(analyses()) >= 10
    for one in analyses():
        assert one.name in one.example
        assert one.summary.endswith((".", ":"))


@pytest.mark.parametrize(
    "text",
    [
        "-- Said.\n--\n-- Columns: a.\n\nCREATE OR REPLACE VIEW analytics.a AS SELECT 1;\n",
        "-- Said.\n-- Example: SELECT 1;\n\nCREATE OR REPLACE VIEW analytics.a AS SELECT 1;\n",
        "-- Said.\n--\n-- Columns: a.\n-- Example: SELECT 1;\n\nCREATE VIEW a AS SELECT 1;\n",
    ],
    ids=["example", "columns", "statement"],
)
def test_a_file_without_a_part_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.sql"
    file.write_text(text)

    with pytest.raises(ValueError, match=r"a\.sql lacks"):
        Analysis.of_file(file)
