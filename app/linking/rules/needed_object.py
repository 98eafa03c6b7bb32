"""A sync that missed an object, or is to deploy into a namespace, and the Terraform run that makes that object or destroyed it.

The two share the object's kind, namespace and name, and nothing more: no provider and no workspace names its cluster. That both are
of one environment, by the bank's mapping, makes it derived; else it is assumed, and so it is where several workspaces make one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.change import UNCLASSIFIED, Application, EnvironmentRule, Link, Operation, Run, Strength
from app.domain.order import Came, Does, Lack, Need, Stands, Wanted, Wants
from app.linking.environment import environment_of
from app.linking.near import Near
from app.linking.spans import lasted
from app.linking.wanted import destination_of, made_by, makes

MADE, UNMADE = "made by", "destroyed by"
_WAITS = {
    Stands.PLANNED: "planned and waits to be confirmed",
    Stands.CONFIRMED: "confirmed and waits to be applied",
    Stands.APPLYING: "being applied",
    Stands.FAILED: "not applied whole: its apply failed",
}


@dataclass(frozen=True, slots=True)
class _Maker:
    run: Run
    address: str
    does: Does

    @property
    def place(self) -> tuple[str, str]:
        return (self.run.source, self.run.workspace)

    @property
    def at(self) -> datetime | None:
        return self.run.acted_at


def needs_of(member: Operation | Application, near: Near, rules: Sequence[EnvironmentRule]) -> list[Need]:
    """What it missed, or is to deploy into, and each run that may make it or destroyed it. Sorted."""
    found: list[Need] = []
    if isinstance(member, Operation):
        for lack in member.lacks:
            found += _lacking(member, lack, near, rules)
    into = _into(member)
    if into and not any(need.object == into for need in found):
        found += _pending(member, into, near, rules)
    return sorted(found, key=lambda need: (need.object.says, need.run_key, need.wanted_by, need.address))


def needs_met(run: Run, near: Near, rules: Sequence[EnvironmentRule]) -> list[Need]:
    """The same from the run's side: of every sync, and of every application that never was synced, what this run makes for it."""
    wanting: list[Operation | Application] = [*near.operations, *near.applications]
    return [need for one in wanting for need in needs_of(one, near, rules) if need.run_key == run.key]


def links_of(needs: Iterable[Need]) -> list[Link]:
    """A reference for each need of a sync; what is only to come is none yet, and an application is no member of a change."""
    return [
        Link(
            need.wanted_by,
            need.run_key,
            UNMADE if need.does is Does.DESTROYS else MADE,
            Strength(need.strength),
            f"{need.says} {need.because}",
        )
        for need in needs
        if need.wanted_by.startswith("operation:")
    ]


def _into(member: Operation | Application) -> Wanted | None:
    """The namespace of what never was deployed there, as far as we know."""
    if isinstance(member, Application):
        return None if member.gone else destination_of(member.destination)
    return None if member.phase == "Succeeded" or member.kind == "dry-run" else destination_of(member.destination)


def _candidates(
    member: Operation | Application, wanted: Wanted, near: Near, rules: Sequence[EnvironmentRule]
) -> dict[tuple[str, str], list[_Maker]]:
    """By workspace, in the order of time. A workspace of another environment makes another cluster's; where something surely makes
    it, what only may is left out."""
    every = [
        _Maker(run, made.address, does)
        for run in near.runs
        if _same_place(member, run, rules) and not (run.ended_at and run.acted_at is None)
        for made in made_by(run)
        if (does := makes(made, wanted))
    ]
    if any(one.does is Does.MAKES for one in every):
        every = [one for one in every if one.does is not Does.PERHAPS]
    found: dict[tuple[str, str], list[_Maker]] = {}
    for one in sorted(every, key=lambda one: (*one.place, one.at is None, one.at or one.run.created_at, one.run.key, one.address)):
        found.setdefault(one.place, []).append(one)
    return found


def _lacking(operation: Operation, lack: Lack, near: Near, rules: Sequence[EnvironmentRule]) -> list[Need]:
    by_place = _candidates(operation, lack.object, near, rules)
    chosen = [one for mine in by_place.values() for one in _at(mine, lack.first_at)]
    several = len({one.place for one in chosen if one.does is not Does.DESTROYS}) > 1
    return [_need(operation, lack.object, Wants.MISSING, one, lack, _why(operation, one, rules, several)) for one in chosen]


def _at(mine: Sequence[_Maker], at: datetime) -> list[_Maker]:
    """Of one workspace, around a moment: what had destroyed it last, and what makes it next; else what had made it last."""
    makers = [one for one in mine if one.does is not Does.DESTROYS]
    before = [one for one in makers if one.at and one.at <= at]
    after = [one for one in makers if one.at is None or one.at > at]
    gone = [one for one in mine if one.does is Does.DESTROYS and one.at and one.at <= at]
    destroyed = gone[-1:] if gone and not (before and before[-1].at and gone[-1].at and before[-1].at > gone[-1].at) else []
    return [*destroyed, *after[:1]] or before[-1:]


