import numpy as np
import pytest

from keeper.simulator.documents import InvalidDocumentError, read_document, write_document


def test_arrays_and_numbers_of_numpy_are_lists_and_numbers() -> None:
    document = {
        "csv": [None, np.array([7_600_000, -1], np.int32), np.zeros(0, np.int64)],
        "min": [np.int64(-1), np.int32(1999)],
        "title": "Kaffee für 2 €",
        "tokenFlowReduction": 0.0,
        "asins": ("B000000001",),
        "rating": float("nan"),
    }

    assert (
        write_document(document)
        == (
            '{"csv":[null,[7600000,-1],[]],"min":[-1,1999],"title":"Kaffee für 2 €",'
            '"tokenFlowReduction":0.0,"asins":["B000000001"],"rating":null}'
        ).encode()
    )


def test_what_has_no_form_in_json_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        write_document({"what": object()})


@pytest.mark.parametrize(
    "text",
    [b"", b'{"a":1', b'{"a":1}x', b'["\xff"]', b"NaN", b"1e999", b"[" * 100_000 + b"]" * 100_000],
    ids=["nothing", "cut", "more behind it", "not UTF-8", "NaN", "infinite", "too deep"],
)
def test_what_is_no_json_cannot_be_read(text: bytes) -> None:
    with pytest.raises(InvalidDocumentError):
        read_document(text)


def test_text_and_bytes_are_read_alike() -> None:
    assert read_document('{"a":"é"}') == read_document('{"a":"é"}'.encode()) == {"a": "é"}
