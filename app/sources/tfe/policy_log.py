"""The text log of a Sentinel policy check: which policies were evaluated, at which level. Pure.

https://developer.hashicorp.com/terraform/enterprise/api-docs/policy-checks (`links.output`). Policies print into it, and what
they print may be a plan's values: of a whole log only the headings and the results are kept, and a heading that somebody
printed shows by breaking the count.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.canonical import plain

LINE = 2_000  # bytes of a line that are looked at; no heading is longer
_HEADING = re.compile(r"## Policy (\d{1,9}): (.{1,600}) \((hard-mandatory|soft-mandatory|advisory)\)\s*")
_COUNT = re.compile(r"(\d{1,9}) polic(?:y|ies) evaluated\.?\s*")
_RESULT = re.compile(r"Result: (true|false)\s*")


@dataclass(frozen=True, slots=True)
class Logged:
    """A policy as the log names it. `verdict`: passed, failed or unknown."""

    policy: str
    level: str
    verdict: str


def read_policy_log(chunks: Iterable[bytes]) -> list[Logged] | None:
    """The policies in their order; None for a log whose headings are not exactly those it counts."""
    found: list[Logged] = []
    told = -1
    numbers: list[int] = []
    for line in _lines(chunks):
        if heading := _HEADING.fullmatch(line):
            numbers.append(int(heading[1]))
            found.append(Logged(plain(heading[2], 300), heading[3], "unknown"))
        elif (counted := _COUNT.fullmatch(line)) and not found:
            told = int(counted[1]) if told < 0 else told
        elif (result := _RESULT.fullmatch(line)) and found and found[-1].verdict == "unknown":
            found[-1] = Logged(found[-1].policy, found[-1].level, "passed" if result[1] == "true" else "failed")
    return found if found and told == len(found) and numbers == list(range(1, told + 1)) else None


def level_of(policy: str, set_name: str, logged: Iterable[Logged]) -> str | None:
    """The level of one policy; None when the log does not name it, or names two of its name at different levels."""
    names = {_bare(policy), _bare(f"{set_name}/{policy}")}
    levels = {one.level for one in logged if _bare(one.policy) in names}
    return levels.pop() if len(levels) == 1 else None


def _bare(name: str) -> str:
    return name.removesuffix(".sentinel")


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Line by line, never more than one in memory, and of a long one only its beginning."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line[:LINE].decode("utf-8", "replace").strip("\r\x02\x03")
        rest = rest[: LINE + 1]
    yield rest[:LINE].decode("utf-8", "replace").strip("\r\x02\x03")
