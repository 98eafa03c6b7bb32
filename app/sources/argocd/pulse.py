"""How old comparisons were when applications were read: whether an old one is one application's, or the whole server's. Pure.

Argo CD compares each application with Git every `timeout.reconciliation` (180 s, from 3.0 on 120 s and up to 60 s more), and notes
when (`reconciledAt`). A controller that stands still leaves its last verdicts in place. No answer of the server tells the period:
it is a setting here. Without a period (0) a comparison is made only when something happens, and its age proves nothing.
https://argo-cd.readthedocs.io/en/stable/operator-manual/high_availability/#argocd-application-controller
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from app.sources.argocd.names import instant, stamp

OLD = timedelta(minutes=15)  # at the least
PERIODS = 3
WINDOW = timedelta(hours=1)  # within which every application is read once
KEPT = 40  # looks that are remembered


class Look(msgspec.Struct, array_like=True):
    """One application's reading: the age of its comparison then, in seconds. `quiet`: nothing had happened that asks for one."""

    key: str
    at: str
    age: int
    quiet: bool


class Pulse:
    """Of one server. `period` is its reconciliation period; `looks` are of the last readings, oldest first."""

    def __init__(self, looks: Any, period: timedelta) -> None:
        self.period, self.limit = period, max(OLD, PERIODS * period)
        try:
            self.looks = msgspec.convert(looks or [], list[Look])
        except msgspec.ValidationError:
            self.looks = []

    def saw(self, key: str, now: datetime, compared: datetime | None, quiet: bool) -> None:
        if compared is not None:
            age = max(0, int((now - compared).total_seconds()))
            self.looks = [*self.looks, Look(key, stamp(now), age, quiet)][-KEPT:]

    def dump(self) -> Any:
        return msgspec.to_builtins(self.looks)

    def too_old(self, key: str, now: datetime, compared: datetime | None) -> str:
        """Why this comparison says nothing of now; "" where it does, or where its age proves nothing."""
        if compared is None or not self.period or now - compared <= self.limit:
            return ""
        others = [one for one in self.looks if one.key != key and now - (instant(one.at) or compared) <= WINDOW]
        fresh = [one for one in others if timedelta(seconds=one.age) <= self.limit]
        since = f"it was last compared with Git at {stamp(compared)}"
        if any(one.quiet for one in fresh):
            return f"{since}, while other applications of this server were compared in time"
        if fresh:
            return ""  # those had a reason to be compared: perhaps nothing is compared without one
        return f"{since}, and so was no other that was read since: the controller may stand still{_alone(others)}"


def _alone(others: Sequence[Look]) -> str:
    return "" if others else " (no other application was read within the hour)"
