"""Who confirmed the run had a part in the work or had not: told by nobody, then decided on the page, and judged by it."""

import asyncio
import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from app import config
from app.changes.project import catch_up
from app.commands import compose
from app.main import create_app
from sqlalchemy import Engine

from tests.stories.bank import Bank, Texts

HOSTILE = '"><script>alert(1)</script>\u202egnp =cmd|x'


class Portal:
    """The portal as its settings make it, asked by a browser on the same machine."""

    def __init__(self, bank: Bank, engine: Engine) -> None:
        self.settings = config.load({"THROUGHLINE_CONFIG": str(bank.write())})
        self.engine = engine
        self.app = create_app(engine, origin="o", vkey="k", deciding=compose.deciding_of(self.settings))

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
                return await client.request(method, path, **more)

        return asyncio.run(one())

    def decide(self, account: str, **values: str) -> httpx.Response:
        """Open the account on the page, fill the form in, send it."""
        page = self.ask("GET", f"/people?{urlencode({'settle': account})}").text
        found = re.findall(r'<input type="hidden" name="(account|seen|once|mark)" value="([^"]*)">', page)
        hidden = {name: html.unescape(value) for name, value in found}
        assert hidden["account"] == account
        return self.ask("POST", "/people/decisions", data={**hidden, **values}, headers={"origin": "http://127.0.0.1:8000"})

    def unresolved(self) -> dict[str, str]:
        items = self.ask("GET", "/api/v1/people?q=is:unresolved").json()["items"]
        return {f"{item['system']}/{item['name']}": item["account"] for item in items if not item["declared"]}

    def project(self) -> None:
        catch_up(self.engine, compose.rules_of(self.settings))

    def verdict(self, control: str) -> str:
        return next(
            str(v["verdict"]) for item in self.changes() for v in item["verdicts"] if v["control"] == control and item["runs"]
        )

    def changes(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.ask("GET", "/api/v1/changes").json()["items"]
        return items


@pytest.fixture
def portal(bank: Bank) -> Iterator[Portal]:
    bank.more = '[web]\nlocal_user = "Dara Novak"\n'
    bank.tell()
    assert bank.poll().code == 0, bank.ran
    engine = bank.engine
    yield Portal(bank, engine)
    engine.dispose()


def test_a_control_waits_for_who_it_is_and_then_says_so(bank: Bank, portal: Portal) -> None:
    found = portal.unresolved()
    hub, tfe = found["github/ada"], found["tfe-prod/bob"]
    assert portal.verdict("SOD-2") == "indeterminate"

    answer = portal.decide(hub, decision="new", new="Ada Ng", because="Her manager confirmed the login")
    assert answer.status_code == 303, answer.text
    assert parse_qs(urlsplit(answer.headers["location"]).query) == {"q": [f"account:{hub}"]}
    assert "Her manager confirmed the login" in portal.ask("GET", answer.headers["location"]).text, "shown at once"
    portal.decide(tfe, decision="new", new="Bob Reed", because="He enrolled in Terraform with his own card")
    portal.project()
    assert portal.verdict("SOD-2") == "pass"

    portal.decide(tfe, decision="join", person="Ada Ng", because="It was her account after all")
    portal.project()
    assert portal.verdict("SOD-2") == "fail"
    told = next(one for item in portal.changes() for one in item["people"] if one["role"] == "confirmer")
    assert (told["name"], told["person"]) == ("bob", "Ada Ng"), "the source's own word stays beside the decision"
    page = portal.ask("GET", f"/changes/{portal.changes()[-1]['id']}").text
    assert "bob, decided by Dara Novak" in page, "that it was decided here, and why, stands on the change"
    assert ">unresolved</a>" in page
    assert re.fullmatch(r"decided by Dara Novak on \d{4}-\d\d-\d\d: It was her account after all", told["known_by"])

    portal.decide(tfe, decision="separate", because="Two people share it")
    portal.project()
    assert portal.verdict("SOD-2") == "indeterminate"
    assert tfe in portal.unresolved().values()

    before = bank.one("SELECT string_agg(digest, ',' ORDER BY root) FROM changes")
    assert bank.run("verify", "--database").code == 0
    assert bank.run("rebuild").code == 0
    assert bank.one("SELECT string_agg(digest, ',' ORDER BY root) FROM changes") == before
    rows = bank.rows("SELECT status, actor_name FROM events WHERE source = 'portal' ORDER BY seq")
    assert [tuple(row) for row in rows] == [(status, "Dara Novak") for status in ("joined", "joined", "joined", "separated")]


def test_the_command_decides_the_same_way(bank: Bank, portal: Portal) -> None:
    tfe = portal.unresolved()["tfe-prod/bob"]
    assert tfe in bank.run("people", "list", "--unresolved").out
    unknown = bank.run("people", "join", tfe, "Bob Reed", "--because", "he said so")
    assert (unknown.code, unknown.err.count("\n")) == (2, 1)
    assert "nobody is called 'Bob Reed' yet" in unknown.err
    made = bank.run("people", "join", tfe, "Bob Reed", "--because", "he said so", "--by", "Dara Novak", "--new")
    assert made.code == 0, made.err
    assert "joined, decided by Dara Novak; met in 1 change\nthe changes that it concerns are judged anew" in made.out
    assert "decided already" in bank.run("people", "join", tfe, "Bob Reed", "--because", "again").out
    row = bank.run("people", "list").row("person", "Bob Reed")
    assert row[2:5] == [tfe, "bob", "1"]
    assert [p["person"] for item in portal.changes() for p in item["people"] if p["account"] == tfe] == ["Bob Reed"]
    for words in (["join", tfe], ["bot"], ["separate", tfe, "Bob Reed"]):
        assert bank.run("people", *words, "--because", "x").code == 2
    assert bank.run("people", "bot", tfe).code == 2, "a reason is required"


def test_decisions_outlive_another_list(bank: Bank, portal: Portal) -> None:
    """With a list of its own the worker judges anew, and what was decided is still so."""
    tfe = portal.unresolved()["tfe-prod/bob"]
    portal.decide(tfe, decision="new", new="Bob Reed", because="He showed it")
    people = bank.folder / "people.csv"
    people.write_text("userName,displayName,tfe_username,github_login\nada@bank.example,Ada Ng,bob,ada\n")
    said = bank.run("people", "import", str(people))
    assert said.code == 0, said.err
    assert "1 rows (1 human, 0 bot, 0 service), 3 accounts; no row is wrong" in said.out
    assert "nothing is recorded" in said.out
    bank.more += f'[identities]\nfile = "{people}"\n'
    listed = Portal(bank, portal.engine)
    listed.project()
    assert listed.verdict("SOD-2") == "pass", "the decision says that it is Bob, though the list says Ada"
    people.write_text("userName,displayName\n,Nobody\n,Nobody Else\n")
    wrong = bank.run("people", "import", str(people))
    assert (wrong.code, wrong.err.count("\n")) == (2, 2)


def test_hostile_names_are_text_and_can_be_settled(bank: Bank) -> None:
    bank.more = '[web]\nlocal_user = "Dara Novak"\n'
    bank.tell(Texts(user=HOSTILE, author=HOSTILE))
    assert bank.poll().code == 0, bank.ran
    engine = bank.engine
    portal = Portal(bank, engine)
    account = next(one for one in portal.unresolved().values() if one.startswith("argocd-prod:"))
    for path in ("/people", f"/people?{urlencode({'settle': account})}", f"/people?{urlencode({'q': HOSTILE[:9]})}"):
        text = portal.ask("GET", path).text
        assert "<script>alert" not in text
        assert "\u202e" not in text
    cells = portal.ask("GET", "/people.csv").text
    assert not re.search(r"(?m)(^|,)[=+@-]", cells)
    assert portal.ask("GET", f"/people?{urlencode({'settle': 'x' * 5000})}").status_code == 200
    answer = portal.decide(account, decision="new", new="Someone Odd <b>", because=HOSTILE.replace("\u202e", " "))
    assert answer.status_code == 303, answer.text
    portal.project()
    for path in ("/people", "/changes", "/events?q=source:portal", answer.headers["location"]):
        text = portal.ask("GET", path).text
        assert "<script>alert" not in text
        assert "Odd <b>" not in text
    row = portal.ask("GET", "/api/v1/people", params={"q": 'person:"Someone Odd <b>"'}).json()["items"]
    assert [one["account"] for one in row] == [account]
    engine.dispose()
