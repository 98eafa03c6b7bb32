"""The drift ledger's pages: how things stand is said truly, what is hostile stays text, what is long is a link away."""

import re
from uuid import UUID

import pytest
from app.canonical import stable_id
from app.changes.drift import store
from app.domain.drift import Cause, Ended, State
from app.web.store import kept as read
from app.web.times import UTC_ZONE
from app.web.views import drifted, tables
from app.web.views.overview import drifting
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.queries import counted
from tests.web import drift_world
from tests.web.conftest import Site
from tests.web.test_pages import Read

EPISODES = {
    one.name if one.name != "healed" else f"healed {n}": stable_id("episode", one.key)
    for n, (one, _) in enumerate(drift_world.cast())
}


def text(site: Site, path: str, status: int = 200) -> str:
    answer = site.get(path)
    assert answer.status_code == status, answer.text[-2000:]
    return " ".join("".join(Read(answer.text).text).split())


def rows(site: Site, path: str, table: str) -> list[str]:
    """Each row of a table as its text, in order."""
    body = site.get(path).text.split(f'class="{table}"')[1].split("</table>")[0].split("<tbody>")[1]
    return [" ".join("".join(Read(row).text).split()) for row in body.split("<tr")[1:]]


def of(name: str) -> UUID:
    return EPISODES[name]


def test_the_sentence_counts_every_standing_and_calls_nothing_unknown_as_declared(full: Site) -> None:
    said = text(full, "/drift")
    assert "12 things are not as declared, or cannot be compared," in said
    assert "1 over its limit, 6 within their limits, 1 without a limit, 2 unknown, 2 that cannot be compared." in said
    assert re.search(r" \d+ applications or workspaces are as declared; what tells it was read 36 s ago\.", said)
    assert (
        "1 application or workspace last seen as declared it is not known now: not read are argocd since 2026-10-13 13:00 UTC."
        in said
    )
    assert "argocd was not read since 2026-10-13 13:00 UTC." in said


def test_the_worst_standing_comes_first_with_a_word_for_each(full: Site) -> None:
    found = rows(full, "/drift", "table table--stack drift-now")
    assert found[0].startswith("> Deployment payments-api") or "Deployment payments-api" in found[0]
    assert "7 h 28 min of 4 h" in found[0]
    assert "over its limit" in found[0]
    assert "kubectl-edit, person unknown" in found[0]
    assert all("cannot be known" in row for row in found[1:3])
    assert {name for name in ("frozen", "unread") if any(name in row for row in found[1:3])} == {"frozen", "unread"}
    assert "no limit set" in found[-1]


def test_what_is_no_drift_stands_apart_and_is_not_counted(full: Site) -> None:
    page = full.get("/drift").text
    apart = page.split('id="h-no"')[1].split("</section>")[0]
    now = page.split('id="h-now"')[1].split("</section>")[0]
    for name in ("pending", "prunable"):
        assert f"ConfigMap {name}" in apart
        assert f"ConfigMap {name}" not in now
    one = text(full, f"/drift/{of('pending')}")
    assert "Difference 7, ConfigMap pending" in one
    assert "This is no drift." in one


def test_the_exposure_ledger_counts_overlaps_once_and_adds_up(full: Site) -> None:
    page = full.get("/drift").text
    table = page.split('class="table table--tight table--stack exposure"')[1].split("</table>")[0]
    outs = re.findall(r'data-l="Out, h:min" class="num">([\d,]+):(\d\d)<', table)
    minutes = [60 * int(h.replace(",", "")) + int(m) for h, m in outs]
    assert sum(minutes[:-1]) == pytest.approx(minutes[-1], abs=len(minutes))
    labels = [a["aria-label"] for a in Read(table).all("svg") if a.get("role") == "img"]
    assert any(label and "not known from" in label for label in labels)
    assert any(label and "for 11 h" in label for label in labels)
    assert "The last 14 days" in page


def test_a_period_narrows_the_exposure_and_the_list(full: Site) -> None:
    page = text(full, "/drift?from=2026-10-05&to=2026-10-09")
    assert "5 October 2026 00:00 UTC up to 9 October 2026 00:00 UTC." in page
    assert "1 episode, from 5 October 2026 00:00 up to 9 October 2026 00:00 UTC." in page
    assert "12 things are not as declared" in page  # now is now, whatever period is asked for


def test_a_query_narrows_all_but_the_blind_spots_and_says_so(full: Site) -> None:
    page = text(full, "/drift?q=app:payments-api cause:live-edit")
    assert "1 thing is not as declared, at" in page
    assert "Times in which nobody could tell are not searched" in page
    assert "in production is not as declared" in text(full, "/drift?q=env:production cause:live-edit")


