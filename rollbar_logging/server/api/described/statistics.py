"""Reports, versions and metrics."""

from __future__ import annotations

from rollbar_logging.server.api.described.operation import Operation, Schema
from rollbar_logging.server.api.described.shapes import (
    ID,
    INTEGER,
    LEVEL,
    NO_INTEGER,
    NO_NUMBER,
    NO_TEXT,
    NO_TIME,
    PAGE,
    TEXT,
    TIME,
    array,
    choice,
    in_path,
    in_query,
    number,
    objects,
    ref,
    repeated,
    text,
)
from rollbar_logging.server.api.metrics import MOST_COUNTERS
from rollbar_logging.server.api.reports import BUCKET_SIZES, MOST_BUCKETS, MOST_HOURS
from rollbar_logging.server.ids import FRAMEWORKS, LEVELS
from rollbar_logging.server.metrics import FIELDS, FUNCTIONS, MOST_ROWS, OPERATORS
from rollbar_logging.server.storage.code_versions import EVENTS
from rollbar_logging.server.time_buckets import SIZES

_LARGEST_TIME = 10**11
_COUNTS: Schema = array(array(INTEGER, minItems=2, maxItems=2))
_PER_LEVEL = objects(**dict.fromkeys(LEVELS, INTEGER))

SCHEMAS: dict[str, Schema] = {
    "ActiveItem": objects(
        item=objects(
            id=INTEGER,
            counter=INTEGER,
            environment=TEXT,
            framework=number(0, max(FRAMEWORKS.values())),
            level={"enum": list(LEVELS.values())},
            title=TEXT,
            occurrences=INTEGER,
            unique_occurrences=NO_INTEGER,
            last_occurrence_timestamp=TIME,
            project_id=INTEGER,
            group_status=INTEGER,
        ),
        counts=array(INTEGER, minItems=24, maxItems=24),
    ),
    "Version": objects(
        id=INTEGER,
        project_id=INTEGER,
        version=TEXT,
        environment=NO_TEXT,
        date_created=TIME,
        first_occurrence_id=NO_INTEGER,
        first_occurrence_timestamp=NO_TIME,
        last_occurrence_id=NO_INTEGER,
        last_occurrence_timestamp=NO_TIME,
        deployed_by=NO_TEXT,
        last_deploy_timestamp=NO_TIME,
        item_stats=objects(**dict.fromkeys(EVENTS, _PER_LEVEL)),
        commits=array(objects()),
    ),
    "ItemInVersion": {
        "allOf": [
            ref("Item"),
            objects(
                total_occurrences_in_version=INTEGER,
                first_occurrence_id_in_version=NO_INTEGER,
                first_occurrence_timestamp_in_version=NO_TIME,
                last_occurrence_id_in_version=NO_INTEGER,
                last_occurrence_timestamp_in_version=NO_TIME,
            ),
        ]
    },
    "MetricsQuestion": objects(
        ["start_time"],
        start_time=number(0, _LARGEST_TIME),
        end_time=number(1, _LARGEST_TIME),
        filters=array(
            objects(
                ["field", "values"],
                field=choice(FIELDS),
                operator=choice(OPERATORS),
                values=array({"type": ["string", "integer"]}, minItems=1, maxItems=1000),
            ),
            maxItems=20,
        ),
        group_by=array(choice(FIELDS), maxItems=20),
        aggregates=array(
            objects(["function"], function=choice(FUNCTIONS), field=choice(FIELDS), alias=text(100, 1)), maxItems=20
        ),
        sort=array(objects(["field"], field=TEXT, order=choice(["asc", "desc"])), maxItems=20),
        granularity=choice(SIZES),
        timezone=TEXT,
        limit=number(1, MOST_ROWS),
        offset=number(0, _LARGEST_TIME),
    ),
}

_BUCKETS = (
    in_query("bucket_size", {"type": "integer", "enum": list(BUCKET_SIZES), "default": 86400}),
    in_query("buckets", number(2, MOST_BUCKETS, 60)),
    in_query("environments", TEXT, "Names between commas."),
    in_query("min_level", LEVEL),
    in_query("max_level", LEVEL),
    in_query("item_id", ID),
)
_VERSION = in_path("version", "A `code_version`, or a deploy's `revision`.", text(255, 1))
_POINTS = objects(
    timepoints=array(objects(timestamp=TIME, metrics_rows=array(array(objects(["field", "value"], field=TEXT)))))
)
_NAMES: Schema = {"oneOf": [TEXT, array(TEXT, maxItems=100)]}

OPERATIONS = (
    Operation(
        "GET",
        "/api/1/reports/top_active_items",
        "The ten active items that occurred most",
        "read",
        array(ref("ActiveItem"), maxItems=10),
        (
            in_query("hours", number(1, MOST_HOURS, 24), "The running hour is the last of them."),
            in_query("environments", TEXT, "Names between commas."),
            in_query("sort", choice(["occurrences"])),
        ),
        notes="`counts` are those of the last 24 hours, the oldest first, whatever `hours` is.",
    ),
    Operation(
        "GET",
        "/api/1/reports/occurrence_counts",
        "Occurrences over time",
        "read",
        _COUNTS,
        _BUCKETS,
        notes="Pairs of the bucket's start (Unix seconds) and the count. Errors and above, unless told otherwise.",
    ),
    Operation(
        "GET",
        "/api/1/reports/activated_counts",
        "How often items became active over time",
        "read",
        _COUNTS,
        _BUCKETS,
        notes="New, reactivated and reopened items, as pairs of the bucket's start (Unix seconds) and the count.",
    ),
    Operation(
        "GET",
        "/api/1/versions/{version}",
        "What is known of a version of the code",
        "read",
        ref("Version"),
        (_VERSION, in_query("environment", TEXT)),
    ),
    Operation(
        "GET",
        "/api/1/versions/{version}/items",
        "Items that occurred or were resolved in a version",
        "read",
        objects(page=INTEGER, total_count=INTEGER, items=array(ref("ItemInVersion"))),
        (
            _VERSION,
            repeated("event", choice(EVENTS)),
            repeated("level", LEVEL),
            in_query("environment", TEXT),
            PAGE,
        ),
    ),
    Operation(
        "POST",
        "/api/1/metrics/occurrences",
        "Figures of occurrences, grouped and filtered",
        "read",
        _POINTS,
        body=ref("MetricsQuestion"),
    ),
    Operation(
        "POST",
        "/api/1/metrics/items",
        "How long items took to be resolved",
        "read",
        array(objects(item_id=INTEGER, item_counter=INTEGER, first_ttr=NO_INTEGER, last_ttr=NO_INTEGER)),
        body=objects(item_counters=array(number(1, 2**53 - 1), minItems=1, maxItems=MOST_COUNTERS)),
    ),
    Operation(
        "POST",
        "/api/1/metrics/ttr",
        "Mean, median, least and greatest time to resolution",
        "read",
        objects(count=INTEGER, mean=NO_NUMBER, median=NO_NUMBER, min=NO_NUMBER, max=NO_NUMBER),
        body=objects(
            [],
            start_time=number(0, _LARGEST_TIME),
            end_time=number(0, _LARGEST_TIME),
            environment=_NAMES,
            level=_NAMES,
            framework=_NAMES,
        ),
        notes="An account's token need not name a project: all are counted then.",
    ),
)
