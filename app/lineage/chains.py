"""Writes and looks → every path, who writes it, who reads it, and how each reader stands to its last change. Pure.

Neither the order of writes nor that of looks matters.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from app.domain.lineage import (
    ORDER,
    Asked,
    External,
    Look,
    Match,
    Path,
    Reader,
    Standing,
    Store,
    System,
    User,
    Workload,
    Write,
    Writer,
)
from app.lineage import fresh
from app.lineage.paths import asked, matched, spelled, token

Spot = tuple[System, str]


def paths(writes: Iterable[Write], looks: Iterable[Look]) -> tuple[Path, ...]:
    """Stale ones first, the longest stale before; then as `ORDER` says, then by path."""
    written = _writers(writes)
    seen = sorted(looks, key=lambda look: (look.source, look.application, look.uid))
    around = _Around(seen)
    read: dict[Spot, list[Reader]] = {}
    for look in seen:
        for external in look.externals:
            for ask, properties in _asks(external):
                store = around.store(look, external, ask)
                for spot, one in _reading(look, external, ask, properties, store, written, around):
                    read.setdefault(spot, []).append(one)
    found = [_path(spot, written.at.get(spot, []), read.get(spot, [])) for spot in {*written.at, *read}]
    return tuple(sorted(found, key=place))


def place(one: Path) -> tuple[int, float, str, str]:
    """Where it stands in the list: no two paths have the same."""
    since = [reader.standing.since for reader in one.readers if reader.standing.since]
    return ORDER.index(one.states[0]), min(since).timestamp() if since else 0.0, one.path, str(one.system)


class _Written:
    """Writers by what they write; and where to look for the path of a key."""

    def __init__(self) -> None:
        self.at: dict[Spot, list[Writer]] = {}
        self.by_token: dict[str, list[Spot]] = {}

    def near(self, ask: Asked, store: Store | None) -> Sequence[Spot]:
        if ask.how == "find":
            return sorted(self.at)
        systems = (store.system,) if store and store.system is not System.UNKNOWN else tuple(System)
        wanted = {token(system, asked(ask, store)) for system in systems} - {""}
        return sorted({spot for one in wanted for spot in self.by_token.get(one, ())})


def _writers(writes: Iterable[Write]) -> _Written:
    grouped: dict[Spot, dict[tuple[str, str, str], list[Write]]] = {}
    for one in writes:
        spot = (one.system, spelled(one.system, one.path))
        grouped.setdefault(spot, {}).setdefault((one.source, one.workspace, one.address), []).append(one)
    out = _Written()
    for spot, owners in sorted(grouped.items()):
        out.at[spot] = [_writer(acts) for _, acts in sorted(owners.items())]
        out.by_token.setdefault(token(*spot), []).append(spot)
    return out


def _writer(acts: Iterable[Write]) -> Writer:
    """A plan that left it as it was says less than an act of the same time; of two acts the later one counts."""
    ordered = sorted(acts, key=lambda act: (act.at, not act.held, act.run, act.gone, str(act.value_changed), act.path))
    last = ordered[-1]
    changed = [act for act in ordered if not act.gone and act.value_changed is not False]
    return Writer(last, changed[-1] if changed else None, last if last.gone else None)


def _asks(external: External) -> Iterator[tuple[Asked, tuple[str, ...]]]:
    """Each key once, whatever parts of its value are taken."""
    properties: dict[Asked, set[str]] = {}
    for one in external.asks:
        properties.setdefault(replace(one, property=""), set()).add(one.property)
    for one, names in properties.items():
        yield one, () if "" in names else tuple(sorted(names))


def _reading(
    look: Look,
    external: External,
    ask: Asked,
    properties: tuple[str, ...],
    store: Store | None,
    written: _Written,
    around: "_Around",
) -> Iterator[tuple[Spot, Reader]]:
    """The paths of writers that it reads; where there is none, the path that it asks for."""
    found = []
    for spot in written.near(ask, store):
        told = {fit for one in written.at[spot] if (fit := matched(spot[0], one.last.path, ask, store))}
        if told:
            match, because = min(told, key=lambda fit: (list(Match).index(fit[0]), fit[1]))
            found.append((spot, match, because))
    for spot, match, because in found:
        present = [one for one in written.at[spot] if one.gone is None]
        several = len({(one.last.source, one.last.workspace) for one in present}) > 1
        if several and match is not Match.INFERRED:
            because += "; several workspaces write a path of this name, and which account or region it is in is not told"
            match = Match.INFERRED
        standing = fresh.reader(look, external, ask, match, [one.changed for one in present if one.changed])
        users = around.users(look, external, standing)
        yield spot, Reader(look, external, ask, store, properties, match, because, standing, users)
    if not found:
        standing = fresh.reader(look, external, ask, Match.INFERRED, [])
        system = store.system if store else System.UNKNOWN
        spot = (system, spelled(system, asked(ask, store)) or _sought(ask))
        yield spot, Reader(look, external, ask, store, properties, None, "", standing, around.users(look, external, standing))


def _sought(ask: Asked) -> str:
    return f"find {ask.pattern}" if ask.pattern else "find by tags"


class _Around:
    """Stores and workloads by cluster: an ExternalSecret and what uses its Secret may be of different applications."""

    def __init__(self, looks: Sequence[Look]) -> None:
        self.stores: dict[tuple[str, str, str, str], list[Store]] = {}
        self.using: dict[tuple[str, str, str], list[tuple[Look, Workload]]] = {}
        for look in looks:
            for store in look.stores:
                space = _space(look, store.namespace, store.kind)
                self.stores.setdefault((_cluster(look), store.kind, space, store.name), []).append(store)
            for one in look.workloads:
                for secret in sorted({secret for secret, _ in one.uses}):
                    spot = (_cluster(look), _space(look, one.namespace), secret)
                    self.using.setdefault(spot, []).append((look, one))

    def store(self, look: Look, external: External, ask: Asked) -> Store | None:
        """None where it is not among what was read, or where two of its name say different things."""
        space = _space(look, external.namespace, ask.store_kind)
        found = set(self.stores.get((_cluster(look), ask.store_kind, space, ask.store), ()))
        return found.pop() if len(found) == 1 else None

    def users(self, look: Look, external: External, standing: Standing) -> tuple[User, ...]:
        out = []
        for other, one in self.using.get((_cluster(look), _space(look, external.namespace), external.target), ()):
            ways = tuple(sorted({way for secret, way in one.uses if secret == external.target}))
            out.append(User(one, other.application, ways, fresh.workload(one, ways, external, standing)))
        return tuple(out)


def _cluster(look: Look) -> str:
    """A source and one of its clusters: clusters of two Argo CD instances are never taken to be the same."""
    return f"{look.source}:{(look.destination or '').rpartition('/')[0]}"


def _space(look: Look, namespace: str, kind: str = "") -> str:
    if kind.startswith("Cluster"):
        return ""
    return namespace or (look.destination or "").rpartition("/")[2]


def _path(spot: Spot, writers: Sequence[Writer], readers: Sequence[Reader]) -> Path:
    present = [one for one in writers if one.gone is None]
    states = {str(one.standing.state) for one in readers}
    gaps = []
    if not present:
        gaps.append(("nobody we watch writes it", _unwritten(spot[0], writers)))
        states = (states - {"unknown"}) | {"unwritten"}
    if not readers:
        gaps.append(("nobody we watch reads it", "no ExternalSecret of an application that was read asks for it"))
        states.add("unread")
    for one in readers:
        if not one.users:
            name = f"{one.external.kind} {one.external.name}"
            because = f"no workload of the applications that were read uses the Secret {one.external.target}, which {name} makes"
            gaps.append(("nobody we watch uses its Secret", because))
    told = tuple(state for state in ORDER if state in states)
    ordered = sorted(readers, key=lambda one: (ORDER.index(str(one.standing.state)), one.look.application, one.external.name))
    return Path(spot[0], spot[1], tuple(writers), tuple(ordered), told, tuple(dict.fromkeys(gaps)))


def _unwritten(system: System, writers: Sequence[Writer]) -> str:
    if writers:
        last = max((one.last for one in writers), key=lambda act: (act.at, act.run))
        return f"run {last.run} of workspace {last.workspace} took it away"
    if system is System.UNKNOWN:
        return "the store that would say where the key stands is not among what was read"
    if system is System.OTHER:
        return "what is written to a store of this provider is not followed"
    return "no plan that was read names a resource that writes it"
