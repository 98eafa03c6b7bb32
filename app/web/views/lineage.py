"""The page Lineage: each path as a line from who writes it to who uses it, broken where nobody we watch does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.domain.lineage import CALLED, Freshness, Match, Path, Reader, User, Writer
from app.search.language import print_term
from app.search.tree import Term, Word
from app.search.words import Sentence
from app.web.asked import Asked
from app.web.times import Zone, shown
from app.web.views.chain import Step
from app.web.views.lists import Box, Empty, Pager
from app.web.views.marks import Badge
from app.web.views.shell import Choice, Notice, Shell

PATH = "/lineage"
STATES = {
    "stale": Badge("fail", "v-fail", "stale"),
    "due": Badge("exception", "v-exception", "due"),
    "unknown": Badge("indeterminate", "v-indeterminate", "unknown"),
    "unwritten": Badge("indeterminate", "v-indeterminate", "unwritten"),
    "unread": Badge("na", "v-na", "unread"),
    "pinned": Badge("na", "v-na", "pinned"),
    "fresh": Badge("pass", "v-pass", "fresh"),
}
CHOICES = (("All", ""), *((text, f"is:{text.lower()}") for text in ("Stale", "Unwritten", "Unread", "Inferred")))
DRAWN = {"stale": "failed", "due": "pending", "unknown": "unknown", "pinned": "solid", "fresh": "solid"}
WORDS = {"env": "by environment", "volume": "mounted", "pull": "to pull images", "tls": "for TLS"}
MOST = 5  # readers that are drawn; the JSON and the CSV hold all
USERS = 3  # workloads that the line names


@dataclass(frozen=True, slots=True)
class Chain:
    label: str
    steps: tuple[Step, ...]
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    path: str
    href: str
    meta: str
    badge: Badge
    why: str
    chains: tuple[Chain, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Lineage:
    shell: Shell
    box: Box
    sentence: Sentence | None
    choices: tuple[Choice, ...]
    notices: tuple[Notice, ...]
    lines: tuple[Line, ...]
    pager: Pager
    empty: Empty | None
    error: bool
    trouble: str
    csv: str
    json: str
    export: str


def choices(asked: Asked) -> tuple[Choice, ...]:
    return tuple(Choice(text, asked.address(PATH, q=q or None), asked.q == q) for text, q in CHOICES)


def at_path(path: str) -> str:
    """The address of one path alone."""
    return f"{PATH}?{urlencode({'q': print_term(Term('path', (Word(path),)))})}"


def line(one: Path, zone: Zone) -> Line:
    state = one.states[0]
    drawn = [_chain(one, reader, zone) for reader in one.readers[:MOST]] or [_chain(one, None, zone)]
    left = len(one.readers) - MOST
    workspaces = list(dict.fromkeys(writer.last.workspace for writer in one.writers if writer.gone is None))
    read = f"{len(one.readers):,} reader{'s' if len(one.readers) != 1 else ''}"
    return Line(
        path=one.path,
        href=at_path(one.path),
        meta=" · ".join([CALLED[one.system], *workspaces[:3], read]),
        badge=STATES[state],
        why=_why(one, state, zone),
        chains=tuple(drawn),
        more=f"{left:,} more readers are in the JSON and in the CSV" if left > 0 else "",
    )


def _why(one: Path, state: str, zone: Zone) -> str:
    for reader in one.readers:
        if str(reader.standing.state) == state:
            since = f"since {shown(reader.standing.since, zone).minute}: " if reader.standing.since else ""
            return f"{since}{reader.standing.because}"
    return next((because for _, because in one.gaps), "")


def _chain(one: Path, reader: Reader | None, zone: Zone) -> Chain:
    """Five steps: the Terraform resource, the path, who asks for it, the Secret, who uses that."""
    ask = [_asker(reader), _secret(reader), _users(reader)] if reader else [_gap("External secret", "nobody we watch reads it")]
    steps = [_writers(one, zone), Step("note", "solid", "Path", one.path, CALLED[one.system], drawn=True), *ask]
    label = f"{one.path}, read by {reader.external.name}" if reader else f"{one.path}, read by nobody we watch"
    return Chain(label, tuple(_joined(steps)), tuple(_says(reader, zone)) if reader else ())


def _gap(name: str, word: str) -> Step:
    return Step("gap", "gap", name, word, classes=" step--gap is-indeterminate")


def _joined(steps: Sequence[Step]) -> Iterator[Step]:
    """Where the line breaks it ends in a cap on either side; what comes after a break begins anew."""
    for i, step in enumerate(steps):
        last = " step--last" if i == len(steps) - 1 else ""
        gap = step.state == "gap"
        yield Step(
            step.step, step.state, step.name, step.word, step.detail, step.classes + last, step.drawn,
            cap_end=gap and i > 0, cap_start=gap and i < len(steps) - 1,
        )  # fmt: skip


def _writers(one: Path, zone: Zone) -> Step:
    present = [writer for writer in one.writers if writer.gone is None]
    if not present:
        return _gap("Terraform resource", "nobody we watch writes it")
    first = max(present, key=lambda writer: (writer.changed is not None, writer.last.at, writer.last.address))
    more = f" and {len(present) - 1:,} more" if len(present) > 1 else ""
    return Step("apply", "solid", "Terraform resource", f"{first.last.address}{more}", _changed(first, zone), drawn=True)


def _changed(one: Writer, zone: Zone) -> str:
    if one.changed is None:
        return f"{one.last.workspace}, no change of it was read"
    word = "perhaps changed" if one.changed.value_changed is None else "changed"
    return f"{one.last.workspace}, {word} {shown(one.changed.at, zone).minute}"


def _asker(reader: Reader) -> Step:
    state = str(reader.standing.state)
    tone = {"stale": " is-fail", "unknown": " is-indeterminate"}.get(state, "")
    ahead = " step--ahead" if state == "due" else ""
    word = f"{reader.external.name}, {state}"
    return Step("sync", DRAWN[state], reader.external.kind, word, reader.look.application, tone + ahead, drawn=True)


def _secret(reader: Reader) -> Step:
    return Step("note", "solid", "Secret", reader.external.target, "Secret", drawn=True)


def _users(reader: Reader) -> Step:
    if not reader.users:
        return _gap("Workload", "nobody we watch uses it")
    states = {user.standing.state for user in reader.users}
    worst = next(state for state in (Freshness.STALE, Freshness.UNKNOWN, Freshness.FRESH) if state in states)
    tone = {"stale": " is-fail", "unknown": " is-indeterminate"}.get(str(worst), "")
    named = [user.workload.name for user in reader.users]
    more = f" and {len(named) - USERS:,} more" if len(named) > USERS else ""
    word = f"{', '.join(named[:USERS])}{more}"
    said = "has it" if worst is Freshness.FRESH else str(worst)
    return Step("health", DRAWN[str(worst)], "Workload", f"{word}, {said}", reader.users[0].workload.kind, tone, drawn=True)


def _says(reader: Reader, zone: Zone) -> Iterator[str]:
    """What stands under a line: how the link is known, when it was read, who has it."""
    if reader.match is not None:
        yield f"{'Inferred' if reader.match is Match.INFERRED else 'Declared'} ({reader.match}): {reader.because}."
    external = reader.external
    read = f"refreshed {shown(external.refreshed_at, zone).full}" if external.refreshed_at else "never seen refreshed"
    properties = f", takes {', '.join(reader.properties)}" if reader.properties else ""
    seen = f"{external.name}: {read}, {_every(external.interval)}{properties}; as of {shown(reader.look.at, zone).full}."
    yield f"{seen} {_sentence(reader.standing.because)}"
    for user in reader.users[:USERS]:
        yield f"{user.workload.kind} {user.workload.name} of {user.application}, {_ways(user)}: {user.standing.because}."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _every(seconds: int | None) -> str:
    if seconds is None:
        return "its interval is not known"
    if seconds == 0:
        return "never again by itself"
    hours, minutes = divmod(seconds, 3600)
    return f"every {hours:,} h" if not minutes else f"every {seconds // 60:,} min" if seconds % 60 == 0 else f"every {seconds:,} s"


def _ways(user: User) -> str:
    return ", ".join(WORDS.get(way, way) for way in user.ways)
