"""docs/METRICS.md, from the definitions: `python -m keeper.pipeline.metrics.page FILE`."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from keeper.pipeline.metrics.definitions import OF_STORES, OF_WORKERS, Definition

_INTRODUCTION: Final = """# Metrics

This page is made by `make metrics-page` from Keeper's own definitions. Numbers are in Prometheus's
format, at `/metrics` of

- each **worker**, where `KEEPER_METRICS_LISTEN` says (`127.0.0.1:9400`; give each process of a
  machine another port),
- **`keeper metrics`**, which reads PostgreSQL and Kafka no more often than every
  `KEEPER_METRICS_EVERY_S` seconds (30), whoever asks; `keeper metrics --once` prints them,
- the **console**, at its own address; nginx does not serve it.

Processes show Prometheus's usual `process_…` too. What is unknown is absent, never zero:
`keeper_source_up` says whether PostgreSQL and Kafka answered. No label holds a product, a person or
a run.

With Docker each container shows its own at port 9400, inside the network `back` alone, and the
profile `observe` adds the container `metrics`. A Prometheus of your own joins that network. The
rules want the label `program`:

```yaml
scrape_configs:
  - job_name: workers
    static_configs:
      - {targets: ["metrics:9400"], labels: {program: metrics}}
      - {targets: ["consume-prices:9400"], labels: {program: consume-prices}}
  - job_name: console
    static_configs: [{targets: ["console:8000"]}]
```

`make up OBSERVE=1` brings a Prometheus to the local stack that reads all of them, with the rules of
[docker/prometheus](../docker/prometheus/keeper.rules.yml); [RUNBOOKS](RUNBOOKS.md) says what each
alert means.
"""


def page() -> str:
    """Return the whole page."""
    parts = [_INTRODUCTION, "## Workers\n", _table(OF_WORKERS)]
    parts += ["\n## keeper metrics\n", _table(OF_STORES)]
    return "\n".join(parts)


def _table(definitions: Iterable[Definition]) -> str:
    lines = ["| metric | kind | labels | value |", "|---|---|---|---|"]
    for metric in definitions:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
