"""Order never matters: not of events, not of neighbours, not of arrival; and a walk down meets every walk up."""

from random import Random

from app.domain.event import Event, entity_of
from app.linking.fold import fold
from app.linking.stand import home, stand
from app.linking.tokens import affected, neighbourhood
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.linking.build import (
    APPS,
    REPO,
    altered,
    base,
    check,
    ci,
    commit,
    commits_between,
    drift,
    entries,
    head_push,
    history_gap,
    human,
    lost_heals,
    operation,
    operation_id,
    overrider,
    pull,
    pulls_of,
    push,
    review,
    rules,
    run,
    sha,
    span,
)
from tests.linking.world import World

A, B, C, D = sha("a"), sha("b"), sha("c"), sha("d")
E, F, G, H = sha("e"), sha("f"), sha("g"), sha("h")
WAYS: list[Event] = [
    *pull(20, merge=E),
    *pull(21, merge=F),
    commit(21, "own21", 2, reverts=[E], picks=[sha("q")]),
    pulls_of(sha("q"), 22, 7, repository=REPO),
    *pull(22, merge=H),
    push(E, status="pr_merge", direct=False, pulls=[20], commits=[sha("e0"), E]),
    push(G, commits=[sha("g0"), G], minutes=26),
    push(E, before=G, status="force_push", commits=[], undone=[G, F, sha("q")], minutes=40, branch="release"),
    push(sha("k"), status="merge_queue_merge", direct=False, pulls=[21, 22], commits=[sha("q"), sha("k")]),
    push(sha("n"), direct=None),
    *run("run-4", commit=G, created=31, applied=40),
    base("run-4", E, paths=["network", "modules/**/*.tf"]),
    span(G, E, [sha("g0"), F, sha("q"), G], {"network": [F, G], "modules": [sha("g0"), sha("q")]}),
    *run("run-5", commit=E, created=41, applied=50),
    base("run-5", G, minutes=50),
    span(E, G, [], status="behind"),
    *run("run-6", commit=sha("k"), created=51, applied=60),
    base("run-6", F, minutes=60),
    span(sha("k"), F, [sha("k")], status="diverged", undone=[F]),
    *run("run-7", commit=sha("k"), workspace="dns-prod"),
    rules(1),
    rules(12, "changed", required_approvals=0, changed={"required_approvals": [2, 0]}),
    head_push(20, human("eve"), 4, status="force_push"),
    ci(20, "success", 12),
]
STORY: list[Event] = [
    *pull(1, repository=APPS, merge=B),
    *pull(2, repository=APPS, merge=C),
    *pull(3, repository=APPS, merge=D),
    *pull(7),
    review(7, human("ben"), 10),
    commit(7, "own", 3),
    *run("run-s", kind="plan_only", number=7, commit=sha("head7"), created=5),
    *run(commit=sha("merge7")),
    check("run-1", "overridden", 26),
    overrider("run-1", human("eve"), 26),
    *run("run-2", commit=sha("x"), title="Port (#7)"),
    *run("run-3", commit=None, repository=None),
    *operation(25, revision=D, previous=A),
    *operation(25, revision=D, previous=A, type_="history", history_id=4, how="reconstructed", health=None),
    *operation(35, revision=B, previous=D, kind="rollback"),
    *operation(44, revision=B, previous=B, kind="self-heal"),
    *drift(40, ended=45, ended_by=operation_id(44)),
    *history_gap(),
    *lost_heals(),
    *altered(),
    commits_between(A, D, [B, C, D], paths={"payments": [B, sha("r"), D]}),
    pulls_of(sha("r"), 2),
    *WAYS,
]
WHOLE = World(STORY)


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False))
def test_changes_do_not_depend_on_the_order_of_events(dice: Random) -> None:
    told = World(dice.sample(STORY, len(STORY)))
    assert told.entities == WHOLE.entities
    assert told.standing == WHOLE.standing


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_change_is_the_same_however_its_entries_come(dice: Random) -> None:
    told = World(STORY)
    told.numbered = dice.sample(told.numbered, len(STORY))
    assert told.changes() == WHOLE.changes()


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_home_does_not_depend_on_the_order_of_neighbours(data: st.DataObject) -> None:
    for key, entity in WHOLE.entities.items():
        around = neighbourhood(entity, WHOLE.find)
        assert home(entity, data.draw(st.permutations(around))) == list(WHOLE.standing[key].homes)


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, len(STORY)))
def test_fold_is_idempotent_and_total(dice: Random, size: int) -> None:
    some = dice.sample(entries(STORY), size)
    keys = {entity_of(entry.event) for entry in some}
    for key in keys - {None}:
        own = [entry for entry in some if entity_of(entry.event) == key]
        assert fold(str(key), own) == fold(str(key), own + own)


@settings(max_examples=30, deadline=None)
@given(st.permutations(sorted(WHOLE.entities)))
def test_arriving_one_by_one_ends_as_arriving_at_once(order: list[str]) -> None:
    """What `affected` names is all that has to be asked again when an entity arrives."""
    here = World([])
    for key in order:
        here.add(key, WHOLE.entities[key])
        for again in {key, *affected(WHOLE.entities[key], here.find)}:
            entity = here.entities[again]
            here.standing[again] = stand(entity, neighbourhood(entity, here.find))
    assert here.standing == WHOLE.standing


def test_every_event_of_a_thing_stands_in_a_change() -> None:
    told = {moment.event for change in WHOLE.changes().values() for moment in change.story}
    joining = {event.id for event in STORY if event.type in ("range", "commit-pulls")}
    joining |= {event.id for event in STORY if event.type == "push" and event.facts["after"] == sha("k")}
    joining |= {event.id for event in STORY if event.type == "branch-rules" and event.status == "seen"}
    assert told == {event.id for event in STORY} - joining
