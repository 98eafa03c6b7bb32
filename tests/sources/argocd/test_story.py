"""Random stories, read at random times: what is told is what happened, whatever was overwritten in between."""

import random
from dataclasses import dataclass
from datetime import timedelta

import pytest
from app.demo.fakes.argocd_types import ApplicationState
from app.domain.actor import ActorKind

from tests.sources.argocd.conftest import REPO, SECOND, START, Stage, sha

PEOPLE = ("alice", "bob", "carol")
PLAIN = {"manual", "automated"}


@dataclass
class Done:
    kind: str
    who: str | None
    started: float
    phase: str
    revision: str | None


class Story:
    """Acts one after another, as a controller would let them; notes the truth of each."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.random = stage, random.Random(seed)
        self.app: ApplicationState = stage.app(auto_sync=False, revision_history_limit=self.random.choice([2, 3, 10]))
        self.t, self.revision = 5.0, 1
        self.done: list[Done] = []
        self.stage.state.sync(self.app, stage.to(self.t), "alice")
        self.done.append(Done("manual", "alice", self.t, "Succeeded", sha(1)))
        self.t += 5

    def act(self) -> None:
        state, app, who = self.stage.state, self.app, self.random.choice(PEOPLE)
        kind = self.random.choice(
            ["manual", "automated", "self-heal", "selective", "rollback", "dry-run", "injected", "failed", "local"]
        )
        at, length = self.stage.to(self.t), self.random.choice([1, 1, 2, 8])
        phase, by, revision = "Succeeded", None if kind in {"automated", "self-heal", "injected"} else who, sha(self.revision)
        if kind == "automated":
            self.revision += 1
            revision = sha(self.revision)
            state.push(REPO, revision, at)
            state.sync(app, at, duration=length * SECOND)
        elif kind == "self-heal":
            if app.deployed != app.revisions:
                return
            state.edit(app, "payments-api", at)
            state.heal(app, at, duration=length * SECOND)
        elif kind == "selective":
            state.selective(app, at, who, ["payments-api"], duration=length * SECOND)
        elif kind == "rollback":
            entry = self.random.choice(app.history)
            revision = entry.get("revision")
            if revision is None:
                return
            state.rollback(app, at, who, entry["id"], duration=length * SECOND)
        elif kind == "dry-run":
            state.sync(app, at, who, dry_run=True, duration=length * SECOND)
        elif kind == "injected":
            state.inject(app, at)
            phase = self.random.choice(["Succeeded", "Failed"])
            revision = None
            state.finish(app, at + length * SECOND, phase)
        elif kind == "failed":
            kind, phase = "manual", "Failed"
            state.sync(app, at, who, phase="Failed", message="one or more objects failed to apply", duration=length * SECOND)
        elif kind == "local":
            state.local(app, at, who, duration=length * SECOND)
            revision = None
        else:
            state.sync(app, at, who, duration=length * SECOND)
        self.done.append(Done(kind, by, self.t, phase, revision))
        self.t += length + self.random.choice([0, 1, 1, 3, 20])


@pytest.mark.parametrize("deaf", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_told_is_what_happened(stage: Stage, seed: int, deaf: bool) -> None:
    """`deaf`: now and then the announcements cannot be read; then nobody is named until they can be."""
    story = Story(stage, seed)
    for _ in range(30):
        story.act()
        if story.random.random() < 0.35:
            if deaf and story.random.random() < 0.5:
                stage.state.fail_next(403, 1, path="/events")
            stage.read(story.t + story.random.random())
    stage.read(story.t + 60)
    stage.read(story.t + 120)
    told = stage.operations
    assert len({s.id for s in told}) == len(told)
    left = list(told)
    for done in story.done:
        at = START + timedelta(seconds=int(done.started))
        near = [
            s
            for s in left
            if abs((s.started - at).total_seconds()) <= 1.1
            or (done.kind == "injected" and timedelta() <= s.started - at <= 9 * SECOND)
        ]
        near = [s for s in near if s.ended in {done.phase, "Unseen"}] or near
        assert near, f"{done} is not told"
        # an injected operation that was overwritten has no start but its end's: one of its kind comes first
        best = min(near, key=lambda s: (s.facts["operation_kind"] != done.kind, abs((s.started - at).total_seconds())))
        left.remove(best)
        names = {a.name for a in best.actors if a.kind is ActorKind.HUMAN}
        assert names == ({done.who} if done.who else set()), (done, best)
        if not deaf:
            assert "attributed" not in best.phases
        assert best.ended == done.phase, (done, best)
        if done.revision and best.facts["revisions"]:
            assert best.facts["revisions"] == [done.revision], (done, best)
        if best.facts["operation_kind"] != done.kind:
            assert best.facts.get("perhaps_dry_run") or done.kind in {"self-heal", "local"} or "reconstructed" in best.how, (
                done,
                best,
            )
    assert not left, f"{left} never happened"
