"""Episodes of an application, from its events: both ends between two looks, what ended them, who did it, what nobody could tell."""

from dataclasses import replace

import pytest
from app.domain.actor import ActorKind
from app.domain.drift import Blindness, Cause, Ended, Episode, State
from app.domain.event import Event
from app.drift.carried import OPERATIONS
from app.drift.step import step

from tests.drift.build import (
    CONFIG,
    DEPLOYMENT,
    NEW,
    OLD,
    UID,
    announced,
    at,
    change,
    comparison,
    differing,
    gap,
    iso,
    ledger,
    manager,
    of_app,
    only,
    operation,
    told,
)

SERVICE = {"group": "", "kind": "Service", "namespace": "payments", "name": "payments-api"}
FINE, EDITED = differing(0), differing(10, DEPLOYMENT, after=9)


def ended(*events: Event) -> Episode:
    return only([FINE, EDITED, *events])


def test_both_ends_lie_between_two_looks() -> None:
    one = ended(differing(30, after=28))
    assert (one.onset_after, one.onset_before, one.ended_after, one.ended_at) == (at(9), at(10), at(28), at(30))
    assert (one.key, one.number, one.seqs) == (f"argocd-prod:{UID}/apps/Deployment/payments/payments-api/{iso(10)}", 1, (1, 2))
    assert (one.application, one.project, one.destination, one.auto_sync, one.self_heal) == (
        *("payments-api", "payments", "prod-eu/payments"),
        *(True, False),
    )


def test_a_turn_that_was_announced_dates_one_object_and_not_one_of_several() -> None:
    alone = only([FINE, differing(10, DEPLOYMENT, after=5, turned=7)])
    assert (alone.onset_after, alone.onset_before) == (at(5), at(7))
    both = told([FINE, differing(10, DEPLOYMENT, CONFIG, after=5, turned=7)])[0].values()
    assert {one.onset_before for one in both} == {at(10)}


@pytest.mark.parametrize(
    ("events", "by", "when"),
    [
        ([operation(20, 21, "self-heal", DEPLOYMENT), differing(30)], Ended.SELF_HEAL, 21),
        ([operation(20, 21), differing(30)], Ended.MANUAL_SYNC, 21),
        ([operation(20, 21, "selective", DEPLOYMENT), differing(30)], Ended.MANUAL_SYNC, 21),
        ([operation(20, 21, "rollback"), differing(30)], Ended.ROLLBACK, 21),
        ([operation(20, 21, "automated", revision=NEW), differing(30, compared=NEW)], Ended.AUTOMATED_SYNC, 21),
        ([operation(20, 21, "injected"), differing(30)], Ended.OTHER_SYNC, 21),
        ([operation(20, 21, phase="Unseen"), differing(30)], Ended.MANUAL_SYNC, 30),
        ([operation(20, 21, "selective", CONFIG), differing(30)], Ended.BY_HAND, 30),
        ([operation(20, 21, phase="Failed"), differing(30)], Ended.BY_HAND, 30),
        ([operation(2, 3), differing(30)], Ended.BY_HAND, 30),
        ([operation(20, 21, "dry-run"), differing(30)], Ended.BY_HAND, 30),
        ([differing(30)], Ended.BY_HAND, 30),
        ([differing(30, turned=25)], Ended.BY_HAND, 25),
        ([differing(30, compared=NEW, deployed=OLD)], Ended.GIT_CHANGE, 30),
        ([of_app("unwitnessed", "possible", 29, from_at=iso(11), to_at=iso(29)), differing(30)], Ended.UNKNOWN, 30),
        ([of_app("application", "deleted", 25)], Ended.REMOVED, 25),
    ],
)
def test_what_ended_it(events: list[Event], by: Ended, when: int) -> None:
    one = ended(*events)
    assert (one.state, one.ended_by, one.ended_at) == (State.CLOSED, by, at(when))
    assert one.ended_because
    assert (one.ended_operation is not None) == (by not in (Ended.BY_HAND, Ended.GIT_CHANGE, Ended.UNKNOWN, Ended.REMOVED))


def test_a_by_product_of_a_newer_commit_says_so() -> None:
    one = ended(operation(20, 21, "automated", revision=NEW), differing(30, compared=NEW, deployed=NEW))
    assert "by-product of a newer commit" in one.ended_because
    assert one.ended_operation == f"operation:argocd-prod:{UID}/{iso(20)}"


def test_an_operation_that_is_told_late_corrects_what_ended_it() -> None:
    one = ended(differing(30, after=28), operation(29, 29.5, "self-heal", DEPLOYMENT, seen=31))
    assert (one.ended_by, one.ended_at, one.ended_told_by) == (Ended.SELF_HEAL, at(29.5), 3)


