"""Which accounts an actor is: what the source names by number or user name, and what an e-mail address says. Exact, or nothing.

A noreply address stands for an account of the host that gave it out: `ID+login@users.noreply.github.com` on GitHub (on GitHub
Enterprise Server `users.noreply.HOST`; before July 2017 without the number, and then only the login is told),
`ID-username@users.noreply.HOST` on GitLab.
https://docs.github.com/en/account-and-profile/reference/email-addresses-reference
https://docs.gitlab.com/user/profile/#use-an-automatically-generated-private-commit-email
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.domain.actor import Actor, ActorKind

EMAIL = "email"  # the system of addresses: they count whichever source told them
DECLARED = "self-declared"  # why a commit's author is named so; anybody can write any name into a commit
LONGEST = 200  # characters of an account; what is longer, or cannot be shown, is kept apart by its digest

_NUMBERED = {
    "github": re.compile(r"(\d{1,20})\+(.+)", re.ASCII | re.DOTALL),
    "gitlab": re.compile(r"(\d{1,20})-(.+)", re.ASCII | re.DOTALL),
}
_NOREPLY = "users.noreply."


@dataclass(frozen=True, slots=True)
class Host:
    """Where a configured source is: its name, its kind, and the host that its people's noreply addresses carry."""

    source: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """`system` is a source's name, or `email`; `kind` the source's kind, or `email`; `name` is `id:<number>`, a user name in
    lower case (Argo CD's as it is, unless it is an address), or an address in lower case."""

    system: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.system}:{self.name}"

    @property
    def numbered(self) -> bool:
        return self.name.startswith("id:")


@dataclass(frozen=True, slots=True)
class Met:
    """An account that took part in a change, as its source named it. `accounts` is everything exact that it is, itself first."""

    account: Account
    name: str
    kind: ActorKind
    declared: bool  # only a commit says so
    accounts: tuple[Account, ...]
    roles: tuple[str, ...] = ()


def user_name(kind: str, name: str) -> str:
    """A user name as it is compared. Argo CD's local users and SSO subjects mind case, the others do not."""
    return _kept(name if kind == "argocd" and "@" not in name else name.lower())


def _kept(name: str) -> str:
    """`name`; of one that is long, or has characters that are not seen, what can be shown of it and its digest."""
    if len(name) <= LONGEST and name.isprintable():
        return name
    shown = "".join(c if c.isprintable() else "\ufffd" for c in name[: LONGEST // 2])
    return f"{shown}…sha256:{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"


def accounts_of(source: str, kind: str, actor: Actor, hosts: Iterable[Host] = ()) -> tuple[Account, ...]:
    """Every account that the actor is, the most exact first: numbers, then user names, then addresses; each once.

    Nobody known, and the system itself, are none; a name in a commit without an address or a login is none either.
    """
    if actor.kind in (ActorKind.UNKNOWN, ActorKind.AUTOMATION):
        return ()
    addresses = [text for text in (actor.id or "", actor.name, actor.email) if _address(text)]
    private = [account for text in addresses for account in noreply(text, hosts, source)]
    own = [*_own(source, kind, actor), *private]
    found = [account for account in own if account.numbered] + [account for account in own if not account.numbered]
    return tuple(dict.fromkeys([*found, *(Account(EMAIL, EMAIL, _kept(text.lower())) for text in addresses)]))


def _own(source: str, kind: str, actor: Actor) -> Iterator[Account]:
    """What the source itself names. Of a commit's author that is only the login which the host found for the address."""
    if actor.because == DECLARED:
        if actor.id and actor.id == actor.name and not _address(actor.id):
            yield Account(source, kind, user_name(kind, actor.id))
        return
    if actor.id and actor.id.casefold() != actor.name.casefold():
        yield Account(source, kind, _kept(f"id:{actor.id}"))
    if actor.name:
        yield Account(source, kind, user_name(kind, actor.name))


def _address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and not any(character.isspace() for character in text)


def noreply(address: str, hosts: Iterable[Host], first: str = "") -> list[Account]:
    """The accounts that a noreply address stands for, where its host is a configured source's; of `first` before others."""
    local, _, domain = address.rpartition("@")
    if not domain.lower().startswith(_NOREPLY):
        return []
    there = [host for host in hosts if host.kind in _NUMBERED and host.name == domain.lower().removeprefix(_NOREPLY)]
    found = []
    for host in sorted(there, key=lambda host: (host.source != first, host.source)):
        numbered = _NUMBERED[host.kind].fullmatch(local)
        if numbered:
            found += [Account(host.source, host.kind, f"id:{int(numbered[1])}")]
        elif host.kind != "github":
            continue  # GitLab's always has the number
        found += [Account(host.source, host.kind, user_name(host.kind, numbered[2] if numbered else local))]
    return found
