"""The page People: its three doors, and who may decide on it, from where, with which form."""

import csv
import html
import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from app.domain.identity import Identities, Identity
from app.main import create_app
from app.web.deciding import Deciding

from tests.fixtures.serving import serving
from tests.web import world
from tests.web.conftest import Site
from tests.web.test_browser import chromium
from tests.web.test_doors import everything

__all__ = ["chromium"]

PUBLIC = "https://changes.bank.example"
LIST = Identities((Identity("Ana Ferreira", github_id="id-ana"), Identity("Kim Zed", tfe_username="kim")))
ACCOUNT = "github:id:id-ben"
Open = Callable[..., "Form"]


class Form:
    """A portal that takes decisions, and a browser that is on its page."""

    def __init__(self, url: str, client: httpx.Client, **headers: str) -> None:
        self.url, self.client, self.headers = url, client, headers

    def fields(self, account: str = ACCOUNT, **headers: str) -> dict[str, str]:
        page = self.client.get(f"{self.url}/people?{urlencode({'settle': account})}", headers={**self.headers, **headers}).text
        found = re.findall(r'<input type="hidden" name="(account|seen|once|mark)" value="([^"]*)">', page)
        return {name: html.unescape(value) for name, value in found}

    def send(self, values: dict[str, str], **headers: str | None) -> httpx.Response:
        sent = {"origin": self.url, **self.headers, **headers}
        return self.client.post(
            f"{self.url}/people/decisions", data=values, headers={k: v for k, v in sent.items() if v is not None}
        )

    def entries(self) -> int:
        size = self.client.get(f"{self.url}/api/v1/ledger").json()["size"]
        assert isinstance(size, int)
        return size


@pytest.fixture
def opened(full: Site) -> Iterator[Open]:
    with ExitStack() as stack:

        def make(deciding: Deciding, **headers: str) -> Form:
            app = create_app(full.engine, origin=world.ORIGIN, vkey="k", clock=lambda: world.NOW, deciding=deciding)
            url, client = stack.enter_context(serving(app)), stack.enter_context(httpx.Client(timeout=30))
            return Form(url, client, **headers)

        yield make


@pytest.fixture
def local(opened: Open) -> Form:
    return opened(Deciding(LIST, local_user="Dara Novak"))


BEN = {"decision": "new", "new": "Ben Okafor", "because": "He showed it"}


def test_the_three_doors_give_the_same_accounts_in_the_same_order(full: Site) -> None:
    for query in ("", "?q=is:unresolved", "?q=system:github+-is:bot", "?from=2026-10-03&to=2026-10-06"):
        rows = [row["account"].removeprefix("'") for row in csv.DictReader(io.StringIO(full.get(f"/people.csv{query}").text))]
        items = [str(item["account"]) for item in everything(full, f"/api/v1/people{query}")]
        page = full.get(f"/people{query}{'&' if query else '?'}limit=500").text
        shown = [html.unescape(text) for text in re.findall(r'<code class="small faint">([^<]*)</code>', page)]
        assert rows == items == shown
        assert items
        assert len(items) == len(set(items))


def test_changes_of_an_account_are_those_that_are_counted(full: Site) -> None:
    for item in full.get("/api/v1/people?limit=500").json()["items"][:12]:
        found = full.get("/api/v1/changes/count", params={"q": f'account:"{item["account"]}"'}).json()["count"]
        assert found == item["changes"] > 0


def test_what_cannot_be_understood_is_told(full: Site) -> None:
    for path in ("/people?q=colour:red", "/people?q=is:someone", "/people?limit=0", "/people?cursor=zzz", "/people?from=never"):
        assert full.get(path).status_code == 400, path
        told = full.get("/api/v1" + path)
        assert (told.status_code, told.headers["content-type"]) == (400, "application/problem+json")