def test_each_heal_that_was_quicker_than_any_look_is_an_episode() -> None:
    (one,) = told([FINE, operation(20, 21, "self-heal", DEPLOYMENT)])[0].values()
    assert (one.state, one.onset_after, one.onset_before, one.ended_at) == (State.CLOSED, at(0), at(20), at(21))
    assert (one.cause, one.changes, one.person and one.person.kind) == (Cause.UNKNOWN, None, ActorKind.UNKNOWN)
    assert "no proof of a hand edit" in one.because
    assert Cause.PENDING_COMMIT in {ruled.cause for ruled in one.ruled_out}
    twice = told([FINE, operation(20, 21, "self-heal", DEPLOYMENT), operation(22, 23, "self-heal", DEPLOYMENT, CONFIG)])[0]
    assert sorted((o.name, o.onset_after, o.ended_at) for o in twice.values()) == [
        ("payments-api", at(0), at(21)),
        ("payments-api", at(21), at(23)),
        ("payments-api-config", at(0), at(23)),
    ]


def test_a_heal_right_after_a_first_sync_is_said_to_be_that() -> None:
    (one,) = told([operation(1, 2), operation(2.5, 3, "self-heal", DEPLOYMENT)])[0].values()
    assert one.because.startswith("it began within a minute of a first sync")
    assert one.cause is Cause.UNKNOWN


def test_a_heal_that_only_its_announcement_tells_names_nothing() -> None:
    (one,) = told([FINE, operation(20, 21, "self-heal")])[0].values()
    assert (one.kind, one.name, one.ended_by) == ("", "", Ended.SELF_HEAL)


def test_of_lost_heals_only_their_number_is_known() -> None:
    lost = of_app("history-gap", "missing", 50, id_=f"{UID}/x", of="self-heals", size=3, from_at=iso(10), to_at=iso(40))
    one = only([FINE, lost])
    assert (one.size, one.counted, one.onset_after, one.ended_at, one.changes) == (3, True, at(10), at(40), None)
    assert not told([FINE, of_app("history-gap", "missing", 50, of="full operations", size=3, from_at=iso(1), to_at=iso(4))])[0]


def test_what_differs_and_which_programs_wrote_it_is_kept_with_it() -> None:
    wrote = [manager("kubectl-scale", 9.5, "scale"), manager("kubectl-create", 1)]
    one = ended(comparison(10, DEPLOYMENT, change(by=["kubectl-scale"]), managers=wrote, target=False, live=True))
    assert (one.cause, one.is_drift) == (Cause.LIVE_EDIT, True)
    assert [(c.path, c.live, c.declared, c.by) for c in one.changes or ()] == [("spec.replicas", "5", "2", ("kubectl-scale",))]
    assert next((w.manager, w.subresource, w.at) for w in one.writers) == ("kubectl-scale", "scale", at(9.5))
    assert (one.looked_at, one.manifests, one.revisions) == (at(10), "sha256:" + "0" * 64, (OLD,))
    assert one.person
    assert "audit log" in one.person.because


def test_an_announcement_names_the_person_whether_it_is_told_before_or_after() -> None:
    edit = announced(9.7, "alice", "patched resource apps/Deployment 'payments-api'")
    for events in ([FINE, edit, EDITED], [FINE, EDITED, edit], [FINE, EDITED, differing(12), edit]):
        one = only(events)
        assert (one.person and one.person.name, one.cause) in (("alice", Cause.LIVE_EDIT), ("alice", Cause.UNKNOWN))
    assert only([FINE, EDITED, edit]).cause is Cause.LIVE_EDIT
    other = announced(9.8, "bob", "deleted resource apps/Deployment 'payments-api'", "ResourceDeleted")
    assert only([FINE, edit, other, EDITED]).person == replace(
        only([FINE, EDITED]).person or pytest.fail("nobody"), because="alice and bob did something to it in that time"
    )


@pytest.mark.parametrize(
    "other",
    [
        announced(9.7, "alice", "patched resource apps/Deployment 'another'"),
        announced(9.7, "alice", "patched resource /Service 'payments-api'"),
        announced(2, "alice", "patched resource apps/Deployment 'payments-api'"),
        announced(15, "alice", "patched resource apps/Deployment 'payments-api'"),
        announced(9.7, "alice", "updated application spec"),
    ],
)
def test_nobody_is_named_for_what_is_another_object_or_another_time(other: Event) -> None:
    one = only([FINE, EDITED, other])
    assert one.person is not None
    assert one.person.name == ""


