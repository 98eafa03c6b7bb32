"""What a message says of others: what it reverts, and what it was cherry-picked from. Git's and the hosts' own sentences, no more.

https://git-scm.com/docs/git-revert · https://git-scm.com/docs/git-cherry-pick (`-x`) ·
https://docs.github.com/en/pull-requests (a revert's text begins "Reverts owner/name#number"; GitLab's says "This reverts merge
request !1")
"""

import re

LONGEST = 20_000  # characters of a message that are read

_SHA = r"([0-9a-f]{40}(?:[0-9a-f]{24})?)\b"
_REVERTS = re.compile(rf"This reverts commit {_SHA}")
_PULL = re.compile(r"(?:^|\n)\s*Reverts (?:([\w.-]+/[\w.-]+)#|#)(\d{1,9})\b")
_MERGE_REQUEST = re.compile(r"This reverts merge request (?:([\w.-]+(?:/[\w.-]+)+))?!(\d{1,9})\b")
_PICKED = re.compile(rf"\(cherry picked from commit {_SHA}\)")


def reverts(text: str, repository: str) -> list[str]:
    """Full commit ids and pull requests (`owner/name#number`) that the text says it reverts, each once, in order."""
    said = text[:LONGEST].replace("\r\n", "\n")
    found = [(match.start(), match[1]) for match in _REVERTS.finditer(said)]
    for pattern in (_PULL, _MERGE_REQUEST):
        found += [(match.start(), f"{match[1] or repository}#{int(match[2])}") for match in pattern.finditer(said)]
    return list(dict.fromkeys(name for _, name in sorted(found)))


def picks(text: str) -> list[str]:
    """Full ids of the commits that the text says it was cherry-picked from, each once, in order."""
    return list(dict.fromkeys(_PICKED.findall(text[:LONGEST])))
