"""The row beside a leaf as one line of text, made from the leaf: a verifier compares it with the line the database makes.

That costs a third of making events and rows. Two lines are equal only if every column is: the parts are joined by a
character that no leaf holds unescaped, and what may be null is marked where it is not. Where a line differs, or cannot be
made, the columns themselves are compared; so a line may only ever be wrong in looking different.
"""

from typing import Any, Literal

import msgspec
from msgspec import structs

from app.domain.actor import ActorKind
from app.domain.event import LOOKED_INTO, How, Step, entity_of
from app.errors import LedgerError
from app.ledger.row import COLUMNS, column_text

SEPARATOR = "\x1f"
NULLABLE = frozenset(
    ("subject_url", "actor_name", "actor_id", "actor_kind", "entity", "repository", "workspace", "run", "application")
)  # text: written as "=" and the value, or as nothing
_TEXTS = frozenset(COLUMNS) - {"id", "known", "occurred_at", "observed_at", "recorded_at", "pull_request", "commits", "observation"}


class _Ref(msgspec.Struct, gc=False):
    type: str
    id: str
    name: str = ""
    url: str | None = None


class _Actor(msgspec.Struct, gc=False):
    name: str
    kind: ActorKind
    id: str | None = None


class _Keys(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    repository: str | None = None
    pull_request: int | None = None
    commits: tuple[str, ...] = ()
    workspace: str | None = None
    run: str | None = None
    application: str | None = None
    project: str | None = None
    destination: str | None = None
    operation: str | None = None


class _Leaf(msgspec.Struct, gc=False):
    """What of a leaf stands in its row; most facts need only be there, and are not decoded."""

    v: Literal[1]
    id: str
    source: str
    kind: str
    type: str
    step: Step
    status: str
    known: bool
    how: How
    ref: _Ref
    actor: _Actor | None
    facts: msgspec.Raw
    occurred_at: str
    observed_at: str
    recorded_at: str
    keys: _Keys
    observation: str | None


_decode = msgspec.json.Decoder(_Leaf).decode
_facts = msgspec.json.Decoder(dict[str, Any]).decode


def line_of(seq: int, leaf: bytes) -> str:
    """`seq` and the values of COLUMNS, as Postgres writes them. Raises LedgerError for a leaf that makes no such line."""
    if b"\\u001" in leaf:
        raise LedgerError(f"leaf {seq} holds control characters")
    try:
        said = _decode(leaf)
        told: Any = structs.replace(said, facts=_facts(said.facts)) if said.type in LOOKED_INTO else said
    except msgspec.MsgspecError as error:
        raise LedgerError(f"leaf {seq} is not as expected: {error}") from error
    parts = _parts(said, entity_of(told))
    line = SEPARATOR.join(parts)
    if len(line) > 600 or "\x00" in line:  # only then may a part be longer than a column holds it
        line = SEPARATOR.join(_held(name, part) for name, part in zip(COLUMNS, parts, strict=True))
    return f"{seq}{SEPARATOR}{line}"


def _held(name: str, part: str) -> str:
    if name in NULLABLE and part:
        return f"={column_text(part[1:])}"
    return column_text(part) or "" if name in _TEXTS else part


def _parts(said: _Leaf, entity: str | None) -> tuple[str, ...]:
    ref, actor, keys = said.ref, said.actor, said.keys
    number, observation = keys.pull_request, said.observation
    return (
        said.id,
        said.source,
        said.kind,
        said.type,
        said.step._value_,
        said.status,
        "t" if said.known else "f",
        said.how._value_,
        ref.type,
        ref.id,
        ref.name,
        "" if ref.url is None else "=" + ref.url,
        "=" + actor.name if actor else "",
        "=" + actor.id if actor and actor.id is not None else "",
        "=" + actor.kind._value_ if actor else "",
        _time(said.occurred_at),
        _time(said.observed_at),
        _time(said.recorded_at),
        "" if entity is None else "=" + entity,
        "" if keys.repository is None else "=" + keys.repository,
        "" if number is None else str(number),
        "" if keys.workspace is None else "=" + keys.workspace,
        "" if keys.run is None else "=" + keys.run,
        "" if keys.application is None else "=" + keys.application,
        "{" + ",".join(keys.commits) + "}" if keys.commits else "",
        observation[7:] if observation else "",
    )


def _time(text: str) -> str:
    """`2026-11-24 09:30:00.5` of `2026-11-24T09:30:00.500000Z`."""
    return f"{text[:10]} {text[11:19] if text[19:] == '.000000Z' else text[11:26].rstrip('0')}"
