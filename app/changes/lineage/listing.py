"""The list of paths: which match a query, and which of them stand on a page. Pure."""

import base64
import binascii
import json
from collections.abc import Iterator, Sequence

from app.domain.lineage import Match, Path
from app.errors import UsageError
from app.lineage.chains import place
from app.search.resources import above
from app.search.rows import matches
from app.search.tree import Query

Place = tuple[int, float, str, str]


def matching(found: Sequence[Path], query: Query) -> list[Path]:
    return [one for one in found if _matches(one, query)] if query.terms else list(found)


def _matches(one: Path, query: Query) -> bool:
    readers, writers = one.readers, one.writers
    users = [user for reader in readers for user in reader.users]
    ways = [("inferred" if reader.match is Match.INFERRED else "declared") for reader in readers if reader.match]
    places = [(reader.look.destination or "").rpartition("/") for reader in readers]
    resources = [*(writer.last.address for writer in writers), *_objects(one)]
    values = {
        "path": [one.path, *(writer.last.path for writer in writers), *(reader.ask.key for reader in readers)],
        "system": [str(one.system)],
        "workspace": [writer.last.workspace for writer in writers],
        "app": [*(reader.look.application for reader in readers), *(user.application for user in users)],
        "project": [reader.look.project or "" for reader in readers],
        "cluster": [place[0] for place in places],
        "namespace": [reader.external.namespace or place[2] for reader, place in zip(readers, places, strict=True)],
        "resource": [name for resource in resources for name in (resource, *above(resource))],
        "run": [act.run for writer in writers for act in (writer.last, writer.changed) if act],
        "source": [*(writer.last.source for writer in writers), *(reader.look.source for reader in readers)],
        "is": [*one.states, *ways],
    }
    return matches(query, values, [*values["path"], *values["workspace"], *values["app"], *resources])


def _objects(one: Path) -> Iterator[str]:
    for reader in one.readers:
        yield f"{reader.external.kind}/{reader.external.name}"
        yield f"Secret/{reader.external.target}"
        for user in reader.users:
            yield f"{user.workload.kind}/{user.workload.name}"


def page(found: Sequence[Path], cursor: str | None, limit: int) -> tuple[list[Path], str | None]:
    """The paths behind the cursor, and the cursor behind them. Raises UsageError for a cursor that is none."""
    after = _place(cursor) if cursor else None
    ahead = [one for one in found if after is None or place(one) > after]
    shown = ahead[:limit]
    return shown, _cursor(place(shown[-1])) if len(ahead) > limit else None


def _cursor(where: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(where).encode()).decode().rstrip("=")


def _place(text: str) -> Place:
    try:
        state, since, path, system = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        if type(state) is int and type(since) is float and isinstance(path, str) and isinstance(system, str):
            return state, since, path, system
    except (binascii.Error, ValueError, TypeError, RecursionError):
        pass
    raise UsageError("this cursor was not made by this list", "the `next` of the page before", "begin again without a cursor")
