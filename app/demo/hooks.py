"""The webhooks that the demo's servers send when something changed there: signed as the real ones sign, to the portal's own door.

What changed is what differs from the last look. Shapes: GitHub's in `hook_shapes`, Terraform Enterprise's of
https://developer.hashicorp.com/terraform/enterprise/api-docs/notification-configurations, a template of the bank's own for Argo CD.
"""

import hashlib
import hmac
import json
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app import log
from app.demo import cast, hook_shapes
from app.demo.bank import Bank
from app.demo.fakes.github_things import PullRequest, Repository

SECRETS = {cast.TFE: "tfe-demo-webhook", cast.ARGOCD: "argocd-demo-webhook", cast.GITHUB: "github-demo-webhook"}
TRIGGERS = {  # what Terraform Enterprise calls a run's being where it is; plan-only runs are never told of
    "pending": "run:created",
    "planning": "run:planning",
    "planned": "run:needs_attention",
    "policy_override": "run:needs_attention",
    "policy_checked": "run:needs_attention",
    "applying": "run:applying",
    "applied": "run:completed",
    "planned_and_finished": "run:completed",
    "errored": "run:errored",
}
logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """One delivery, as bytes and headers."""

    source: str
    body: bytes
    headers: Mapping[str, str]


class News:
    """What changed in the bank since it was asked last; nothing the first time."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self._known: dict[tuple[str, ...], Any] | None = None

    def letters(self, at: datetime) -> list[Letter]:
        seen = dict(self._state())
        before, self._known = self._known, seen
        if before is None:
            return []
        return [
            letter for key, value in seen.items() if before.get(key) != value and (letter := self._letter(key, before.get(key), at))
        ]

    def _state(self) -> Iterator[tuple[tuple[str, ...], Any]]:
        for run in self.bank.tfe.runs:
            if not run.plan_only:
                yield (cast.TFE, run.id), run.status
        for repository in self.bank.github.repositories.values():
            yield (cast.GITHUB, repository.name), repository.tip
            for number, pull in repository.pull_requests.items():
                yield (cast.GITHUB, repository.name, str(number)), (pull.state, pull.head, pull.updated_at, len(pull.reviews))
        for app in self.bank.argocd.applications.values():
            last = app.operation
            yield (cast.ARGOCD, app.name), (last and (last.started_at, last.phase), app.sync, app.health)

    def _letter(self, key: tuple[str, ...], before: Any, at: datetime) -> Letter | None:
        if key[0] == cast.TFE:
            return self._notification(key[1], at)
        if key[0] == cast.GITHUB:
            known = self.bank.github.repositories[key[1]]
            pull = known.pull_requests[int(key[2])] if len(key) > 2 else None
            return self._pull_request(known, pull, before) if pull else self._push(known, before)
        return signed(cast.ARGOCD, {"app": key[1], "at": at.isoformat()})

    def _notification(self, run_id: str, at: datetime) -> Letter | None:
        run = self.bank.tfe.run_by(run_id)
        if run is None or run.status not in TRIGGERS:
            return None
        told = {
            "message": f"Run {run.status}",
            "trigger": TRIGGERS[run.status],
            "run_status": run.status,
            "run_updated_at": at.isoformat(),
            "run_updated_by": None,
        }
        return signed(
            cast.TFE,
            {
                "payload_version": 1,
                "notification_configuration_id": "nc-demo",
                "run_url": f"https://tfe.bank.example/app/{cast.ORGANIZATION}/{run.workspace.name}/runs/{run.id}",
                "run_id": run.id,
                "run_message": run.message,
                "run_created_at": run.created_at.isoformat(),
                "run_created_by": run.creator.username if run.creator else None,
                "workspace_id": run.workspace.id,
                "workspace_name": run.workspace.name,
                "organization_name": cast.ORGANIZATION,
                "notifications": [told],
            },
        )

    def _push(self, known: Repository, before: str | None) -> Letter:
        return signed(cast.GITHUB, hook_shapes.push(self.bank.github, known, before, known.tip), "push")

    def _pull_request(self, known: Repository, pull: PullRequest, before: tuple[Any, ...] | None) -> Letter:
        """What happened to it, in GitHub's words; what is told by none of these is told as an edit."""
        state, head, _, reviews = before or ("", "", None, 0)
        told = (self.bank.github, known, pull)
        if before is None and pull.state == "OPEN":
            return signed(cast.GITHUB, hook_shapes.pull_request(*told, "opened", pull.author), "pull_request")
        if pull.state != state:
            action = "reopened" if pull.state == "OPEN" else "closed"
            by = next((one.actor for one in reversed(pull.timeline) if one.typename in ("ClosedEvent", "ReopenedEvent")), None)
            return signed(cast.GITHUB, hook_shapes.pull_request(*told, action, by), "pull_request")
        if pull.head != head:
            moved = hook_shapes.pull_request(*told, "synchronize", pull.author, before=head, after=pull.head)
            return signed(cast.GITHUB, moved, "pull_request")
        if len(pull.reviews) > reviews and pull.reviews[-1].submitted_at:
            return signed(cast.GITHUB, hook_shapes.review(*told, pull.reviews[-1]), "pull_request_review")
        return signed(cast.GITHUB, hook_shapes.pull_request(*told, "edited", pull.author, changes={}), "pull_request")


def signed(source: str, said: Mapping[str, Any], event: str = "") -> Letter:
    """As the kind of source signs: TFE and GitHub the body, Argo CD not at all but with a bearer secret."""
    body, secret = json.dumps(said).encode(), SECRETS[source].encode()
    headers = {"content-type": "application/json"}
    if source == cast.TFE:
        headers["x-tfe-notification-signature"] = hmac.new(secret, body, hashlib.sha512).hexdigest()
    elif source == cast.GITHUB:
        headers["x-hub-signature-256"] = f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"
        headers["x-github-event"] = event
    else:
        headers["authorization"] = f"Bearer {secret.decode()}"
    return Letter(source, body, headers)


class Post:
    """Delivers one letter after the other, and never keeps the world waiting. What cannot be delivered is not tried again."""

    def __init__(self, portal: str) -> None:
        self._portal = portal
        self._letters: queue.SimpleQueue[Letter] = queue.SimpleQueue()
        threading.Thread(target=self._deliver, name="webhooks", daemon=True).start()

    def send(self, letters: list[Letter]) -> None:
        for letter in letters:
            self._letters.put(letter)

    def _deliver(self) -> None:
        while True:
            letter = self._letters.get()
            request = urllib.request.Request(  # noqa: S310 -- the portal's own loopback address
                f"{self._portal}/webhooks/{letter.source}", letter.body, dict(letter.headers), method="POST"
            )
            try:
                urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 -- as above
            except (urllib.error.URLError, OSError) as error:
                logger.info("a webhook was not delivered", extra=log.fields(source=letter.source, error=str(error)))
