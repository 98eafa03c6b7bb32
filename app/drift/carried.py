"""What is carried from one event of an application, or of a workspace, to the next. As JSON it is plain and small: it is bounded
by what is open, by what ended in the last minutes, and by a fixed number of operations, looks and acts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.drift import Blindness, BlindSpot, Episode, Layer, State
from app.domain.event import Entry, Event
from app.drift.kept import iso, kept, moment, restored

JSON = dict[str, Any]
OPERATIONS = 12  # the last ones
LOOKS = 4
ACTS = 20
SEQS = 10  # of an episode: the first, and the last nine
SETTLES = timedelta(minutes=15)  # an operation is told as late as this after what it did was seen
PLAIN = (
    "auto_sync",
    "self_heal",
    "revisions",
    "deployed",
    "same_source",
    "whole",
    "drift",
    "part",
    "shown",
    "lost",
    "over",
    "assessed",
)


@dataclass(slots=True)
class Carried:
    """`open` and `closed` (lately) are by object, and by key; `seen` is what is known of each open object beside its episode.

    `looks`: when everything that differs was last told. `whole`: at the last look nothing differed. `shown`: the objects that
    the last look showed to differ. `drift`: the drift of the whole application that stands, as `[seq, onset]`. `lost`: when the
    last time ended in which operations may have come and gone unread. `over`: it is gone. `settling`: when it was
    told of each end in a workspace, since an assessment may be read hours after it was made.
    `assessed`: when the last one was made that told something.
    """

    subject: str
    layer: Layer
    source: str
    application: str = ""
    workspace: str = ""
    project: str | None = None
    destination: str | None = None
    open: dict[str, Episode] = field(default_factory=dict)
    closed: dict[str, Episode] = field(default_factory=dict)
    seen: dict[str, JSON] = field(default_factory=dict)
    spots: dict[str, BlindSpot] = field(default_factory=dict)
    operations: list[JSON] = field(default_factory=list)
    acts: list[JSON] = field(default_factory=list)
    looks: list[datetime] = field(default_factory=list)
    auto_sync: bool | None = None
    self_heal: bool | None = None
    revisions: list[str] | None = None
    deployed: list[str] | None = None
    same_source: bool | None = None
    whole: bool | None = None
    drift: list[Any] | None = None
    part: JSON | None = None
    shown: list[str] | None = None
    lost: str | None = None
    over: bool = False
    assessed: str | None = None
    settling: dict[str, str] = field(default_factory=dict)
    told: dict[str, Episode] = field(default_factory=dict)  # what changed since it was restored, by key
    told_spots: dict[str, BlindSpot] = field(default_factory=dict)

    @property
    def blind(self) -> bool:
        return bool(self.spots)

    @property
    def standing(self) -> str:
        """as declared · differs · unknown · never compared · gone"""
        if self.over:
            return "gone"
        if self.spots:
            return "unknown" if self.looks or self.open else "never compared"
        if self.open:
            return "differs"
        return "as declared" if self.whole else "never compared" if self.whole is None else "differs"

    def meet(self, event: Event) -> None:
        """Its names as they are told now."""
        keys = event.keys
        self.application = keys.application or self.application or (event.ref.name if self.layer is Layer.KUBERNETES else "")
        self.workspace = keys.workspace or self.workspace
        self.project, self.destination = keys.project or self.project, keys.destination or self.destination

    def put(self, object_: str, episode: Episode, seq: int) -> Episode:
        """An open episode as it is now."""
        if episode.state is not State.CLOSED and self.spots:
            first = min(self.spots.values(), key=lambda spot: (spot.since_before, spot.key))
            looks = (episode.onset_before, first.since_after or first.since_before, episode.looked_at)
            since = max(look for look in looks if look)
            episode = replace(episode, state=State.UNKNOWN, unknown_since=since, unknown_because=first.because)
        elif episode.state is State.UNKNOWN:
            episode = replace(episode, state=State.OPEN, unknown_since=None, unknown_because="")
        episode = self._with(episode, seq)
        self.open[object_] = self.told[episode.key] = episode
        return episode

    def close(self, object_: str, episode: Episode, seq: int) -> None:
        """An episode that is over; it can be amended for a while."""
        self.open.pop(object_, None)
        self.seen.pop(object_, None)
        episode = replace(episode, state=State.CLOSED, unknown_since=None, unknown_because="")
        self.amend(episode, seq)

    def amend(self, episode: Episode, seq: int) -> None:
        episode = self._with(episode, seq)
        self.closed[episode.key] = self.told[episode.key] = episode

    def _with(self, episode: Episode, seq: int) -> Episode:
        seqs = episode.seqs if seq in episode.seqs else (*episode.seqs, seq)
        seqs = (*seqs[:1], *seqs[1 - SEQS :]) if len(seqs) > SEQS else seqs
        names: JSON = {name: getattr(self, name) for name in ("application", "workspace", "project", "destination")}
        if episode.state is not State.CLOSED:
            names |= {"auto_sync": self.auto_sync, "self_heal": self.self_heal}
        return replace(episode, seqs=seqs, **names)

    def spot(self, ref: str, spot: BlindSpot) -> None:
        """A blind spot as it is now; `ref` is how its source calls it."""
        names = {name: getattr(self, name) for name in ("application", "workspace", "project", "destination")}
        spot = replace(spot, **names)
        if spot.ended_at is None:
            self.spots[ref] = spot
        else:
            self.spots.pop(ref, None)
        self.told_spots[spot.key] = spot

    def looked(self, at: datetime) -> None:
        self.looks = [*(look for look in self.looks if look != at), at][-LOOKS:]

    def forget(self, now: datetime) -> None:
        """What nothing that comes now can amend any more."""
        if self.layer is Layer.TERRAFORM:
            self.settling = {key: self.settling.get(key) or now.isoformat() for key in sorted(self.closed)}
        told = {key: moment(at) for key, at in self.settling.items()}
        self.closed = {
            key: one for key, one in self.closed.items() if (last := told.get(key) or one.ended_at) and now - last <= SETTLES
        }
        self.settling = {key: at for key, at in self.settling.items() if key in self.closed}
        self.operations, self.acts = self.operations[-OPERATIONS:], self.acts[-ACTS:]

    def as_json(self) -> JSON:
        names = ("subject", "layer", "source", "application", "workspace", "project", "destination")
        out: JSON = {name: getattr(self, name) for name in (*names, *PLAIN, "settling", "seen", "operations", "acts")}
        out |= {"layer": str(self.layer), "looks": [iso(look) for look in self.looks]}
        out["open"] = {name: kept(one) for name, one in self.open.items()}
        out["closed"] = [kept(self.closed[key]) for key in sorted(self.closed)]  # keys of objects have no order in the database
        return out | {"spots": {ref: _spot(one) for ref, one in self.spots.items()}}


def carried(value: Mapping[str, Any]) -> Carried:
    """What `as_json` wrote."""
    plain = {name: item for name, item in value.items() if name not in ("layer", "looks", "open", "closed", "spots")}
    closed = [restored(one) for one in value["closed"]]
    return Carried(
        **plain,
        layer=Layer(value["layer"]),
        looks=[look for text in value["looks"] if (look := moment(text))],
        open={name: restored(one) for name, one in value["open"].items()},
        closed={one.key: one for one in closed},
        spots={ref: _restored_spot(one) for ref, one in value["spots"].items()},
    )


def begun(subject: str, entry: Entry) -> Carried:
    """Of a subject that nothing was told of before."""
    source = entry.event.source
    return Carried(subject, Layer.TERRAFORM if entry.event.kind == "tfe" else Layer.KUBERNETES, source)


_TIMES = ("since_before", "since_after", "ended_at")


def _spot(spot: BlindSpot) -> JSON:
    out: JSON = {name: getattr(spot, name) for name in BlindSpot.__slots__}
    return out | {"layer": str(spot.layer), "why": str(spot.why)} | {name: iso(out[name]) for name in _TIMES}


def _restored_spot(value: Mapping[str, Any]) -> BlindSpot:
    times: JSON = {name: moment(value[name]) for name in _TIMES}
    return BlindSpot(**{**value, **times, "layer": Layer(value["layer"]), "why": Blindness(value["why"])})
