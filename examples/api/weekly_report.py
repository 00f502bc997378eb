"""The items that occurred most in the last seven days, as Markdown for a mail or a ticket.

python examples/api/weekly_report.py
"""

from __future__ import annotations

from connect import connect

WEEK_IN_HOURS = 168

with connect() as client:
    top = client.reports.top_active_items(hours=WEEK_IN_HOURS)
    print("| item | occurrences | environment | title |\n| ---: | ---: | --- | --- |")
    for each in top:
        title = str(each.item["title"]).replace("|", "\\|")
        print(f"| #{each.item['counter']} | {sum(each.counts)} | {each.item['environment']} | {title} |")