def test_a_commit_that_waits_is_no_drift_and_a_sync_that_left_it_out_makes_it_drift() -> None:
    waits = differing(10, DEPLOYMENT, CONFIG, after=9, compared=NEW)
    read = [
        comparison(10, one, change(by=["argocd-controller"]), target=True, live=False, compared=NEW) for one in (DEPLOYMENT, CONFIG)
    ]
    pending = told([FINE, waits, *read])[0].values()
    assert {(one.cause, one.is_drift) for one in pending} == {(Cause.PENDING_COMMIT, False)}
    partial = operation(20, 21, "selective", DEPLOYMENT, revision=NEW)
    left = told([FINE, waits, *read, partial, differing(22, CONFIG, compared=NEW, operation=f"{UID}/{iso(20)}")])[0]
    assert {one.name: (one.cause, one.state) for one in left.values()} == {
        "payments-api": (Cause.PENDING_COMMIT, State.CLOSED),
        "payments-api-config": (Cause.SELECTIVE_SYNC, State.OPEN),
    }
    failed = operation(20, 21, revision=NEW, phase="Failed", failed=[CONFIG], message="quota exceeded")
    causes = {o.name: (o.cause, o.because) for o in told([FINE, waits, *read, failed])[0].values()}
    assert causes["payments-api-config"][0] is Cause.FAILED_SYNC
    assert "on it: quota exceeded" in causes["payments-api-config"][1]
    assert "before it" in causes["payments-api"][1]


def test_after_a_rollback_what_is_declared_waits_although_it_is_what_it_was() -> None:
    new = differing(0, compared=NEW, deployed=NEW)
    back = differing(22, DEPLOYMENT, after=19, compared=NEW, deployed=OLD, operation=f"{UID}/{iso(20)}")
    read = comparison(22, DEPLOYMENT, change(by=["argocd-controller"]), target=False, live=True, compared=NEW)
    one = only([new, operation(20, 21, "rollback", DEPLOYMENT), back, read])
    assert (one.cause, one.is_drift) == (Cause.PENDING_COMMIT, False)
    assert "the rollback that ended at" in one.because
    edited = comparison(22, DEPLOYMENT, change(by=["kubectl-edit"]), managers=[manager("kubectl-edit", 21.5)], compared=NEW)
    assert only([new, operation(20, 21, "rollback", DEPLOYMENT), back, edited]).cause is Cause.LIVE_EDIT


def test_what_comes_back_after_each_sync_is_a_mutating_webhook() -> None:
    read = comparison(10, DEPLOYMENT, change(by=["argocd-controller"]), target=False, live=False)
    syncs = [
        event
        for n in (20, 30)
        for event in (operation(n, n + 1), differing(n + 2, DEPLOYMENT, after=n, operation=f"{UID}/{iso(n)}"))
    ]
    assert ended(read).cause is Cause.UNKNOWN
    one = ended(read, *syncs)
    assert (one.cause, one.state) == (Cause.MUTATING_WEBHOOK, State.OPEN)
    assert "after each of 2 successful syncs" in one.because


def test_objects_missing_and_extra() -> None:
    gone = only([FINE, differing(10, SERVICE, after=9, health="Missing")])
    assert gone.cause is Cause.MISSING
    made = comparison(10, SERVICE, difference="extra", managers=[manager("kubectl-create", 9)])
    made = replace(
        made, facts={**made.facts, "resources": [{**made.facts["resources"][0], "managers": [manager("kubectl-create", 9)]}]}
    )
    assert only([FINE, differing(10, SERVICE, after=9, pruning=True), made]).cause is Cause.EXTRA
    pruned = comparison(10, SERVICE, difference="extra", target=True)
    assert only([FINE, differing(10, SERVICE, after=9, pruning=True), pruned]).cause is Cause.PRUNING_NEEDED


def test_an_open_episode_is_unknown_in_a_blind_spot_and_goes_on_behind_it() -> None:
    blind = ended(gap(20, after=18))
    assert (blind.state, blind.unknown_since, blind.unknown_because) == (State.UNKNOWN, at(18), "because it is unknown")
    seen = ended(gap(20, after=18), gap(20, until=40))
    assert (seen.state, seen.unknown_since) == (State.OPEN, None)
    over = ended(gap(20, after=18), gap(20, until=40), differing(41, after=18))
    assert (over.state, over.ended_after, over.ended_at) == (State.CLOSED, at(18), at(41))
    _, spots, last = told([FINE, EDITED, gap(20, "frozen", after=18)])
    (spot,) = spots.values()
    assert (spot.why, spot.since_after, spot.since_before, spot.ended_at) == (Blindness.FROZEN, at(18), at(20), None)
    assert last.carried
    assert last.carried.standing == "unknown"


def test_a_status_that_is_unknown_and_its_own_event_are_one_blind_spot() -> None:
    turned = of_app("sync-status", "Unknown", 20, conditions=[{"type": "ComparisonError", "message": "no such host"}])
    _, spots, last = told([FINE, turned, gap(20, after=18), of_app("sync-status", "Synced", 40), gap(20, until=40)])
    (spot,) = spots.values()
    assert (spot.because, spot.ended_at) == ("because it is unknown", at(40))
    assert last.carried
    assert last.carried.standing == "as declared"
    alone = told([FINE, turned, of_app("sync-status", "Synced", 40)])[1]
    assert [(one.because, one.ended_at) for one in alone.values()] == [("no such host", at(40))]