def test_without_a_name_for_whoever_decides_the_forms_are_closed(full: Site) -> None:
    page = full.get(f"/people?{urlencode({'settle': ACCOUNT})}").text
    assert "Decisions are closed on this page, for nothing says who you are: set [web] user_header" in page
    assert "<textarea" not in page
    answer = full.client.post(full.url + "/people/decisions", data=BEN, headers={"origin": full.url})
    assert answer.status_code == 403


def test_a_decision_is_recorded_and_shown_with_its_reason(local: Form) -> None:
    before = local.entries()
    answer = local.send(local.fields() | BEN)
    assert answer.status_code == 303
    assert local.entries() == before + 1
    page = local.client.get(local.url + answer.headers["location"]).text
    assert "Ben Okafor" in page
    assert "decided by Dara Novak on 2026-10-14: He showed it" in page
    assert f"/events/{before}" in page
    entry = local.client.get(f"{local.url}/events/{before}").text
    assert "the local user that the settings name" in html.unescape(entry)


def test_a_form_is_good_once_and_for_what_it_was_made_for(local: Form) -> None:
    ana, kim = "github:id:id-ana", "tfe:id:id-ben"
    fields, before = local.fields(ana), local.entries()
    assert local.send(fields | {"decision": "separate", "because": "It is shared"}).status_code == 303
    assert local.send(fields | {"decision": "separate", "because": "It is shared"}).status_code == 303, "sent twice, done once"
    assert local.entries() == before + 1
    again = local.send(fields | {"decision": "bot", "because": "From an old page"})
    assert again.status_code == 409
    assert "was decided meanwhile by Dara Novak" in html.unescape(again.text)
    assert "From an old page" in again.text, "what was written is not lost"
    for name, value in (("account", kim), ("seen", "0"), ("once", "x"), ("mark", "0" * 64), ("mark", "é")):
        assert local.send(local.fields(ana) | BEN | {name: value}).status_code == 403, name
    assert local.entries() == before + 1


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"decision": "join", "person": "Ana", "because": "x"}, "Nobody is called 'Ana' yet"),
        ({"decision": "join", "person": "", "because": "x"}, "The person has no name"),
        ({"decision": "new", "new": "Ana Ferreira", "because": "x"}, "There is a 'Ana Ferreira' already"),
        ({"decision": "join", "person": "Ana Ferreira", "because": "  "}, "No reason is given"),
        ({"decision": "", "because": "x"}, "Nothing was chosen"),
        ({"decision": "merge", "because": "<script>x</script>"}, "Nothing was chosen"),
    ],
)
def test_a_form_that_cannot_be_done_comes_back_with_why(local: Form, values: dict[str, str], says: str) -> None:
    before = local.entries()
    answer = local.send(local.fields("github:id:id-ana") | values)
    assert answer.status_code == 400
    assert says in html.unescape(answer.text)
    assert "<script>x" not in answer.text
    assert local.entries() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": None},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none", "origin": None},
        {"origin": "http://changes.evil.example:8000", "host": "changes.evil.example:8000"},  # a name that points here
    ],
)
def test_a_form_from_elsewhere_is_refused(local: Form, headers: dict[str, str | None]) -> None:
    before = local.entries()
    answer = local.send(local.fields("github:id:id-ana") | {"decision": "bot", "because": "x"}, **headers)
    assert answer.status_code == 403
    assert local.entries() == before


def test_a_browser_that_says_same_origin_is_believed_on_our_own_address(local: Form) -> None:
    fields = local.fields("github:id:id-ana") | {"decision": "join", "person": "Ana Ferreira", "because": "She is"}
    assert local.send(fields, origin=None, **{"sec-fetch-site": "same-origin"}).status_code == 303


