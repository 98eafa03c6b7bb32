"""Values that no form gives away (a variable, what a plan would set, a Helm value, a description): they go by where they stand.

Each place has a mark of its own (`planter`); none of them is in the database, a log, an answer, a page or a file.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from app.demo.fakes import tfe_policies as stages
from app.demo.fakes.gitlab import gitlab_app
from app.demo.fakes.gitlab_merge import merge
from app.demo.fakes.gitlab_state import GitlabState
from app.demo.fakes.tfe_plan_resources import created, kept, made, replaced, updated
from app.demo.fakes.tfe_state import PolicyState

from tests.sources.harness import served
from tests.stories.bank import KINDS, REPO, Bank, Ran, founded, servers
from tests.stories.everywhere import everywhere
from tests.stories.gate import Gate
from tests.stories.planter import RULES, SIGNS, Planter

__all__ = ["servers"]
OBJECTS = (
    *(
        "kubernetes_namespace",
        "kubernetes_secret_v1",
        "kubernetes_config_map",
        "kubernetes_manifest",
        "kubectl_manifest",
        "helm_release",
    ),
    *(
        "aws_secretsmanager_secret_version",
        "aws_iam_role",
        "vault_generic_secret",
        "vault_kv_secret_v2",
        "azurerm_key_vault_secret",
    ),
)
GROUP = "bank/platform/network/infra"
GITLAB = """
[log]
level = "DEBUG"
[[source]]
name = "gitlab"
kind = "gitlab"
url = "{url}"
repositories = ["{group}"]
token_file = "gitlab.token"
requests_per_second = 1000
"""
# Where marks must have stood, at the least, in what was read.
PLACES = {
    "tfe": {
        *(
            "run variable",
            "before",
            "after",
            "before tags",
            "after tags",
            "output before",
            "output after",
            "plan variable",
            "a log",
        ),
        *("yaml_body", "data_json", "note", "assume_role_policy", "secret_string"),
        *("planned output", "prior state", "check problem", "trace.print", "trace.rules.root", "trace.rules.string"),
        *("outcome output", "outcome diagnostics", "outcome passed", "task url", "task-url", "task outcome body", "log-read-url"),
        *("upload-url", "vcs oauth-token-id", "vcs webhook-url", "vcs github-app-installation-id", "user email", "two-factor"),
        *("audit payload", "audit value", "hosted-state-download-url", "hosted-json-state-download-url", "state resource"),
    },
    "argocd": {
        *(
            "helm values",
            "helm valuesObject",
            "helm parameter",
            "kustomize annotation",
            "kustomize label",
            "kustomize patch",
            "info",
        ),
        *(
            "plugin env",
            "plugin string",
            "plugin array",
            "plugin map",
            "jsonnet extVars",
            "jsonnet tlas",
            "manifest",
            "last applied",
        ),
        *("managedFields", "Secret data", "Secret stringData", "state last applied", "env", "argument", "ConfigMap line"),
        *("ConfigMap key", "nested helm values"),
    },
    "github": {"GitHub body", "GitHub patch"},
    "gitlab": {"GitLab runners_token", "GitLab description", "GitLab comment", "GitLab external_url", "GitLab import_url"},
}


def tell(bank: Bank, gitlab: GitlabState) -> None:
    """Something of everything that has values."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    bank.tell(ago=timedelta(hours=3))
    again(bank, at + timedelta(hours=1))
    terraform(bank, at)
    app = bank.argocd.add_application(
        "ledger", project="ledger", repository=f"https://github.bank.example/{REPO}.git", path="apps/ledger", at=at,
        revision="7" * 40, resources=[("Secret", "ledger-keys"), ("ConfigMap", "ledger-config")],
    )  # fmt: skip
    bank.argocd.local(app, at + timedelta(minutes=1), "alice")
    bank.argocd.edit(app, "ledger-keys", datetime.now(UTC) - timedelta(minutes=1))
    bank.argocd.edit(app, "ledger-config", datetime.now(UTC) - timedelta(minutes=1))
    commits = [(None, "ada", "Open the gateway", ["network/main.tf"])]
    iid = gitlab.open(GROUP, "Open the gateway", "ada", at, "ada/gateway", [], commits, "it says why")
    gitlab.comment(GROUP, iid, "bob", "the password is what it was", at + timedelta(minutes=2))
    gitlab.external_check(GROUP, iid, "scan", "passed")
    gitlab.approve(GROUP, iid, "bob", at + timedelta(minutes=4))
    merge(gitlab, GROUP, iid, "carol", at + timedelta(minutes=20))


def again(bank: Bank, at: datetime) -> None:
    """A second apply, so that there is a range of commits to ask for."""
    sha = bank.github.direct_push(REPO, "ada", at, ["network/more.tf"], "More of it")
    run = bank.tfe.add_run(bank.tfe.workspace_named("payments-production"), "More of it", at, "ada", sha, branch="main")
    run.plan(at + timedelta(minutes=1), 1, 0)
    run.confirm(at + timedelta(minutes=2), bank.tfe.user("bob"))
    run.apply(at + timedelta(minutes=3))


