"""Every page, empty and full: it answers, it has a title, its headers are right, hostile text stays text."""

import re
from html.parser import HTMLParser

import pytest
from app.web.csp import HEADERS
from app.web.portal import ROOT
from jinja2 import Environment, FileSystemLoader

from tests.fixtures.queries import counted
from tests.web import world
from tests.web.conftest import Site

PAGES = ("/", "/changes", "/events", "/drift", "/sources", "/ledger", "/people", "/lineage", "/ownership", "/help/search")
SELECTS = {
    "/": 14,
    "/changes": 8,
    "/events": 4,
    "/sources": 7,
    "/ledger": 2,
    "/ownership": 2,
    "/people": 6,
    "/drift": 15,
    "/lineage": 5,
    "/help/search": 1,
}


class Read(HTMLParser):
    """What a test asks of a page: its tags with attributes, its ids, its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def test_every_template_parses() -> None:
    environment = Environment(loader=FileSystemLoader(ROOT / "templates"), autoescape=True)
    for name in environment.list_templates():
        environment.parse((ROOT / "templates" / name).read_text())


def test_no_template_has_style_script_or_handlers_inline() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", text), path
        assert not re.search(r"https?://", text), path
        assert "|safe" not in text.replace(" ", ""), path


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("which", ["empty", "full"])
def test_a_page_answers_empty_and_full(path: str, which: str, request: pytest.FixtureRequest) -> None:
    site: Site = request.getfixturevalue(which)
    answer = site.get(path)
    assert answer.status_code == 200, answer.text[:2000]
    page = Read(answer.text)
    assert answer.text.startswith("<!doctype html>")
    assert page.all("html")[0]["lang"] == "en"
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert len(answer.text) < 200_000
    assert page.all("a")[0]["href"] == "#main"
    assert "Throughline" in answer.text.split("<title>")[1].split("</title>")[0]


@pytest.mark.parametrize(
    "path",
    [
        *PAGES,
        "/nothing",
        "/changes?q=colour:red",
        "/api/v1/changes",
        "/api/v1/nothing",
        "/healthz",
        "/changes.csv",
        "/ledger/checkpoint",
    ],
)
def test_every_answer_carries_the_headers(full: Site, path: str) -> None:
    answer = full.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound(full: Site, path: str) -> None:
    """Ids are unique, labels and references lead somewhere, tables have captions, links are ours."""
    page = Read(full.get(path).text)
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    for _, attrs in page.tags:
        for name in ("for", "aria-labelledby", "aria-describedby", "popovertarget"):
            for target in (attrs.get(name) or "").split():
                assert target in ids, (name, target)
        if (attrs.get("href") or "").startswith("#"):
            assert (attrs["href"] or "")[1:] in ids
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption")
    assert all(a.get("scope") for a in page.all("th"))
    assert all(a.get("datetime", "").endswith("Z") for a in page.all("time"))  # type: ignore[union-attr]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_links_only_to_pages_that_exist(full: Site, path: str) -> None:
    seen = set()
    for link in Read(full.get(path).text).all("a") + Read(full.get(path).text).all("link"):
        address = (link["href"] or "").split("#")[0]
        kind = re.sub(r"[0-9a-f-]{36}|\?.*|\d+", "", address)
        if address.startswith("/") and kind not in seen:
            seen.add(kind)
            assert full.get(address).status_code in (200, 307), address


@pytest.mark.parametrize(("path", "most"), SELECTS.items())
def test_a_page_costs_a_few_selects_however_much_it_shows(full: Site, path: str, most: int) -> None:
    with counted(full.engine) as queries:
        assert full.get(path).status_code == 200
    assert queries.selects <= most, "\n".join(queries.statements)


def test_one_change_costs_a_few_selects(full: Site) -> None:
    change = full.get("/api/v1/changes?q=workspace:net-prod&limit=1").json()["items"][0]["id"]
    with counted(full.engine) as queries:
        assert full.get(f"/changes/{change}").status_code == 200
    assert queries.selects <= 6, "\n".join(queries.statements)


def test_hostile_titles_are_text_everywhere(full: Site) -> None:
    for n, title in world.HOSTILE.items():
        found = full.get(f"/api/v1/changes?q=pr:{n}").json()["items"]
        assert len(found) == 1
        for path in (f"/changes?q=pr:{n}", f"/changes/{found[0]['id']}", f"/events?q=pr:{n}"):
            answer = full.get(path)
            assert answer.status_code == 200
            page = Read(answer.text)
            assert [a for a in page.all("script") if not a.get("src")] == []
            assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
            assert "<img" not in answer.text
            assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\x00\x07]", answer.text)
        if title == world.TURNED:
            assert "⟨U+202E⟩" in full.get(f"/changes/{found[0]['id']}").text


def test_a_bad_record_does_not_break_a_list(full: Site) -> None:
    title = world.spoil(full.engine)
    answer = full.get("/changes?limit=500")
    assert answer.status_code == 200
    assert title in answer.text
    assert "part of this record could not be read" in answer.text
    assert "unknown verdict" in answer.text
    with full.engine.connect() as connection:
        id_ = connection.exec_driver_sql("SELECT id FROM changes WHERE verdict = 'shiny'").scalar_one()
    page = full.get(f"/changes/{id_}")
    assert page.status_code == 200
    assert "could not be read" in page.text


def test_the_zone_is_asked_for_and_remembered(full: Site) -> None:
    here = full.get("/ledger?tz=Europe/London")
    assert "BST" in here.text
    assert 'tz="Europe/London"' in here.headers["set-cookie"]
    assert "BST" in full.get("/ledger", headers={"cookie": "tz=Europe/London"}).text
    full.client.cookies.clear()
    for wrong in ("Europe/Nowhere", "../../etc/passwd", "<b>", "\x00", "/etc/localtime"):
        answer = full.get("/ledger", params={"tz": wrong})
        assert answer.status_code == 200
        assert "There is no time zone" in answer.text
        assert "set-cookie" not in answer.headers


def test_the_theme_can_be_forced(full: Site) -> None:
    assert '<html lang="en" data-theme="dark">' in full.get("/?theme=dark").text
    assert '<html lang="en" data-theme="dark">' in full.get("/", headers={"cookie": "theme=dark"}).text
    full.client.cookies.clear()
    assert '<html lang="en">' in full.get("/?theme=<script>").text


def test_static_files_have_their_digest_in_their_name_and_are_kept(full: Site) -> None:
    page = Read(full.get("/").text)
    addresses = [a["src"] for a in page.all("script")] + [a["href"] for a in page.all("link")]
    assert len(addresses) >= 6
    for address in addresses:
        answer = full.get(str(address))
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert full.get("/static/parts.css").status_code == 404
    assert full.get("/static/..%2fapp%2fmain.py").status_code == 404


def test_a_wrong_query_is_told_where_and_what_instead(full: Site) -> None:
    answer = full.get("/changes?q=env:production+aproved:ben")
    assert answer.status_code == 400
    page = Read(answer.text)
    assert "position 16" in answer.text
    assert any(a.get("href") == "/changes?q=env%3Aproduction+approver%3Aben" for a in page.all("a"))
    assert page.all("input")[0]["aria-invalid"] == "true"
    assert full.get("/changes?from=yesterday").status_code == 400
    assert full.get("/changes?limit=0").status_code == 400
    assert full.get("/events?q=%22open").status_code == 400
    assert full.get("/changes?cursor=zzz").status_code == 400


def test_what_is_not_there_is_404_in_the_look(full: Site) -> None:
    for path in (
        "/nothing",
        "/changes/999999999",
        "/changes/x",
        "/events/999999",
        "/events/x",
        f"/changes/{'0' * 8}-0000-0000-0000-{'0' * 12}",
    ):
        answer = full.get(path)
        assert answer.status_code == 404, path
        assert "Not found" in answer.text
        assert "<nav" in answer.text


def test_only_get_and_head(full: Site) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert full.client.request(method, full.url + "/changes").status_code == 405
        answer = full.client.request(method, full.url + "/api/v1/changes")
        assert answer.status_code == 405
        assert answer.headers["content-type"] == "application/problem+json"
    for path in (*PAGES, "/api/v1/changes", "/healthz", "/ledger/checkpoint"):
        head = full.client.head(full.url + path)
        assert head.status_code == 200
        assert head.content == b""


def test_a_change_is_found_by_its_number(full: Site) -> None:
    change = full.get("/api/v1/changes?limit=1").json()["items"][0]
    answer = full.get(f"/changes/{change['number']}")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"/changes/{change['id']}"


def test_an_entry_is_proved_and_a_changed_leaf_is_not(full: Site) -> None:
    assert "proved" in Read(full.get("/events/0").text).text
    with full.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM checkpoints").scalar_one() == 1
