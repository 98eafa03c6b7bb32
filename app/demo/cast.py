"""Who and what there is: the same names in the demo, in the tests and in the docs."""

from dataclasses import dataclass

from app.demo.fakes.github_things import User

ORGANIZATION = "bank-platform"
INFRA, MANIFESTS = "bank/infra", "bank/application-manifests"
ARGOCD, GITHUB, TFE = "argocd-prod", "github", "tfe-prod"  # the sources' names

ENGINEERS = ("ana-ferreira", "ben-okafor", "chen-wu", "eli-brandt", "mira-haddad")
FORGOTTEN = "eli-brandt"  # in Argo CD, by the list of who is who
COMPLIANCE = "dara-novak"
BOT = "renovate[bot]"
PIPELINE = "infra-pipeline"  # a service account


@dataclass(frozen=True, slots=True)
class Workspace:
    name: str
    directory: str
    auto_apply: bool = False


@dataclass(frozen=True, slots=True)
class Application:
    name: str
    project: str
    repository: str
    path: str
    namespace: str
    auto_sync: bool = True
    self_heal: bool = True


WORKSPACES = (
    Workspace("banking-eks-production", "eks/production"),
    Workspace("banking-network-production", "network/production"),
    Workspace("settlements-db-production", "settlements-db/production"),
)
APPLICATIONS = (
    Application("payments-api", "payments-production", MANIFESTS, "apps/payments-api", "payments"),
    Application("fraud-detector", "risk-production", MANIFESTS, "apps/fraud-detector", "fraud", auto_sync=False, self_heal=False),
    Application("settlements", "payments-production", INFRA, "settlements/manifests", "settlements"),
)
# Beside as many as are wished for: no ordinary story is about these, so that what differs there stands while the demo lives.
QUIET = (
    Application("card-ledger", "cards-production", MANIFESTS, "apps/card-ledger", "cards", auto_sync=False, self_heal=False),
    Application("statements", "cards-production", MANIFESTS, "apps/statements", "statements", self_heal=False),
)
QUIET_WORKSPACE = Workspace("card-ledger-db-production", "card-ledger-db/production")
CLUSTER = "prod-eu-1"


def workspaces(count: int) -> tuple[Workspace, ...]:
    """The named ones, then numbered ones; every tenth of those applies by itself."""
    more = (
        Workspace(f"team-{i:04d}-production", f"teams/{i:04d}", auto_apply=i % 10 == 0) for i in range(1, max(0, count - 3) + 1)
    )
    return (*WORKSPACES[:count], *more)


def applications(count: int) -> tuple[Application, ...]:
    more = (
        Application(f"service-{i:04d}", "platform-production", MANIFESTS, f"apps/service-{i:04d}", f"service-{i:04d}")
        for i in range(1, max(0, count - 3) + 1)
    )
    return (*APPLICATIONS[:count], *more)


def identities() -> str:
    """The bank's list of who is who, as `[identities] file` wants it. One Argo CD account it forgot: that stays unresolved."""
    lines = ["person,kind,github_login,emails,tfe_username,argocd_username"]
    for login in (*ENGINEERS, COMPLIANCE):
        argocd = "" if login == FORGOTTEN else login
        lines.append(f"{login.replace('-', ' ').title()},human,{login},{login}@bank.example,{login},{argocd}")
    renovate = User(BOT.removesuffix("[bot]"), "Bot", "Renovate")
    lines.append(f"Renovate,bot,{renovate.login},{renovate.database_id}+{BOT}@users.noreply.github.com,,")
    lines.append(f"Infrastructure pipeline,service,,,{PIPELINE},")
    return "\n".join(lines) + "\n"
