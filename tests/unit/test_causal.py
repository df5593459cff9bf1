"""Experiments of causal profilers, on programs whose answer is known by construction."""

import json

import pytest

import pyrometer
from pyrometer.cli import run
from pyrometer.show import json as json_view
from pyrometer.show import text

SECOND = 10**9
SPEEDUPS = [step / 20 for step in range(21)]


def experiment(selected, speedup, seconds, visits=1000, point="done"):
    return {
        "selected": selected,
        "speedup": speedup,
        "progress_point": point,
        "visits": visits,
        "duration": round(seconds * SECOND),
    }


def two_threads():
    """Each round waits for both threads; `a.c:1` has twice the work of `b.c:2`: a round takes max(1 - s, 0.5)."""
    for speedup in SPEEDUPS:
        yield experiment("a.c:1", speedup, max(1 - speedup, 0.5))
        yield experiment("b.c:2", speedup, 1)


def built(experiments, events=()):
    return pyrometer.build(experiments=list(experiments), events=list(events))


def test_effects_are_those_of_the_longer_of_two_threads():
    a, b = built(two_threads()).causal().rows
    assert (a.selected, a.progress_point, a.kind) == ("a.c:1", "done", "throughput")
    assert [round(point.effect, 9) for point in a.points] == [min(speedup, 0.5) for speedup in SPEEDUPS[1:]]
    assert (a.peak, a.peak_speedup, a.experiments, a.base_experiments) == (0.5, 0.5, 21, 1)
    # The area up to 1 is 1/8 + 1/4.
    assert a.impact == pytest.approx(0.375)
    assert (b.selected, b.impact, b.slope, b.peak) == ("b.c:2", 0, 0, 0)


def test_work_in_sequence_has_its_share_as_slope():
    rows = built(
        experiment(line, speedup, 1 - share * speedup)
        for line, share in [("a.c:1", 2 / 3), ("b.c:2", 1 / 3)]
        for speedup in SPEEDUPS
    )
    for row, share in zip(rows.causal().rows, [2 / 3, 1 / 3], strict=True):
        assert row.slope == pytest.approx(share)
        assert (row.low, row.high) == (pytest.approx(share), pytest.approx(share))
        assert row.impact == pytest.approx(share / 2)


def test_the_interval_of_a_slope_is_that_of_least_squares():
    """Worked by hand: points (0, 0), (0.5, 0.4), (1, 0.5) of equal weight."""
    times = {0.0: 1.0, 0.5: 0.6, 1.0: 0.5}
    (row,) = built(experiment("a.c:1", speedup, seconds) for speedup, seconds in times.items()).causal().rows
    assert row.slope == pytest.approx(0.5)
    # Residuals -0.05, 0.1, -0.05: squares 0.015 over a spread of 0.5, and t of one degree of freedom.
    half = 12.7062 * (0.015 / 0.5) ** 0.5
    assert (row.low, row.high) == (pytest.approx(0.5 - half, rel=1e-4), pytest.approx(0.5 + half, rel=1e-4))


def test_results_of_equal_speedup_are_added_up():
    halves = [experiment("a.c:1", 0, 1), experiment("a.c:1", 0.5, 0.2, 400), experiment("a.c:1", 0.5, 0.4, 600)]
    (row,) = built(halves).causal().rows
    assert [(point.experiments, point.visits) for point in row.points] == [(2, 1000)]
    assert row.points[0].effect == pytest.approx(0.4)
    assert (row.low, row.high) == (None, None)


def test_what_cannot_be_compared_is_counted_not_shown():
    view = built(
        [
            experiment("few.c:1", 0, 1, visits=4),
            experiment("few.c:1", 0.5, 1),
            experiment("base.c:1", 0, 1),
            experiment("rare.c:1", 0, 1),
            experiment("rare.c:1", 0.5, 1, visits=4),
            experiment("wild.c:1", 0, 1),
            experiment("wild.c:1", 0.5, 9),
            experiment("good.c:1", 0, 1),
            experiment("good.c:1", 0.5, 0.9),
        ]
    ).causal()
    assert [row.selected for row in view.rows] == ["good.c:1"]
    assert (view.results, view.used, view.without_base, view.without_points) == (9, 2, 1, 3)
    shown = " ".join(text.render(view).split())
    assert "2 of 9 results are in rows" in shown
    assert "1 row of fewer than 10 speedups at the end: run longer" in shown


def test_lines_tried_at_few_speedups_stand_behind_all_others():
    lucky = [experiment("lucky.c:1", 0, 1), experiment("lucky.c:1", 0.5, 0.1)]
    assert [row.selected for row in built([*lucky, *two_threads()]).causal().rows] == ["a.c:1", "b.c:2", "lucky.c:1"]


