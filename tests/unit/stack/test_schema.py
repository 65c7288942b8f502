"""What of pg_dump's output sql/schema.sql shows."""

import pytest

from stack.errors import StackError
from stack.schema import readable

BODY = "CREATE FUNCTION public.f() RETURNS void\n    AS $$\n    -- Why so.\n\n    SET x = 1;\n$$;"
TABLE = "CREATE TABLE public.t (\n    name text\n);"
END = "--\n-- PostgreSQL database dump complete\n--\n"
DUMP = (
    "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\n-- Dumped by pg_dump version 1\n\n"
    "SET client_encoding = 'UTF8';\nSELECT pg_catalog.set_config('search_path', '', false);\n\n"
    "--\n-- Name: public; Type: SCHEMA; Schema: -; Owner: -\n--\n\n"
    "-- *not* creating schema, since initdb creates it\n\n\n"
    "--\n-- Name: SCHEMA public; Type: COMMENT; Schema: -; Owner: -\n--\n\n"
    "COMMENT ON SCHEMA public IS '';\n\n\n"
    f"--\n-- Name: f(); Type: FUNCTION; Schema: public; Owner: -\n--\n\n{BODY}\n\n\n"
    "SET default_table_access_method = heap;\n\n"
    f"--\n-- Name: t; Type: TABLE; Schema: public; Owner: -\n--\n\n{TABLE}\n\n\n"
    f"{END}\n\\unrestrict abc\n\n"
)


def test_it_shows_the_statements_alone() -> None:
    head, shown = readable(DUMP).split("\n\n", maxsplit=1)

    assert "make schema" in head
    assert shown == f"{BODY}\n\n{TABLE}\n"


@pytest.mark.parametrize("dump", ["", DUMP.partition(END)[0], END], ids=["none", "cut", "empty"])
def test_a_dump_that_is_not_whole_is_refused(dump: str) -> None:
    with pytest.raises(StackError, match="no whole schema"):
        readable(dump)
