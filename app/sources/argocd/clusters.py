"""Names of clusters: an application may name where it deploys by the address of the cluster's API, and people know its name.

One list an hour tells the names; names that were told once are kept. The cluster that Argo CD itself runs in has the same address
and the same name at every instance: `in_cluster` in the settings says which one it is.
https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#clusters
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from app.canonical import plain
from app.errors import Forbidden, Missing, NotUnderstood, SourceError
from app.sources.argocd import wire
from app.sources.argocd.client import Client
from app.sources.argocd.names import instant, stamp
from app.sources.argocd.revisions import ONLY_ONE

EVERY = timedelta(hours=1)
STATE = "clusters"  # the memory key
LOCAL, LOCAL_NAME = "https://kubernetes.default.svc", "in-cluster"
MOST = 5000  # names that are kept


class Cluster(wire.Wire):
    server: str | None = None
    name: str | None = None


class State(msgspec.Struct, omit_defaults=True):
    """`names`: address → name; `asked`: when they were asked for last; `because`: why they were not told, "" where they were."""

    asked: str = ""
    because: str = ""
    names: dict[str, str] = {}


@dataclass(slots=True)
class Clusters:
    """For one pass."""

    client: Client
    now: datetime
    memory: Mapping[str, Any]
    state: State = field(default_factory=State)
    unknown: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        try:
            self.state = msgspec.convert(self.memory.get(STATE) or {}, State)
        except msgspec.ValidationError:
            self.state = State()

    def names(self, everything: bool = False) -> dict[str, str]:
        """Address, or Argo CD's own name, → the name by which people know the cluster. Asks once an hour; raises no refusal."""
        last = instant(self.state.asked)
        if everything or last is None or self.now - last >= EVERY or last > self.now:
            self._ask()
        return self.known()

    def known(self) -> dict[str, str]:
        """The same, of what was told before: nothing is asked."""
        own = self.client.connection.in_cluster
        return self.state.names | ({LOCAL: own, LOCAL_NAME: own} if own else {})

    def _ask(self) -> None:
        self.state.asked = stamp(self.now)
        try:
            items = wire.items_of(self.client.clusters().body, "the list of clusters")
        except ONLY_ONE as error:
            self.state.because = why_not(error)
            return
        found: dict[str, str] = {}
        for item in items[:MOST]:
            try:
                one = wire.read(item, Cluster, "a cluster in the list")
            except NotUnderstood as error:
                self.unknown.append(("cluster", plain(str(error), 500)))
                continue
            name, server = plain(one.name, 200), plain(one.server, 500).rstrip("/")
            if server and name and name != server and "/" not in name:
                found[server] = name
        self.state.because = "" if items else "none are shown to the token; grant it `clusters, get`"
        self.state.names = self.state.names | found

    def remember(self) -> dict[str, Any]:
        told = msgspec.to_builtins(self.state)
        return {STATE: told} if told != self.memory.get(STATE) else {}

    @property
    def abilities(self) -> dict[str, Any]:
        """Words for the page Sources."""
        return {"names of clusters": f"no: {self.state.because}" if self.state.because else True} if self.state.asked else {}


def why_not(error: SourceError) -> str:
    """Why the names are not told, in words for the page Sources."""
    if isinstance(error, Forbidden):
        return "the token may not read them; grant it `clusters, get`"
    return "this server does not tell them" if isinstance(error, Missing) else plain(str(error), 300)
