"""A batch of the ledger, taken into the drift ledger: each subject's events in order, from what was carried of it.

No subject knows of another, and what is carried is a function of the events alone: how the ledger was cut into batches cannot show.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from app.canonical import stable_id
from app.changes.document import storable
from app.changes.drift import terms
from app.changes.drift.write import store
from app.domain.change import UNCLASSIFIED, Environment, EnvironmentRule
from app.domain.drift import BlindSpot, Episode
from app.domain.event import Entry
from app.domain.limits import DriftLimit, limit_of
from app.drift.carried import Carried
from app.drift.kept import kept
from app.drift.step import Stepped, renamed_from, steps, subject_of
from app.linking.environment import rule_for

JSON = dict[str, Any]


def follow(
    connection: Connection, entries: Sequence[Entry], environments: Sequence[EnvironmentRule], limits: Sequence[DriftLimit]
) -> None:
    """Write what these entries, which follow on those before, tell of drift. Runs in the caller's transaction."""
    mine = [entry for entry in entries if subject_of(entry)]
    if not mine:
        return
    names = {name for entry in mine for name in (subject_of(entry), renamed_from(entry)) if name}
    told: dict[str, Stepped] = {name: Stepped(state) for name, state in store.states(connection, sorted(names)).items()}
    for run in _runs(mine):
        if (before := renamed_from(run[0])) and (after := subject_of(run[0])) and before in told and after not in told:
            told[after] = told.pop(before)
            store.rename(connection, before, after)
        for subject, some in _by_subject(run).items():
            first = told.get(subject)
            told[subject] = _joined(first, steps(first.state if first else None, some))
    Written(connection, environments, limits).put(told)


def _runs(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Cut before each change of a workspace's name: the name may be another's afterwards."""
    run: list[Entry] = []
    for entry in entries:
        if run and renamed_from(entry):
            yield run
            run = []
        run.append(entry)
    yield run


def _by_subject(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(subject_of(entry) or "", []).append(entry)
    return found


def _joined(first: Stepped | None, then: Stepped) -> Stepped:
    """What both told; of one thing the later."""
    if first is None:
        return then
    episodes = {one.key: one for one in (*first.episodes, *then.episodes)}
    spots = {one.key: one for one in (*first.spots, *then.spots)}
    return Stepped(then.state, tuple(episodes.values()), tuple(spots.values()), then.carried)


class Written:
    """The rows of what was told."""

    def __init__(self, connection: Connection, environments: Sequence[EnvironmentRule], limits: Sequence[DriftLimit]) -> None:
        self.connection, self.environments, self.limits = connection, environments, limits

    def put(self, told: dict[str, Stepped]) -> None:
        episodes, named, spots, states = [], [], [], []
        for subject, one in sorted(told.items()):
            if one.carried is None:
                continue
            states.append(self._state(subject, one))
            spots += [self._spot(subject, spot) for spot in one.spots]
            for episode in one.episodes:
                row, environment = self._episode(subject, episode)
                episodes.append(row)
                named += [
                    {"key": key, "value": storable(value), "episode": row["id"]}
                    for key, value in terms.terms(episode, environment, str(row["id"]))
                ]
        store.save(self.connection, states, episodes, named, spots)

    def _where(self, of: Episode | BlindSpot | Carried) -> Environment:
        if of.workspace:
            rule = rule_for(self.environments, workspace=of.workspace, project=of.project)
        else:
            rule = rule_for(self.environments, destination=of.destination, project=of.project)
        return Environment(rule.name, rule.cls) if rule else UNCLASSIFIED

    def _place(self, of: Episode | BlindSpot | Carried) -> JSON:
        environment = self._where(of)
        place: JSON = storable(
            {
                "layer": str(of.layer),
                "source": of.source,
                "application": of.application,
                "workspace": of.workspace,
                "project": of.project or "",
                "destination": of.destination or "",
                "environment": environment.name,
                "class": environment.cls,
            }
        )
        return place

    def _episode(self, subject: str, of: Episode) -> tuple[JSON, Environment]:
        environment = self._where(of)
        limit: timedelta | None = limit_of(self.limits, environment.name, environment.cls, of.layer) if of.is_drift else None
        row = {
            "id": stable_id("episode", of.key),
            "key": of.key,
            "number": of.number,
            "subject": subject,
            "object": of.name if of.workspace else f"{of.group}/{of.kind}/{of.namespace}/{of.name}",
            **self._place(of),
            **{name: getattr(of, name) for name in ("kind", "name", "namespace")},
            "state": str(of.state),
            "cause": str(of.cause),
            "drift": of.is_drift,
            "size": of.size,
            "counted": of.counted,
            "at": of.onset_before,
            "ended_at": of.ended_at,
            "unknown_since": of.unknown_since,
            "limit_seconds": None if limit is None else int(limit.total_seconds()),
            "told_by": of.told_by,
            "ended_told_by": of.ended_told_by,
            "told": kept(of),
        }
        return {name: storable(value) for name, value in row.items()}, environment

    def _spot(self, subject: str, of: BlindSpot) -> JSON:
        row = {
            "id": stable_id("blind-spot", of.key),
            "key": of.key,
            "number": of.number,
            "subject": subject,
            **self._place(of),
            "why": str(of.why),
            "because": of.because,
            "since_after": of.since_after,
            "at": of.since_before,
            "ended_at": of.ended_at,
        }
        return {name: storable(value) for name, value in row.items()}

    def _state(self, subject: str, one: Stepped) -> JSON:
        now = one.carried
        assert now is not None  # noqa: S101 -- those without are left out above
        looked = max(now.looks, default=None)
        return {"subject": subject, **self._place(now), "standing": now.standing, "looked_at": looked, "state": storable(one.state)}
