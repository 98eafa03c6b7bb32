"""Whether what a record names may be what the operation before it left there.

An operation that was put in past Argo CD's API is written over the record of the one before (a merge patch), and what it does not
name itself is left standing: in the record, and from there in the history entry, `automated` as well as a person's name. So a name
is the record's own only where the one before wore another, and nothing can have come between the two.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from app.sources.argocd.deeds import Deed
from app.sources.argocd.memory import Entry, Memory


def mark_own(deeds: Sequence[Deed], known: Mapping[int, Entry], looked: Memory, *, whole: bool) -> None:
    """Marks those that are new since the last look. `deeds` oldest first; `whole`: all that happened since then is among them."""
    if not looked.read or not whole:
        return
    met = {deed.started for deed in looked.deeds}
    for before, deed in pairwise(deeds):
        if deed.started not in met:
            deed.own = _names_another(before, deed) and _agrees(deed, known)


def _names_another(before: Deed, deed: Deed) -> bool:
    """Of one that was only heard to end it is not known what it wore."""
    told = bool(before.wears) or before.how == "observed"
    return bool(deed.wears) and told and "start_unknown" not in before.shape and before.wears != deed.wears


def _agrees(deed: Deed, known: Mapping[int, Entry]) -> bool:
    entry = known.get(deed.history_id) if deed.history_id is not None else None
    return entry is None or entry.by == deed.wears
