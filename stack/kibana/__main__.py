"""Writes the file that Kibana imports: `python -m stack.kibana docker/kibana/keeper.ndjson`."""

import sys
from pathlib import Path

from stack.kibana.provisioned import provisioned
from stack.kibana.saved_objects import ndjson

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(ndjson(provisioned()), encoding="utf-8")
    print(sys.argv[1])
