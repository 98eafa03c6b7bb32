"""The requests we make of Terraform Enterprise: only these paths, only GET. Never state, variables or code."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from app.canonical import plain
from app.errors import Missing, NotUnderstood, Refused
from app.sources.contract import Connection
from app.sources.http import Answer, Http, Streamed
from app.sources.tfe.pace import LIVE, WHOLE, Lists
from app.sources.tfe.terms import OPERATIONS
from app.sources.tfe.wire import Document, document, forward, joined, log_address

Transport = httpx.BaseTransport

_ID = r"[A-Za-z0-9_-]+"
ALLOW = (
    r"/api/v2/ping",
    r"/api/v2/account/details",
    rf"/api/v2/organizations/{_ID}(/runs|/workspaces|/entitlement-set)?",
    rf"/api/v2/workspaces/{_ID}(/runs|/run-triggers|/current-assessment-result|/relationships/remote-state-consumers)?",
    rf"/api/v2/runs/{_ID}(/run-events|/policy-checks|/task-stages|/tf-policy-evaluations)?",
    rf"/api/v2/(plans|applies|configuration-versions|users)/{_ID}",
    rf"/api/v2/(task-stages|task-results|cost-estimates|policy-checks|tf-policy-evaluations)/{_ID}",
    rf"/api/v2/policy-checks/{_ID}/output",
    rf"/api/v2/tf-policy-evaluations/{_ID}/tf-policy-set-outcomes",
    r"/api/v2/organization/audit-trail",
    rf"/api/v2/plans/{_ID}/json-output-redacted",
    rf"/api/v2/(task-stages|policy-evaluations)/{_ID}/(policy-evaluations|policy-set-outcomes)",
)

STATES = r"/api/v2/state-versions"  # their metadata, only where a connection opts in to it; never one of them, never its content
# The sideloads we ask for. `outputs`, `vars` and `current_state_version` are none of them: they hold secrets and state.
INCLUDED = frozenset(
    {
        *("actor", "comment", "created_by", "ingress_attributes", "plan", "apply", "cost_estimate", "task_stages"),
        *("configuration_version", "configuration_version.ingress_attributes", "tf_policy_set_outcomes"),
        *("task_results", "policy_evaluations", "task-results", "policy-evaluations"),
        *("current_assessment_result", "current_run", "locked_by", "project"),
    }
)

VERSIONS = ("x-tfe-current-version", "x-tfe-version", "tfp-appname", "tfp-api-version", "x-ratelimit-limit", "etag")
TRAIL_PAGE = 1000
STAGE_INCLUDES = ("task_results,policy_evaluations", "task-results,policy-evaluations", "")
PAGE_SIZE = 100  # the most a list gives


@dataclass
class Reads(Http):
    """As `Http`, with a list of the sideloads that may be asked for, beside that of the paths.

    `told`: what the headers of its answers tell of the server (`VERSIONS`), as last seen.
    """

    told: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, params: Mapping[str, Any] | Sequence[tuple[str, str]] | None = None) -> Answer:
        """Raises Refused before anything is asked, where `include` names what is not on the list."""
        pairs = params.items() if isinstance(params, Mapping) else params or ()
        wanted = {name for key, value in pairs if key == "include" for name in str(value).split(",") if name}
        if wanted - INCLUDED:
            raise Refused(f"include={','.join(sorted(wanted - INCLUDED))} is not on the list of what may be sideloaded")
        answer = super().get(path, params)
        self.told |= {name: plain(answer.headers[name], 60) for name in VERSIONS if name in answer.headers}
        return answer

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Never: nothing here is read by a POST. Raises Refused."""
        raise Refused(f"POST {path} could write", do="this is a defect of Throughline; report it")


