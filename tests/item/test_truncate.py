"""What `fit` cuts of items that are too large, in which order, and what it never touches."""

from __future__ import annotations

import json
import math
from typing import Any

from rollbar_logging.item.encode import encode, size_of
from rollbar_logging.item.truncate import fit
from tests.item.items import LIMIT, UUID, chain, cut, frame, frames_of, item, without_locals


def test_an_item_that_fits_is_only_encoded() -> None:
    """Nothing is added to, and nothing taken from, an item of the usual size."""
    data = item([frame(number) for number in range(10)], custom={"order": 4711})

    assert fit(data, LIMIT) == (encode({"data": data}), {})


def test_the_last_byte_counts() -> None:
    """An item of exactly the limit is left alone; one byte less, and something goes."""
    data = item([frame(number, library=True) for number in range(50)])
    size = len(encode({"data": data}))

    assert fit(data, size)[1] == {}
    assert fit(data, size - 1)[1] != {}


def test_old_telemetry_goes_first() -> None:
    """The oldest events go, as few as will do, and nothing else."""
    events = [{"level": "info", "body": {"message": f"{number:03} " + "x" * 1000}} for number in range(200)]
    data = item([frame(1, library=True)], custom={"text": "y" * 1500})
    data["body"]["telemetry"] = events

    read, notes = cut(data)

    left = read["body"]["telemetry"]
    assert left == events[-len(left) :]
    assert 120 < len(left) < 130
    assert notes["telemetry"].startswith(f"{200 - len(left)} removed, ")
    assert {**read, "body": 0, "notifier": 0} == {**data, "body": 0, "notifier": 0}


def test_locals_of_library_frames_go_before_those_of_the_application() -> None:
    """Farthest from the exception first, the application's own stay."""
    frames = [frame(number, library=number % 2 == 0, value="v" * 1900) for number in range(90)]

    read, notes = cut(item(frames))

    kept = [number for number, left in enumerate(frames_of(read)) if "locals" in left]
    assert [number for number in kept if number % 2] == list(range(1, 90, 2))
    library = [number for number in kept if number % 2 == 0]
    assert library
    assert library == list(range(library[0], 90, 2))
    assert list(notes) == ["locals of library frames"]


def test_library_frames_are_known_by_the_root_and_by_their_folders() -> None:
    """What lies outside of ``server.root``, in a package's folder or in the standard library is no own frame."""
    names = {
        "/srv/app/shop/views.py": True,
        "/srv/application/views.py": False,
        "/opt/tool/x.py": False,
        "shop/views.py": True,
        "<string>": True,
        "/srv/app/venv/lib/python3.12/site-packages/django/http.py": False,
        "/srv/app/python3.12/lib/python3.12/json/decoder.py": False,
        "<frozen importlib._bootstrap>": False,
    }
    frames = [{**frame(1, value="v" * 2000), "filename": name} for name in names]

    data = item([*frames, frame(2)])

    read, _ = cut(data, size_of({"data": data}) - 8000)  # for which the locals of five must go

    kept = {left["filename"] for left in frames_of(read)[:-1] if "locals" in left}
    assert kept == {name for name, is_own in names.items() if is_own}


def test_windows_paths_are_compared_without_case_and_slashes() -> None:
    """A root of Windows holds for its files, however they are written."""
    frames = [
        {**frame(1, value="v" * 2000), "filename": "c:/Work/App/views.py"},
        {**frame(2, value="v" * 2000), "filename": "C:\\Python312\\Lib\\json\\decoder.py"},
        frame(3),
    ]
    data = item(frames, server={"root": "C:\\work\\app\\"})

    read, _ = cut(data, 4096)

    assert ["locals" in left for left in frames_of(read)] == [True, False, True]


def test_one_large_value_is_shortened_where_it_stands() -> None:
    """A huge text deep in a request costs its own end, and not the entries around it."""
    body = {"before": 1, "order": {"lines": ["a", "x" * 500_000, "b"]}, "after": "z"}
    data = item([frame(1)], request={"url": "https://shop/", "body": body}, custom={"small": "s" * 1000})

    read, notes = cut(data)

    text = read["request"]["body"]["order"]["lines"][1]
    assert text.startswith("x" * 100_000)
    assert text.endswith("… (500000 characters)")
    read["request"]["body"]["order"]["lines"][1] = "x" * 500_000
    assert (read["request"], read["custom"]) == (data["request"], data["custom"])
    assert list(notes) == ["huge values"]


def test_large_values_are_cut_to_the_same_size() -> None:
    """The largest gives way first; nothing is cut below what the others keep."""
    data = item([frame(1)], custom={"a": "a" * 200_000, "b": "b" * 80_000, "c": "c" * 30_000})

    read, _ = cut(data)

    lengths = {key: len(value) for key, value in read["custom"].items()}
    assert lengths["c"] == 30_000
    assert abs(lengths["a"] - lengths["b"]) < 10
    assert lengths["a"] > 45_000


