"""From a hand edit on the fake Argo CD to the page of the episode: both manifests, read from the payload that was kept."""

import re

from app.changes.project import catch_up
from app.db.session import transaction
from app.demo.fakes import argocd_drift as drift
from app.ingest import store as observations
from app.ledger import store as ledger
from app.main import create_app
from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.changes.test_drift import RULES
from tests.sources.argocd.conftest import Stage

NAME, CONFIG = "payments-api", "payments-api-config"
SIDES = re.compile(r'<td class="side">(declared|live)</td><td>(.*?)</td></tr>')


def sides(page: str) -> list[tuple[str, str]]:
    """(side, line) of each line that differs, its marks taken off."""
    return [(side, re.sub(r"<[^>]*>", "", line).strip()) for side, line in SIDES.findall(page.split('id="h-told"')[0])]


def test_what_was_edited_by_hand_stands_line_by_line_and_a_secret_says_only_that_it_differs(stage: Stage, engine: Engine) -> None:
    app = stage.app()
    drift.declare(app, NAME, {"spec.replicas": 2, "spec.paused": False})
    drift.declare(app, CONFIG, {"data.password": "hunter-one", "data.rate": "1"})
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(60)
    stage.read(90)
    drift.set_field(stage.state, app, NAME, "spec.replicas", 9, stage.to(100))
    drift.set_field(stage.state, app, CONFIG, "data.password", "hunter-two", stage.to(101))
    drift.add_extra(stage.state, app, "ConfigMap", "by-hand", stage.to(102))
    stage.read(120)
    with transaction(engine) as connection:
        for page in stage.pages:
            observations.save_observations(connection, "argocd", "applications", page.observations)
        ledger.append(connection, stage.events, stage.now)
    catch_up(engine, RULES)
    with TestClient(create_app(engine, origin="bank.example/ledger", vkey="", clock=lambda: stage.to(3700))) as portal:
        items = {one["subject"]["name"]: one["id"] for one in portal.get("/api/v1/drift").json()["items"]}
        pages = {name: portal.get(f"/drift/{id_}").text for name, id_ in items.items()}
        front = portal.get("/drift").text
    assert sides(pages[NAME]) == [("declared", "replicas: 2"), ("live", "replicas: 9")]
    assert [side for side, _ in sides(pages[CONFIG])] == ["declared", "live"]
    assert all("[removed]" in line and "differs, values hidden" in line for _, line in sides(pages[CONFIG]))
    assert not [name for name, page in pages.items() if "hunter" in page]
    assert {side for side, _ in sides(pages["by-hand"])} == {"live"}
    assert "never declared" in pages["by-hand"]
    for name in (NAME, CONFIG, "by-hand"):
        assert f"{name}</bdi>" in front
