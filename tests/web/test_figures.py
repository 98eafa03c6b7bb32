"""Chains, density, coverage, lanes, times: plain values in, geometry out."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from app.errors import SearchError
from app.search.fields import CHANGES
from app.search.language import parse
from app.web.asked import Asked
from app.web.times import UTC_ZONE, shown, took, zone_named
from app.web.views import lists
from app.web.views.chain import chain_of
from app.web.views.coverage import gaps_in, line_of
from app.web.views.density import density, scale_for
from app.web.views.lanes import LETTER, lanes
from app.web.views.story import told
from hypothesis import given
from hypothesis import strategies as st

T = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def cell(step: str, mark: str, word: str = "word", missing: str | None = None) -> dict[str, object]:
    return {"step": step, "mark": mark, "word": word, "detail": "", "at": None, "missing": missing}


def classes(*cells: dict[str, object]) -> list[str]:
    return [step.classes for step in chain_of(list(cells), "chain").steps]


def test_the_line_goes_through_what_is_not_needed_and_ends_at_the_last() -> None:
    assert classes(cell("pr", "solid"), cell("plan", "skip"), cell("sync", "solid")) == [
        "", " step--through", " step--through", " step--through", " step--through", " step--last", " step--none",
    ]  # fmt: skip


def test_the_line_breaks_between_two_caps_where_evidence_is_missing() -> None:
    steps = chain_of([cell("pr", "solid"), cell("approval", "gap", "no approval", "absent"), cell("sync", "solid")], "c").steps
    assert (steps[3].cap_end, steps[3].cap_start, steps[3].drawn) == (True, True, False)
    assert "is-fail" in steps[3].classes
    first = chain_of([cell("pr", "gap"), cell("plan", "gap"), cell("apply", "solid")], "c").steps
    assert (first[0].cap_end, first[0].cap_start, first[1].cap_start) == (False, False, True)


@pytest.mark.parametrize(("missing", "tone"), [("absent", "fail"), ("unobserved", "indeterminate"), ("accepted", "exception")])
def test_the_words_of_a_gap_take_the_colour_of_why(missing: str, tone: str) -> None:
    assert f"is-{tone}" in chain_of([cell("pr", "solid"), cell("approval", "gap", "no", missing)], "c").steps[3].classes


def test_dashes_lead_to_what_is_still_to_come() -> None:
    steps = chain_of([cell("approval", "solid"), cell("sync", "solid"), cell("health", "pending")], "c").steps
    assert "step--ahead-next" in steps[5].classes
    assert "step--ahead" in steps[6].classes


def test_drift_takes_the_place_of_a_sync_that_was_not_needed_and_stands_beside_one_that_was() -> None:
    assert not chain_of([cell("pr", "gap"), cell("drift", "failed")], "c").wide
    assert chain_of([cell("sync", "solid"), cell("drift", "failed")], "c").wide


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.sampled_from(["step", "mark", "word", "at"]), s),
    )
)
def test_no_record_can_stop_a_chain_or_a_story(value: object) -> None:
    assert len(chain_of(value, "c").steps) in (7, 8)
    story = told(value, UTC_ZONE, {})
    lanes(story.drawn, UTC_ZONE)


def test_bars_add_up_and_never_leave_the_figure() -> None:
    for most in (1, 13, 19, 200):
        scale = scale_for(T, T + timedelta(days=14), UTC_ZONE)
        counts = {(3, "pass"): most, (3, "fail"): 2, (9, "indeterminate"): most // 2, (9, "not_applicable"): 1}
        drawn = density(counts, scale, UTC_ZONE, lambda a, b: "/changes", [(T, T + HOUR)], T + timedelta(days=10))
        assert drawn.total == sum(counts.values())
        assert (drawn.note == "one block is one change") is (most <= 19)
        for bar in drawn.bars:
            assert 0 <= float(bar.y) < float(drawn.height)
            assert float(bar.y) + float(bar.height) <= float(drawn.height)
        assert sum(int(n) for row in drawn.rows for n in row.counts) == drawn.total


@pytest.mark.parametrize("days", [0.01, 1, 7, 14, 91, 400, 4000, 40000])
@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_a_scale_holds_its_period_in_whole_ticks(days: float, zone: str) -> None:
    start, end = T + timedelta(minutes=17), T + timedelta(minutes=17, days=days)
    scale = scale_for(start, end, zone_named(zone))
    assert scale.edges[0] <= start
    assert scale.edges[-1] >= end
    assert (len(scale.edges) - 1) % scale.bars == 0
    assert all(a < b for a, b in zip(scale.edges, scale.edges[1:], strict=False))


def test_gaps_are_what_nobody_read() -> None:
    read = [(T, T + 2 * HOUR), (T + HOUR, T + 3 * HOUR), (T + 5 * HOUR, T + 9 * HOUR)]
    assert gaps_in(read, T, T + 10 * HOUR, timedelta(minutes=2)) == [(T + 3 * HOUR, T + 5 * HOUR), (T + 9 * HOUR, T + 10 * HOUR)]
    assert gaps_in(read, T, T + 9 * HOUR + timedelta(minutes=10), timedelta(minutes=2)) == [(T + 3 * HOUR, T + 5 * HOUR)]
    line = line_of(read, T, T - 24 * HOUR, T + 24 * HOUR, T + 10 * HOUR, timedelta(minutes=2), UTC_ZONE)
    assert len(line.cuts) == 2
    assert line_of([], None, T, T + HOUR, T, HOUR, UTC_ZONE).words == "no line: never read"


MOMENT = st.tuples(
    st.integers(0, 400_000),
    st.sampled_from(["pr", "plan", "apply", "sync"]),
    st.text(min_size=1, max_size=14),
    st.sampled_from(["github", "tfe", "argocd"]),
)


@given(st.lists(MOMENT, min_size=1, max_size=20), st.lists(st.integers(0, 19), max_size=3))
def test_labels_in_the_lanes_never_lie_on_one_another(moments: list[tuple[int, str, str, str]], gaps: list[int]) -> None:
    story: list[dict[str, object]] = [
        {
            "seq": i,
            "at": (T + timedelta(seconds=s)).isoformat(),
            "step": step,
            "mark": "solid",
            "word": word,
            "who": "Ana",
            "source": source,
        }
        for i, (s, step, word, source) in enumerate(sorted(moments))
    ]
    for place in gaps:
        story.insert(min(place, len(story)), {"seq": None, "at": None, "mark": "gap", "word": "no approval", "missing": "absent"})
    drawn = lanes(told(story, UTC_ZONE, {}).drawn, UTC_ZONE)
    assert drawn is not None
    places: dict[int, list[tuple[float, float]]] = {}
    for label in drawn.labels:
        if "t-fail mid" in label.css:
            continue
        x, wide = float(label.x.rstrip("%")) * 10.56 + label.shift, LETTER * len(label.text)
        left = x - wide if label.css.endswith("end") else x - wide / 2 if label.css.endswith("mid") else x
        places.setdefault(label.y, []).append((left, left + wide))
    for spans in places.values():
        ordered = sorted(spans)
        assert all(a[1] <= b[0] + 0.02 for a, b in itertools.pairwise(ordered))
    xs = [float(dot.x.rstrip("%")) for dot in drawn.dots]
    assert xs == sorted(xs)
    assert all(0 <= x <= 100 for x in xs)


DURATIONS = {
    0: "0 s",
    0.3: "under 1 s",
    27: "27 s",
    84: "1 min 24 s",
    787: "13 min 07 s",
    6360: "1 h 46 min",
    391_500: "4 d 12 h 45 min",
    86_400: "1 d",
    -90: "−1 min 30 s",
}


@pytest.mark.parametrize(("seconds", "words"), DURATIONS.items())
def test_durations(seconds: float, words: str) -> None:
    assert took(seconds) == words


def test_times_name_their_zone_and_are_utc_for_machines() -> None:
    at = datetime(2026, 7, 1, 12, 0, 30, tzinfo=UTC)
    assert shown(at, zone_named("Europe/London")).full == "2026-07-01 13:00:30 BST"
    assert shown(at, zone_named("Europe/London")).iso == "2026-07-01T12:00:30Z"
    assert zone_named("Europe/Nowhere").name == "UTC"


def test_dropping_a_chip_drops_only_its_term() -> None:
    asked = Asked(q="env:production -author:ana", from_="2026-10-01")
    box = lists.box("/changes", "changes", "", asked, parse(asked.q, CHANGES), None)
    assert box.chips[0].drop == "/changes?q=-author%3Aana&from=2026-10-01"
    assert box.chips[1].how == "is not"


def test_a_wrong_key_is_mended_in_its_place() -> None:
    asked = Asked(q="env:production aproved:ben")
    with pytest.raises(SearchError) as raised:
        parse(asked.q, CHANGES)
    assert lists.wrong("/changes", asked, raised.value).href == "/changes?q=env%3Aproduction+approver%3Aben"