def test_the_limit_is_used() -> None:
    """What is cut is about what is too much: not even two kilobytes are given away."""
    data = item([frame(number, value="v" * 20_000) for number in range(30)])

    assert LIMIT - 2048 < len(fit(data, LIMIT)[0]) <= LIMIT


def test_long_traces_lose_their_middle() -> None:
    """The first and the last frames stay, and the one before the gap tells how many are missing."""
    frames = [frame(number, value="v" * 200) for number in range(400)]

    read, notes = cut(item(frames))

    left = frames_of(read)
    gone = len(frames) - len(left)
    assert gone > 0
    assert left[9] == {**frames[9], "frames_left_out": gone}
    assert [entry["lineno"] for entry in left] == [*range(10), *range(10 + gone, 400)]
    assert notes["frames"].startswith(f"{gone} removed, ")


def test_frames_that_have_gone_do_not_count_again() -> None:
    """What a frame held that was left out is not counted as saved once more."""
    read, notes = cut(item([frame(number, value="v" * 1400) for number in range(400)]))

    assert len(frames_of(read)) == 100
    assert "locals" in frames_of(read)[50]
    assert {*notes} == {"frames", "locals of frames"}


def test_many_small_gaps_are_paid_for() -> None:
    """The word about a gap takes room of its own, which is counted."""
    small = [{"filename": f"/{'site-packages' if number % 2 else 'app'}/module", "lineno": 1} for number in range(100)]
    data = chain(small, small, small)
    size = size_of({"data": data})

    read, notes = cut(data, size - 1500)

    assert {*notes} == {"frames"}
    for trace in read["body"]["trace_chain"]:
        assert sum(1 + entry.get("frames_left_out", 0) for entry in trace["frames"]) == 100


def test_the_last_frames_of_the_application_are_never_left_out() -> None:
    """However little room there is, the four before the raising frame are there, if with shorter names."""
    frames = [{**frame(number), "filename": "/srv/app/" + "d" * 600} for number in range(50)]

    read, _ = cut(item(frames), 4096)

    assert [entry["lineno"] for entry in frames_of(read)] == [0, 45, 46, 47, 48, 49]


def test_a_raising_frame_of_a_library_keeps_its_locals_too() -> None:
    """What raised is of interest even if it is not the application's own."""
    frames = [frame(number, library=True, value="v" * 1900) for number in range(90)]

    read, _ = cut(item(frames), size_of({"data": without_locals(frames)}) + 1024 + 1000)

    assert [number for number, left in enumerate(frames_of(read)) if "locals" in left] == [89]
    assert frames_of(read)[-1] == frames[-1]


def test_frames_of_the_application_outlive_those_of_libraries() -> None:
    """When frames must go, those of libraries go first; gaps are counted, earlier ones too."""
    frames = [frame(number, library=number % 10 != 5) for number in range(100)]
    frames[3]["frames_left_out"] = 7

    read, _ = cut(item(frames), 8192)

    left = frames_of(read)
    numbers = [entry["lineno"] for entry in left]
    assert numbers[0] == 0
    assert numbers[-1] == 99
    assert {number for number in range(100) if number % 10 == 5} <= {*numbers}
    assert len(left) + sum(entry.get("frames_left_out", 0) for entry in left) == 107


def test_the_raising_frame_keeps_its_locals_longest() -> None:
    """Its locals are shortened before they go, and go after everyone else's."""
    frames = [frame(number, value="v" * 1500) for number in range(30)]
    read, _ = cut(item(frames), 16_384)
    assert ["locals" in left for left in frames_of(read)][-3:] == [True] * 3
    assert "locals" not in frames_of(read)[0]

    read, _ = cut(item(frames, custom={"text": "x" * 2000}), size_of({"data": without_locals(frames)}) + 1024 + 200)

    assert [number for number, left in enumerate(frames_of(read)) if "locals" in left] == [29]
    assert "custom" not in read


def test_causes_give_way_before_the_exception_raised_last() -> None:
    """The trace on top keeps more, and the root cause stays however many there are."""
    data = chain(*([frame(number, value="v" * 700) for number in range(4)] for _ in range(30)))

    read, _ = cut(data, 4096)

    traces = read["body"]["trace_chain"]
    assert traces[0]["exception"] == data["body"]["trace_chain"][0]["exception"]
    assert traces[-1]["exception"] == data["body"]["trace_chain"][-1]["exception"]
    assert 2 <= len(traces) < 30
    assert len(traces[0]["frames"]) >= len(traces[-1]["frames"])


