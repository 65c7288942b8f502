"""Runs a Great Expectations suite over a DataFrame and turns its result into failures by row.

Importing Great Expectations costs five to nine seconds, so it happens on first use, once a process,
and `keeper.orchestration.preload` moves it out of the tasks altogether.
"""

import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from keeper.checks.verdicts import Failure, Verdict
from keeper.errors import TerminalError

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.data_context.types.base import DataContextConfig

# COMPLETE lists every failing row; the query that would find them again is of no use in memory.
_RESULT_FORMAT: Final = {"result_format": "COMPLETE", "return_unexpected_index_query": False}
_SITE: Final = "data_docs"


class ExpectationError(TerminalError):
    """An expectation could not be evaluated, so nothing is known about the rows."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A named list of expectations, each in Great Expectations' own configuration form."""

    name: str
    expectations: tuple[Mapping[str, Any], ...]


@cache
def load_great_expectations() -> Any:
    """Import Great Expectations with its analytics, log chatter and progress bars off."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)

    import great_expectations
    from tqdm.std import tqdm

    # A bar starts a monitor thread even when it is disabled, and tasks are forked.
    tqdm.monitor_interval = 0
    return great_expectations


def run_suite(
    suite: Suite,
    frame: "pd.DataFrame",
    *,
    parameters: Mapping[str, object],
    name: str,
    run_time: datetime,
    docs_dir: Path | None = None,
) -> Verdict:
    """Check a frame against a suite.

    Args:
        suite: The expectations.
        frame: The rows, indexed 0, 1, 2, …
        parameters: Values of the suite's `$PARAMETER`s.
        name: What Data Docs call this run.
        run_time: When the data was checked; Data Docs show it.
        docs_dir: Folder to write Data Docs to, one for each check: two checks at the same time
            would overwrite each other's index.

    Raises:
        ExpectationError: An expectation failed to run or did not say which rows failed it.
    """
    gx = load_great_expectations()
    # A context costs 5 ms, and a fresh one keeps no earlier batch's results or rows.
    context = gx.get_context(mode="ephemeral", project_config=_context_config(docs_dir))
    rows = (
        context.data_sources.add_pandas("batch")
        .add_dataframe_asset(suite.name)
        .add_batch_definition_whole_dataframe("rows")
    )
    gx_suite = gx.ExpectationSuite(name=suite.name, expectations=deepcopy(list(suite.expectations)))
    if docs_dir is None:
        # A checkpoint would take 40 ms more, and is only what writes Data Docs.
        results = list(
            rows.get_batch({"dataframe": frame})
            .validate(
                gx_suite, result_format=_RESULT_FORMAT, expectation_parameters=dict(parameters)
            )
            .results
        )
    else:
        validation = gx.ValidationDefinition(
            name=suite.name, data=rows, suite=context.suites.add(gx_suite)
        )
        checkpoint = gx.Checkpoint(
            name=suite.name,
            validation_definitions=[context.validation_definitions.add(validation)],
            actions=[gx.checkpoint.UpdateDataDocsAction(name=_SITE)],
            result_format=_RESULT_FORMAT,
        )
        outcome = context.checkpoints.add(checkpoint).run(
            batch_parameters={"dataframe": frame},
            expectation_parameters=dict(parameters),
            run_id=gx.RunIdentifier(
                run_name=re.sub(r"[^\w.:+=-]", "_", name),
                run_time=run_time,
            ),
        )
        results = [result for run in outcome.run_results.values() for result in run.results]
    if len(results) != len(suite.expectations):
        raise ExpectationError(
            f"{len(results)} of the {len(suite.expectations)} expectations of "
            f"{suite.name} gave a result"
        )
    failures = [failure for result in results for failure in _failures(suite, result, frame)]
    failures.sort(key=lambda failure: (failure.row, failure.column or "", failure.expectation))
    docs = None
    if docs_dir:
        _drop_unused_assets(docs_dir)
        docs = docs_dir / "index.html"
    return Verdict(len(frame), tuple(failures), docs)


def _failures(
    suite: Suite, result: "ExpectationValidationResult", frame: "pd.DataFrame"
) -> Iterator[Failure]:
    config = result.expectation_config
    expectation = config.type
    columns = _columns_of(config.kwargs)
    where = f"{suite.name}: {expectation}({','.join(columns)})"
    problems = sorted(_exception_messages(result.exception_info))
    if problems:
        raise ExpectationError(f"{where} could not be evaluated: {'; '.join(problems)}")
    rows = result.result.get("unexpected_index_list") or []
    if not result.success and not rows:
        raise ExpectationError(f"{where} failed without naming the rows that failed it")
    for row, values in zip(rows, frame.loc[rows, columns].to_numpy(dtype=object), strict=True):
        yield Failure(int(row), expectation, ",".join(columns), _as_text(values))


def _columns_of(kwargs: Mapping[str, Any]) -> list[str]:
    if "column_list" in kwargs:
        return list(kwargs["column_list"])
    # Of a pair, the first is the column under test and the second what it is compared with.
    return [kwargs["column_A"] if "column_A" in kwargs else kwargs["column"]]


def _as_text(values: Any) -> str | None:
    import pandas as pd

    texts = ["" if pd.isna(value) else str(value) for value in values]
    return ",".join(texts) if any(texts) else None


def _exception_messages(info: Mapping[str, Any] | None) -> set[str]:
    """Read both forms of exception_info: one exception, or one for each metric that failed."""
    if not info:
        return set()
    found = [info] if "raised_exception" in info else list(info.values())
    return {
        str(each["exception_message"])
        for each in found
        if isinstance(each, Mapping) and each["raised_exception"]
    }


def _context_config(docs_dir: Path | None) -> "DataContextConfig":
    """Keep everything in memory but Data Docs; the default adds a site in a temporary folder."""
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    sites = (
        {
            _SITE: {
                "class_name": "SiteBuilder",
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(docs_dir.resolve()),
                },
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            }
        }
        if docs_dir
        else {}
    )
    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        data_docs_sites=sites,
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )


def _drop_unused_assets(docs_dir: Path) -> None:
    """Delete the 4 MB of fonts and walk-through films that no page refers to."""
    static = docs_dir / "static"
    for unused in (static / "fonts", static / "styles"):
        shutil.rmtree(unused, ignore_errors=True)
    for image in (static / "images").glob("*"):
        if image.name != "favicon.ico":
            image.unlink()