class Client:
    """Answers as documents. Raises the SourceError that fits; calls typed `Document | None` give None for a 404."""

    def __init__(
        self,
        connection: Connection,
        clock: Callable[[], datetime],
        transport: Transport | None = None,
        lists: Lists | None = None,
        who: str = LIVE,
    ) -> None:
        """`lists` counts the run lists of all who read this server; `who` of them this is."""
        allow = (*ALLOW, STATES) if connection.state_metadata else ALLOW
        self.http = Reads(connection, clock, allow, accept="application/vnd.api+json", transport=transport)
        self.organization = connection.organization or ""
        self.stage_form = 0  # which spelling of the task stages' includes this server takes
        self.now = clock
        self.lists, self.who = lists or Lists(clock), who

    def ping(self) -> Answer:
        """204 with the version headers."""
        return self.http.get("/api/v2/ping")

    def account(self) -> Document:
        return self._document("/api/v2/account/details")

    def organization_document(self) -> Document:
        return self._document(f"/api/v2/organizations/{self.organization}")

    def entitlements(self) -> Document:
        return self._document(f"/api/v2/organizations/{self.organization}/entitlement-set")

    def workspaces(self, page: int = 1, include: str = "") -> Document:
        path = f"/api/v2/organizations/{self.organization}/workspaces"
        included = {"include": include} if include else {}
        return self._document(path, {"page[size]": PAGE_SIZE, "page[number]": page, **included})

    def every_workspace(self, include: str = "") -> Iterator[Document]:
        """The pages of the workspace list. Raises Missing when it is empty because the organization is not there."""
        page: int | None = 1
        before: set[str] = set()
        while page:
            document = self.workspaces(page, include)
            if page == 1 and not document.data:
                self.organization_document()
            before = forward(document, before, page, "the workspaces")
            yield document
            page = document.following(page)

    def run_triggers(self, key: str) -> Document | None:
        """What starts runs in this workspace; the type is a required parameter."""
        params = {"filter[run-trigger][type]": "inbound", "page[size]": PAGE_SIZE}
        return self._every(f"/api/v2/workspaces/{key}/run-triggers", params)

    def state_consumers(self, key: str) -> Document | None:
        """The workspaces that may read this one's outputs, beside its project or the organization."""
        return self._every(f"/api/v2/workspaces/{key}/relationships/remote-state-consumers", {"page[size]": PAGE_SIZE})

    def state_versions(self, workspace: str, page: int) -> Document:
        """Metadata of a workspace's states by its name, newest first. Raises Refused unless the connection opts in to it."""
        names = {"filter[workspace][name]": workspace, "filter[organization][name]": self.organization}
        return self._document("/api/v2/state-versions", {**names, "page[size]": PAGE_SIZE, "page[number]": page})

    def run_count(self, workspace: str, year: int, *, operations: bool) -> int | None:
        """How many runs of a year a workspace's list says that it holds; None where it does not say."""
        self.lists.take(WHOLE)
        named = {"filter[operation]": ",".join(OPERATIONS)} if operations else {}
        params = {"page[size]": 1, "filter[timeframe]": year, **named}
        found = self.http.get(self.workspace_runs(workspace), params).json()
        meta = found.get("meta") if isinstance(found, dict) else None
        pagination = meta.get("pagination") if isinstance(meta, dict) else None
        total = pagination.get("total-count") if isinstance(pagination, dict) else None
        return total if type(total) is int else None

    def workspace(self, key: str) -> Document | None:
        return self._maybe(f"/api/v2/workspaces/{key}")

    def current_assessment(self, workspace: str) -> Document | None:
        """The latest result of its health assessments; None where there is none, or it may not be read."""
        return self._maybe(f"/api/v2/workspaces/{workspace}/current-assessment-result")

    def run_list(self, path: str, page: int, *, include: str, operations: bool, year: int | None = None) -> Document:
        """One page of a run list. `operations` names all six, without which plan-only runs are left out of it.

        Raises Spent, before asking, when this minute's lists are used up.
        """
        self.lists.take(self.who if path == self.organization_runs() else WHOLE)  # a backfill reads no workspace's list
        params: dict[str, Any] = {"page[size]": PAGE_SIZE, "page[number]": page}
        if operations:
            params["filter[operation]"] = ",".join(OPERATIONS)
        if year:
            params["filter[timeframe]"] = year
        if include:
            params["include"] = include
        return self._document(path, params)

    def organization_runs(self) -> str:
        return f"/api/v2/organizations/{self.organization}/runs"

    def workspace_runs(self, key: str) -> str:
        return f"/api/v2/workspaces/{key}/runs"

    def run(self, key: str, include: str) -> Document | None:
        return self._maybe(f"/api/v2/runs/{key}", {"include": include} if include else None)

    def run_events(self, key: str) -> Document | None:
        """Not in the public reference; go-tfe reads it, and the vendor's support article names it."""
        return self._every(f"/api/v2/runs/{key}/run-events", {"include": "actor,comment"})

    def policy_checks(self, key: str) -> Document | None:
        """All of them: the list is not paged when no page is asked for."""
        return self._every(f"/api/v2/runs/{key}/policy-checks", {})

    def task_stages(self, key: str) -> Document | None:
        return self._every(f"/api/v2/runs/{key}/task-stages", {"page[size]": PAGE_SIZE})

    def policy_evaluations(self, stage: str) -> Document | None:
        return self._every(f"/api/v2/task-stages/{stage}/policy-evaluations", {"page[size]": PAGE_SIZE})

    def policy_set_outcomes(self, evaluation: str) -> Document | None:
        return self._every(f"/api/v2/policy-evaluations/{evaluation}/policy-set-outcomes", {"page[size]": PAGE_SIZE})

    def task_stage(self, key: str) -> Document | None:
        """A stage with its results and evaluations. The includes are spelt in two ways; what a server refuses is left out."""
        while True:
            include = STAGE_INCLUDES[self.stage_form]
            try:
                return self._maybe(f"/api/v2/task-stages/{key}", {"include": include} if include else None)
            except NotUnderstood as error:
                if error.status != 400 or not include:
                    raise
                self.stage_form += 1

    def task_result(self, key: str) -> Document | None:
        return self._maybe(f"/api/v2/task-results/{key}")

    def cost_estimate(self, key: str) -> Document | None:
        return self._maybe(f"/api/v2/cost-estimates/{key}")

    def policy_check(self, key: str) -> Document | None:
        return self._maybe(f"/api/v2/policy-checks/{key}")

    def policy_log(self, key: str) -> AbstractContextManager[Streamed]:
        """The text log of a policy check, to which the server sends us elsewhere; 204 while there is none."""
        return self.http.stream_elsewhere(f"/api/v2/policy-checks/{key}/output")

    def terraform_evaluations(self, run: str) -> Document | None:
        """Terraform policy, a beta: in the vendor's OpenAPI document, not in its pages."""
        return self._every(f"/api/v2/runs/{run}/tf-policy-evaluations", {"page[size]": PAGE_SIZE})

    def terraform_evaluation(self, key: str) -> Document | None:
        return self._maybe(f"/api/v2/tf-policy-evaluations/{key}", {"include": "tf_policy_set_outcomes"})

    def terraform_outcomes(self, key: str) -> Document | None:
        return self._every(f"/api/v2/tf-policy-evaluations/{key}/tf-policy-set-outcomes", {"page[size]": PAGE_SIZE})

    def audit_trail(self, page: int, since: datetime | None) -> tuple[list[dict[str, Any]], int | None]:
        """One page of HCP Terraform's audit trail, and the number of the next. It is plain JSON, with page keys of its own."""
        params: dict[str, Any] = {"page[number]": page, "page[size]": TRAIL_PAGE}
        if since:
            params["since"] = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        answer = self.http.get("/api/v2/organization/audit-trail", params)
        found = answer.json()
        entries = found.get("data") if isinstance(found, dict) else None
        if not isinstance(entries, list):
            raise NotUnderstood("the audit trail answered JSON without a list of entries", "data, and pagination")
        pagination = found.get("pagination")
        following = pagination.get("next_page") if isinstance(pagination, dict) else None
        return [one for one in entries if isinstance(one, dict)], following if type(following) is int else None

    def plan(self, key: str) -> Document | None:
        return self._maybe(f"/api/v2/plans/{key}")

    def plan_json(self, key: str) -> AbstractContextManager[Streamed]:
        """The plan without what is marked sensitive; the server sends us to where it lies. 204 while the plan is not complete."""
        return self.http.stream_elsewhere(f"/api/v2/plans/{key}/json-output-redacted")

    def apply_log(self, key: str) -> AbstractContextManager[Streamed]:
        """The log at its own address, which opens to whoever knows it: it gets no token, and stands in nothing that is kept.

        Raises Missing where the apply names none.
        """
        answer = self.http.get(f"/api/v2/applies/{key}")
        address = log_address(answer.body)
        if not address:
            raise Missing(f"{self.http.connection.name} names no log of {key}", "log-read-url")
        return self.http.stream_elsewhere(address)

    def apply(self, key: str) -> Document | None:
        return self._maybe(f"/api/v2/applies/{key}")

    def configuration_version(self, key: str) -> Document | None:
        return self._maybe(f"/api/v2/configuration-versions/{key}", {"include": "ingress_attributes"})

    def user(self, key: str) -> Document | None:
        return self._maybe(f"/api/v2/users/{key}")

    def _maybe(self, path: str, params: dict[str, Any] | None = None) -> Document | None:
        try:
            return self._document(path, params)
        except Missing:
            return None

    def _every(self, path: str, params: dict[str, Any]) -> Document | None:
        """All pages of a list as one document."""
        whole = page = self._maybe(path, params or None)
        number = page.following(1) if page else None
        before = {one.id for one in page.data} if page else set()
        while whole and number:
            page = self._maybe(path, {**params, "page[size]": PAGE_SIZE, "page[number]": number})
            if page is None:
                break
            before = forward(page, before, number, path)
            whole, number = joined(whole, page), page.following(number)
        return whole

    def _document(self, path: str, params: dict[str, Any] | None = None) -> Document:
        answer = self.http.get(path, params)
        return document(answer.json(), answer.url)
