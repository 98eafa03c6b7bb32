"""What kind of operation it was, and who began it. Evidence decides, not the record's own claim.

Who began it counts as known by the announcement of the operation, or by the `operation` field seen while it was requested: one put
in with kubectl wears in its record, and in the history, whom the one before named, a person or automation. Automation, which
blames nobody, counts as known also where the record cannot be what the one before left (`leftover`). An ApplicationSet's rolling
sync is announced by nobody, so for it only the request and the record can tell.
"""

from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor, ActorKind, automation, unknown
from app.sources.argocd.announcements import STARTED, Announcement, Episode
from app.sources.argocd.deeds import AUTOMATION, ROLLING, Deed
from app.sources.argocd.terms import Kind

ARGO = "Argo CD"


@dataclass(frozen=True, slots=True)
class Heard:
    """The announcements of one application: None where they could not be read. `starts`: this server announces starts."""

    said: tuple[Announcement, ...] | None
    starts: bool = False
    failure: str = ""

    @property
    def announces(self) -> bool:
        return self.starts or any(one.reason == STARTED for one in self.said or ())

    def silent_on(self, at: datetime) -> bool:
        """No announcement can tell of what began then, now or later: none is made, or they are no longer kept."""
        return not self.announces or (self.said is not None and not self.reaches_back_to(at))

    def reaches_back_to(self, at: datetime) -> bool:
        return bool(self.said) and min(one.at for one in self.said or ()) <= at


def unannounced(deed: Deed, episode: Episode | None, heard: Heard) -> bool:
    """Proven: the announcements reach from before its start to its end, its end is among them, and none began it."""
    if not heard.announces or not heard.reaches_back_to(deed.start) or "rolling" in deed.shape:
        return False
    return episode is not None and episode.started is None and episode.completed is not None and not episode.doubtful


def initiator(deed: Deed, episode: Episode | None, heard: Heard) -> Actor:
    """Who began it. Never a name without proof, and neither automation: what a record says may be left from the one before."""
    if episode and episode.started:
        return _announced(episode.started)
    if unannounced(deed, episode, heard):
        if "start_unknown" in deed.shape:
            return unknown(
                "nothing announced this operation: it was put in past Argo CD's API, or by an ApplicationSet's rolling sync"
            )
        return unknown("nothing announced this operation: it was put in past Argo CD's API, and its record may wear another's name")
    if deed.asked == "":
        return unknown("the operation named no initiator when it was requested")
    if deed.asked is not None and (deed.asked == ROLLING or heard.silent_on(deed.start)):
        return _claimed(deed.asked)
    if deed.own and deed.asked is None and (deed.wears == ROLLING or (deed.wears == AUTOMATION and heard.silent_on(deed.start))):
        return _claimed(deed.wears)
    return unknown(_why(deed, heard))


def _announced(start: Announcement) -> Actor:
    if start.automated:
        return automation(ARGO)
    return _claimed(f"user:{start.user}") if start.user else unknown("Argo CD announced it without a user")


def _claimed(name: str) -> Actor:
    if name in {AUTOMATION, ROLLING}:
        return automation(ARGO if name == AUTOMATION else "ApplicationSet")
    user = name.removeprefix("user:")
    kind = ActorKind.SERVICE if user.startswith(("proj:", "system:")) else ActorKind.HUMAN
    return Actor(name=user, kind=kind, id=user)


def _why(deed: Deed, heard: Heard) -> str:
    if "rolling" in deed.shape:
        return "a rolling sync is announced by nobody, and this record may be what the rolling sync before it left"
    if heard.said is None:
        return f"the announcements could not be read ({heard.failure})"
    if not heard.announces:
        return "this server announces no starts of operations"
    if not heard.reaches_back_to(deed.start):
        return "its announcement is no longer kept, and the record alone is no proof"
    return "no announcement of its start was found, and the record alone is no proof"


def classify(deed: Deed, episode: Episode | None, heard: Heard, deployed: list[str], older: list[list[str]]) -> Kind:
    """`deployed`: the revisions that stood before it; `older`: those of the history entries before them."""
    shape, start = deed.shape, episode.started if episode else None
    if "rolling" in shape:
        return Kind.APPLICATIONSET
    if unannounced(deed, episode, heard) or (deed.asked == "" and start is None):
        return Kind.INJECTED
    if "dry_run" in shape:
        return Kind.DRY_RUN
    if "local" in shape or (start and start.local):
        return Kind.LOCAL
    if (start and start.automated) or (start is None and deed.wears == AUTOMATION):
        same = not deployed or not deed.revisions or deed.revisions == deployed
        return Kind.SELF_HEAL if deed.partial and same else Kind.AUTOMATED
    if (start and start.rollback is not None) or (start is None and _like_rollback(deed, older)):
        return Kind.ROLLBACK
    if "pruned" in shape:
        return Kind.PRUNE
    if start is None and not deed.wears and deed.history_id is not None and deed.how == "reconstructed":
        return Kind.UNKNOWN
    return Kind.SELECTIVE if deed.partial else Kind.MANUAL


def known_by(deed: Deed, episode: Episode | None) -> str:
    """How its kind is known: `announcement` (of its start), `record` (its shape), `history`, `silence` (nothing announced it)."""
    if deed.kind == Kind.INJECTED:
        return "silence"
    tells = deed.kind not in {Kind.DRY_RUN, Kind.PRUNE, Kind.APPLICATIONSET}  # these only their record tells
    if tells and episode and episode.started:
        return "announcement"
    return "record" if deed.how == "observed" else "history"


def _like_rollback(deed: Deed, older: list[list[str]]) -> bool:
    """Without its announcement a rollback is an apply-only sync pinned to what an older entry deployed."""
    return "apply" in deed.shape and "pinned" in deed.shape and deed.revisions in older