def latency(speedup, under_way, seconds=1.0, visits=1000):
    row = experiment("a.c:1", speedup, seconds, visits, "request")
    payload = json.dumps({**row, "difference": under_way, "departures": visits})
    return row, {"name": "coz-latency-point", "payload": payload}


def test_latency_is_that_of_little():
    """Eight under way at 1,000 arrivals a second take 8 ms each; six 6 ms: a quarter less, though as many arrive."""
    results = [latency(0.0, 8), latency(0.5, 6)]
    (row,) = built([row for row, _ in results], [event for _, event in results]).causal().rows
    assert (row.kind, row.progress_point, row.experiments) == ("latency", "request", 2)
    assert row.points[0].effect == pytest.approx(0.25)


def test_visits_and_latency_of_one_name_are_two_rows():
    results = [latency(0.0, 8), latency(0.5, 6)]
    visits = [experiment("a.c:1", 0, 1, 700, "request"), experiment("a.c:1", 0.5, 0.5, 700, "request")]
    rows = built([*visits, *(row for row, _ in results)], [event for _, event in results]).causal().rows
    assert [(row.kind, row.peak) for row in rows] == [("throughput", 0.5), ("latency", 0.25)]


def coz_file(folder):
    lines = ["startup\ttime=100"]
    for row in two_threads():
        lines.append(f"experiment\tselected={row['selected']}\tspeedup={row['speedup']}\tduration={row['duration']}")
        lines.append(f"throughput-point\tname=done\tdelta={row['visits']}")
    lines.append(f"samples\tlocation={folder}/a.c:1\tcount=20")
    path = folder / "profile.coz"
    path.write_text("\n".join(lines).replace("selected=", f"selected={folder}/") + "\n")
    return path


def test_a_file_of_coz_shows_its_experiments_first(tmp_path, capsys):
    path = coz_file(tmp_path)
    assert run(["show", str(path)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Lines worth making faster · 42 results of experiments\n")
    assert "a.c:1" in shown.splitlines()[2]
    assert run(["show", str(path), "--format", "json"]) == 0
    view = json.loads(capsys.readouterr().out)
    assert view["view"] == "causal"
    assert [point["speedup"] for point in view["rows"][0]["points"]] == SPEEDUPS[1:]
    assert run(["show", str(path), "--view", "causal", "--limit", "1"]) == 0
    assert "1 of 2 rows shown" in capsys.readouterr().out
    assert run(["show", str(path), "--focus", "a"]) == 2
    assert run(["show", str(path), "--view", "top"]) == 0


@pytest.mark.parametrize("form", ["text", "lines"])
def test_latency_points_of_a_file_of_coz(form, tmp_path):
    """Eight under way at 1,000 arrivals a second, and four with the same arrivals: half of the latency."""
    path, lines = tmp_path / "profile", []
    for speedup, under_way in [(0.0, 8), (0.5, 4)]:
        experiment = {"selected": "a.c:1", "speedup": speedup, "duration": SECOND, "selected_samples": 9}
        point = {"name": "request", "arrivals": 1000, "departures": 999, "difference": under_way}
        for kind, fields in [("experiment", experiment), ("latency-point", point)]:
            pairs = [f"{name.replace('_', '-')}={value}" for name, value in fields.items()]
            lines.append("\t".join([kind, *pairs]) if form == "text" else json.dumps({"type": kind, **fields}))
    path.write_text("\n".join(lines) + "\n")
    profile = pyrometer.load(path)
    (row,) = profile.causal().rows
    assert (row.kind, row.peak, row.experiments) == ("latency", 0.5, 2)
    assert [json.loads(event["payload"])["departures"] for event in profile.events.rows()] == [999, 999]


def test_annotated_lines_have_what_experiments_found(tmp_path, capsys):
    (tmp_path / "a.c").write_text("work();\n")
    path = coz_file(tmp_path)
    for arguments in (["a.c:1", str(path)], ["--file", str(tmp_path / "a.c"), str(path)]):
        assert run(["annotate", *arguments, "--format", "json"]) == 0
        found = json.loads(capsys.readouterr().out)["causal"]
        assert [row["selected"] for row in found] == [f"{tmp_path}/a.c:1"]
        assert run(["annotate", *arguments]) == 0
        assert "If they were faster · 21 results of experiments" in capsys.readouterr().out


def test_other_profiles_have_no_experiments():
    view = built([]).causal()
    assert view.rows == ()
    assert "no experiments" in text.render(view)
    assert json.loads(json_view.render(view))["rows"] == []
