"""What holds for any item, however it is made up."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbar_logging.item.encode import encode
from rollbar_logging.item.truncate import fit
from tests.item.items import IDENTITY, JSON, UUID, cut

FRAMES = st.lists(
    st.fixed_dictionaries(
        {"filename": st.sampled_from(["/srv/app/a.py", "/lib/python3.12/b.py"]) | JSON},
        optional=dict.fromkeys(["lineno", "method", "code", "context", "locals", "argspec", "frames_left_out"], JSON),
    )
    | JSON,
    max_size=8,
)
TRACE = (
    st.fixed_dictionaries({"frames": FRAMES | JSON}, optional={"exception": JSON, "extra": JSON, "foo": JSON}) | JSON
)
BODY = st.one_of(
    st.fixed_dictionaries({"trace": TRACE}, optional={"telemetry": JSON, "foo": JSON}),
    st.fixed_dictionaries({"trace_chain": st.lists(TRACE, min_size=1, max_size=4)}, optional={"telemetry": JSON}),
    st.fixed_dictionaries({"message": st.fixed_dictionaries({"body": JSON}, optional={"foo": JSON})}),
    JSON,
)
ITEM = st.fixed_dictionaries(
    {"uuid": st.just(UUID), "level": st.sampled_from(["error", "info"]), "body": BODY},
    optional=dict.fromkeys([*IDENTITY[2:], "title", "custom", "request", "person", "server", "notifier", "x"], JSON),
)


@given(data=ITEM, limit=st.integers(4096, 200_000), shrink=st.sampled_from([1, 5, 100]))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example])
def test_any_item_fits_and_keeps_its_identity(data: dict[str, Any], limit: int, shrink: int) -> None:
    """Whatever stands where in an item, the body fits, is JSON, and has the uuid, the level and the kind."""
    limit = max(limit // shrink, 2048)
    full = encode({"data": data})

    read, notes = cut(data, limit)

    assert (read["uuid"], read["level"]) == (UUID, data["level"])
    assert fit(data, limit) == fit(copy.deepcopy(data), limit)
    if len(full) <= limit:
        assert notes == {}
        assert encode({"data": read}) == full
    body = data["body"]
    if isinstance(body, dict) and len({*body} & {"trace", "trace_chain", "message"}) == 1:
        assert {*read["body"]} & {"trace", "trace_chain", "message"} == {*body} & {"trace", "trace_chain", "message"}
