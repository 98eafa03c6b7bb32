"""Everything of an application that differs, told whenever that changes: the set as it stands, in as many parts as it takes.

It is what the application itself shows, so it is of the last comparison. While an operation runs, and until it was compared
after one, nothing is told; nor while what it shows does not tell (`blind`). The list of applications shows only whether anything
differs: which objects do is known from one whole reading to the next.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.canonical import digest
from app.domain.event import Event, How, Step
from app.sources.argocd.account import Account
from app.sources.argocd.deeds import Deed
from app.sources.argocd.maker import Maker
from app.sources.argocd.memory import Memory, telling
from app.sources.argocd.names import instant, stamp
from app.sources.argocd.operations import Heard
from app.sources.argocd.parts import PART, in_parts
from app.sources.argocd.standing import Standing, deployed_entry
from app.sources.argocd.telling import operation_id
from app.sources.argocd.terms import OUT_OF_SYNC, SUCCEEDED, SYNCED, Kind

NAMED = ("group", "kind", "namespace", "name")
EQUAL = "equal"  # the mark of nothing that differs
NAMESPACE_ONLY = "no object is OutOfSync: the labels or annotations that it declares for its namespace are not what they are"
IGNORED = "its owner declared these to be no difference (compare-options: IgnoreExtraneous)"


class Differing:
    """One application's differences, carried from what was told to what is now."""

    def __init__(self, make: Maker, memory: Memory, found: Account, heard: Heard, last_pass: datetime | None) -> None:
        self.make, self.memory, self.found, self.last_pass = make, memory, found, last_pass
        self.said = [(one.at, one.sync[1]) for one in heard.said or () if one.sync]
        turns = [one for one in heard.said or () if one.sync and list(one.order) > memory.heard]
        self.turns = [(one.at, one.sync[1]) for one in sorted(turns, key=lambda one: one.order) if one.sync]
        self.unheard = heard.said is None
        self.wait = False  # its announcements say that it turned after it was read, or could not be read: look again, once

    def events(self, now: Standing) -> Iterator[Event]:
        """What is new, if it can be told now."""
        if now.sync not in {SYNCED, OUT_OF_SYNC} or now.busy or now.stale:
            return
        contradicted = now.sync == OUT_OF_SYNC and bool(self.turns) and self.turns[-1][1] == SYNCED
        self.wait = (contradicted or self.unheard) and not self.memory.hesitated
        if self.wait:
            return
        turned = self.turns[-1][0] if self.turns and self.turns[-1][1] == now.sync else None
        if between := self._between(now, turned):
            yield from self._told(now, SYNCED, [], between, between, How.RECONSTRUCTED)
        told = now.differing if now.sync == OUT_OF_SYNC else []
        mark = self._mark(now, told)
        if mark != self.memory.differ or (turned and self._again(turned)):
            yield from self._told(now, now.sync, told, turned, None, How.OBSERVED)
            self.memory.differs = [_name(one) for one in told]
        self.memory.differ, self.memory.looked = mark, stamp(self.make.now)

    def _between(self, now: Standing, turned: datetime | None) -> datetime | None:
        """When nothing differed for a while, between what was told and what differs now: only announcements tell of it."""
        if self.memory.differ in {"", EQUAL} or now.sync != OUT_OF_SYNC or turned is None:
            return None
        return max((at for at, status in self.turns if status == SYNCED and at <= turned), default=None)

    def _again(self, turned: datetime) -> bool:
        """It differs as it did when it was looked at last, but turned since."""
        looked = instant(self.memory.looked)
        return self.memory.differ != EQUAL and looked is not None and turned > looked

    def _mark(self, now: Standing, told: list[dict[str, Any]]) -> str:
        """Of the set, of what it was compared with, and of the operation that it outlasted."""
        if now.sync == SYNCED:
            return EQUAL
        seen = sorted(
            "/".join((*_name(one), "pruning" if one["requires_pruning"] else "", "missing" if one["health"] == "Missing" else ""))
            for one in told
        )
        return digest("\n".join([*seen, now.sources, *now.revisions, self._operation() or ""]).encode("utf-8", "replace"))[7:23]

    def _operation(self) -> str | None:
        over = [one.deed for one in self.found.operations if one.deed.over]
        return operation_id(self.make.uid, over[-1]) if over else None

    def _last_turn(self, status: str) -> str:
        """When its last announced turn to this status was, heard before or now."""
        return stamp(max(times)) if (times := [at for at, to in self.said if to == status]) else ""

    def _seen_after(self, now: Standing, turned: datetime | None) -> datetime | None:
        """When it was last known to stand otherwise: found so by a reading, shown equal by the list, or announced."""
        known = [instant(self.memory.looked)]
        if self.memory.differ == EQUAL and self.memory.sync == SYNCED:
            known.append(self.last_pass)
        if now.sync == OUT_OF_SYNC and turned:
            known += [at for at, status in self.turns if status == SYNCED and at <= turned]
        before = turned or self.make.now
        return max((at for at in known if at and at <= before), default=None)

    def _same_source(self, now: Standing, deployed: str | None) -> bool | None:
        if deployed is None or deployed != now.sources or now.alike is False:
            return None if deployed is None else False
        return None if now.alike is None and self.memory.unlike else True

    def _told(
        self, now: Standing, status: str, told: list[dict[str, Any]], turned: datetime | None, until: datetime | None, how: How
    ) -> Iterator[Event]:
        """`until`: it stood so until then, and only announcements tell of it."""
        deployed, source = deployed_of(self.found)
        after = instant(self.memory.looked) if until else self._seen_after(now, turned)
        names = {tuple(_name(one)) for one in told}
        facts: dict[str, Any] = {
            "seen_after": stamp(after) if after else None,
            "turned_at": stamp(turned) if turned else None,
            "compared_at": now.compared_at and stamp(now.compared_at),
            "revisions": now.revisions,
            "deployed": deployed,
            "same_source": self._same_source(now, source),
            "auto_sync": now.auto_sync,
            "self_heal": now.self_heal,
            "operation": self._operation(),
        }
        if status == OUT_OF_SYNC and not told:
            facts["because"] = NAMESPACE_ONLY
        gone = [dict(zip(NAMED, one, strict=True)) for one in self.memory.differs if tuple(one) not in names]
        lists = {"resources": told, "gone": gone}
        if status == SYNCED and not until and now.differing:
            lists["ignored"], facts["because"] = now.differing, IGNORED
        at = turned or self.make.now
        parts = list(in_parts(lists, PART))
        mark = f"between/{stamp(until)}" if until else f"{self._mark(now, told)}/{self._last_turn(now.sync)}"
        name = telling(self.memory, mark, stamp(self.make.now))
        for n, part in enumerate(parts):
            unique = f"{name}/{n}"
            more = {**facts, "part": n, "parts": len(parts), **part}
            yield self.make.event(
                "differing", self.make.uid, status, Step.ASSESSED, at, more, unique=unique, how=how, announced=until is not None
            )
        if until:
            self.memory.differs, self.memory.looked = [], stamp(until)


def deployed_of(found: Account) -> tuple[list[str] | None, str | None]:
    """(revisions of the last full deployment, digest of its sources); None for what is not known.

    A history that keeps nothing, and a commit that came by way of a heal (2.14 to 3.4.4), leave it to the operations.
    """
    entry = deployed_entry(found.history)
    since = instant(entry[1].at) if entry else None
    done = [one.deed for one in found.operations if _deploys(one.deed)]
    later = [deed for deed in done if deed.end and (since is None or deed.end > since)]
    if later:
        return (None if "perhaps_dry_run" in later[-1].shape else later[-1].revisions), None
    return (entry[1].revisions, entry[1].source) if entry else (None, None)


def _deploys(deed: Deed) -> bool:
    whole = not deed.partial or deed.kind == Kind.AUTOMATED
    return deed.over and deed.phase == SUCCEEDED and deed.history_id is None and deed.kind != Kind.DRY_RUN and whole


def _name(one: Mapping[str, Any]) -> list[str]:
    return [one[key] for key in NAMED]
