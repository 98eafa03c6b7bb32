"""What Argo CD tells of what is no commit: a Helm chart's version, an OCI artifact's digest. Asked once for each, and kept.

An OCI artifact may say which repository, and by its version or its source's address which commit, it was made from: that is its
maker's word. https://github.com/opencontainers/image-spec/blob/main/annotations.md
"""

import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from app.canonical import plain
from app.domain.event import Event, Step
from app.errors import SourceError
from app.sources.argocd import wire
from app.sources.argocd.client import Client
from app.sources.argocd.maker import Maker
from app.sources.argocd.names import askable, is_commit, repository
from app.sources.argocd.revisions import ONLY_ONE
from app.sources.contract import Observation, Want

KEPT = 300  # charts and artifacts whose description is remembered
POINTS = re.compile(r"(?:/-)?/(?:commits?|tree|blob)/(?P<path>[0-9a-f]{40,64})\b|[#@](?P<mark>[0-9a-f]{40,64})$")
MAIL = re.compile(r"\s*<[^>]*>|\S+@\S+")
Place = tuple[str, str, str]  # name, namespace and project of an application


class Chart(wire.Wire):
    description: str | None = None
    maintainers: list[str] | None = None
    home: str | None = None


class Oci(wire.Wire):
    created_at: str | None = None
    authors: str | None = None
    description: str | None = None
    version: str | None = None
    docs_url: str | None = None
    source_url: str | None = None


class Artifacts:
    """For one pass. `known` is the memory of what was told: `registry chart revision` → its facts."""

    def __init__(self, client: Client, known: MutableMapping[str, Any]) -> None:
        self.client, self.known = client, known

    def told(
        self, make: Maker, place: Place, events: Sequence[Event], kept: list[Observation], unknown: list[tuple[str, str]]
    ) -> Iterator[tuple[Event, Want | None]]:
        """Of each chart and artifact that an operation among `events` names, and what to ask the Git host of it."""
        done = set[tuple[str, int, str]]()
        for event in events:
            if event.type != "operation" or not event.keys.operation:
                continue
            sources: Sequence[Mapping[str, Any]] = event.facts.get("sources") or []
            for i, source in enumerate(sources):
                mark = (event.keys.operation, i, str(source["revision"]))
                if mark in done or not source.get("registry") or not askable(source["revision"]) or is_commit(source["revision"]):
                    continue
                done.add(mark)
                index = i if len(sources) > 1 else None
                facts = self._facts(place, source, index, event.facts.get("history_id"), kept, unknown)
                yield self._event(make, event, i, source, facts), self._want(source, facts)

    def _facts(
        self,
        place: Place,
        source: Mapping[str, Any],
        index: int | None,
        history_id: int | None,
        kept: list[Observation],
        unknown: list[tuple[str, str]],
    ) -> dict[str, Any]:
        key = f"{source['registry']} {source['chart']} {source['revision']}"
        if isinstance(held := self.known.get(key), dict):
            return held
        what = "chartdetails" if source["chart"] else "ocimetadata"
        try:
            got = self.client.artifact(*place, source["revision"], what, index, history_id)
            facts = _chart(got.body) if source["chart"] else _oci(got.body)
        except ONLY_ONE as error:
            unknown.append((what, f"{plain(key, 200)}: {plain(str(error), 300)}"))
            return {"because": _why(error)}
        kept.append(got.observed(f"{what}/{plain(key, 300)}"))
        self.known[key] = facts
        return facts

    @staticmethod
    def _event(make: Maker, event: Event, index: int, source: Mapping[str, Any], facts: Mapping[str, Any]) -> Event:
        named = {"index": index, "registry": source["registry"], "chart": source["chart"], "revision": source["revision"]}
        status = "unavailable" if "because" in facts else "known"
        return make.event(
            "artifact", f"{event.keys.operation}/{index}", status, Step.NOTED, event.occurred_at, {**named, **facts},
            unique=str(source["revision"]), operation=event.keys.operation, repo=facts.get("repository"),
            commits=(facts["commit"],) if facts.get("commit") else (),
        )  # fmt: skip

    @staticmethod
    def _want(source: Mapping[str, Any], facts: Mapping[str, Any]) -> Want | None:
        repo, commit = facts.get("repository"), facts.get("commit")
        return Want(str(repo), str(commit), None, "") if repo and commit else None


def _chart(body: Any) -> dict[str, Any]:
    one = wire.read(body, Chart, "details of a chart")
    people = [name for text in (one.maintainers or [])[:50] if (name := plain(MAIL.sub("", text).strip(), 200))]
    return {"description": plain(one.description, 1000), "home": plain(one.home, 500) or None, "maintainers": people}


def _oci(body: Any) -> dict[str, Any]:
    one = wire.read(body, Oci, "metadata of an OCI artifact")
    repo, commit = _made_from(one.source_url or "", one.version or "")
    return {
        "description": plain(one.description, 1000),
        "authors": plain(MAIL.sub("", one.authors or "").strip(" ,;"), 300) or None,
        "created_at": plain(one.created_at, 64) or None,
        "version": plain(one.version, 200) or None,
        "docs": plain(one.docs_url, 500) or None,
        "source": plain(one.source_url, 500) or None,
        "repository": repo,
        "commit": commit,
    }


def _made_from(url: str, version: str) -> tuple[str | None, str | None]:
    """The repository and the commit that its source's address and its version name; (None, None) where they name none."""
    found = POINTS.search(url[:2000])
    repo = repository(url[: found.start()] if found else url)
    commit = (found["path"] or found["mark"]) if found else version
    return (repo, commit if repo and is_commit(commit) else None)


def _why(error: SourceError) -> str:
    return plain(f"Argo CD does not tell it ({error})", 300)
