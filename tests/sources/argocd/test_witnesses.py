"""The recorded day against both of its witnesses, line by line: every second, and in jumps of a minute.

`operations` is every operation that the server itself showed or announced; `truth` is the deed as it was done from outside.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from app.domain.actor import ActorKind
from app.domain.event import Event

from tests.recordings.replay import lines
from tests.sources.argocd.day import Shown, fold, read_day
from tests.sources.argocd.deaf import read_deaf
from tests.sources.harness import events_of

FOLDER = "argocd-a"
JUMP = 60
SECOND = timedelta(seconds=1)
KINDS = {  # what was done → the kinds under which the server runs it
    "sync": {"manual", "automated", "self-heal"},  # right after a sync that undid a rollback, a heal of the same revision ran
    "self_heal": {"self-heal", "automated"},  # a newer commit repairs what was edited, as a deployment
    "selective": {"selective"},
    "dry_run": {"dry-run"},
    "rollback": {"rollback"},
    "prune": {"automated"},
    "terminate": {"manual"},
    "operation_injected": {"injected"},
    "failed_sync": {"manual", "automated"},
}


@dataclass
class Day:
    events: list[Event]

    @property
    def shown(self) -> list[Shown]:
        return list(fold(self.events).values())

    def of(self, *types: str) -> list[Event]:
        return [event for event in self.events if event.type in types]


@pytest.fixture(scope="module")
def each_second() -> Day:
    return Day(events_of(read_day(FOLDER, 1)[0]))


@pytest.fixture(scope="module")
def each_minute() -> Day:
    return Day(events_of(read_day(FOLDER, JUMP)[0]))


def found(day: Day, uid: str, started: str) -> list[Shown]:
    at = datetime.fromisoformat(started)
    return [one for one in day.shown if one.uid == uid and abs(one.started - at) <= SECOND]


def agrees(line: dict[str, Any], one: Shown, *, entry_lost: bool = False) -> None:
    """Initiator, revision and phase as the server showed or announced them."""
    who = {(a.name, a.kind) for a in one.actors}
    if not line["announced"]:
        assert {kind for _, kind in who} == {ActorKind.UNKNOWN}
    elif line["initiated_by"].get("automated"):
        assert {name for name, _ in who} == {"Argo CD"}
    else:
        assert {name for name, _ in who} == {line["initiated_by"]["username"]}
    assert one.facts["revisions"] == (line.get("revisions") or [line["revision"]])
    # the recorder lost the end of some; an operation that is between two attempts is not over
    retrying = "Retrying" in line["message"]
    ended = line["phase"] if line["phase"] != "Running" else "Failed" if retrying else "Succeeded"
    assert one.ended == ended
    assert one.facts["history_id"] == (line["history"][0] if line.get("history") and not entry_lost else None)


def lost(day: Day) -> list[tuple[str, int]]:
    return [(e.keys.application or "", e.facts["size"]) for e in day.of("history-gap")]


def test_each_second_every_line_of_the_server_stands_once_and_nothing_else(each_second: Day) -> None:
    told = lines(FOLDER, "operations")
    met: Counter[str] = Counter()
    for line in told:
        (one,) = found(each_second, line["uid"], line["started"])
        agrees(line, one)
        assert one.facts["operation_kind"] == ("injected" if not line["announced"] else one.facts["operation_kind"])
        assert set(one.how) == {"observed"} or one.phases[0] == "Running"
        met[one.id] += 1
    assert set(met.values()) == {1}
    assert len(met) == len(each_second.shown) == len(told) == 39
    assert lost(each_second) == []


def test_each_second_every_deed_has_its_operation_of_its_kind(each_second: Day) -> None:
    """A deed may name an operation that an earlier line named; where it names who did it, nobody else is shown for it."""
    for deed in lines(FOLDER, "truth"):
        if deed["what"] not in KINDS or "started" not in deed:
            continue
        (one,) = found(each_second, deed["uid"], deed["started"])
        assert one.facts["operation_kind"] in KINDS[deed["what"]], deed
        assert one.facts["automated"] == (deed["by"] == "automation"), deed
        revision = deed["revision"] if isinstance(deed["revision"], list) else [deed["revision"]]
        assert one.facts["revisions"] == revision, deed
        people = {a.name for a in one.actors if a.kind is ActorKind.HUMAN}
        automated = deed["initiated"].get("automated")
        assert people == (set() if automated or deed["what"] == "operation_injected" else {deed["initiated"]["username"]}), deed
        if deed["what"] == "terminate":
            assert one.facts["terminated_by"] == deed["by"] == "bob"
        if deed["what"] == "prune":
            assert "Pruned" in {resource.get("status") for resource in one.facts["resources"]}
        if deed["phase"] != "Running":
            assert one.ended == deed["phase"], deed


def test_each_second_the_attempts_that_failed_say_what_was_missing(each_second: Day) -> None:
    told = {(e.keys.application, f["cause"], f.get("name")) for e in each_second.of("attempt") for f in e.facts["failures"]}
    assert ("settlements", "namespace-missing", "settlements") in told
    assert ("fraud-detector", "invalid", "Not_A_Valid_Name") in told
    tried = [e.facts for e in each_second.of("attempt") if e.keys.application == "fraud-detector" and "Not_A" in str(e.facts)]
    assert [one["number"] for one in tried] == sorted(one["number"] for one in tried)
    assert len({one["number"] for one in tried}) == len(tried) > 2
    ended = [one for one in each_second.shown if one.application == "card-tokenizer" and one.ended == "Failed"]
    assert [one.facts["failures"][0]["kind"] for one in ended] == ["ExternalSecret"]


def test_each_second_edits_by_hand_name_the_program_that_made_them(each_second: Day) -> None:
    deeds = {(d["app"], d["by"]) for d in lines(FOLDER, "truth") if d["what"] == "edit"}
    told = {
        (e.keys.application, name)
        for e in each_second.of("comparison")
        for one in e.facts["resources"]
        for change in one["changes"]
        for name in change["by"]
    }
    assert ("payments-api", "kubectl-edit") in told & deeds


def test_each_minute_what_is_missing_is_declared_and_nothing_is_invented(each_minute: Day) -> None:
    told = lines(FOLDER, "operations")
    shown = {one.id: one for one in each_minute.shown}
    missing: Counter[str] = Counter()
    for line in told:
        pairs = found(each_minute, line["uid"], line["started"])
        if not pairs:
            missing[line["application"]] += 1
            continue
        best = min(pairs, key=lambda one: abs(one.started - datetime.fromisoformat(line["started"])))
        number = line["history"][0] if line.get("history") else None
        agrees(line, shown.pop(best.id), entry_lost=line["application"] == "reporting" and number in {3, 4})
    assert shown == {}, "an operation that never was"
    assert missing == Counter(), "announcements live for an hour: what was overwritten was reconstructed"
    # ids 3 and 4 had left the history between two looks; the announcements tell of both, so nothing is lost
    assert lost(each_minute) == []


def test_each_minute_without_announcements_history_and_gaps_still_add_up() -> None:
    """The same day at a server whose announcements cannot be read: what is shown and what is declared make up the numbers."""
    day = Day(events_of(read_deaf(FOLDER, JUMP)))
    told = lines(FOLDER, "operations")
    entries = [line["history"][0] for line in told if line.get("history") and line["application"] == "reporting"]
    kept = {e.facts["history_id"] for e in day.of("history") if e.keys.application == "reporting"}
    gone = {
        n
        for e in day.of("history-gap")
        for n in range(e.facts["from_id"], e.facts["to_id"] + 1)
        if e.facts["of"] == "full operations"
    }
    assert gone, "ten entries are kept, and more than ten came within a minute"
    assert kept | gone == set(entries)
    assert kept & gone == set()
    real = {(line["uid"], datetime.fromisoformat(line["started"])) for line in told}
    for one in day.shown:
        assert any(uid == one.uid and abs(at - one.started) <= SECOND for uid, at in real), one.id
        assert not [a.name for a in one.actors if a.kind is ActorKind.HUMAN], "a name that no announcement proves"
    lost_ones = len(told) - len(day.shown)
    bounds = [e.facts["at_most"] for e in day.of("unwitnessed")]
    assert lost_ones <= sum(size for _, size in lost(day)) + sum(bounds)