def test_the_list_is_paged_by_cursor(full: Site) -> None:
    seen: list[str] = []
    path = "/drift?limit=5"
    while path:
        page = Read(full.get(path).text)
        body = full.get(path).text.split('table--stack episodes"')[1].split("</table>")[0]
        seen += [str(a["href"]) for a in Read(body).all("a") if str(a["href"]).startswith("/drift/")]
        path = next((str(a["href"]) for a in page.all("a") if a.get("rel") == "next"), "")
    assert sorted(seen) == sorted({f"/drift/{one}" for one in EPISODES.values()})
    assert len(seen) == len(EPISODES)


def test_a_later_page_is_of_the_list_alone(full: Site) -> None:
    first = Read(full.get("/drift?limit=5").text)
    older = next(str(a["href"]) for a in first.all("a") if a.get("rel") == "next")
    page = full.get(older).text
    assert 'id="h-now"' not in page
    assert 'id="h-list"' in page


def test_empty_says_why(empty: Site) -> None:
    page = text(empty, "/drift")
    assert "Whether anything is out of its declared state is not known," in page
    assert "No source that tells drift is connected" in page
    assert "within" not in page


def test_nothing_found_says_so(full: Site) -> None:
    assert "No episodes match" in text(full, "/drift?q=app:nothing")
    assert "position" in text(full, "/drift?q=colour:red", 400)


def test_blind_spots_of_all_times_have_a_page(full: Site) -> None:
    page = text(full, "/drift/blind")
    assert "3 times in which nobody could tell" in page
    assert page.count("cannot be compared") == 2
    assert "None is known of this time." in text(full, "/drift/blind?from=2026-01-01&to=2026-01-02")


def test_one_episode_tells_all_of_it(full: Site) -> None:
    said = text(full, f"/drift/{of('payments-api')}")
    for words in (
        "Deployment payments-api in prod-eu-1/banking-prod is not as declared since 14 October 2026 01:31 UTC",
        "Over its limit for 3 h 28 min.",
        "between 14 Oct 01:30:00 and 01:31:12",
        "7 h 28 min, at most 7 h 30 min",
        "4 h, production",
        "no change found",
        "Cause: edited live.",
        "person not known",
        "the cluster's audit log does",
        "Ruled out, and why",
        "an autoscaler or operator",
        "Stays possible",
        "changed on admission",
        "on, off",
        "− 1 line declared, + 3 lines live",
        "Fields that the API server writes: metadata.uid, status; 6 lines, 4 of them with a difference",
    ):
        assert words in said, words
    page = full.get(f"/drift/{of('payments-api')}").text
    assert "<del>1Gi</del>" in page
    assert "<ins>4Gi</ins>" in page
    leaf = full.get("/api/v1/ledger/entries/0").json()["leaf_hash"]
    assert leaf in page


def test_masks_are_said_to_hide_a_difference(full: Site) -> None:
    assert text(full, f"/drift/{of('clearing')}").count("differs, values hidden") == 2


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("purged", "the payload that held it is not kept here"),
        ("within", "The manifests were never seen"),
        ("counted", "Nobody saw these: only how many there were is known."),
        ("aws_security_group.clearing", "Terraform’s values are never read"),
    ],
)
def test_without_manifests_the_page_says_why_and_shows_the_fields(full: Site, name: str, because: str) -> None:
    page = full.get(f"/drift/{of(name)}").text
    assert because in text(full, f"/drift/{of(name)}")
    one = next(one for one, _ in drift_world.cast() if one.name == name)
    if one.changes:
        assert '<details class="gap-above" open>' in page
        assert one.changes[0].path in page


def test_a_payload_that_was_purged_or_altered_is_not_shown(full: Site) -> None:
    digest = bytes.fromhex(drift_world.DIGEST.removeprefix("sha256:"))
    path, owner = f"/drift/{of('payments-api')}", full.engine.execution_options()
    with owner.connect() as connection:
        kept = connection.exec_driver_sql("SELECT body FROM bodies WHERE digest = %s", (digest,)).scalar_one()
    with owner.connect() as connection:
        assert read(connection, drift_world.DIGEST).body == drift_world.BODY
        transaction = connection.begin_nested()
        connection.exec_driver_sql("UPDATE bodies SET body = NULL WHERE digest = %s", (digest,))
        assert "purged by the retention policy" in read(connection, drift_world.DIGEST).because
        connection.exec_driver_sql("UPDATE bodies SET body = %s, codec = 'none' WHERE digest = %s", (b"{}", digest))
        assert "does not hash to its digest" in read(connection, drift_world.DIGEST).because
        connection.exec_driver_sql("UPDATE bodies SET body = %s, codec = 'zstd' WHERE digest = %s", (b"{}", digest))
        assert "cannot be unpacked" in read(connection, drift_world.DIGEST).because
        transaction.rollback()
    assert kept
    assert "4Gi" in full.get(path).text


