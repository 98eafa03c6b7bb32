"""Argo CD's REST API, read only. Paths and parameters outside the lists in `terms` are refused before they are sent.

API: https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/ . Every per-application call names the project:
only so is an application that is gone (404) told from a right that was lost (403).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from app.canonical import digest
from app.errors import NotUnderstood, Refused
from app.sources.argocd.alike import alike
from app.sources.argocd.redact import redacted
from app.sources.argocd.secret_names import names
from app.sources.argocd.states import decoded
from app.sources.argocd.terms import LIST_FIELDS, PARAMETERS, PATHS, PROJECT_FIELDS, SECRETS_FIELDS, STREAM_PATH
from app.sources.argocd.wire import items_of
from app.sources.contract import Connection, Observation
from app.sources.http import Http
from app.sources.http_held import Held

Transport = httpx.BaseTransport


@dataclass(frozen=True, slots=True)
class Got:
    """Decoded JSON without secrets, and where and when it came from."""

    body: Any
    url: str
    at: datetime
    alike: bool | None = None  # of an application: it was compared with the sources that are deployed, values included

    def observed(self, subject: str) -> Observation:
        """What is kept of it: its JSON with sorted keys."""
        data = dumped(self.body)
        return Observation(subject, self.url, data, digest(data), self.at)


def dumped(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


class Client:
    """Asks one Argo CD server. Methods raise only SourceError."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime], transport: Transport | None = None) -> None:
        self.connection, self.clock = connection, clock
        self.http = Http(connection, clock, PATHS, transport=transport)

    @property
    def requests(self) -> int:
        return self.http.requests

    @property
    def clock_offset(self) -> timedelta | None:
        return self.http.clock_offset

    def close(self) -> None:
        self.http.close()

    def get(self, path: str, params: Sequence[tuple[str, str]] = ()) -> Got:
        """Raises Refused for a parameter that is not listed: `refresh` would make Argo CD write."""
        if odd := {name for name, _ in params} - PARAMETERS:
            raise Refused(
                f"{', '.join(sorted(odd))} is not a parameter this source may send", do="this is a defect of Throughline; report it"
            )
        answer = self.http.get(path, params or None)
        try:
            body = answer.json()
            return Got(redacted(body), answer.url, answer.at, alike(body))
        except RecursionError as error:
            raise NotUnderstood(f"{path} answered JSON nested too deep", "an answer as Argo CD documents it") from error

    def stream(self, fields: str, quiet: float) -> Held:
        """The stream of applications, not yet asked for. `quiet`: seconds without a byte after which it counts as dead."""
        return Held(self.connection, self.clock, STREAM_PATH, [("fields", fields), *self._projects()], quiet)

    def version(self) -> Got:
        return self.get("/api/version")

    def whoami(self) -> Got:
        return self.get("/api/v1/session/userinfo")

    def can(self, action: str) -> bool | None:
        """May this token do `action` to applications? None when the server does not say yes or no."""
        body = self.get(f"/api/v1/account/can-i/applications/{action}/*/*").body
        value = body.get("value") if isinstance(body, Mapping) else None
        return {"yes": True, "no": False}.get(str(value))

    def applications(self, projects: Sequence[str] | None = None) -> Got:
        """The list, projected to what tells whether an application changed; of the configured projects, or of these."""
        return self.get("/api/v1/applications", [("fields", LIST_FIELDS), *self._projects(projects)])

    def projects(self) -> Got:
        """The names of the projects that the token may see."""
        return self.get("/api/v1/projects", [("fields", "items.metadata.name")])

    def projects_of_applications(self, projects: Sequence[str] | None = None) -> Got:
        """Name, namespace and specification of every application: how servers before 3.5 tell the project."""
        return self.get("/api/v1/applications", [("fields", PROJECT_FIELDS), *self._projects(projects)])

    def application(self, name: str, namespace: str, project: str) -> Got:
        """The whole of it."""
        return self.get(f"/api/v1/applications/{quote(name, safe='')}", _place(namespace, project))

    def events(self, name: str, namespace: str, project: str) -> Got:
        """The Kubernetes events about the application itself."""
        return self.get(f"/api/v1/applications/{quote(name, safe='')}/events", _place(namespace, project))

    def managed(self, name: str, namespace: str, project: str, *, differences: bool = True, secrets: bool = False) -> Got:
        """`items`: its objects with what they differ in, secrets out; for which fields differ, secrets had to be looked at before.
        `secrets`: the names of the secrets that they ask for and use; alone they need but half of the answer.

        Never for an application that was not compared of late: Argo CD would refresh it, which writes.
        """
        path = f"/api/v1/applications/{quote(name, safe='')}/managed-resources"
        fields = [] if differences else [("fields", SECRETS_FIELDS)]
        answer = self.http.get(path, [*_place(namespace, project), *fields])
        items = [item for item in items_of(answer.json(), f"managed resources of {name}") if isinstance(item, Mapping)]
        found = [one for item in items if (one := decoded(item))] if differences else None
        return Got({"items": found, "secrets": names(items) if secrets else None}, answer.url, answer.at)

    def revision(self, name: str, namespace: str, project: str, sha: str, index: int | None, history_id: int | None) -> Got:
        """Author, date and message of a commit. `index` names the source of several; `history_id` the source of then."""
        more = [("sourceIndex", str(index))] if index is not None else []
        more += [("versionId", str(history_id))] if history_id is not None else []
        path = f"/api/v1/applications/{quote(name, safe='')}/revisions/{sha}/metadata"
        return self.get(path, [*_place(namespace, project), *more])

    def artifact(
        self, name: str, namespace: str, project: str, revision: str, what: str, index: int | None, history_id: int | None
    ) -> Got:
        """`what`: `chartdetails` of a Helm chart's version, or `ocimetadata` of an OCI artifact."""
        more = [("sourceIndex", str(index))] if index is not None else []
        more += [("versionId", str(history_id))] if history_id is not None else []
        path = f"/api/v1/applications/{quote(name, safe='')}/revisions/{quote(revision, safe='')}/{what}"
        return self.get(path, [*_place(namespace, project), *more])

    def clusters(self) -> Got:
        """The clusters it deploys to; servers sanitize them, and what is no name or address is not read."""
        return self.get("/api/v1/clusters")

    def applicationsets(self) -> Got:
        """Every set that the token may see, of the configured projects."""
        return self.get("/api/v1/applicationsets", self._projects())

    def applicationset(self, name: str, namespace: str) -> Got:
        return self.get(f"/api/v1/applicationsets/{quote(name, safe='')}", _home(namespace))

    def applicationset_events(self, name: str, namespace: str) -> Got:
        """The Kubernetes events about the set itself; servers have them from 3.4 on."""
        return self.get(f"/api/v1/applicationsets/{quote(name, safe='')}/events", _home(namespace))

    def _projects(self, chosen: Sequence[str] | None = None) -> list[tuple[str, str]]:
        return [("projects", one) for one in chosen or self.connection.projects]


def _home(namespace: str) -> list[tuple[str, str]]:
    return [("appsetNamespace", namespace)] if namespace else []


def _place(namespace: str, project: str) -> list[tuple[str, str]]:
    return [("project", project), *([("appNamespace", namespace)] if namespace else [])]
