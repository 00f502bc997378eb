"""All occurrences of the project as JSON lines, the newest first.

    python examples/api/stream_occurrences.py > occurrences.jsonl

Pages are fetched as they are written out, so that a million occurrences take no more memory than a hundred.
"""

from __future__ import annotations

import json

from connect import connect

with connect() as client:
    for occurrence in client.occurrences.list(page_size=1000):
        print(json.dumps(dict(occurrence.raw)))
