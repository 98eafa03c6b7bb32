"""The part of a change's page on lineage: the paths of secret stores that its runs changed, and who reads them now."""

from collections.abc import Sequence

from app.domain.lineage import Freshness, Match, Path, Reader
from app.web.times import Zone, shown
from app.web.views.lineage import STATES, at_path
from app.web.views.tables import Cell, Grid

LONGEST = 80  # characters of a name; the whole one is behind its link


def grids(found: Sequence[Path], zone: Zone) -> tuple[Grid, ...]:
    """Nothing where no run of it changed a path."""
    if not found:
        return ()
    rows = tuple(row for one in found for row in _rows(one, zone))
    read = sum(1 for one in found if one.readers)
    says = f"{read:,} of {len(found):,} {'is' if read == 1 else 'are'} read by applications we watch; how they stand now."
    heads = ("Path", "Read by", "Secret", "Stands", "Because")
    return (Grid("outputs", "Outputs it changed, and who reads them", says, heads, rows),)


def _rows(one: Path, zone: Zone) -> Sequence[tuple[Cell, ...]]:
    path = Cell(_short(one.path), at_path(one.path))
    if not one.readers:
        why = next(iter(one.gaps), ("", ""))[1]
        return [(path, Cell("nobody we watch"), Cell("none"), Cell(badge=STATES["unread"]), Cell(why))]
    return [(path, *_read(reader, zone)) for reader in one.readers]


def _read(reader: Reader, zone: Zone) -> tuple[Cell, ...]:
    since = f"since {shown(reader.standing.since, zone).minute}: " if reader.standing.since else ""
    how = f"; {reader.because}" if reader.match is Match.INFERRED else ""
    state = "unknown" if reader.match is None else str(reader.standing.state)
    users = ", ".join(dict.fromkeys(user.workload.name for user in reader.users))
    return (
        Cell(f"{reader.look.application}, {'inferred' if reader.match is Match.INFERRED else 'declared'}"),
        Cell(_short(reader.external.target) + (f", used by {_short(users)}" if users else "")),
        Cell(badge=STATES.get(state, STATES[str(Freshness.UNKNOWN)])),
        Cell(f"{since}{reader.standing.because}{how}"),
    )


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}…"
