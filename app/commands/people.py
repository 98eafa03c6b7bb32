"""`[identities] file`: the bank's list of who is who, read from CSV."""

import csv
from pathlib import Path

from app.config import Settings
from app.domain.actor import ActorKind
from app.domain.identity import Identities, Identity
from app.errors import SettingsError

COLUMNS = ("person", "kind", "github_login", "github_id", "gitlab_username", "emails", "tfe_username", "argocd_username")
KINDS = {"human": ActorKind.HUMAN, "bot": ActorKind.BOT, "service": ActorKind.SERVICE}


def identities_of(settings: Settings) -> Identities:
    """Raises SettingsError, a line for each row that is wrong, and for an account that two persons claim."""
    path = settings.identities.file
    return Identities(tuple(read(path)) if path else (), settings.identities.same_username)


def read(path: Path) -> list[Identity]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in ("person", "kind") if name not in (rows.fieldnames or ())]
            strange = [name for name in rows.fieldnames or () if name not in COLUMNS]
            if missing or strange:
                raise SettingsError(
                    f"{path} has the columns {', '.join(rows.fieldnames or ()) or 'none'}", f"some of {', '.join(COLUMNS)}"
                )
            return _identities(path, list(rows))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"identities file {path} cannot be read ({error})", "a readable CSV file") from error


def _identities(path: Path, rows: list[dict[str, str]]) -> list[Identity]:
    found, problems, owners = [], [], dict[tuple[str, str], str]()
    for number, row in enumerate(rows, start=2):
        values = {name: (row.get(name) or "").strip() for name in COLUMNS}
        where = f"{path.name}, line {number}"
        if not values["person"] or values["kind"] not in KINDS or None in row:
            problems.append(
                f"{where}: person {values['person']!r}, kind {values['kind']!r}; expected a name, and human, bot or service"
            )
            continue
        accounts = {name: values[name] for name in COLUMNS[2:] if name != "emails"}
        one = Identity(values["person"], KINDS[values["kind"]], emails=tuple(values["emails"].split()), **accounts)
        for account in one.accounts():
            if owners.setdefault(account, one.person) != one.person:
                problems.append(
                    f"{where}: {account[0]} account {account[1]} is {owners[account]}'s too; expected one person for each account"
                )
        found.append(one)
    if problems:
        raise SettingsError.of(problems)
    return found
