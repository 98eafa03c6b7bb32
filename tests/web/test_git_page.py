"""What a change's page draws of Git: what was deployed commit by commit, how it was merged, checks, pushes, rules."""

import re

import pytest
from app.changes.project import Rules, catch_up
from app.db.session import transaction
from app.domain.event import Event
from app.ledger import store as ledger
from app.web.schema import Change
from app.web.times import UTC_ZONE
from app.web.views import branches
from sqlalchemy import text

from tests.linking.build import base, ci, commit, head_push, human, pull, push, review, rules, run, sha, span
from tests.linking.world import RULES
from tests.web import world
from tests.web.conftest import Site

A, X, Y, Z = sha("deployed-before"), sha("pushed"), sha("unread"), sha("left")
DAY = 24 * 60
AT = 12 * DAY


def scene() -> list[Event]:
    """Three pull requests and a direct push applied by one run; a force push; rules made weaker."""
    events: list[Event] = [rules(AT - 60, admins_included=True, merge_queue=None, deletions=False)]
    for n, title in ((71, "Peer the settlements network"), (72, "Tag the settlements tables"), (73, "Route settlements by zone")):
        start = AT + (n - 71) * 40
        made = pull(n, opened=start, merged=start + 30, title=title)
        for one in made:
            one.facts.update(merge_method="squash")  # type: ignore[attr-defined]
        events += [*made, review(n, human("ben"), start + 20), commit(n, f"head{n}", start - 5)]
        events += [ci(n, "success", start + 10), ci(n, "neutral", start + 11, name="lint", required=False)]
    events += [head_push(71, human("eve"), AT + 8, status="force_push"), ci(73, "failure", AT + 86, name="plan")]
    events += [ci(73, "success", AT + 100, name="plan")]
    events.append(
        push(X, minutes=AT + 100, title="Hotfix: open the port", authors=[{"name": "Carol C", "email": "c@home.example"}])
    )
    events += run("run-range", created=AT + 120, applied=AT + 130, commit=sha("merge73"), workspace="settlements-prod")
    events.append(
        base("run-range", A, paths=["settlements", "modules/network/**/*"], minutes=AT + 130, workspace="settlements-prod")
    )
    shas = [sha("merge71"), X, Y, sha("merge73")]
    listed = {"settlements": [sha("merge71"), X, sha("merge73")], "modules/network": [Y]}
    events.append(span(sha("merge73"), A, [sha("merge71"), sha("merge72"), X, Y, sha("merge73")], listed, undone=[Z]))
    events.append(
        push(A, before=sha("merge73"), status="force_push", commits=[], undone=shas, minutes=AT + 200, who=human("mallory"))
    )
    changed = {"required_approvals": [2, 0], "force_pushes": [False, True]}
    events.append(rules(AT + 190, "changed", required_approvals=0, force_pushes=True, admins_included=True, changed=changed))
    return events


@pytest.fixture(scope="module")
def site(full: Site) -> Site:
    with transaction(full.engine) as connection:
        ledger.append(connection, scene(), world.NOW)
    catch_up(full.engine, Rules(RULES))
    return full


def page(site: Site, title: str) -> str:
    with site.engine.connect() as connection:
        found = connection.execute(text("SELECT id FROM changes WHERE title LIKE :title"), {"title": f"{title}%"}).one()
    answer = site.get(f"/changes/{found.id}")
    assert answer.status_code == 200
    return answer.text


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def table(html: str, caption: str) -> list[str]:
    """The rows of one table, as words."""
    found = re.search(rf"<caption class=\"vh\">{re.escape(caption)}</caption>(.*?)</table>", html, re.S)
    assert found, caption
    return [words(row).strip() for row in re.findall(r"<tr>(.*?)</tr>", found[1], re.S)[1:]]


def test_the_page_draws_what_was_deployed_commit_by_commit(site: Site) -> None:
    html = page(site, "Route settlements by zone")
    rows = table(html, "Deployed to settlements-prod")
    assert [re.sub(r" +", " ", row) for row in rows] == [
        f"{sha('merge71')[:12]} bank/infra#71 pull request",
        f"{X[:12]} push of {X[:12]} to bank/infra direct push",
        f"{Y[:12]} nothing that is known not known",
        f"{sha('merge73')[:12]} bank/infra#73 pull request",
        f"{Z[:12]} nothing that is known left out again",
    ]
    said = words(html)
    assert f"5 commits, {A[:12]} to {sha('merge73')[:12]}, in settlements, modules/network/**/*" in said
    assert "squash, by ben" in said
    assert "/changes?q=pr%3Abank%2Finfra%2371" in html


def test_checks_and_pushes_to_the_head_stand_on_the_page(site: Site) -> None:
    html = page(site, "Route settlements by zone")
    checks = table(html, "Checks")
    assert any("plan" in row and "success" in row and "at the merge" in row for row in checks)
    assert any("failure" in row and "does not count" in row for row in checks)
    pushes = table(page(site, "Peer the settlements network"), "Pushes")
    assert any(row.startswith("eve") and "force push" in row for row in pushes)


def test_a_direct_push_has_a_page_of_its_own(site: Site) -> None:
    html = page(site, "Hotfix: open the port (pushed straight to main)")
    said = words(html)
    assert "bank/infra" in said
    assert table(html, "Pushed") == [f"{X[:12]} came to the branch none"]
    assert "Carol C github, as a commit says" in said
    assert "without a pull request" in said
    assert "run-range" in said


def test_a_force_push_and_weaker_rules_are_changes_one_can_read(site: Site) -> None:
    forced = page(site, "Force push to main of bank/infra by mallory")
    assert len(table(forced, "Pushed")) == 4
    weaker = page(site, "main of bank/infra: force pushes switched on, required approvals 2 → 0")
    rows = table(weaker, "Rules of the branch")
    assert any("required approvals" in row and "0" in row and "weaker, 2 before" in row for row in rows)


def test_the_json_is_of_the_shape_it_promises(site: Site) -> None:

    for one in site.get("/api/v1/changes?limit=100").json()["items"]:
        Change.model_validate(one)


def test_an_older_record_without_these_parts_draws_none_of_them() -> None:
    odd: list[object] = [{}, {"deployed": None, "push": 3, "branch_rules": [], "pull_requests": "x"}]
    odd += [{"deployed": [{"commits": [{}], "paths": "x", "status": None}, {"status": "behind"}], "push": {}, "branch_rules": {}}]
    for item in odd:
        for grid in branches.grids(item, UTC_ZONE):  # type: ignore[arg-type]
            assert grid.rows
    assert branches.merged({"merged_at": "2026-01-01T00:00:00Z"}) == "method not known, by somebody unknown"
