"""Per control and verdict: events whose change gets that verdict. Each case is one small story."""

from dataclasses import replace

from app.domain.actor import Actor, ActorKind, unknown
from app.domain.change import Change
from app.domain.event import Event
from app.domain.finding import Verdict

from tests.linking.build import (
    APPS,
    altered,
    bot,
    check,
    ci,
    commit,
    commits_between,
    drift,
    history_gap,
    human,
    operation,
    operation_id,
    overrider,
    pull,
    pulls_of,
    review,
    rules,
    run,
    sha,
)

PASS, FAIL, EXCEPTION = Verdict.PASS, Verdict.FAIL, Verdict.EXCEPTION
NA, UNKNOWN = Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE
M7, A, B = sha("merge7"), sha("a"), sha("b")
SOFT = [{"set": "s", "policy": "tags", "level": "soft-mandatory", "verdict": "failed", "description": ""}]
HARD = [{"set": "s", "policy": "tags", "level": "hard-mandatory", "verdict": "failed", "description": ""}]


def approved(**changes: object) -> list[Event]:
    """Pull request 7, opened by ana, approved by eve at 10, merged by ben at 20."""
    return [*pull(7, **changes), review(7, human("eve"), 10)]  # type: ignore[arg-type]


def applied(**changes: object) -> list[Event]:
    return approved() + run(commit=M7, **changes)  # type: ignore[arg-type]


def deployed(*more: Event, **changes: object) -> list[Event]:
    """Pull request 1 of the applications repository, merged as b, deployed from a to b."""
    span = commits_between(A, B, [B], paths={"payments": [B]})
    events = [*pull(1, repository=APPS, merge=B), review(1, human("eve"), 10, repository=APPS), span]
    return events + operation(revision=B, previous=A, **changes) + list(more)  # type: ignore[arg-type]


def emergency(at: float) -> list[Event]:
    return [*pull(7, labels=["Emergency"]), review(7, human("eve"), at), *run(commit=M7)]


def overridden(*more: Event) -> list[Event]:
    return [*approved(), *run(commit=M7, policy=None), check("run-1", "overridden", 24, policies=SOFT), *more]


def protected(**asked: object) -> list[Event]:
    """As approved; its base was seen at 5 to require two approvals and the check `plan`, unless told otherwise."""
    return [*approved(), rules(5, **asked)]  # type: ignore[arg-type]


UNNAMED = Actor("Ana F.", id="ana@home.example", because="self-declared")
OPEN = pull(7, merged=None)
ALONE = run(commit=None, repository=None)
GAP = history_gap()
HEAL = drift(40, ended=45, ended_by=operation_id(44)) + operation(44, kind="self-heal", revision=B, previous=B)


def edited(manager: str) -> list[Event]:
    opened, *rest = drift(40)
    return [replace(opened, facts={**opened.facts, "managers": [manager]}), *rest]


