"""A random world, polled at random moments, with losses: what is told and what is declared is what truly happened."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from random import Random

import pytest
from app.demo.fakes.argocd_types import ApplicationState
from app.domain.actor import ActorKind
from app.domain.event import Event
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sources.argocd.conftest import REPO, START, Stage, sha
from tests.sources.argocd.day import fold

ACTS = (
    *("automated", "manual", "failed", "selective", "heal", "dry-run", "rollback", "local", "injected", "rolling", "none"),
    *("terminated", "retried", "retried-badly", "hole", "limit"),
)
FULL = {"automated", "manual", "rollback", "local", "injected", "rolling", "retried"}
BY_ITSELF = {"automated", "heal", "hole", "retried", "retried-badly"}
KINDS = {
    "automated": {"automated"}, "manual": {"manual", "rollback"}, "failed": {"manual", "rollback"}, "selective": {"selective"},
    "heal": {"self-heal", "automated"},  # after a rollback it goes to another revision than the deployed: a deployment
    "dry-run": {"dry-run"}, "rollback": {"rollback", "manual"}, "local": {"local"},
    # neither is announced by anybody: after a rolling sync, an injected operation wears its whole record
    "injected": {"injected", "applicationset"}, "rolling": {"applicationset"},
    "terminated": {"manual", "rollback"}, "retried": {"automated"}, "retried-badly": {"automated"},
    "hole": {"automated", "self-heal"},  # what was deployed before may not be known, and then it looks like a heal
}  # fmt: skip
PEOPLE = ("alice", "bob", "carol")


class Truth:
    """What was done: (start, what, who); who ended what was terminated; which limits its history may be given."""

    def __init__(self, stage: Stage, app: ApplicationState, rng: Random) -> None:
        self.stage, self.app, self.rng, self.n = stage, app, rng, 1
        self.done: list[tuple[datetime, str, str]] = []
        self.enders: dict[datetime, str] = {}
        self.limits: tuple[int | None, ...] = (None, 1, 3, 10)

    def act(self, what: str, at: datetime) -> None:
        state, app, who = self.stage.state, self.app, self.rng.choice(PEOPLE)
        self.stage.time[0] = at
        acts: dict[str, Callable[[], None]] = {
            "manual": lambda: state.sync(app, at, who),
            "failed": lambda: state.sync(app, at, who, phase="Failed", message="boom"),
            "selective": lambda: state.selective(app, at, who, ["payments-api"]),
            "dry-run": lambda: state.sync(app, at, who, dry_run=True),
            "local": lambda: state.local(app, at, who),
            "rolling": lambda: state.rolling_sync(app, at),
            "automated": lambda: self._automated(at),
            "heal": lambda: self._heal(at),
            "injected": lambda: self._injected(at),
            "rollback": lambda: state.rollback(app, at, who, app.history[0]["id"]),
            "terminated": lambda: self._terminated(at, who),
            "retried": lambda: self._retried(at, "Succeeded"),
            "retried-badly": lambda: self._retried(at, "Failed"),
            "hole": lambda: self._hole(at),
        }
        if what == "limit":
            app.revision_history_limit = self.rng.choice(self.limits)
            return
        if what == "none" or (what == "rollback" and not (app.history and app.history[0].get("revision"))):
            return
        acts[what]()
        named = {"injected": "", "rolling": "ApplicationSet"}.get(what, who)
        self.done.append((at, what, "Argo CD" if what in BY_ITSELF else named))

    def _automated(self, at: datetime) -> None:
        self.n += 1
        self.stage.state.push(REPO, sha(self.n), at - timedelta(seconds=1))
        self.stage.state.sync(self.app, at)

    def _terminated(self, at: datetime, who: str) -> None:
        self.enders[at] = self.rng.choice(PEOPLE)
        self.stage.state.begin(self.app, at, who)
        self._perhaps_look(at + timedelta(seconds=1))
        self.stage.state.terminate(self.app, at + timedelta(seconds=2), self.enders[at])

    def _retried(self, at: datetime, phase: str) -> None:
        """Two failed attempts of a new commit, looked at now and then."""
        state, seconds = self.stage.state, timedelta(seconds=1)
        self.n += 1
        state.push(REPO, sha(self.n), at - seconds)
        state.begin(self.app, at)
        for n in (1, 3):
            state.retrying(self.app, at + n * seconds, 'namespaces "x" not found', at + (n + 1) * seconds)
            self._perhaps_look(at + (n + 0.5) * seconds)
            state.attempt(self.app)
        state.finish(self.app, at + 5 * seconds, phase, "no such luck" if phase == "Failed" else "successfully synced")

    def _hole(self, at: datetime) -> None:
        self.n += 1
        self.stage.state.push(REPO, sha(self.n), at - timedelta(seconds=1))
        self.stage.state.begin(self.app, at, resources=["payments-api"], heals=1)
        self.stage.state.finish(self.app, at + timedelta(seconds=1))

    def _perhaps_look(self, at: datetime) -> None:
        if self.rng.random() < 0.5:
            self.stage.read((at - START).total_seconds())

    def _heal(self, at: datetime) -> None:
        self.stage.state.edit(self.app, "payments-api", at - timedelta(seconds=1))
        self.stage.state.heal(self.app, at)

    def _injected(self, at: datetime) -> None:
        self.stage.state.inject(self.app, at)
        self.stage.state.finish(self.app, at + timedelta(seconds=2))


def told(stage: Stage, types: str) -> list[Event]:
    return [event for event in stage.events if event.type == types]


def look(stage: Stage, rng: Random, at: float) -> None:
    """A pass; now and then it is killed before anything was saved, and done again a few seconds later."""
    if rng.random() < 0.2:
        held, pages = deepcopy(stage.memory), len(stage.pages)
        stage.read(at)
        stage.memory.clear()
        stage.memory.update(held)
        if rng.random() < 0.5:
            del stage.pages[pages:]  # else what it told was saved, and only what it remembered was not
        at += rng.choice((0, 3))
    stage.read(at)


def play(
    stage: Stage, seed: int, acts: int, losing: bool, limit: int | None, limits: tuple[int | None, ...] = (None, 1, 3, 10)
) -> tuple[Truth, list[Event]]:
    """Acts some time apart, looks now and then. `losing`: announcements fall silent for good at some moment, or we are away."""
    rng = Random(seed)
    stage.memory.clear()
    stage.pages.clear()
    stage.state.applications.clear()
    stage.state.announces = True
    stage.time[0] = START
    app = stage.app(revision_history_limit=limit)
    truth = Truth(stage, app, rng)
    truth.limits = limits
    truth.act("manual", START + timedelta(seconds=10))
    stage.read(60)
    at = 60.0
    for _ in range(acts):
        at += rng.choice((8, 20, 45, 120, 900)) if not losing else rng.choice((8, 20, 120, 900, 5000))
        if losing and rng.random() < 0.1:
            stage.state.announces = False
        truth.act(rng.choice(ACTS), START + timedelta(seconds=at))
        if rng.random() < 0.3:
            at += rng.choice((4, 30))
            look(stage, rng, at)
            at += 3
    for more in (60, 120):
        stage.read(at + more, everything=True)
    return truth, list({event.id: event for event in reversed(stage.events)}.values())[
        ::-1
    ]  # as the ledger: the first telling stays


def matched(truth: Truth, events: list[Event]) -> list[tuple[datetime, str, str]]:
    """What happened and is not shown. Fails for what is shown and did not happen, or twice, or under another's name."""
    left = list(truth.done)
    for one in sorted(fold(events).values(), key=lambda shown: shown.started):
        near = [deed for deed in left if abs((deed[0] - one.started).total_seconds()) <= 3]
        assert near, f"invented: {one.id} {one.facts['operation_kind']}"
        deed = min(near, key=lambda deed: abs((deed[0] - one.started).total_seconds()))
        left.remove(deed)
        named = {a.name for a in one.actors if a.kind is not ActorKind.UNKNOWN}
        # what a record may have been left is believed of nobody, neither of a person nor of automation
        assert named <= {deed[2]}, f"{deed} was put on {named}"
        assert one.facts.get("terminated_by") in (None, truth.enders.get(deed[0]))
        assert len(one.phases) == len(set(one.phases))
        assert len(set(one.phases) - {"attributed"}) <= 2
    return left


SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@SLOW
@given(seed=st.integers(0, 10**6), acts=st.integers(1, 14), limit=st.sampled_from([None, 1, 3]))
def test_within_an_hour_of_each_look_nothing_is_lost_and_all_of_it_is_right(
    stage: Stage, seed: int, acts: int, limit: int | None
) -> None:
    truth, events = play(stage, seed, acts, False, limit)
    if any(event.type == "unwitnessed" for event in events):
        return  # the acts took longer than announcements live: the next test's
    assert matched(truth, events) == []
    for shown in fold(events).values():
        deed = min(truth.done, key=lambda deed: abs((deed[0] - shown.started).total_seconds()))
        perhaps = {"manual"} if shown.facts.get("perhaps_dry_run") else set[str]()
        perhaps |= {"injected"} if shown.facts.get("perhaps_applicationset") else set()
        assert shown.facts["operation_kind"] in KINDS[deed[1]] | perhaps, deed


@SLOW
@given(seed=st.integers(0, 10**6), acts=st.integers(4, 14), limit=st.sampled_from([None, 1, 3]))
def test_what_is_lost_is_declared_exactly_where_it_can_be_counted_and_bounded_where_not(
    stage: Stage, seed: int, acts: int, limit: int | None
) -> None:
    truth, events = play(stage, seed, acts, True, limit)
    lost = matched(truth, events)
    gaps = told(stage, "history-gap")
    full = [deed for deed in lost if deed[1] in FULL]
    others = [deed for deed in lost if deed[1] not in FULL]
    assert sum(gap.facts["size"] for gap in gaps if gap.facts["of"] == "full operations") >= len(full), "a full sync went untold"
    shown = len(truth.done) - len(lost)
    counted = sum(gap.facts["size"] for gap in gaps)
    bounds = [event.facts["at_most"] for event in told(stage, "unwitnessed")]
    if None not in bounds:
        heals = sum(gap.facts["size"] for gap in gaps if gap.facts["of"] == "self-heals")
        assert len(others) <= heals + sum(bounds), "an operation is neither told nor declared"
    if not bounds:
        assert shown + counted == len(truth.done)
    # a limit that was lowered and raised again between two looks leaves a history that somebody may have cut, and says so
    assert [event for event in events if event.type == "integrity" and not event.facts.get("otherwise")] == []


@pytest.mark.parametrize("seed", range(6))
def test_the_same_world_looked_at_twice_as_often_tells_no_less(stage: Stage, seed: int) -> None:
    truth, events = play(stage, seed, 10, False, None)
    assert len(fold(events)) <= len(truth.done)
    ids = [event.id for event in events]
    assert len(ids) == len(set(ids))


@SLOW
@given(seed=st.integers(0, 10**6), acts=st.integers(4, 14))
def test_a_history_that_is_switched_off_and_on_tells_nothing_that_did_not_happen(stage: Stage, seed: int, acts: int) -> None:
    truth, events = play(stage, seed, acts, False, None, (0, 0, 2, None))
    matched(truth, events)
    rewritten = [event for event in events if event.type == "integrity" and not event.facts.get("otherwise")]
    assert {event.status for event in rewritten} <= {"restarted"}, "what a limit does is no rewriting"
