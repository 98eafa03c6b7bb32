"""`[identities] file`: the bank's list of who is who, read from CSV, in our columns or as a directory exports it (SCIM)."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from app.commands import people_scim
from app.config import Settings
from app.domain.account import Host, user_name
from app.domain.actor import ActorKind
from app.domain.identity import Identities, Identity
from app.errors import SettingsError

COLUMNS = (
    *("person", "kind", "github_login", "github_id", "gitlab_username", "gitlab_id", "emails", "tfe_username", "argocd_username"),
    "accounts",
)
KINDS = {"human": ActorKind.HUMAN, "bot": ActorKind.BOT, "service": ActorKind.SERVICE}
NUMBERS = ("github_id", "gitlab_id")
Problem = str


def identities_of(settings: Settings) -> Identities:
    """Raises SettingsError, a line for each row that is wrong, and for an account that two persons claim."""
    path, hosts = settings.identities.file, hosts_of(settings)
    rows = read(path, {source.name: source.kind for source in settings.source}) if path else []
    _one_host_for_each_number(path, rows, hosts)
    return Identities(tuple(rows), settings.identities.same_username, hosts)


def hosts_of(settings: Settings) -> tuple[Host, ...]:
    """The Git hosts that are read, as noreply addresses name them."""
    found = []
    for source in settings.source:
        name = (urlsplit(source.url).hostname or "").lower()
        if source.kind in ("github", "gitlab"):
            found.append(Host(source.name, source.kind, name.removeprefix("api.") if source.kind == "github" else name))
    return tuple(found)


def _one_host_for_each_number(path: Path | None, rows: list[Identity], hosts: Iterable[Host]) -> None:
    """A number means another account on another host. Raises SettingsError."""
    problems = []
    for kind in ("github", "gitlab"):
        names = sorted({host.name for host in hosts if host.kind == kind})
        first = next((row for row in rows if dict(row.numbers())[kind]), None)
        if len(names) > 1 and first:
            problems.append(
                f"{first.where}: {kind}_id says not on which of {', '.join(names)}; expected it in the column accounts "
                f"of {path.name if path else 'the list'}, as <source>:id:<number>"
            )
    if problems:
        raise SettingsError.of(problems)


def read(path: Path, kinds: Mapping[str, str] | None = None) -> list[Identity]:
    """`kinds` are the configured sources' kinds, by name; without them no source of the column `accounts` is known to be wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            heads = [head or "" for head in rows.fieldnames or ()]
            if people_scim.is_export(heads):
                return _identities(path, people_scim.rows(rows, heads, COLUMNS), kinds)
            missing = [name for name in ("person", "kind") if name not in heads]
            if missing or [name for name in heads if name not in COLUMNS]:
                expected = f"some of {', '.join(COLUMNS)}; or a directory's export with userName"
                raise SettingsError(f"{path} has the columns {', '.join(heads) or 'none'}", expected)
            return _identities(path, _plain(rows), kinds)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"identities file {path} cannot be read ({error})", "a readable CSV file") from error


def _plain(rows: "csv.DictReader[str]") -> Iterator[tuple[int, dict[str, str] | Problem]]:
    for row in rows:
        values = {name: (row.get(name) or "").strip() for name in COLUMNS}
        if not values["person"] or values["kind"] not in KINDS or None in row:
            yield (
                rows.line_num,
                f"person {values['person']!r}, kind {values['kind']!r}; expected a name, and human, bot or service",
            )
        else:
            yield rows.line_num, values


def _identities(
    path: Path, rows: Iterable[tuple[int, dict[str, str] | Problem]], kinds: Mapping[str, str] | None
) -> list[Identity]:
    found, problems, owners = [], [], dict[tuple[str, str], str]()
    for number, values in rows:
        where = f"{path.name}, line {number}"
        told = values if isinstance(values, str) else _wrong(values, kinds)
        if told or isinstance(values, str):
            problems.append(f"{where}: {told}")
            continue
        one = _identity(values, kinds or {}, where)
        for account in one.accounts():
            if owners.setdefault(account, one.person) != one.person:
                problems.append(
                    f"{where}: {account[0]} account {account[1]} is {owners[account]}'s too; expected one person for each account"
                )
        found.append(one)
    if problems:
        raise SettingsError.of(problems)
    return found


def _identity(values: Mapping[str, str], kinds: Mapping[str, str], where: str) -> Identity:
    placed = [one.partition(":")[::2] for one in values["accounts"].split()]
    at = tuple((s, name if name.startswith("id:") else user_name(kinds.get(s, ""), name)) for s, name in placed)
    plain = {name: values[name] for name in COLUMNS[2:] if name not in ("emails", "accounts")}
    plain |= {name: str(int(values[name])) for name in NUMBERS if values[name]}
    return Identity(
        values["person"], KINDS[values["kind"]], emails=tuple(values["emails"].split()), at_sources=at, where=where, **plain
    )


def _wrong(values: Mapping[str, str], kinds: Mapping[str, str] | None) -> Problem:
    """What is wrong with a row's values; nothing when all is well."""
    if not values["person"].isprintable():
        return f"person {values['person']!r} has a character that cannot be shown; expected a name"
    for name in NUMBERS:
        if values[name] and not (values[name].isascii() and values[name].isdigit() and len(values[name]) <= 20):
            return f"{name} {values[name]!r} is no number; expected the account's id, in digits"
    for address in values["emails"].split():
        if not all(address.rpartition("@")[::2]):
            return f"{address!r} in emails is no address; expected addresses with spaces between"
    for one in values["accounts"].split():
        source, colon, account = one.partition(":")
        if not colon or not account or (kinds is not None and source not in kinds):
            known = f", one of {', '.join(sorted(kinds))}" if kinds else ""
            return f"{one!r} in accounts is no account of a source; expected <source>:<user name> or <source>:id:<number>{known}"
    return ""
