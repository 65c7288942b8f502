"""Writes what Grafana is given: `python -m stack.grafana docker/grafana/dashboards`."""

import sys
from pathlib import Path

from stack.grafana.documents import document
from stack.grafana.provisioned import BOARDS

if __name__ == "__main__":
    for board in BOARDS:
        file = Path(sys.argv[1]) / f"{board.name}.json"
        file.write_text(document(board), encoding="utf-8")
        print(file)
