"""A root, its members and their events → the change that people see. Everything comes from the record; no clock is read."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from app.domain.change import (
    AlteredRecord,
    BranchRules,
    Change,
    DeployedRange,
    Drift,
    Entity,
    EnvironmentRule,
    Gap,
    HistoryGap,
    Link,
    Moment,
    Operation,
    PullRequest,
    Push,
    Run,
    WorkspaceAct,
    change_id,
)
from app.domain.event import Entry, entity_of
from app.domain.order import Need
from app.linking import says_branch, says_record
from app.linking.environment import environments_of, expected
from app.linking.fold import step_rank
from app.linking.gaps import gaps as missing
from app.linking.people import people
from app.linking.reviewed import reviewed
from app.linking.says import says
from app.linking.says_workspace import title_of
from app.linking.state import acts, ended, state_of
from app.linking.waves import late

CONTENTS = ("plan-resources", "apply-resources", "operation-results", "continued")  # what another event holds


def assemble(
    root: Entity,
    members: Iterable[Entity],
    links: Iterable[Link],
    entries: Sequence[Entry],
    environments: Sequence[EnvironmentRule],
    gaps: Iterable[Gap] = (),
    deployed: Iterable[DeployedRange] = (),
    rules: BranchRules | None = None,
    needs: Iterable[Need] = (),
) -> Change:
    """The change on `root`. Raises ValueError without an entry of the root's own, since its number comes from there.

    `members`: the entities whose `home` leads here (the root itself may be among them); `links` and `gaps`: all their homes,
    references and gaps, and the root's own; `entries`: the events of the root and of every member, in any order; `deployed`: what
    the members brought; `rules`: what the base of a pull request asked for at its merge; `needs`: theirs.
    """
    everyone = sorted({entity.key: entity for entity in (root, *members)}.values(), key=lambda entity: entity.key)
    pull_requests = (root,) if isinstance(root, PullRequest) else ()
    runs = tuple(sorted((e for e in everyone if isinstance(e, Run)), key=lambda run: (run.created_at, run.key)))
    operations = tuple(sorted((e for e in everyone if isinstance(e, Operation)), key=lambda o: (o.started_at, o.key)))
    drifts = tuple(sorted((e for e in everyone if isinstance(e, Drift)), key=lambda drift: (drift.onset_before, drift.key)))
    told = sorted({e.seq: e for e in entries}.values(), key=lambda e: (e.event.occurred_at, step_rank(e.event), e.event.id, e.seq))
    own = [entry for entry in told if entity_of(entry.event) == root.key]
    if not own:
        raise ValueError(f"no entry of {root.key} among {len(told)}")
    classes = environments_of(everyone, environments)
    opened = _opened(root, own)
    state = state_of(root, runs, operations)
    done = acts(runs, operations, drifts, root)
    return Change(
        id=change_id(root.key),
        number=min(entry.seq for entry in own),
        root=root.key,
        title=title(root),
        environment=classes[0],
        environments=classes,
        expected=expected(everyone, environments),
        opened_at=opened,
        finished_at=ended(root, runs, operations) if state in ("finished", "stopped") else None,
        at=max(done, default=opened),
        state=state,
        pull_requests=pull_requests,
        runs=runs,
        operations=operations,
        drifts=drifts,
        people=people(pull_requests, runs, operations, root),
        links=tuple(sorted(set(links), key=lambda link: (link.from_, link.to, link.rule, link.because))),
        gaps=missing(root, runs, operations, tuple(sorted(set(gaps), key=lambda gap: (gap.what, gap.because, gap.missing)))),
        story=tuple(_moment(entry) for entry in told if entry.event.type not in CONTENTS),
        history_gap=root if isinstance(root, HistoryGap) else None,
        altered_record=root if isinstance(root, AlteredRecord) else None,
        workspace_act=root if isinstance(root, WorkspaceAct) else None,
        reviewed=reviewed(pull_requests, runs),
        push=root if isinstance(root, Push) else None,
        rules=root if isinstance(root, BranchRules) else rules,
        needs=tuple(sorted(set(needs), key=lambda one: (one.object.says, one.wanted_by, one.run_key, one.address, one.does))),
        late=tuple(one for operation in operations for one in late(operation)),
        deployed=tuple(sorted(deployed, key=lambda one: (one.member, one.repository or "", one.paths, one.head or ""))),
    )


def title(root: Entity) -> str:
    """The proposal's own words where there is one; else what stands alone."""
    if isinstance(root, PullRequest):
        return root.title or f"Pull request {root.repository}#{root.number}"
    if isinstance(root, Run):
        return root.title.split("\n", 1)[0].strip() or f"Run {root.id} in {root.workspace}"
    if isinstance(root, Operation):
        return _operation_title(root)
    if isinstance(root, Drift):
        return f"Live state of {root.place} left the declared one"
    if isinstance(root, HistoryGap) and root.possible:
        return f"{root.lost[:1].upper()}{root.lost[1:]} of {root.application} may have come and gone unseen"
    if isinstance(root, HistoryGap):
        return f"{root.lost} of {root.application} not seen"
    if isinstance(root, AlteredRecord):
        return says_record.title_of(root)
    if isinstance(root, WorkspaceAct):
        return title_of(root)
    if isinstance(root, Push):
        return says_branch.title_of(root)
    return says_branch.rules_title(root) if isinstance(root, BranchRules) else root.key


def _operation_title(operation: Operation) -> str:
    revision = f" to {operation.revision[:12]}" if operation.revision else ""
    back = f", history entry {operation.back_to}" if operation.back_to is not None else ""
    if operation.kind == "automated" and not operation.automated:
        return f"Sync of {operation.application}{revision}, automated by its record alone"
    what = {
        "rollback": f"Rollback of {operation.application}{revision}{back}",
        "dry-run": f"Dry run of {operation.application}: nothing was changed",
        "local": f"{operation.application} synced from manifests outside Git",
        "self-heal": f"{operation.application} healed itself",
        "manual": f"Manual sync of {operation.application}{revision}",
        "selective": f"Selective sync of {operation.application}{revision}",
        "prune": f"Prune of {operation.application}{revision}",
        "automated": f"Automated sync of {operation.application}{revision}",
        "applicationset": f"Sync of {operation.application}{revision} by its ApplicationSet",
        "injected": f"Operation of unknown origin on {operation.application}{revision}",
    }
    return what.get(operation.kind, f"Sync of {operation.application}{revision}")


def _opened(root: Entity, own: Sequence[Entry]) -> datetime:
    first = min(entry.event.occurred_at for entry in own)
    if isinstance(root, PullRequest):
        return root.opened_at or first
    if isinstance(root, Run):
        return root.created_at
    if isinstance(root, Operation):
        return root.started_at
    return root.onset_before if isinstance(root, Drift) else first


def _moment(entry: Entry) -> Moment:
    event = entry.event
    return Moment(
        event=event.id,
        at=event.occurred_at,
        step=str(event.step),
        status=event.status,
        source=event.source,
        type=event.type,
        says=says(event),
        actor=event.actor,
        how=str(event.how),
        seq=entry.seq,
        known=event.known,
    )
