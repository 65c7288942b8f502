"""Words of one's own on watches."""

import pytest

from keeper.domain.watches.tags import InvalidTagError, read_tags, tags_of


def test_tags_are_small_sorted_and_there_once() -> None:
    assert read_tags(" Küche; garden,GARDEN ;;") == ("garden", "küche")
    assert tags_of(["b & w", "B&W"]) == ("b & w", "b&w")
    assert read_tags("") == ()


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "-x", "a\tb=c", "a<b", "x" * 41, "@home", "'x"])
def test_what_a_spreadsheet_or_page_could_take_for_more_is_no_tag(text: str) -> None:
    with pytest.raises(InvalidTagError, match="is no tag"):
        read_tags(text)


def test_a_watch_has_twenty_tags_at_most() -> None:
    assert len(tags_of(f"tag {number}" for number in range(20))) == 20
    with pytest.raises(InvalidTagError, match="20 tags at most"):
        tags_of(f"tag {number}" for number in range(21))
