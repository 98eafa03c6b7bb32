"""Who is who across systems: what the bank says of it, never what names look like."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.domain.actor import Actor, ActorKind


@dataclass(frozen=True, slots=True)
class Identity:
    """One row of the bank's list. Accounts are exact; e-mail addresses are compared in lower case."""

    person: str
    kind: ActorKind = ActorKind.HUMAN
    github_login: str = ""
    github_id: str = ""
    gitlab_username: str = ""
    emails: tuple[str, ...] = ()
    tfe_username: str = ""
    argocd_username: str = ""

    def accounts(self) -> Iterable[tuple[str, str]]:
        """(kind of source, account); e-mail addresses count in every source."""
        named = {
            "github": self.github_login,
            "gitlab": self.gitlab_username,
            "tfe": self.tfe_username,
            "argocd": self.argocd_username,
        }
        yield from ((kind, account.lower()) for kind, account in named.items() if account)
        if self.github_id:
            yield ("github", f"id:{self.github_id}")
        yield from (("email", email.lower()) for email in self.emails)


@dataclass(frozen=True)
class Identities:
    """`same_username`: the bank says that equal user names in two systems are one person."""

    rows: tuple[Identity, ...] = ()
    same_username: bool = False
    _known: Mapping[tuple[str, str], Identity] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", {account: row for row in reversed(self.rows) for account in row.accounts()})

    def of(self, kind: str, actor: Actor) -> Identity | None:
        """Whose account this is; `kind` is the source's. By exact id, exact user name or exact e-mail, in this order."""
        if actor.kind in (ActorKind.UNKNOWN, ActorKind.AUTOMATION):
            return None
        keys = [(kind, f"id:{actor.id}"), (kind, actor.name.lower())]
        keys += [("email", text.lower()) for text in (actor.id or "", actor.name) if "@" in text]
        found = next((self._known[key] for key in keys if key in self._known), None)
        if (
            found is None
            and self.same_username
            and actor.kind is ActorKind.HUMAN
            and actor.name
            and "self-declared" not in actor.because
        ):
            return Identity(actor.name.lower())
        return found
