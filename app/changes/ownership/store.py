"""Rows of ownership, and what they show. Every function runs inside the caller's transaction."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert

from app.db.tables.ownership import held_objects, made_objects, managed_objects
from app.domain.ownership import CLOUD, CONTROL, WORKLOADS, ByArgoCD, ByTerraform, Finding, Owned

TABLES = (made_objects, held_objects, managed_objects)
OBJECT = ("token", "api_group", "kind", "namespace", "name", "environment")
SIDE = ("source", "workspace", "address", "run", "at")


def set_made(connection: Connection, runs: Sequence[tuple[str, str]], rows: Sequence[Mapping[str, Any]]) -> None:
    """What these runs made, in place of what stood there of them."""
    if runs:
        connection.execute(delete(made_objects).where(tuple_(made_objects.c.source, made_objects.c.run).in_(list(runs))))
    if rows:
        connection.execute(insert(made_objects), list(rows))


def keep_held(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """The newest of each address stays."""
    newest: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for row in rows:
        key = (row["source"], row["workspace"], row["address"])
        if key not in newest or (row["at"], row["run"]) > (newest[key]["at"], newest[key]["run"]):
            newest[key] = row
    if not newest:
        return
    statement = insert(held_objects)
    new, table = statement.excluded, held_objects.c
    later = or_(new.at > table.at, and_(new.at == table.at, new.run.collate("C") > table.run.collate("C")))
    values = {name: new[name] for name in (*OBJECT, "run", "at")}
    statement = statement.on_conflict_do_update(index_elements=["source", "workspace", "address"], set_=values, where=later)
    connection.execute(statement, [dict(row) for row in newest.values()])


def set_managed(connection: Connection, applications: Sequence[tuple[str, str]], rows: Sequence[Mapping[str, Any]]) -> None:
    """What these applications manage, in place of what stood there of them."""
    if applications:
        named = tuple_(managed_objects.c.source, managed_objects.c.uid)
        connection.execute(delete(managed_objects).where(named.in_(list(applications))))
    if rows:
        connection.execute(insert(managed_objects), list(rows))


def owned(connection: Connection, workspaces: Sequence[str] | None = None, applications: Sequence[str] = ()) -> list[Owned]:
    """Everything that is found, by finding, then by the object; of these workspaces and applications only, where they are given."""
    held = _held()
    a = managed_objects.c
    one_place = or_(a.environment == held.c.environment, a.environment == "", held.c.environment == "")
    ours: list[ColumnElement[bool]] = []
    theirs: list[ColumnElement[bool]] = []
    if workspaces is not None:
        ours = [held.c.workspace.in_(workspaces)]
        theirs = [a.application.in_(applications)]
    either = [or_(*ours, *theirs)] if ours else []
    twice = _twice(held).where(a.token == held.c.token, one_place, *either)
    wrong = _by_terraform(held, one_place).where(*ours)
    cloud = _by_argocd().where(*theirs)
    found = union_all(twice, wrong, cloud).subquery()
    order = [found.c[name] for name in ("finding", "kind", "namespace", "name", "workspace", "address", "application")]
    return [_owned(row) for row in connection.execute(select(found).order_by(*order)).mappings()]


def _held() -> Subquery:
    """What each workspace manages of clusters by its newest word on each address."""
    columns = (*OBJECT, *SIDE)
    made = select(*(made_objects.c[name] for name in columns), made_objects.c.gone)
    left = select(*(held_objects.c[name] for name in columns), literal(False).label("gone"))
    told = union_all(made, left).subquery()
    place = (told.c.source, told.c.workspace, told.c.address)
    order = (*place, told.c.at.desc(), told.c.gone, told.c.run.desc())
    newest = select(told).ext(distinct_on(*place)).order_by(*order).subquery()
    return select(newest).where(newest.c.gone.is_(False)).subquery()


def _columns(object_: Any, environment: Any, terraform: Any, argocd: Any, finding: Finding, beside: Any) -> list[Any]:
    named = [object_[name].label(name) for name in ("api_group", "kind", "namespace", "name")]
    side = [(terraform[name] if terraform is not None else null()).label("tfe" if name == "source" else name) for name in SIDE]
    deploys = ("source", "application", "project", "destination")
    other = [(argocd[name] if argocd is not None else null()).label("argocd" if name == "source" else name) for name in deploys]
    return [literal(str(finding)).label("finding"), *named, environment.label("environment"), *side, *other, beside.label("beside")]


def _twice(held: Subquery) -> Select[Any]:
    a = managed_objects.c
    same = func.nullif(func.least(a.environment, held.c.environment), "")
    return select(*_columns(a, same, held.c, a, Finding.TWICE, literal("")))


def _by_terraform(held: Subquery, one_place: ColumnElement[bool]) -> Select[Any]:
    """Beside Argo CD only: in a namespace for which an application manages something, and not the object itself, which is told."""
    a = managed_objects.c
    around = select(func.string_agg(a.application.distinct(), literal(", "))).where(a.namespace == held.c.namespace, one_place)
    known = select(literal(1)).where(a.namespace == held.c.namespace, a.environment == held.c.environment).exists()
    twice = select(literal(1)).where(a.token == held.c.token, one_place).exists()
    beside = around.scalar_subquery()
    environment = case((known, func.nullif(held.c.environment, "")), else_=null())
    columns = _columns(held.c, environment, held.c, None, Finding.TERRAFORM, beside)
    return select(*columns).where(func.lower(held.c.kind).in_(WORKLOADS), held.c.namespace != "", beside.is_not(None), ~twice)


def _by_argocd() -> Select[Any]:
    a = managed_objects.c
    columns = _columns(a, func.nullif(a.environment, ""), None, a, Finding.ARGOCD, literal(""))
    return select(*columns).where(a.api_group.regexp_match(CLOUD), a.api_group.not_in(CONTROL))


def _owned(row: Any) -> Owned:
    terraform = argocd = None
    if row["tfe"] is not None:
        terraform = ByTerraform(
            source=row["tfe"],
            workspace=row["workspace"],
            address=row["address"],
            run=row["run"],
            at=row["at"].astimezone(UTC),
        )
    if row["argocd"] is not None:
        argocd = ByArgoCD(
            source=row["argocd"],
            application=row["application"],
            project=row["project"],
            destination=row["destination"],
        )
    return Owned(
        finding=Finding(row["finding"]),
        group=row["api_group"],
        kind=row["kind"],
        namespace=row["namespace"],
        name=row["name"],
        environment=row["environment"],
        terraform=terraform,
        argocd=argocd,
        beside=row["beside"] or "",
    )


def lines_of_all(connection: Connection) -> Iterator[str]:
    """Every row in order, for the projection's digest."""
    for table in TABLES:
        streamed = connection.execution_options(yield_per=5000)
        names = [column.name for column in table.columns]
        order = [text(f'"{column.name}"::text COLLATE "C"') for column in table.primary_key]
        for row in streamed.execute(select(table).order_by(*order)).mappings():
            yield "\x1f".join((table.name, *(orjson.dumps(row[name]).decode() for name in names)))
