"""The fake's hydrator: it renders dry commits into commits of another branch, and keeps one pair of the two.

https://argo-cd.readthedocs.io/en/stable/user-guide/source-hydrator/
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.demo.fakes.argocd_types import JSON


@dataclass
class HydratorState:
    """`staged`: the branch it pushes to, where that is another one than is synced. `now`, `last`: the two slots of its status."""

    repository: str
    path: str
    branch: str
    hydrated_path: str
    target_revision: str = "main"
    staged: str = ""
    hydrated_repository: str = ""
    now: JSON | None = None
    last: JSON | None = None
    compared: str = ""

    def spec(self) -> JSON:
        place: JSON = {"targetBranch": self.branch, "path": self.hydrated_path}
        place |= {"repoURL": self.hydrated_repository} if self.hydrated_repository else {}
        dry = {"repoURL": self.repository, "path": self.path, "targetRevision": self.target_revision}
        return {"drySource": dry, "syncSource": place, **({"hydrateTo": {"targetBranch": self.staged}} if self.staged else {})}

    def status(self, version: Sequence[int]) -> JSON:
        out: JSON = {"lastSuccessfulOperation": self.last, "currentOperation": self.now}
        out |= {"lastComparedDryRevision": self.compared} if tuple(version) >= (3, 5) else {}
        return {key: value for key, value in out.items() if value}

    def begin(self, dry: str, at: datetime) -> None:
        """The hydrator takes up a dry commit: the slot of the operation before is overwritten."""
        self.now = {"startedAt": at, "phase": "Hydrating", "message": "", "drySHA": dry, "sourceHydrator": self.spec()}

    def end(self, hydrated: str, at: datetime, failure: str = "") -> None:
        """It ends, in `hydrated` or with a failure. Raises ValueError where none is going on."""
        if self.now is None or self.now["phase"] != "Hydrating":
            raise ValueError("no hydration is going on")
        if failure:
            self.now |= {"phase": "Failed", "message": failure, "finishedAt": at}
            return
        self.now |= {"phase": "Hydrated", "finishedAt": at, "hydratedSHA": hydrated}
        self.last = {"drySHA": self.now["drySHA"], "hydratedSHA": hydrated, "sourceHydrator": self.spec()}
        self.compared = str(self.now["drySHA"])
