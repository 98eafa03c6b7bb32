"""The page Lineage and its other two doors: the same paths in the same order, found by what hangs on them, with gaps in words."""

import csv
import html
import io
import re
from urllib.parse import urlencode

import pytest

from tests.fixtures.queries import counted
from tests.web.conftest import Site
from tests.web.lineage_world import PATH
from tests.web.test_doors import everything


def shown(site: Site, query: str = "") -> list[str]:
    page = site.get(f"/lineage{query}{'&' if query else '?'}limit=500").text
    return [html.unescape(text) for text in re.findall(r'way__title"><a href="[^"]*"><code><bdi>([^<]*)</bdi>', page)]


@pytest.mark.parametrize("query", ["", "?q=is:stale", "?q=-is:stale", "?q=app:payments-api", "?q=workspace:net-prod+is:unread"])
def test_the_three_doors_give_the_same_paths_in_the_same_order(full: Site, query: str) -> None:
    rows = csv.DictReader(io.StringIO(full.get(f"/lineage.csv{query}").text))
    table = [row["path"].removeprefix("'") for row in rows]
    items = [str(item["path"]) for item in everything(full, f"/api/v1/lineage{query}")]
    assert list(dict.fromkeys(table)) == items
    assert [re.sub(r"⟨U\+\w+⟩", "", path) for path in shown(full, query)] == [re.sub("[\u202a-\u202e]", "", p) for p in items]
    assert items
    assert len(items) == len(set(items))


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("is:unwritten", ["/nobody/writes/this"]),
        ("is:unread", ["/left/alone", "/nobody/reads/this"]),
        ("is:fresh -is:stale", ["/settlements/production/signing-key"]),
        ("path:/nobody/*", ["/nobody/writes/this", "/nobody/reads/this"]),
        ("path:settlements/production/database-url", [PATH]),
        ("app:settlements-api", [PATH]),
        ("resource:ExternalSecret/signing", ["/settlements/production/signing-key"]),
        ("resource:Secret/signing", ["/settlements/production/signing-key"]),
        ("resource:Deployment/settlements-api", [PATH]),
        ("namespace:payments is:unwritten", ["/nobody/writes/this"]),
        ("cluster:prod-eu-1 -is:stale is:declared", ["/settlements/production/signing-key"]),
        ("run:run-7 is:fresh -is:stale", ["/settlements/production/signing-key"]),
        ("system:vault", []),
        ("signing-key", ["/settlements/production/signing-key"]),
    ],
)
def test_it_is_found_by_what_hangs_on_it(full: Site, query: str, paths: list[str]) -> None:
    assert [item["path"] for item in full.get("/api/v1/lineage", params={"q": query}).json()["items"]] == paths


def test_stale_ones_come_first_and_say_since_when_and_why(full: Site) -> None:
    item = full.get("/api/v1/lineage", params={"q": f"path:{PATH}"}).json()["items"][0]
    stale, fresh = item["readers"]
    assert item["states"] == ["stale", "fresh"]
    assert (stale["application"], stale["state"], stale["declared"], stale["match"]) == ("settlements-api", "stale", True, "exact")
    assert stale["stale_since"] == item["writers"][0]["changed_at"] == "2026-10-07T16:57:00Z"
    assert "never refreshes by itself" in stale["state_because"]
    assert [w["state"] for w in stale["workloads"]] == ["stale"]
    assert (fresh["application"], fresh["match"]) == ("payments-api", "derived")
    assert [w["state"] for w in fresh["workloads"]] == ["unknown"]
    assert shown(full)[0] in shown(full, "?q=is:stale")


def test_gaps_are_said_in_words(full: Site) -> None:
    page = full.get("/lineage").text
    assert "nobody we watch writes it" in page
    assert "nobody we watch reads it" in page
    assert "Declared (derived)" in page
    items = full.get("/api/v1/lineage?limit=500").json()["items"]
    assert {gap["what"] for item in items for gap in item["gaps"]} == {"nobody we watch writes it", "nobody we watch reads it"}


def test_it_is_as_it_stands_and_takes_no_period(full: Site) -> None:
    assert full.get("/lineage?from=2026-10-01").status_code == 400
    assert "takes no period" in full.get("/lineage?from=2026-10-01").text
    for path in ("/api/v1/lineage?to=2026-10-01", "/lineage.csv?from=2026-10-01"):
        assert full.get(path).status_code == 400, path
    assert full.get("/api/v1/lineage").json()["known_at"]


def test_what_cannot_be_understood_is_told(full: Site) -> None:
    for path in ("/lineage?q=colour:red", "/lineage?q=is:gone", "/lineage?limit=0", "/lineage?cursor=zzz"):
        assert full.get(path).status_code == 400, path
        told = full.get("/api/v1" + path)
        assert (told.status_code, told.headers["content-type"]) == (400, "application/problem+json")


def test_an_empty_page_says_what_it_would_hold(empty: Site) -> None:
    assert "No plan that was read names a resource that writes to a secret store" in empty.get("/lineage").text
    assert empty.get("/api/v1/lineage").json() == {"items": [], "next": None, "sentence": "0 paths.", "known_at": None}
    assert empty.get("/lineage.csv").text.count("\r\n") == 1


def test_a_change_says_which_outputs_it_changed_and_who_reads_them(full: Site) -> None:
    change = full.get("/api/v1/changes?q=run:run-7").json()["items"][0]["id"]
    with counted(full.engine) as queries:
        page = full.get(f"/changes/{change}").text
    assert queries.selects <= 10
    assert "Outputs it changed, and who reads them" in page
    part = page.split('id="h-outputs"')[1].split("</table>")[0]
    assert f'href="/lineage?{urlencode({"q": f"path:{PATH}"})}"' in part
    assert "settlements-api, declared" in part
    assert "nobody we watch" in part
    assert "/left/alone" not in part, "its plan left that as it was"
    other = full.get("/api/v1/changes?q=run:run-8").json()["items"][0]["id"]
    with counted(full.engine) as queries:
        assert "Outputs it changed" not in full.get(f"/changes/{other}").text
    assert queries.selects <= 6
