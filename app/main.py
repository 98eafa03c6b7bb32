"""Composition for the web: plain parts in, an ASGI application out."""

from collections.abc import Mapping
from importlib.metadata import version

from fastapi import FastAPI
from sqlalchemy import Connection, Engine

from app import clock as house_clock
from app.clock import Clock
from app.web.app import build
from app.web.assets import Assets
from app.web.deciding import Deciding
from app.web.portal import FIGURES, ROOT, Hook, Portal
from app.web.render import Templates
from app.web.rules import control_titles, rule_texts


def create_app(
    engine: Engine | Connection,
    *,
    origin: str,
    vkey: str,
    clock: Clock = house_clock.now,
    demo: bool = False,
    hooks: Mapping[str, Hook] | None = None,
    deciding: Deciding | None = None,
    figures: int = FIGURES,
) -> FastAPI:
    """`origin` names the ledger, `vkey` is its public key; with `demo` every page says that its world is invented.

    `hooks` verify the webhooks of the sources that may send some, by the source's name. Without `deciding` nobody may decide
    who is who. `figures` is how many of the newest matches figure and facets of the changes look at where no beginning is
    asked for.
    """
    assets = Assets(ROOT / "static")
    return build(
        Portal(
            engine=engine,
            origin=origin,
            vkey=vkey,
            clock=clock,
            version=version("throughline"),
            templates=Templates(ROOT / "templates", assets),
            assets=assets,
            rules=rule_texts(),
            controls=control_titles(),
            demo=demo,
            hooks=hooks or {},
            deciding=deciding or Deciding(),
            figures=figures,
        )
    )
