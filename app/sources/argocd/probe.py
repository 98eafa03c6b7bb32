"""What `check` asks of an Argo CD server: who are we, what may we do, which version is it."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.canonical import plain
from app.errors import NotUnderstood, SourceError, Unauthorized
from app.sources.argocd.client import Client
from app.sources.argocd.clusters import why_not as no_names
from app.sources.argocd.sets import HELD, why_not
from app.sources.argocd.terms import WRITES
from app.sources.argocd.wire import items_of
from app.sources.contract import Probe


def probe(client: Client, now: datetime) -> Probe:
    """Raises SourceError when the server cannot be reached at all; everything else is a problem in words."""
    problems: list[str] = []
    state = ""
    version = number(_text(client.version().body, "Version"))
    who = client.whoami().body
    if not isinstance(who, Mapping) or not isinstance(who.get("loggedIn", False), bool):
        raise NotUnderstood(
            f"{client.connection.name} does not say who the token is", "an object", "check the url and any proxy between"
        )
    if who.get("loggedIn") is not True:
        raise Unauthorized(
            f"{client.connection.name} does not know this token",
            "a valid token",
            "renew the token that token_env or token_file names",
        )
    if client.can("get") is not True:
        problems.append("the token may not read applications; grant it `applications, get`")
    rights, unsure = _rights(client, problems)
    if rights:
        problems.append(f"the token may {', '.join(rights)} applications; give Throughline one that can only read")
    try:
        seen = len(items_of(client.applications().body, "the list of applications"))
    except SourceError as error:
        seen, state = 0, error.state
        problems.append(str(error))
    if not seen and not problems:
        problems.append("the token sees no application; check its projects and its policy")
    return Probe(
        version=version,
        clock_offset=client.clock_offset,
        read_only=False if rights else None if unsure else True,
        capabilities={
            "user": _text(who, "username"),
            "applications": seen,
            "revision in lists": parts(version) >= (3, 5),
            "initiator in the history": parts(version) >= (2, 11),
            "ApplicationSets": _sets(client),
            "names of clusters": _clusters(client),
        },
        problems=problems,
        state=state,
    )


def _clusters(client: Client) -> bool | str:
    """Without them an application that names its cluster by address is known by that address."""
    try:
        found = items_of(client.clusters().body, "the list of clusters")
    except HELD as error:
        return f"no: {no_names(error)}"
    return True if found else "no: none are shown to the token; grant it `clusters, get`"


def _sets(client: Client) -> bool | str:
    """Without them the steps of rolling syncs are not known; that is no problem of the token."""
    try:
        items_of(client.applicationsets().body, "the list of application sets")
    except HELD as error:
        return f"no: {why_not(error)}"
    return True


def _rights(client: Client, problems: list[str]) -> tuple[list[str], bool]:
    """The writes that the token may do, and whether any could not be told."""
    rights, unsure = [], False
    for action in WRITES:
        try:
            allowed = client.can(action)
        except SourceError as error:
            allowed = None
            problems.append(str(error))
        if allowed:
            rights.append(action)
        unsure = unsure or allowed is None
    return rights, unsure


def number(text: str) -> str:
    """`3.5.1` of `v3.5.1+unknown`; the text itself when it is no version."""
    found = re.match(r"v?(\d{1,6}(?:\.\d{1,6}){1,3})", text)
    return found.group(1) if found else plain(text, 60)


def parts(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in version.split(".")) if re.fullmatch(r"[\d.]+", version) else ()


def _text(body: Any, key: str) -> str:
    value = body.get(key) if isinstance(body, Mapping) else None
    return plain(value, 300) if isinstance(value, str) else ""
