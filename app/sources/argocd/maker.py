"""Makes events about one application: the same subject, keys and clock for all of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from app.canonical import fit, plain, stable_id
from app.domain.actor import Actor
from app.domain.event import Event, How, Keys, Step
from app.domain.ref import Ref
from app.sources.argocd import wire
from app.sources.argocd.names import destination, instant, is_commit, repository, sources_of
from app.sources.argocd.parts import PART, cut, in_parts
from app.sources.argocd.terms import KIND


@dataclass(frozen=True, slots=True)
class Maker:
    """`whole` and `heard` are the digests of the observations that events come from: the application, its announcements;
    `now` is by the server's clock, so much `ahead` of ours."""

    source: str
    uid: str
    name: str
    url: str
    keys: Keys
    now: datetime
    whole: str | None = None
    heard: str | None = None
    ahead: timedelta = timedelta()

    def sighted(self, sight: Sequence[str]) -> "Maker":
        """For what a frame of the live stream showed: its digest and when it came. As it is where a reading showed it."""
        if len(sight) != 2:
            return self
        return replace(self, whole=sight[0] or self.whole, now=instant(sight[1]) or self.now)

    def event(
        self,
        type_: str,
        external: str,
        status: str,
        step: Step,
        at: datetime,
        facts: Mapping[str, Any],
        *,
        unique: str = "",
        actor: Actor | None = None,
        how: How = How.OBSERVED,
        known: bool = True,
        commits: tuple[str, ...] = (),
        operation: str | None = None,
        repo: str | None = None,
        announced: bool = False,
    ) -> Event:
        """`external` is the thing's own id; `unique` tells apart events of one thing that have one status."""
        keys = replace(
            self.keys,
            commits=tuple(c for c in commits if is_commit(c)),
            operation=operation,
            repository=repo or self.keys.repository,
        )
        ahead = {"clock_ahead": int(self.ahead.total_seconds())} if self.ahead else {}
        natural = [self.source, type_, external, status, *([unique] if unique else [])]
        return Event(
            id=stable_id(*natural),
            source=self.source,
            kind=KIND,
            type=type_,
            step=step,
            status=plain(status, 200),
            ref=Ref(type_, external, self.name, self.url),
            occurred_at=at,
            observed_at=self.now - self.ahead,
            actor=actor,
            known=known,
            how=how,
            keys=keys,
            facts=fit({"uid": self.uid, **facts, **ahead}),
            observation=self.heard if announced else self.whole,
        )

    def events(
        self, type_: str, external: str, status: str, step: Step, at: datetime, facts: Mapping[str, Any], **more: Any
    ) -> Iterator[Event]:
        """The event, and as many `continued` ones as its lists take where they are too long for it: nothing is left out."""
        kept, rest = cut(facts)
        event = self.event(type_, external, status, step, at, kept, **more)
        yield event
        parts = [part for part in in_parts(rest, PART) if any(part.values())]
        for n, part in enumerate(parts, 2):
            lists = {name: items for name, items in part.items() if items}
            told = {"of": type_, "event": str(event.id), "part": n, "parts": len(parts) + 1, **lists}
            again = {key: more[key] for key in ("how", "commits", "operation", "repo", "announced") if key in more}
            yield self.event("continued", external, status, Step.NOTED, at, told, unique=f"{event.id}/{n}", **again)


def maker(
    source: str, base: str, app: wire.Application, uid: str, now: datetime, clusters: Mapping[str, str] | None = None
) -> Maker:
    """For an application as it was read. `base` is the address people open; `clusters` as `names.destination` takes them."""
    name, space = plain(app.metadata.name, 300), plain(app.metadata.namespace, 300)
    repos = [repository(one.repo_url) for one in sources_of(app.spec) if not one.chart]
    keys = Keys(
        repository=next((one for one in repos if one), None),
        application=name,
        project=plain(app.spec.project if app.spec else None, 300) or "default",
        destination=destination(app.spec, clusters),
    )
    return Maker(source, uid, name, address(base, space, name), keys, now)


def address(base: str, namespace: str, name: str) -> str:
    """The application's page."""
    return (
        f"{base.rstrip('/')}/applications/{quote(namespace)}/{quote(name)}"
        if namespace
        else f"{base.rstrip('/')}/applications/{quote(name)}"
    )