def test_a_time_that_was_not_read_is_blind_and_leaves_what_is_open_open() -> None:
    lost = of_app("unwitnessed", "possible", 30, from_at=iso(12), to_at=iso(28), because="events are kept an hour")
    episodes, spots, _ = told([FINE, EDITED, lost])
    assert [one.state for one in episodes.values()] == [State.OPEN]
    assert [(one.why, one.since_before, one.ended_at) for one in spots.values()] == [(Blindness.UNREAD, at(12), at(28))]


def test_an_application_that_is_gone_ends_everything() -> None:
    episodes, spots, last = told([FINE, EDITED, gap(20, after=18), of_app("application", "deleted", 30)])
    assert [(one.state, one.ended_by) for one in episodes.values()] == [(State.CLOSED, Ended.REMOVED)]
    assert [one.ended_at for one in spots.values()] == [at(30)]
    assert last.carried
    assert last.carried.standing == "gone"


def test_a_long_list_is_one_look_whose_parts_belong_together() -> None:
    parts = [differing(10, DEPLOYMENT, after=9, part=0, parts=2), differing(10, CONFIG, after=9, part=1, parts=2)]
    assert len(told([FINE, *parts])[0]) == 2
    assert not told([FINE, parts[0]])[0], "half a list tells nothing yet"
    again = [differing(20, DEPLOYMENT, after=19, part=0, parts=2), differing(20, SERVICE, after=19, part=1, parts=2)]
    states = {one.name + one.kind: one.state for one in told([FINE, *parts, *again])[0].values()}
    assert states["payments-api-configConfigMap"] is State.CLOSED
    assert not told([FINE, parts[1]])[0], "a part without those before it tells nothing"


def test_the_drift_of_the_whole_application_is_what_a_change_stands_on() -> None:
    opened = of_app(
        "drift", "OutOfSync", 10, id_=f"{UID}/{iso(10)}", onset_before=iso(10), onset_after=iso(9), resources=[DEPLOYMENT]
    )
    assert only([FINE, opened, EDITED]).told_by == only([FINE, EDITED, opened]).told_by + (-1)  # type: ignore[operator]
    closed = of_app("drift", "Synced", 21, id_=f"{UID}/{iso(10)}", onset_before=iso(10), ended_by=f"{UID}/{iso(20)}", resources=[])
    heal = operation(20, 21, "self-heal", DEPLOYMENT)
    assert only([FINE, heal, opened, closed]).told_by == 3


def test_what_is_carried_stays_small_however_long_the_past_is() -> None:
    state, sizes = None, []
    for n in range(60):
        events = [
            differing(100 * n + 10, DEPLOYMENT, after=100 * n + 9),
            operation(100 * n + 20, 100 * n + 21, "self-heal", DEPLOYMENT),
            differing(100 * n + 30, after=100 * n + 29),
            announced(100 * n + 40, "alice", "patched resource apps/Deployment 'payments-api'"),
        ]
        for entry in ledger(events, 4 * n):
            state = step(state, entry).state
        sizes.append(len(repr(state)))
    assert state is not None
    assert len(state["operations"]) <= OPERATIONS
    assert max(sizes[30:]) <= 1.1 * sizes[29]


@pytest.mark.parametrize("kind", ["differing", "comparison", "comparison-gap", "sync-status", "drift", "operation", "history-gap"])
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None], [[1]], {"a": {}}, "\x00\ud800", True, [{"name": 3}]])
def test_facts_of_any_shape_raise_nothing(kind: str, value: object) -> None:
    facts = (
        "resources",
        "revisions",
        "deployed",
        "parts",
        "part",
        "seen_after",
        "operation",
        "changes",
        "conditions",
        "size",
        "of",
    )
    for status in ("OutOfSync", "Synced", "compared", "open", "closed", "Succeeded", "missing"):
        told([FINE, EDITED, of_app(kind, status, 20, **dict.fromkeys(facts, value)), differing(30)])


def test_what_waits_for_the_first_sync_of_all_is_no_drift_also_once_that_sync_is_told() -> None:
    first = differing(10, DEPLOYMENT, deployed=None, same=None, health="Missing")
    read = comparison(10, DEPLOYMENT, difference="missing")
    for later in ([], [operation(12, 13)], [operation(12, 13), differing(14, after=12)]):
        one = only([first, read, *later])
        assert (one.cause, one.because, one.is_drift) == (
            Cause.PENDING_COMMIT,
            "nothing of the application was deployed yet",
            False,
        )
