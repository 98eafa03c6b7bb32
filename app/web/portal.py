"""What every page needs: the engine, the log's name and key, the clock, the templates. Built once, by `app.main`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from fastapi import Request, Response
from sqlalchemy import Connection, Engine

from app.clock import Clock
from app.domain.hook import Heard
from app.ledger import store as ledger
from app.web.assets import Assets
from app.web.deciding import Deciding
from app.web.render import HasShell, Templates
from app.web.times import zone_named
from app.web.views.error import ErrorPage
from app.web.views.shell import Seen, shell

ROOT = Path(__file__).resolve().parents[2]
THEMES = ("light", "dark")
YEAR = 31_536_000
FIGURES = 5_000  # matches that figure and facets look at where no beginning is asked for (ADR 7)
Hook = Callable[
    [Mapping[str, str], bytes, datetime], Heard
]  # headers (lower case), raw body, now; raises Unverified, NotUnderstood


@dataclass(frozen=True)
class Portal:
    engine: Engine | Connection
    origin: str
    vkey: str
    clock: Clock
    version: str
    templates: Templates
    assets: Assets
    rules: Mapping[str, str]  # each control's text, by its id
    controls: Mapping[str, str]  # each control's title, by its id
    demo: bool = False
    hooks: Mapping[str, Hook] = field(default_factory=dict)  # by the source's name
    deciding: Deciding = field(default_factory=Deciding)
    figures: int = FIGURES

    def seen(self, request: Request) -> Seen:
        """The zone and the theme are asked for in the address, and remembered by a cookie that holds nothing else."""
        query = dict(request.query_params)
        theme = query.get("theme") or request.cookies.get("theme", "")
        return Seen(
            path=request.url.path,
            query={key: value for key, value in query.items() if key not in ("theme", "cursor", "tz")},
            zone=zone_named(query.get("tz") or request.cookies.get("tz")),
            theme=theme if theme in THEMES else "",
            now=self.clock(),
            origin=self.origin,
            version=self.version,
            demo=self.demo,
        )

    def page(self, request: Request, seen: Seen, template: str, page: HasShell, status: int = 200) -> Response:
        response = self.templates.page(template, page, status)
        for name, value in (("tz", "" if seen.zone.asked else seen.zone.name), ("theme", seen.theme or "system")):
            if name in request.query_params and value:
                response.set_cookie(name, value, max_age=YEAR, httponly=True, samesite="lax", secure=request.url.scheme == "https")
        return response

    def error(self, request: Request, status: int, head: str, text: str) -> Response:
        """A page that asks nothing of the database."""
        seen = self.seen(request)
        around = shell(seen, head, "", None, seal_asked=False)
        return self.templates.page("error.html", ErrorPage(around, head, text, status), status)


def sealed(connection: Connection) -> tuple[int, datetime] | None:
    """Size and time of the last checkpoint."""
    found = ledger.checkpoints(connection, 1)
    return (found[0].size, found[0].made_at) if found else None
