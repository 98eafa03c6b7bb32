"""Further turns in the life of a pull request, as its timeline has them: its head rewritten, its base changed, the merge queue."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.domain.event import Event, Step
from app.domain.ref import Ref
from app.sources.github.people import account
from app.sources.github.telling import Pull
from app.sources.github.wire import Node, at, moment, sha, text


def _names(item: Node) -> dict[str, Any]:
    return {"before": text(item, "previousRefName", limit=300) or None, "after": text(item, "currentRefName", limit=300) or None}


def _commits(item: Node) -> dict[str, Any]:
    return {"before": sha(item, "beforeCommit", "oid"), "after": sha(item, "afterCommit", "oid")}


def _reason(item: Node) -> dict[str, Any]:
    return {"reason": text(item, "reason") or None}


def _by(method: str | None) -> Callable[[Node], dict[str, Any]]:
    return lambda _: {"method": method}


# the kind of item → the word for it, and what else it tells
TURNS: Mapping[str, tuple[str, Callable[[Node], dict[str, Any]]]] = {
    "ReadyForReviewEvent": ("ready_for_review", lambda _: {}),
    "ConvertToDraftEvent": ("convert_to_draft", lambda _: {}),
    "AutoMergeEnabledEvent": ("auto_merge_enabled", _by(None)),
    "AutoSquashEnabledEvent": ("auto_merge_enabled", _by("squash")),
    "AutoRebaseEnabledEvent": ("auto_merge_enabled", _by("rebase")),
    "AutoMergeDisabledEvent": ("auto_merge_disabled", _reason),
    "AddedToMergeQueueEvent": ("added_to_merge_queue", lambda _: {}),
    "RemovedFromMergeQueueEvent": ("removed_from_merge_queue", _reason),
    "BaseRefChangedEvent": ("base_changed", _names),
    "BaseRefForcePushedEvent": ("base_force_pushed", _commits),
}


def turns(pull: Pull) -> Iterator[Event]:
    """An event for each; one without an id or a time cannot be placed, and is counted."""
    for item in pull.timeline(*TURNS, "HeadRefForcePushedEvent"):
        kind, identity, when = item["__typename"], text(item, "id", limit=200), moment(item, "createdAt")
        if not identity or when is None:
            pull.new.append((f"{kind}.{'createdAt' if identity else 'id'}", text(item, "createdAt", limit=64)))
            continue
        actor = account(at(item, "actor"), pull.new)
        if kind in TURNS:
            status, more = TURNS[kind]
            yield pull.told(Step.NOTED, status, when, identity, actor=actor, facts=more(item))
            continue
        facts = {"number": pull.number, **_commits(item)}
        ref = Ref("head-push", identity, f"{pull.name} head", pull.url)
        after = (facts["after"],)
        yield pull.event("head-push", ref, Step.PUSHED, "force_push", when, actor=actor, facts=facts, commits=after)