def test_a_proxy_names_who_decides(opened: Open) -> None:
    form = opened(Deciding(LIST, user_header="X-Signed-In", public_url=PUBLIC + ":443/"))
    assert form.fields() == {}, "without the header the form is closed"
    named = {"x-signed-in": "Chen  Wu"}
    fields = form.fields("github:id:id-ana", **named) | {"decision": "bot", "because": "A script"}
    assert form.send(fields, **named).status_code == 403, "another origin than the public one"
    assert form.send(fields, origin=PUBLIC).status_code == 403, "nobody is named"
    assert form.send(fields, origin=PUBLIC, **{"x-signed-in": "Eve"}).status_code == 403, "a form made for somebody else"
    assert form.send(fields, origin=PUBLIC, **named).status_code == 303
    decided = form.client.get(form.url + "/api/v1/people?q=is:decided").json()["items"]
    assert "Chen Wu" in [item["decision"]["decided_by"] for item in decided]


@pytest.mark.parametrize("sent", ["Zoë Núñez".encode(), "Zoë Núñez".encode("latin-1")])
def test_a_name_may_come_in_utf_8(opened: Open, sent: bytes) -> None:
    form = opened(Deciding(LIST, user_header="X-Signed-In", public_url=PUBLIC))
    page = form.client.get(f"{form.url}/people?settle={ACCOUNT}", headers={"x-signed-in": sent})
    assert "<bdi>Zoë Núñez</bdi>" in page.text


@pytest.mark.parametrize("name", ["", "x" * 201, "a\x9fb"])
def test_a_header_that_names_nobody_closes_the_form(opened: Open, name: str) -> None:
    form = opened(Deciding(LIST, user_header="X-Signed-In", public_url=PUBLIC))
    page = form.client.get(f"{form.url}/people?settle={ACCOUNT}", headers={"x-signed-in": name.encode("latin-1")})
    assert page.status_code == 200
    assert "nobody can decide here" in page.text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * 40_000, "application/x-www-form-urlencoded", 413),
        (b"", "application/x-www-form-urlencoded", 400),
        (b"account=a&account=b", "application/x-www-form-urlencoded", 400),
        (b"something=else", "application/x-www-form-urlencoded", 400),
        (b'{"account": "a"}', "application/json", 400),
        (b"account=%ff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(50)), "application/x-www-form-urlencoded", 400),
        (b"--x\r\n", "multipart/form-data; boundary=x", 400),
    ],
)
def test_what_is_no_form_is_refused(local: Form, body: bytes, kind: str, status: int) -> None:
    headers = {"origin": local.url, "content-type": kind}
    answer = local.client.post(f"{local.url}/people/decisions", content=body, headers=headers)
    assert answer.status_code == status
    assert "<nav" in answer.text, "told in the house's look"


def test_the_page_proposes_nobody_by_likeness(opened: Open) -> None:
    """What it offers to choose from does not depend on the account."""
    form = opened(Deciding(LIST, local_user="Dara Novak"))
    accounts = [item["account"] for item in form.client.get(form.url + "/api/v1/people?q=-is:unseen&limit=3").json()["items"]]
    pages = [form.client.get(f"{form.url}/people?{urlencode({'settle': account})}").text for account in accounts]
    offered = [re.findall(r"<option value=\"([^\"]*)\">", page) for page in pages]
    assert len(offered) == 3
    assert offered[0] == offered[1] == offered[2] == sorted(offered[0], key=str.casefold)
    assert {"Ana Ferreira", "Kim Zed"} <= set(offered[0])


@pytest.mark.browser
def test_by_hand_and_without_javascript(local: Form, chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900})
    tab = context.new_page()
    tab.goto(f"{local.url}/people?q=is:unresolved")
    tab.get_by_role("link", name=re.compile("^Settle ")).first.click()
    account = tab.locator("#settle code").inner_text()
    tab.get_by_label("is the account of somebody who is known already").check()
    tab.get_by_label("Somebody known, exactly as written there").fill("Kim Zed")
    tab.get_by_label("How it is known").fill("Kim said so")
    tab.get_by_role("button", name="Record the decision").click()
    assert account in tab.locator("table.people").inner_text()
    assert "decided by Dara Novak on 2026-10-14: Kim said so" in tab.locator("table.people").inner_text()
    context.close()
