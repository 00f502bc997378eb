"""Whom an item has hit, and how often.

python examples/api/people_of_item.py 12
"""

from __future__ import annotations

import sys
from collections import Counter

from connect import connect

with connect() as client:
    item = client.items.by_counter(int(sys.argv[1]))
    people: Counter[str] = Counter()
    for occurrence in client.occurrences.list(item_id=item.id, page_size=500):
        person = occurrence.data.get("person") or {}
        people[str(person.get("username") or person.get("id") or "nobody known")] += 1
    print(f"#{item.counter} {item.title}")
    for person, count in people.most_common():
        print(f"{count:>7}  {person}")
