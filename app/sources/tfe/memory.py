"""What a pass over the runs remembers, and the rules of when a run is looked at again. Pure.

Keys of the stream's memory:
  run:<id>        a Known, as a dict
  head:<list>     how far the scan of the newest of one run list has come (a Reading, as a dict)
  full:<list>     the same of the reconciliation under way, which reads every list to its end
  workspace:<id>  {name, created, watched, mark}: its name, when it was made, which files it watches (see `watched`), and what tells
                  that something happened there
  before:<id>     of a workspace: what was applied before the first apply that is known here, or why that is not known
  counted:<id>    {at, total, known}: how many runs of the year a workspace's list counted, and how many were known
  horizon         no list that was read goes further back
  abilities       {include, stage_form, organization_runs, named_missed, plain_missed, absent}: what this server was found to do
  reconciling     {since, number} of the reconciliation under way
  reconciled      {at, number} of the last one that ended
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.sources.tfe.terms import FINAL

COOL_DOWN = timedelta(hours=48)  # late comments, post-apply tasks
OVERLAP = timedelta(hours=24)  # how far behind its newest run a head scan still reads
AGAIN = timedelta(minutes=1)  # the soonest that details of an unchanged run are read again


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One run as last seen. Times are ISO 8601 text. `closed`: final, and read once more after the cool-down.

    `scan`: number of the reconciliation that last listed it. `gone`: it answered 404. `marks`: what was read of its plan and apply
    by resource. `parts`: of each part that was read whole and is settled, the mark that tells whether it is still as it was then,
    and the digest of what was read. `applied`: of a run that changed its workspace, an `applies.Applied`; `stood`: number and mark
    of what was told of the time before it.
    """

    digest: str
    details: str = ""
    workspace: str = ""
    created: str = ""
    status: str = ""
    ended: str | None = None
    changed: str = ""
    checked: str = ""
    closed: bool = False
    gone: bool = False
    scan: int = 0
    marks: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    applied: Mapping[str, str] = field(default_factory=dict)
    stood: str = ""

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "Known":
        return cls(**{name: value[name] for name in cls.__slots__ if name in value})

    def kept(self) -> dict[str, Any]:
        """As JSON, without what has its default value; of a closed run only what tells whether it changed."""
        left = {"details", "ended", "changed", "checked", "parts"} if self.closed else set()
        return {name: value for name, value in asdict(self).items() if value and name not in left}

    @property
    def final(self) -> bool:
        return self.status in FINAL

    def due(self, now: datetime) -> bool:
        """Whether its details are to be read again although the run itself did not change.

        The longer it has been quiet, the rarer: after a minute, then each time half as long again.
        """
        if self.closed or self.gone:
            return False
        checked, changed = datetime.fromisoformat(self.checked), datetime.fromisoformat(self.changed)
        return now - checked >= max(AGAIN, (checked - changed) / 2)

    def over(self, now: datetime) -> bool:
        """Final, and the cool-down has passed."""
        return self.final and self.ended is not None and now - datetime.fromisoformat(self.ended) >= COOL_DOWN


@dataclass(slots=True, kw_only=True)
class Reading:
    """One run list, page by page. `page` is the next to read; `top` and `oldest` are the newest and oldest created-at so far.

    `mark` is the watermark of a head scan: the newest created-at when one last reached its end. `listed`: when it last did.
    """

    page: int = 1
    top: str = ""
    oldest: str = ""
    mark: str = ""
    listed: str = ""
    disordered: bool = False

    @classmethod
    def of(cls, value: Mapping[str, Any] | None) -> "Reading":
        return cls(**{name: value[name] for name in cls.__slots__ if name in value}) if value else cls()

    def kept(self) -> dict[str, Any]:
        return asdict(self)

    def saw(self, created: datetime) -> None:
        """A run of the list, in the order listed. Newest first is what the server does and nowhere promises."""
        text = created.isoformat()
        self.disordered = self.disordered or bool(self.oldest and created > datetime.fromisoformat(self.oldest))
        self.top = text if not self.top or created > datetime.fromisoformat(self.top) else self.top
        self.oldest = text if not self.oldest or created < datetime.fromisoformat(self.oldest) else self.oldest

    def enough(self, all_settled: bool) -> bool:
        """Whether a head scan may stop after this page: nothing new on it, and it lies behind the overlap."""
        if self.disordered or not all_settled or not self.mark or not self.oldest:
            return False
        return datetime.fromisoformat(self.oldest) < datetime.fromisoformat(self.mark) - OVERLAP

    def ended(self, now: datetime) -> "Reading":
        """The list was read to where it may stop: the watermark moves, and the next reading starts from the top."""
        return Reading(mark=max(self.mark, self.top), listed=now.isoformat())
