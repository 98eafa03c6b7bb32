"""Decisions on accounts: recorded once, followed up in just the changes they concern; and the list of people."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from app.changes.people import listing, store
from app.changes.people.decide import Made, Wish, decide
from app.changes.project import Rules, catch_up, digest, rebuild
from app.changes.write import store as writing
from app.db.session import transaction
from app.db.tables.collection import streams
from app.db.tables.projection import change_accounts, changes
from app.domain.actor import Actor, ActorKind
from app.domain.event import Event
from app.domain.identity import Identities, Identity
from app.errors import Overtaken, UsageError
from app.ledger import store as ledger
from app.search.fields import PEOPLE
from app.search.language import parse
from app.search.period import Period
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select

from tests.linking import build
from tests.linking.world import RULES

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DARA = Actor("dara", because="the local user that the settings name")
LIST = Identities((Identity("Ana Ferreira", github_id="id-ana"),))
ACCOUNT = "github:id:id-ben"


def world(number: int = 12) -> list[Event]:
    """Ben takes part in every third change only."""
    out: list[Event] = []
    for n in range(1, number + 1):
        merger = build.human("ben" if n % 3 == 0 else "cleo")
        out += build.pull(n, opened=n * 100, merged=n * 100 + 30, merger=merger)
        out.append(build.review(n, build.human("dov"), n * 100 + 20))
        out += build.run(f"run-{n}", created=n * 100 + 31, applied=n * 100 + 45, commit=build.sha(f"merge{n}"), number=None)
    return out


@pytest.fixture
def filled(engine: Engine) -> Engine:
    with transaction(engine) as connection:
        shared = {"every": timedelta(minutes=1), "catches_up": True, "next_poll_at": NOW, "stream": "all"}
        rows = [{**shared, "source": name, "kind": name} for name in ("github", "tfe", "argocd")]
        connection.execute(insert(streams), rows)
        ledger.append(connection, world(), NOW)
    catch_up(engine, Rules(RULES, LIST))
    return engine


def made(engine: Engine, wish: Wish, by: Actor = DARA) -> Made:
    with transaction(engine) as connection:
        return decide(connection, LIST, wish, by, NOW)


def joined(person: str = "Ana Ferreira", **more: object) -> Wish:
    return Wish(ACCOUNT, "joined", "she said so", person, **more)  # type: ignore[arg-type]


def people_of(engine: Engine) -> dict[str, set[str]]:
    """Who each account is in the changes as they are stored."""
    with transaction(engine) as connection:
        items = connection.execute(select(changes.c.item)).scalars().all()
    found: dict[str, set[str]] = {}
    for person in (person for item in items for person in item["people"]):
        found.setdefault(str(person["account"]), set()).add(f"{person['person']} / {person['known_by']}")
    return found


def test_a_decision_is_an_event_with_who_and_why(filled: Engine) -> None:
    entry = made(filled, joined()).entry
    assert entry is not None
    event = entry.event
    assert (event.source, event.type, event.status, event.ref.id) == ("portal", "identity", "joined", ACCOUNT)
    about = {"system": "github", "account": "id:id-ben", "person": "Ana Ferreira", "because": "she said so", "login": "ben"}
    assert event.facts == about
    assert event.actor == DARA
    assert event.occurred_at == NOW


def test_it_concerns_just_the_changes_of_its_account_and_a_rebuild_gives_the_same(filled: Engine) -> None:
    rules = Rules(RULES, LIST)
    before = stored(filled)
    assert people_of(filled)[ACCOUNT] == {"None / None"}
    made(filled, joined())
    with transaction(filled) as connection:
        concerned = store.concerned(connection, store.decisions(connection))
    assert len(concerned) == 4
    assert catch_up(filled, rules) == 1
    after = stored(filled)
    assert {root for root in after if after[root] != before[root]} == set(concerned)
    assert people_of(filled)[ACCOUNT] == {"Ana Ferreira / decided by dara on 2026-11-01: she said so"}
    now = digest(filled)
    for size in (1, 7, 1000):
        assert rebuild(filled, rules, batch=size) == now
    assert stored(filled) == after


def stored(engine: Engine) -> dict[str, str]:
    with transaction(engine) as connection:
        return writing.digests_of(connection, list(connection.execute(select(changes.c.root)).scalars()))


def test_later_decisions_win_and_the_same_is_recorded_once(filled: Engine) -> None:
    rules = Rules(RULES, LIST)
    assert made(filled, joined()).entry
    assert made(filled, joined()).entry is None
    assert made(filled, Wish(ACCOUNT, "separated", "it was a mistake")).entry
    assert made(filled, joined()).entry, "decided again, after something else"
    assert made(filled, Wish(ACCOUNT, "bot", "it is a script")).entry
    catch_up(filled, rules)
    assert people_of(filled)[ACCOUNT] == {"ben / decided by dara on 2026-11-01: it is a script"}
    with transaction(filled) as connection:
        assert [one.status for one in store.decisions(connection)] == ["joined", "separated", "joined", "bot"]
    now = digest(filled)
    assert rebuild(filled, rules) == now


def test_a_form_that_comes_twice_is_one_decision(filled: Engine) -> None:
    wish = joined(seen=-1, once="one")
    assert made(filled, wish).entry
    assert made(filled, wish).entry is None


def test_who_did_not_see_the_last_decision_is_told(filled: Engine) -> None:
    first = made(filled, joined(seen=-1)).entry
    with pytest.raises(Overtaken, match="github:id:id-ben was decided meanwhile by dara: joined Ana Ferreira; look again"):
        made(filled, Wish(ACCOUNT, "separated", "not her", seen=-1))
    assert first is not None
    assert made(filled, Wish(ACCOUNT, "separated", "not her", seen=first.seq)).entry


def test_of_two_at_once_one_is_recorded_and_the_other_is_told(filled: Engine) -> None:
    gate, said = Barrier(2), list[str]()

    def one(person: str) -> None:
        gate.wait()
        try:
            said.append("recorded" if made(filled, joined(person, new=True, seen=-1)).entry else "nothing")
        except Overtaken:
            said.append("told")

    threads = [Thread(target=one, args=(person,)) for person in ("Ben Okafor", "Benno Okafor")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(said) == ["recorded", "told"]
    with transaction(filled) as connection:
        assert len(store.decisions(connection)) == 1


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (
            Wish("nowhere:x", "joined", "so", "Ana Ferreira"),
            "there is no source 'nowhere'; expected one of argocd, github, tfe, email",
        ),
        (Wish("github", "joined", "so", "Ana Ferreira"), "'github' is no account; expected <system>:<account>"),
        (Wish("github:a\u202eb", "bot", "so"), "is no account"),
        (Wish(ACCOUNT, "joined", "so", "ana ferreira"), "nobody is called 'ana ferreira' yet"),
        (Wish(ACCOUNT, "joined", "so", "Ana Ferreira", new=True), "there is a 'Ana Ferreira' already"),
        (Wish(ACCOUNT, "joined", "so", "", new=True), "the person has no name that can be shown"),
        (Wish(ACCOUNT, "joined", "so", "x\x00", new=True), "the person has no name that can be shown"),
        (Wish(ACCOUNT, "joined", "so", "y" * 201, new=True), "1 to 200 characters"),
        (Wish(ACCOUNT, "joined", " \n\t", "Ana Ferreira"), "no reason is given"),
        (Wish(ACCOUNT, "joined", "z" * 2001, "Ana Ferreira"), "the reason is over 2,000 characters"),
    ],
)
def test_what_cannot_be_decided_is_told_and_nothing_is_recorded(filled: Engine, wish: Wish, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        made(filled, wish)
    assert says in str(caught.value)
    with transaction(filled) as connection:
        assert store.decisions(connection) == []


def test_a_strange_reason_is_kept_as_far_as_it_can_be(filled: Engine) -> None:
    entry = made(filled, Wish(ACCOUNT, "bot", "<script>alert(1)</script>\x00\ud800 =1+1")).entry
    assert entry is not None
    assert entry.event.facts["because"] == "<script>alert(1)</script>\ufffd\ufffd =1+1"


def test_a_login_takes_the_number_with_it_that_it_had(filled: Engine) -> None:
    entry = made(filled, Wish("github:BEN", "joined", "so", "Ana Ferreira")).entry
    assert entry is not None
    assert (entry.event.facts["account"], entry.event.facts["number"]) == ("ben", "id:id-ben")
    catch_up(filled, Rules(RULES, LIST))
    assert people_of(filled)[ACCOUNT] == {"Ana Ferreira / decided by dara on 2026-11-01: so"}
    with transaction(filled) as connection:
        ledger.append(connection, build.pull(91, author=Actor("ben", id="another")), NOW)
    catch_up(filled, Rules(RULES, LIST))
    assert people_of(filled)["github:id:another"] == {"None / None"}
    now = digest(filled)
    assert rebuild(filled, Rules(RULES, LIST), batch=3) == now


def test_the_accounts_of_changes_go_and_come_with_them(filled: Engine) -> None:
    with transaction(filled) as connection:
        seen = {f"{one.system}:{one.account}": one for one in store.seen(connection)}
        counted = Counter((row.system, row.account) for row in connection.execute(select(change_accounts)))
        places = [(one.system, one.account, one.change) for one in seen.values()]
        tallies = store.tallies(connection, places)
        newest = store.tallies(connection, [(*place[:2], place[2]) for place in places], Period(build.at(1150), None))
    assert set(seen) == {
        "github:id:id-ana",
        ACCOUNT,
        "github:id:id-cleo",
        "github:id:id-dov",
        *(s for s in seen if s.startswith("tfe")),
    }
    assert {place: tally.count for place, tally in tallies.items()} == counted
    assert seen[ACCOUNT].roles == "merger"
    assert tallies["github", "id:id-ben"].title == "Change 12", "the newest"
    assert newest["github", "id:id-ben"].count == 1


def test_a_period_holds_who_took_part_in_it(filled: Engine) -> None:
    with transaction(filled) as connection:
        early = store.seen(connection, Period(None, build.at(290)))
        late = store.seen(connection, Period(build.at(290), build.at(350)))
    assert "id-ben" not in {one.account.removeprefix("id:") for one in early}
    assert {one.name for one in late if one.system == "github"} >= {"ben", "dov", "ana"}


def test_the_list_has_what_was_met_what_is_listed_and_what_was_decided(filled: Engine) -> None:
    known = Identities(
        (Identity("Ana Ferreira", github_id="id-ana", tfe_username="ana-x"), Identity("Zed", emails=("z@b.example",)))
    )
    made(filled, Wish("email:never@bank.example", "separated", "left years ago"))
    with transaction(filled) as connection:
        known = known.with_decisions(store.decisions(connection))
        rows = listing.rows(store.seen(connection), known)
    by = {str(row): row for row in rows}
    assert (by["github:id:id-ana"].stands, by["github:id:id-ana"].person) == ("person", "Ana Ferreira")
    assert by[ACCOUNT].stands == "unresolved"
    assert (by["tfe:ana-x"].person, by["tfe:ana-x"].at) == ("Ana Ferreira", None)
    assert by["email:z@b.example"].person == "Zed"
    assert by["email:never@bank.example"].known_by == "decided by dara on 2026-11-01: left years ago"
    assert [row.stands for row in rows] == sorted((row.stands for row in rows), key=listing.STANDS.index)
    assert {str(row) for row in rows if row.matches(parse("is:unseen", PEOPLE))} == {
        *("tfe:ana-x", "email:z@b.example", "email:never@bank.example"),
    }
    assert [str(row) for row in rows if row.matches(parse('account:"github:id:id-ben"', PEOPLE))] == [ACCOUNT]
    assert {row.person for row in rows if row.matches(parse("person:ana* -system:tfe", PEOPLE))} == {"Ana Ferreira"}
    assert [row for row in rows if row.matches(parse("is:decided", PEOPLE))] == [by["email:never@bank.example"]]
    assert [row for row in rows if row.matches(parse("years", PEOPLE))] == [by["email:never@bank.example"]]


ROW = st.builds(
    listing.Row,
    stands=st.sampled_from(listing.STANDS),
    person=st.sampled_from(["", "Ana", "ana", "Ünal", "\ud800"]),
    system=st.sampled_from(["github", "email"]),
    account=st.text(min_size=1, max_size=3),
    name=st.just("x"),
    known_by=st.just(""),
    decision=st.none(),
    roles=st.just(""),
    declared=st.booleans(),
)


@given(st.lists(ROW, unique_by=lambda row: row.place), st.integers(1, 5))
def test_pages_follow_one_another_to_the_end(rows: list[listing.Row], limit: int) -> None:
    rows = sorted(rows, key=lambda row: row.place)
    found: list[listing.Row] = []
    cursor: str | None = None
    while True:
        shown, cursor = listing.page(rows, cursor, limit)
        found += shown
        if cursor is None:
            break
    assert found == rows


@pytest.mark.parametrize("cursor", ["x", "AAAA", "WzFd", "W10", "bnVsbA", "[" * 5000, "WyJhIiwiYiIsImMiLCJkIiwiZSJd"])
def test_a_cursor_that_is_none_is_told(cursor: str) -> None:
    with pytest.raises(UsageError, match="not made by this list"):
        listing.page([], cursor, 5)


def test_a_bot_is_one_because_its_source_says_so(filled: Engine) -> None:
    with transaction(filled) as connection:
        ledger.append(connection, build.pull(90, author=Actor("renovate", ActorKind.BOT, "5")), NOW)
    catch_up(filled, Rules(RULES, LIST))
    with transaction(filled) as connection:
        rows = {str(row): row for row in listing.rows(store.seen(connection), LIST)}
    assert (rows["github:id:5"].stands, rows["github:id:5"].known_by) == ("bot", "github says so itself")
