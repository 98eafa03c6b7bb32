"""What `check` asks of Terraform Enterprise: who are we, what may we, what can the server."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.errors import Forbidden, Missing, NotUnderstood, SourceError, TooLarge
from app.sources.contract import Probe
from app.sources.tfe import powers, server, wire
from app.sources.tfe.abilities import NAMED, PLAIN, Abilities, First
from app.sources.tfe.client import Client
from app.sources.tfe.terms import INCLUDES
from app.sources.tfe.wire import Document, Resource, moment

ORGANIZATION = "this is an organization token, which can change variables; use a team token that may only read runs"
UNTOLD = "whose token it is cannot be read (/account/details), and it may change the organization"
SETTLE = timedelta(minutes=1)


def probe(client: Client, *, states: bool = False) -> Probe:
    """Raises SourceError when the server or the organization cannot be asked at all; what else is wrong is a line each.

    `states`: the connection opts in to the metadata of states.
    """
    ping = client.ping()
    capabilities: dict[str, Any] = {"api": ping.headers.get("tfp-api-version", "")}
    names = ("x-tfe-current-version", "x-tfe-version", "tfp-appname", "tfp-api-version")
    version = next((ping.headers[name] for name in names if ping.headers.get(name)), "")
    if not client.organization:
        problems = ["no organization is named; set organization in its [[source]] table"]
        return Probe(version, client.http.clock_offset, None, capabilities, problems)
    asked = _Asked(client, states)
    organization = client.organization_document()
    state = ""
    try:
        asked.token(organization)
        asked.server()
    except SourceError as error:
        asked.problems.append(str(error))
        state = error.state
    return Probe(version, client.http.clock_offset, asked.read_only, capabilities | asked.told, tuple(asked.problems), state)


class _Asked:
    """What was found so far. `read_only`: None while nothing tells."""

    def __init__(self, client: Client, states: bool) -> None:
        self.client, self.states = client, states
        self.read_only: bool | None = None
        self.problems: list[str] = []
        self.told: dict[str, bool | str] = {}

    def token(self, organization: Document) -> None:
        """An organization token belongs to a synthetic user named after it; where that is not told, its powers give it away."""
        workspaces = self.client.workspaces().data
        can, lines = powers.writes(workspaces, powers.POWERS, "workspaces")
        if not workspaces:
            lines = [f"no workspace of {self.client.organization} is visible to the token"]
        wide, more = powers.writes(organization.data, powers.ORGANIZATION_POWERS, "organizations")
        account = _maybe(self.client.account)
        attributes, _ = wire.read(wire.UserAttributes, account.data[0].attributes if account and account.data else {})
        whole = (attributes.username or "").startswith("api-org")
        self.problems += [*lines, *more, *powers.sees(workspaces, frozenset((powers.STATES,)) if self.states else frozenset())]
        if whole:
            self.problems.append(ORGANIZATION)
        elif wide and not attributes.username:
            self.problems.append(f"{UNTOLD}; {ORGANIZATION.partition('; ')[2]}, not that of an organization or its owners")
        self._judge(can, wide or None, whole or None)

    def _judge(self, *can_write: bool | None) -> None:
        """Any power is one too many; read-only is only what something says."""
        told = [can for can in can_write if can is not None]
        if any(told):
            self.read_only = False
        elif told and self.read_only is None:
            self.read_only = True

    def server(self) -> None:
        if entitlements := _maybe(self.client.entitlements):
            attributes = entitlements.data[0].attributes if entitlements.data else {}
            named = [k for k, v in sorted(attributes.items()) if v is True and k.isascii()]
            self.told["entitlements"] = ", ".join(named) or "none"
        abilities, runs = self._lists()
        abilities.absent, abilities.present, abilities.told = self._parts(runs)
        self.told |= server.words(abilities, self.client.http.told)
        self.told["health assessments in the list of workspaces"] = self._assessments()

    def _lists(self) -> tuple[Abilities, list[Resource]]:
        """The first page of the run list in both forms, with the most includes it takes; a workspace's where there is no other."""
        abilities = Abilities()
        path, place = self.client.organization_runs(), _first(self.client.workspaces().data)
        read: dict[str, Document] = {}
        for form in (NAMED, PLAIN):
            while form not in read:
                try:
                    include = INCLUDES[abilities.include]
                    read[form] = self.client.run_list(path, 1, include=include, operations=form == NAMED)
                except Missing:
                    if not abilities.organization_runs or place is None:
                        return abilities, []
                    abilities.organization_runs, path = False, self.client.workspace_runs(place)
                except NotUnderstood as error:
                    if error.status != 400 or not INCLUDES[abilities.include]:
                        raise
                    abilities.include += 1
        for document in read.values():
            abilities.met = server.met(abilities.met, document)
        named, plain = (First.of(_dated(read[form]), bool(read[form].next_page)) for form in (NAMED, PLAIN))
        now = self.client.now() + (self.client.http.clock_offset or timedelta())
        abilities.compare(named, plain, now - SETTLE)
        times = [at for _, at in _dated(read[NAMED])]
        abilities.disordered = times != sorted(times, reverse=True)
        runs = [*read[NAMED].data, *read[PLAIN].data]
        can, lines = powers.writes(runs, powers.RUN_POWERS, "runs")
        self.problems += lines
        self._judge(can)
        return abilities, runs

    def _parts(self, runs: list[Resource]) -> tuple[list[str], list[str], list[str]]:
        """Which details of a run it has an endpoint for: asked for the newest run."""
        absent, present, told = list[str](), list[str](), list[str]()
        asks = {
            "run-events": self.client.run_events,
            "policy-checks": self.client.policy_checks,
            "task-stages": self.client.task_stages,
            "tf-policy-evaluations": self.client.terraform_evaluations,
        }
        for name, ask in asks.items() if runs else ():
            found = _tolerant(lambda ask=ask: ask(runs[0].id))  # type: ignore[misc]
            (absent if found is None else present).append(name)
            told += [name] if found and found.data else []
        return absent, present, told

    def _assessments(self) -> bool:
        try:
            self.client.workspaces(include="current_assessment_result")
        except NotUnderstood as error:
            if error.status != 400:
                raise
            return False
        return True


def _first(workspaces: list[Resource]) -> str | None:
    return workspaces[0].id if workspaces else None


def _dated(document: Document) -> list[tuple[str, Any]]:
    return [(one.id, at) for one in document.data if (at := moment(one.attributes.get("created-at")))]


def _tolerant(ask: Callable[[], Document | None]) -> Document | None:
    try:
        return ask()
    except (Missing, NotUnderstood, Forbidden, TooLarge):
        return None


def _maybe(ask: Callable[[], Document]) -> Document | None:
    try:
        return ask()
    except (Missing, NotUnderstood, Forbidden):
        return None