def terraform(bank: Bank, at: datetime) -> None:
    """A run that all policy systems and a run task judged, with plan and log; states that no run made; an audit trail."""
    tfe = bank.tfe
    place = tfe.add_workspace("ledger-production", REPO, "ledger", created_at=at)
    run = tfe.add_run(place, "Rotate the ledger's keys", at, "ada", source="tfe-api")
    tfe.plans.archivist = bank.urls["tfe"]
    resources = [created("aws_kms_key.ledger"), updated("aws_ssm_parameter.a", "value"), replaced("aws_db_instance.b", "engine")]
    resources += [made(f"{kind}.of_ledger", "ledger-of-names", "ledger-space") for kind in OBJECTS]
    resources += [kept(f"{kind}.kept", "ledger-of-kept-names", "ledger-space") for kind in OBJECTS]
    tfe.plans.tell(run.planned, resources)
    run.plan(at + timedelta(minutes=1), 2, 1)
    run.evaluate(
        at + timedelta(minutes=2), [PolicyState("network", "no-public-address", False, "hard-mandatory", "None is public")]
    )
    stages.task(run, at + timedelta(minutes=3), "cloud-scanner", passed=False, level="advisory", message="2 findings")
    stages.override_stage(run, at + timedelta(minutes=10), tfe.user("carol"), "Agreed in CHG-77")
    stages.terraform_policy(run, at + timedelta(minutes=12), [PolicyState("guard", "size", False, "soft-mandatory", "Not too big")])
    stages.override_terraform(run, at + timedelta(minutes=14), tfe.user("dora"), "Until the end of the quarter")
    run.policy(at + timedelta(minutes=16), [PolicyState("baseline", "tags", True, "soft-mandatory", "Everything is tagged")])
    run.confirm(at + timedelta(minutes=20), tfe.user("bob"), "Go")
    run.apply(at + timedelta(minutes=25))
    tfe.plans.log(run.applied, [("aws_kms_key.ledger", "create", "complete"), ("aws_db_instance.b", "update", "errored")])
    tfe.estate.states_readable = True
    tfe.estate.state(place, at + timedelta(minutes=26), run)
    tfe.estate.state(place, at + timedelta(minutes=90), None, tfe.user("eve"))
    tfe.audit.hcp = True
    (bank.folder / "audit.token").write_text(tfe.audit.token)
    tfe.audit.note(at + timedelta(minutes=20), tfe.user("bob"), ("run", run.id), "apply", {"comment": "Go"})
    bank.settings["tfe"] = {
        **dict.fromkeys(("policy_log", "apply_log", "state_metadata"), True),
        "audit_token_file": str(bank.folder / "audit.token"),
    }


@pytest.fixture(scope="module")
def planters() -> dict[str, Planter]:
    return {kind: Planter(rules) for kind, rules in RULES.items()}


@pytest.fixture(scope="module")
def bank(
    servers: dict[str, tuple[Gate, str]],
    planters: dict[str, Planter],
    module_database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bank]:
    bank = founded(servers, module_database, tmp_path_factory.mktemp("bank"))
    gitlab = GitlabState(token="glpat-T0ken-never-shown-51d0")
    gitlab.add_project(GROUP, datetime.now(UTC) - timedelta(days=3))
    (bank.folder / "gitlab.token").write_text(gitlab.token or "")
    tell(bank, gitlab)
    gates = {**bank.gates, "gitlab": Gate(gitlab_app(gitlab))}
    with served(gates["gitlab"], dated=False) as url:
        bank.more = GITLAB.format(url=url, group=GROUP)
        for kind, gate in gates.items():
            gate.change = planters[kind].body
        first, second = bank.poll(), bank.poll()  # what runs and syncs ask of the Git host is answered by then
        bank.ran = Ran(first.code or second.code, first.out + second.out, first.err + second.err)
        yield bank
    for kind in KINDS:
        bank.gates[kind].change = None


def test_a_mark_stood_in_each_place_and_it_was_read_all_the_same(bank: Bank, planters: dict[str, Planter]) -> None:
    assert bank.ran.code == 0, bank.ran.out + bank.ran.err
    for kind, planter in planters.items():
        assert PLACES[kind] - set(planter.places.values()) == set(), kind
    told = {(row.source, row.type) for row in bank.rows("SELECT DISTINCT source, type FROM events")}
    assert {
        *(
            ("tfe-prod", what)
            for what in ("plan-resources", "apply-resources", "policy-check", "task-stage", "task-result", "audit")
        ),
        *(("argocd-prod", what) for what in ("operation", "comparison")),
        *(("github", what) for what in ("pull-request", "review")),
        *(("gitlab", what) for what in ("pull-request", "review")),
    } <= told, sorted(told)


def test_none_of_them_is_anywhere(bank: Bank, planters: dict[str, Planter]) -> None:
    places = {mark: f"{kind}: {place}" for kind, planter in planters.items() for mark, place in planter.places.items()}
    found: dict[str, str] = {}
    for what, data in everywhere(bank):
        for sign in SIGNS:
            for met in re.finditer(re.escape(sign), data):
                mark = data[met.start() : met.start() + 13].decode("ascii", "replace")
                place = places.get(mark, mark)
                found.setdefault(place, f"{what}: …{data[max(0, met.start() - 200) : met.end() + 40]!r}…")
    assert not found, "\n".join(f"{place} in {where}" for place, where in sorted(found.items()))


def test_what_people_mean_to_be_read_is_kept(bank: Bank) -> None:
    dump = bank.dump()
    for name in ("ledger-of-names", "ledger-of-kept-names", "ledger-space"):
        assert name.encode() in dump, name
    for text in ("Rotate the ledger's keys", "Agreed in CHG-77", "Until the end of the quarter", "2 findings", "Open the gateway"):
        assert text.encode() in dump, text
