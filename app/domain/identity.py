"""Who is who across systems: what the bank says of it, never what names look like.

The list (`[identities] file`) and the decisions made here. A decision wins over the list, a later decision over an earlier one;
within either the more exact account wins: a number over a user name, a user name over an address.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.account import DECLARED, EMAIL, Account, Host, user_name
from app.domain.actor import Actor, ActorKind

JOINED, SEPARATED, BOT = "joined", "separated", "bot"
STATUSES = (JOINED, SEPARATED, BOT)
DECIDED = "decided by"  # how a decision begins to say by what somebody is known


@dataclass(frozen=True, slots=True)
class Identity:
    """One row of the bank's list. Accounts are exact; e-mail addresses are compared in lower case.

    `at_sources` are accounts of one source each, as (source, account); `where` is the row, as its reader knows it.
    """

    person: str
    kind: ActorKind = ActorKind.HUMAN
    github_login: str = ""
    github_id: str = ""
    gitlab_username: str = ""
    emails: tuple[str, ...] = ()
    tfe_username: str = ""
    argocd_username: str = ""
    gitlab_id: str = ""
    at_sources: tuple[tuple[str, str], ...] = ()
    where: str = "the list"

    def accounts(self) -> Iterable[tuple[str, str]]:
        """(kind of source, account); e-mail addresses count in every source, `at_sources` only in theirs (kind `=<source>`)."""
        named = {
            "github": self.github_login,
            "gitlab": self.gitlab_username,
            "tfe": self.tfe_username,
            "argocd": self.argocd_username,
        }
        yield from ((kind, user_name(kind, account)) for kind, account in named.items() if account)
        yield from ((kind, f"id:{number}") for kind, number in self.numbers() if number)
        yield from ((EMAIL, email.lower()) for email in self.emails)
        yield from ((f"={source}", account) for source, account in self.at_sources)

    def numbers(self) -> tuple[tuple[str, str], ...]:
        return (("github", self.github_id), ("gitlab", self.gitlab_id))

    def numbers_at(self, account: Account) -> list[str]:
        """The numbers, as `id:<number>`, that the row gives the person where this account is."""
        of_kind = [f"id:{number}" for kind, number in self.numbers() if number and kind == account.kind]
        return of_kind + [name for source, name in self.at_sources if source == account.system and name.startswith("id:")]


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided of one account. `login` is the user name that a number had then, `number` the number (`id:…`) that
    a user name had, where that was told."""

    system: str
    account: str
    status: str  # joined · separated · bot
    person: str
    because: str
    by: str
    at: datetime
    seq: int
    login: str = ""
    number: str = ""

    @property
    def says(self) -> str:
        return f"{DECIDED} {self.by or 'somebody unnamed'} on {self.at:%Y-%m-%d}: {self.because}"


@dataclass(frozen=True, slots=True)
class Known:
    """Who an account is, and which row or decision says so. `person` is None where a decision keeps it apart."""

    person: str | None
    kind: ActorKind
    by: str
    decision: Decision | None = None


@dataclass(frozen=True)
class Identities:
    """`same_username`: the bank says that equal user names in two systems are one person.

    `hosts` are the configured sources' hosts, for noreply addresses; `decisions` are in the order in which they were recorded.
    """

    rows: tuple[Identity, ...] = ()
    same_username: bool = False
    hosts: tuple[Host, ...] = ()
    decisions: tuple[Decision, ...] = ()
    _listed: Mapping[tuple[str, str], Identity] = field(init=False, repr=False, compare=False, default_factory=dict)
    _kinds: Mapping[str, ActorKind] = field(init=False, repr=False, compare=False, default_factory=dict)
    _decided: Mapping[tuple[str, str], Decision] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        listed = {account: row for row in reversed(self.rows) for account in row.accounts()}
        object.__setattr__(self, "_listed", listed)
        object.__setattr__(self, "_kinds", {row.person: row.kind for row in reversed(self.rows)})
        object.__setattr__(self, "_decided", _by_account(self.decisions))

    def with_decisions(self, decisions: Sequence[Decision]) -> "Identities":
        return replace(self, decisions=tuple(decisions)) if decisions or self.decisions else self

    def persons(self) -> dict[str, ActorKind]:
        """Every person, bot and service that the list or a decision in force names."""
        joined = (decision.person for decision in self._decided.values() if decision.status == JOINED and decision.person)
        return {**dict.fromkeys(joined, ActorKind.HUMAN), **self._kinds}

    def decision_on(self, system: str, account: str) -> Decision | None:
        """The decision in force on exactly this account."""
        found = self._decided.get((system, account))
        return found if found and found.account == account else None

    def of(self, accounts: Sequence[Account], actor: Actor) -> Known | None:
        """Whose accounts these are (`accounts_of` the actor, the most exact first); None while nothing says so."""
        for account in accounts:
            decision = self._decided.get((account.system, account.name))
            if decision and not _another((decision.account, decision.number), account, accounts):
                return self._as_decided(decision)
        for account in accounts:
            row = self._listed.get((f"={account.system}", account.name)) or self._listed.get((account.kind, account.name))
            if row and not _another(row.numbers_at(account), account, accounts):
                return Known(row.person, row.kind, f"{row.where}, by {_said(account)}")
        if self.same_username and accounts and _user(actor):
            return Known(actor.name.lower(), ActorKind.HUMAN, "equal user names are one person ([identities] same_username)")
        return None

    def _as_decided(self, decision: Decision) -> Known:
        if decision.status == BOT:
            return Known(decision.person or decision.login or decision.account, ActorKind.BOT, decision.says, decision)
        if decision.status == JOINED and decision.person:
            return Known(decision.person, self._kinds.get(decision.person, ActorKind.HUMAN), decision.says, decision)
        return Known(None, ActorKind.HUMAN, decision.says, decision)


def _by_account(decisions: Iterable[Decision]) -> dict[tuple[str, str], Decision]:
    """The last one on each account; one on a number is also one on the login it had then, for where no number is told."""
    found: dict[tuple[str, str], Decision] = {}
    for decision in decisions:
        found[decision.system, decision.account] = decision
        if decision.login:
            found[decision.system, decision.login] = decision
    return found


def _another(numbers: Sequence[str], account: Account, accounts: Sequence[Account]) -> bool:
    """A login that another number has now: what was said of the account of that number is not said of this one."""
    if account.numbered or account.kind == EMAIL:
        return False
    expected = {number for number in numbers if number.startswith("id:")}
    own = {other.name for other in accounts if other.system == account.system and other.numbered}
    return bool(expected and own) and not expected & own


def _user(actor: Actor) -> bool:
    return actor.kind is ActorKind.HUMAN and bool(actor.name) and DECLARED not in actor.because


def _said(account: Account) -> str:
    if account.kind == EMAIL:
        return f"the address {account.name}"
    return f"the number {account.name[3:]}" if account.numbered else f"the user name {account.name}"