def _pending(member: Operation | Application, into: Wanted, near: Near, rules: Sequence[EnvironmentRule]) -> list[Need]:
    """Before it bites: runs that are to make the namespace and are not applied, where nothing was ever deployed into it."""
    if isinstance(member, Application) and any(_of(one, member) for one in near.operations):
        return []  # it was deployed there, or its operation tells it
    by_place = _candidates(member, into, near, rules)
    chosen = [one for mine in by_place.values() for one in mine if one.at is None and one.does is not Does.DESTROYS]
    several = len({one.place for one in chosen}) > 1
    return [_need(member, into, Wants.DESTINATION, one, None, _why(member, one, rules, several)) for one in chosen]


def _of(operation: Operation, application: Application) -> bool:
    same = operation.source == application.source and operation.id.partition("/")[0] == application.uid
    return same and operation.destination == application.destination


def _need(
    member: Operation | Application, wanted: Wanted, wants: Wants, maker: _Maker, lack: Lack | None, why: tuple[Strength, str]
) -> Need:
    run, at = maker.run, lack.first_at if lack else None
    after = maker.at - at if maker.at and at else None
    came = _came(run, at, after)
    strength = why[0]
    if lack and maker.does is not Does.DESTROYS and (came is Came.RUN_FIRST or (maker.at and lack.last_at > maker.at)):
        strength = Strength.ASSUMED  # it was made, and was missed all the same
    return Need(
        object=wanted,
        wants=wants,
        wanted_by=member.key,
        application=member.application,
        at=at,
        run_key=run.key,
        run=run.id,
        workspace=run.workspace,
        address=maker.address,
        does=maker.does,
        stands=_stands(run),
        run_at=maker.at,
        came=came,
        seconds=int(after.total_seconds()) if after is not None else None,
        strength=str(strength),
        says=_says(member, wanted, maker, lack, came, after),
        because=why[1],
    )


def _came(run: Run, at: datetime | None, after: timedelta | None) -> Came:
    if at is None:
        return Came.OPEN
    if after is not None and after <= timedelta():
        return Came.RUN_FIRST
    return Came.DURING if run.applying_at and run.applying_at <= at else Came.SYNC_FIRST


def _stands(run: Run) -> Stands:
    if run.applied_at:
        return Stands.APPLIED
    if run.acted_at:
        return Stands.FAILED
    if run.applying_at:
        return Stands.APPLYING
    return Stands.CONFIRMED if run.confirmed_at else Stands.PLANNED


def _says(
    member: Operation | Application, wanted: Wanted, maker: _Maker, lack: Lack | None, came: Came, after: timedelta | None
) -> str:
    run, what = maker.run, wanted.says[0].upper() + wanted.says[1:]
    where = f"{run.id} in workspace {run.workspace}"
    if maker.does is Does.DESTROYS:
        return f"{what} was destroyed by {where}, {lasted(after)} before the sync of {member.application} missed it."
    makes = "may be brought by" if maker.does is Does.PERHAPS else "is made by"
    if lack is None:
        return f"{what}, into which {member.application} is to be deployed, {makes} {where}, which is {_WAITS[_stands(run)]}."
    if after is None:
        how = f"which is {_WAITS[_stands(run)]}: the sync of {member.application} came before the apply that makes it"
        return f"{what} {makes} {where}, {how}."
    if came is Came.RUN_FIRST:
        how = f"the sync of {member.application} came {lasted(after)} after the apply that made it; why it was missed is not told"
        return f"{what} {makes} {where}: {how}."
    during = ", while it was being applied" if came is Came.DURING else ""
    ended = "its apply failed" if run.applied_at is None else "applied"
    said = f"{ended} {lasted(after)} after the sync of {member.application} failed for want of it{during}"
    still = f"; it was still missed {lasted(lack.last_at - maker.at)} after that" if maker.at and lack.last_at > maker.at else ""
    return f"{what} {makes} {where}, {said}{still}."


def _same_place(member: Operation | Application, run: Run, rules: Sequence[EnvironmentRule]) -> bool:
    ours, theirs = environment_of(member, rules), environment_of(run, rules)
    return UNCLASSIFIED in (ours, theirs) or ours == theirs


def _why(member: Operation | Application, maker: _Maker, rules: Sequence[EnvironmentRule], several: bool) -> tuple[Strength, str]:
    ours, theirs = environment_of(member, rules), environment_of(maker.run, rules)
    perhaps = maker.does is Does.PERHAPS
    if several and maker.does is not Does.DESTROYS:
        return (
            Strength.ASSUMED,
            "More than one workspace makes an object of this name; which of them makes that cluster’s is not told.",
        )
    if UNCLASSIFIED in (ours, theirs):
        which = maker.run.workspace if theirs == UNCLASSIFIED else member.destination or member.application
        return Strength.ASSUMED, f"That it is the same cluster is assumed: no environment is set for {which}."
    named = f"Both are of the environment {ours.name if ours else ''}"
    return (Strength.ASSUMED, f"{named}; a chart’s objects are not in the plan.") if perhaps else (Strength.DERIVED, f"{named}.")