def test_a_long_difference_goes_on_in_parts_and_no_page_is_long(full: Site) -> None:
    path = f"/drift/{of('long')}"
    first = full.get(path)
    assert len(first.content) < 200_000
    parts = [str(a["href"]) for a in Read(first.text).all("a") if "part=" in str(a["href"])]
    last = full.get(max(parts, key=lambda href: int(href.split("part=")[1].split("#")[0])).split("#")[0])
    assert "item 4999" in last.text
    assert len(last.content) < 200_000
    every = full.get(path + "?lines=all")
    assert "item 0" in every.text
    assert len(every.content) < 200_000


def test_one_episode_costs_a_few_selects(full: Site) -> None:
    for name in ("payments-api", "long", "aws_security_group.old"):
        with counted(full.engine) as queries:
            assert full.get(f"/drift/{of(name)}").status_code == 200
        assert queries.selects <= 10, "\n".join(queries.statements)


def test_hostile_text_stays_text(full: Site) -> None:
    paths = ["/drift", "/drift/blind", "/", *(f"/drift/{one}" for one in EPISODES.values())]
    for path in paths:
        answer = full.get(path)
        page = Read(answer.text)
        assert [a for a in page.all("script") if not a.get("src")] == []
        assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
        assert "<img" not in answer.text
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\x00\x07]", answer.text)


@pytest.mark.parametrize(
    "name", ["payments-api", "clearing", "long", "frozen", "pending", "unread", "counted", "aws_security_group.old"]
)
def test_an_episode_s_page_is_sound(full: Site, name: str) -> None:
    page = Read(full.get(f"/drift/{of(name)}").text)
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption")
    assert all(a.get("scope") for a in page.all("th"))
    assert tags.count("h1") == 1


def test_what_is_not_there_is_404(full: Site) -> None:
    for name in ("x", "12", str(UUID(int=0)), "blind/x"):
        assert full.get(f"/drift/{name}").status_code == 404


def test_the_front_page_names_drift_over_its_limit_and_what_cannot_be_compared(full: Site) -> None:
    page = text(full, "/")
    assert "Deployment payments-api is not as declared, 3 h 28 min over its limit" in page
    assert "2 things cannot be compared with what is declared" in page


STANDINGS = st.sampled_from([drift_world.cast()[n] for n in range(len(drift_world.cast()))])


@given(STANDINGS, st.booleans())
def test_a_pass_is_only_ever_what_is_known_to_be_within_its_limit(
    one: tuple[drift_world.Episode, float | None], late: bool
) -> None:
    episode, limit = one
    row = drift_world.as_row(episode, limit)
    sources = {episode.source: drift_world.ago(20)} if late else {}
    badge = drifted.standing(row, drift_world.NOW, sources)
    if badge.tone == "pass":
        assert row.limit is not None
        assert episode.is_drift
        assert episode.state is not State.UNKNOWN
        assert episode.ended_at or not late
    if episode.cause in (Cause.PENDING_COMMIT, Cause.PRUNING_NEEDED):
        assert badge == drifted.NO_DRIFT


def test_every_word_of_the_ledger_has_one_on_the_page() -> None:
    assert set(drifted.CAUSES) == set(Cause)
    assert all(str(ended) for ended in Ended)


def test_a_change_leads_to_the_episodes_that_it_stands_on_or_ended(full: Site) -> None:
    change = full.get("/api/v1/changes?q=is:drifted&limit=1").json()["items"][0]
    seq = full.get(f"/api/v1/events?q=change:{change['number']}&limit=1").json()["items"][0]["seq"]
    with full.engine.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql("UPDATE episodes SET ended_told_by = %s WHERE id = %s", (seq, of("healed 10")))
        found = store.episodes_of_change(connection, UUID(change["id"]))
        transaction.rollback()
    assert [one.id for one in found] == [of("healed 10")]
    grid = tables.drifts(found, False, drift_world.NOW, UTC_ZONE)
    assert grid is not None
    assert grid.rows[0][0].href == f"/drift/{of('healed 10')}"
    assert "self-heal" in [cell.text for cell in grid.rows[0]]


def test_a_drift_of_a_source_that_is_not_read_is_told_as_of_then() -> None:
    late = drift_world.as_row(*drift_world.cast()[0])
    found = drifting(late, drift_world.NOW, {late.of.source: drift_world.ago(1)})
    assert found.head == "Deployment payments-api was not as declared, 2 h 28 min over its limit"
    assert "not read since" in found.text
