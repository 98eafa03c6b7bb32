"""A directory's export of its users with SCIM's names as columns: `userName`, `displayName`, `emails[0].value`, `active`…

RFC 7643 §4.1 names the attributes; how they are flattened into columns differs by directory, so that `emails`, `emails.value`,
`emails[1].value` and `emails[type eq "work"].value` are all read, in any case. Columns of no use here are left alone.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

_EMAILS = re.compile(r"emails?(\[[^\]]*\])?(\.\d+)?(\.value)?", re.IGNORECASE)
_NAMES = ("displayname", "name.formatted", "formattedname")
Row = tuple[int, dict[str, str] | str]


def is_export(heads: Iterable[str]) -> bool:
    """A header that has SCIM's `userName` and not our `person`."""
    names = {head.strip().lower() for head in heads}
    return "username" in names and "person" not in names


def rows(table: "csv.DictReader[str]", heads: Sequence[str], columns: Sequence[str]) -> Iterator[Row]:
    """(line, our columns) of each user, or (line, what is wrong with it). Every user is a human unless a column `kind` says else.

    A leaver (`active` false) stays who they were. Two users of one name are two persons: the user name is put behind it.
    """
    read = [(table.line_num, {head.strip().lower(): (row.get(head) or "").strip() for head in heads}, None in row) for row in table]
    names = Counter(_name(row) for _, row, _ in read)
    seen: dict[str, int] = {}
    for line, row, torn in read:
        user = row["username"]
        first = seen.setdefault(user.lower(), line)
        twice = f"userName {user!r} stands in line {first} too; expected each user once" if first != line else ""
        yield line, _wrong(row, torn) or twice or _ours(row, names, columns)


def _ours(row: dict[str, str], names: Counter[str], columns: Sequence[str]) -> dict[str, str]:
    name, user = _name(row), row["username"]
    own = {column: row.get(column, "") for column in columns}
    addresses = [word for column, text in row.items() if _EMAILS.fullmatch(column) for word in re.split(r"[\s;,]+", text)]
    addresses += [user] if "@" in user else []
    emails = list(dict.fromkeys(address.lower() for address in addresses if address))
    person = name if names[name] == 1 else f"{name} ({user})"
    return {**own, "person": person, "kind": own["kind"] or "human", "emails": " ".join(emails)}


def _name(row: dict[str, str]) -> str:
    said = next((row[name] for name in _NAMES if row.get(name)), "")
    parts = f"{row.get('name.givenname', '')} {row.get('name.familyname', '')}".strip()
    return " ".join((said or parts or row["username"]).split())


def _wrong(row: dict[str, str], torn: bool) -> str:
    if torn:
        return "there are more cells than columns; expected a cell with a comma in quotes"
    if not row["username"]:
        return f"userName is empty (displayName {row.get('displayname', '')!r}); expected each user's name"
    if row.get("active", "").lower() not in ("", "true", "false", "1", "0", "yes", "no"):
        return f"active is {row['active']!r}; expected true or false"
    if row.get("kind", "") not in ("", "human", "bot", "service"):
        return f"kind is {row['kind']!r}; expected human, bot or service"
    return ""