def test_the_url_outlives_the_rest_of_a_request() -> None:
    """Of a request, what it was stays longest."""
    parts = {f"part_{number}": {"a": "x" * 200} for number in range(30)}

    read, notes = cut(item([frame(1)], request={"url": "https://shop/", "method": "POST", **parts}), 4096)

    assert {"url": "https://shop/", "method": "POST"}.items() <= read["request"].items()
    assert "part_0" not in read["request"]
    assert "request" in notes


def test_a_long_message_is_cut_last() -> None:
    """A message of a megabyte fills what is left."""
    data = item([])
    data["body"] = {"message": {"body": "é" * 1_000_000, "template": "x" * 5000}}

    read, _ = cut(data)

    assert read["body"]["message"]["body"].startswith("é" * 60_000)


def test_a_huge_message_does_not_drive_out_the_rest() -> None:
    """Megabytes of message give way before small values that say more do."""
    data = item([frame(1)], request={"url": "https://shop/", "GET": {"page": "3"}}, custom={"order": 4711})
    data["body"]["trace"]["exception"]["message"] = "m" * 1_000_000

    read, notes = cut(data)

    assert {**read, "body": 0, "notifier": 0} == {**data, "body": 0, "notifier": 0}
    assert list(notes) == ["huge values"]


def test_many_locals_do_not_drive_out_the_rest() -> None:
    """Near the exception locals are shortened rather than ``custom`` and the request dropped for their sake."""
    frames = [{**frame(number), "locals": {str(name): "v" * 1000 for name in range(100)}} for number in range(50)]

    read, _ = cut(item(frames, request={"url": "https://shop/", "GET": {"page": "3"}}, custom={"order": 4711}))

    assert (read["request"]["GET"], read["custom"]) == ({"page": "3"}, {"order": 4711})
    assert [len(left.get("locals", ())) for left in frames_of(read)] == [0] * 47 + [100] * 3


def test_what_no_rule_knows_is_shortened_too() -> None:
    """An application's own keys, anywhere, are cut like any other value."""
    data = item(
        [{**frame(1), "mine": "m" * 100_000}], mine={"a": "x" * 100_000}, person={"id": "1", "mine": "p" * 100_000}
    )
    data["body"]["mine"] = ["b" * 100_000]
    data["body"]["trace"]["extra"] = {"mine": "e" * 100_000}
    data["body"]["trace"]["exception"]["mine"] = "e" * 100_000

    read, notes = cut(data)

    assert "item" not in notes
    assert read["person"]["id"] == "1"
    assert read["body"]["trace"]["exception"]["message"] == "no such order"


def test_a_long_fingerprint_is_not_cut() -> None:
    """A fingerprint that lost its end would be another one."""
    data = item([frame(1)], fingerprint="f" * 5000, custom={str(number): "x" * 3000 for number in range(100)})

    assert cut(data)[0]["fingerprint"] == data["fingerprint"]


def test_thousands_of_unknown_keys_do_not_cost_the_trace() -> None:
    """Beyond any use of them, keys of an application's own go as a whole."""
    data = item([frame(1)], **{f"key_{number}": "x" * 100 for number in range(5000)})

    read, notes = cut(data)

    assert read["body"] == data["body"]
    assert "other data" in notes


def test_notes_of_an_earlier_cut_stay() -> None:
    """An item that is shrunk again, after a 413, still tells what the first time took."""
    data = item([frame(number, library=True, value="v" * 1200) for number in range(90)])
    data["body"]["telemetry"] = [{"level": "info", "body": {"message": "x" * 1000}}] * 20
    first = json.loads(fit(data, LIMIT)[0])["data"]

    second, notes = fit(first, 90_000)

    told = json.loads(second)["data"]["notifier"]["diagnostic"]["truncation"]
    assert {**first["notifier"]["diagnostic"]["truncation"], **notes} == told
    assert {*notes} < {*told}


def test_half_the_limit_works_as_well() -> None:
    """A server that refuses the limit gets half of it, and half of that."""
    data = item([frame(number, value="v" * 5000) for number in range(60)], custom={"a": "x" * 50_000})
    for limit in (LIMIT, LIMIT // 2, LIMIT // 4, 4096, 2048):
        read, _ = cut(data, limit)

        assert frames_of(read)[-1]["method"] == "function_59"
        assert read["uuid"] == UUID


def test_data_that_are_not_plain_are_cut_all_the_same() -> None:
    """What ``before_send`` adds may be of any type; cycles, tuples and objects do not stop the cutting."""
    loop: list[Any] = ["x" * 200_000, math.nan, {1: (2, 3)}, object()]
    loop.append(loop)

    body, _ = fit(item([frame(1)], custom={"loop": loop, 5: {"set"}}), 10_000)

    assert len(body) <= 10_000
    assert json.loads(body)["data"]["custom"]["5"] == ["set"]