CASES: dict[tuple[str, Verdict], list[Event]] = {
    ("AUTH-1", PASS): applied(),
    ("AUTH-1", FAIL): ALONE,
    ("AUTH-1", EXCEPTION): pull(1, repository=APPS, merge=A) + operation(kind="rollback", revision=A, previous=B),
    ("AUTH-1", NA): OPEN,
    ("AUTH-1", UNKNOWN): approved() + run(commit=sha("x"), title="Port (#7)"),
    ("AUTH-6", PASS): protected(admins_included=True),
    ("AUTH-6", FAIL): protected(required_approvals=0, admins_included=True),
    ("AUTH-6", NA): OPEN,
    ("AUTH-6", UNKNOWN): protected(),
    ("TEST-1", PASS): [*protected(), ci(7, "success", 12)],
    ("TEST-1", FAIL): [*protected(), ci(7, "failure", 12)],
    ("TEST-1", NA): protected(required_checks=[]),
    ("TEST-1", UNKNOWN): [*approved(), ci(7, "success", 12, required=None, because="the rules may not be read")],
    ("AUTH-2", PASS): approved(),
    ("AUTH-2", FAIL): [*pull(7, merger=human("ana"))],
    ("AUTH-2", EXCEPTION): emergency(600),
    ("AUTH-2", NA): OPEN,
    ("AUTH-2", UNKNOWN): [*approved(), commit(7, "own", 2, UNNAMED)],
    ("AUTH-2b", PASS): approved(),
    ("AUTH-2b", FAIL): [*pull(7), review(7, human("eve"), 10, commit=sha("older"))],
    ("AUTH-2b", EXCEPTION): [
        *pull(7, head=sha("mm")),
        commit(7, "own", 1),
        commit(7, "mm", 12, parents=2, headline="Merge branch 'main' into topic"),
        review(7, human("eve"), 10, commit=sha("own")),
    ],
    ("AUTH-2b", NA): pull(7),
    ("AUTH-2b", UNKNOWN): [*pull(7), replace(review(7, human("eve"), 10), facts={"number": 7})],
    ("AUTH-3", PASS): applied(),
    ("AUTH-3", FAIL): [*pull(7), review(7, human("eve"), 40), *run(commit=M7)],
    ("AUTH-3", EXCEPTION): emergency(600),
    ("AUTH-3", NA): OPEN,
    ("AUTH-3", UNKNOWN): [*pull(7), review(7, human("eve"), 29.1), *run(commit=M7)],
    ("AUTH-4", PASS): applied(auto_apply=True),
    ("AUTH-4", FAIL): pull(7) + run(commit=M7, auto_apply=True),
    ("AUTH-4", NA): OPEN,
    ("AUTH-4", UNKNOWN): applied(confirmer=unknown("nobody is named")),
    ("SOD-1", PASS): approved(),
    ("SOD-1", FAIL): [*approved(), commit(7, "own", 2, Actor("eve", id="eve", because="self-declared"))],
    ("SOD-1", NA): pull(7),
    ("SOD-1", UNKNOWN): [*approved(), commit(7, "own", 2, UNNAMED)],
    ("SOD-2", PASS): ALONE,
    ("SOD-2", FAIL): run(commit=None, repository=None, confirmer=human("tfe-bot")),
    ("SOD-2", NA): applied(auto_apply=True),
    ("SOD-2", UNKNOWN): applied(confirmer=human("ana")),
    ("SOD-3", PASS): [
        *run(commit=None, policy=None),
        check("run-1", "overridden", 24, policies=SOFT),
        overrider("run-1", human("eve"), 24),
    ],
    ("SOD-3", FAIL): [
        *run(commit=None, policy=None),
        check("run-1", "overridden", 24, policies=SOFT),
        overrider("run-1", human("tfe-bot"), 24),
    ],
    ("SOD-3", NA): applied(),
    ("SOD-3", UNKNOWN): overridden(),
    ("TEST-3", PASS): applied(),
    ("TEST-3", FAIL): overridden(overrider("run-1", human("eve"), 24, comment=" ")),
    ("TEST-3", EXCEPTION): overridden(overrider("run-1", human("eve"), 24)),
    ("TEST-3", NA): [
        *approved(),
        *run(commit=M7, policy=None, applied=None, status="errored"),
        check("run-1", "hard_failed", 24, policies=HARD),
    ],
    ("TEST-3", UNKNOWN): applied(policy=None),
    ("TEST-4", PASS): applied(),
    ("TEST-4", FAIL): [*approved(), *run(commit=M7, policy=None), check("run-1", "passed", 24, policies=[])],
    ("TEST-4", NA): OPEN,
    ("TEST-4", UNKNOWN): [
        *approved(),
        *run(commit=M7, policy=None),
        replace(check("run-1", "passed", 24), facts={"parsed": False}),
    ],
    ("DEPL-1", PASS): deployed(),
    ("DEPL-1", FAIL): [
        *pull(1, repository=APPS, merge=B),
        *operation(revision=B, previous=A),
        commits_between(A, B, [sha("push"), B], paths={"payments": [sha("push"), B]}),
        pulls_of(sha("push")),
    ],
    ("DEPL-1", EXCEPTION): pull(1, repository=APPS, merge=A) + operation(kind="rollback", revision=A, previous=B),
    ("DEPL-1", NA): OPEN,
    ("DEPL-1", UNKNOWN): pull(1, repository=APPS, merge=B) + operation(revision=B, previous=A),
    ("DEPL-2", PASS): applied(),
    ("DEPL-2", FAIL): applied(apply_status="errored", apply_counts=(0, 0, 0)),
    ("DEPL-2", NA): OPEN,
    ("DEPL-2", UNKNOWN): [event for event in applied() if event.type != "plan"],
    ("DEPL-3", PASS): deployed(),
    ("DEPL-3", FAIL): run(commit=None, kind="destroy"),
    ("DEPL-3", EXCEPTION): applied(kind="destroy"),
    ("DEPL-3", NA): OPEN,
    ("DEPL-3", UNKNOWN): operation(kind="unknown", revision=B, previous=A),
    ("DEPL-4", PASS): deployed(),
    ("DEPL-4", FAIL): operation(kind="injected", revision=B, previous=A, who=unknown("put in past the API")),
    ("DEPL-4", NA): OPEN,
    ("DEPL-4", UNKNOWN): operation(kind="manual", revision=B, previous=A, who=unknown("no announcement")),
    ("DEPL-5", PASS): deployed(),
    ("DEPL-5", FAIL): deployed(phase="Failed", message="one or more objects failed to apply"),
    ("DEPL-5", NA): OPEN,
    ("DEPL-5", UNKNOWN): deployed(health=None),
    ("DEPL-6", PASS): applied(),
    ("DEPL-6", FAIL): applied(created=200, applied=210),
    ("DEPL-6", EXCEPTION): [*pull(7, labels=["hotfix"]), *run(commit=M7, created=200, applied=210)],
    ("DEPL-6", NA): OPEN,
    ("DEPL-6", UNKNOWN): GAP,
    ("EMER-2", PASS): emergency(600),
    ("EMER-2", FAIL): emergency(5000),
    ("EMER-2", NA): approved(),
    ("EMER-2", UNKNOWN): pull(7, labels=["hotfix"]),
    ("SHADOW-3", PASS): deployed(history_id=4),
    ("SHADOW-3", FAIL): altered(),
    ("SHADOW-3", NA): OPEN,
    ("SHADOW-3", UNKNOWN): GAP,
    ("SHADOW-4", PASS): edited("kube-controller-manager"),
    ("SHADOW-4", FAIL): edited("kubectl-edit"),
    ("SHADOW-4", NA): deployed(),
    ("SHADOW-4", UNKNOWN): HEAL,
}

BOT_APPROVAL = [*pull(7), review(7, bot("mergify[bot]"), 10)]
SERVICE = Actor("proj:payments:ci", ActorKind.SERVICE, "proj:payments:ci")


def with_people(change: Change, persons: dict[str, str]) -> Change:
    """The change as the identities resolve it: account name → person."""
    return replace(change, people=tuple(replace(one, person=persons.get(one.name)) for one in change.people))
