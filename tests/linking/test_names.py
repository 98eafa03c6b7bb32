"""Repositories that were renamed: what a name meant when, and under which keys an entity may stand."""

from datetime import timedelta

from app.domain.commits import Tenures
from app.domain.event import Event, entity_of
from app.linking.names import Names, as_named_now, names_of

from tests.linking.build import at, commit, entities, entries, named, pull, pulls_of, run, sha

OLD, NEW, LAST = "bank/infra", "bank/platform", "platform/infra"


def names(*events: Event) -> Names:
    found = entities(events).get("repositories")
    assert found is None or isinstance(found, Tenures)
    return names_of(found)


MOVED = names(named(1, OLD), named(50, NEW, OLD))


def test_without_a_rename_there_is_nothing_to_do() -> None:
    assert names() == names(named(1, OLD), named(2, NEW, id_="R_2")) == Names()
    entry = entries(pull(7))[0]
    assert as_named_now(entry, Names()) is entry
    assert Names().keys(f"pr:github:{OLD}#7") == [f"pr:github:{OLD}#7"]


def test_an_old_name_is_the_present_one_before_and_after_the_rename() -> None:
    assert {MOVED.now(name, "tfe", at(minute)) for name in (OLD, NEW, OLD.upper()) for minute in (0, 49, 50, 99)} == {NEW}
    assert MOVED.now("bank/other", "tfe", at(0)) == "bank/other"


def test_a_rename_that_we_did_not_see_begin_is_known_by_the_former_name() -> None:
    assert names(named(50, NEW, OLD)).now(OLD, "github", at(1)) == NEW


def test_renamed_twice_leads_to_the_last_name() -> None:
    twice = names(named(1, OLD), named(50, NEW, OLD), named(90, LAST, NEW, status="transferred"))
    assert {twice.now(name, "github", at(1)) for name in (OLD, NEW, LAST)} == {LAST}
    assert twice.ever(NEW) == [NEW, OLD, LAST]


def test_a_name_that_was_given_to_another_repository_is_that_one_s_from_then_on() -> None:
    reused = names(named(1, OLD), named(50, NEW, OLD), named(70, OLD, id_="R_2"), named(71, "bank/x", id_="R_3"))
    assert reused.now(OLD, "github", at(60)) == NEW
    assert (
        names(named(1, OLD), named(50, NEW, OLD), named(60, "bank/tmp", id_="R_2"), named(70, OLD, "bank/tmp", id_="R_2")).now(
            OLD, "github", at(80)
        )
        == OLD
    )


def test_names_are_those_of_their_own_host() -> None:
    assert MOVED.now(OLD, "github", at(1)) == NEW
    other = names(*[named(1, OLD), named(50, NEW, OLD)])
    assert other == MOVED
    assert str(other) == str(MOVED)


def test_every_key_of_an_entity_is_looked_under() -> None:
    assert MOVED.keys(f"pr:github:{NEW}#7") == [f"pr:github:{NEW}#7", f"pr:github:{OLD}#7"]
    assert MOVED.keys(f"push:github:{NEW}@{sha('a')}")[1] == f"push:github:{OLD}@{sha('a')}"
    assert MOVED.keys(f"commit:{NEW}@{sha('a')}")[1] == f"commit:{OLD}@{sha('a')}"
    assert MOVED.keys(f"range:{NEW}:a..b")[1] == f"range:{OLD}:a..b"
    assert MOVED.keys("run:tfe:run-1") == ["run:tfe:run-1"]


def test_an_entry_says_the_present_name_wherever_it_names_a_repository() -> None:
    told = [
        *pull(7),
        *run(commit=sha("merge7")),
        pulls_of(sha("x"), 7, repository=OLD),
        commit(7, "own", 1, reverts=[f"{OLD}#3", sha("y")]),
    ]
    moved = [as_named_now(entry, MOVED).event for entry in entries(told)]
    assert {entity_of(one) for one in moved if one.type == "pull-request"} == {f"pr:github:{NEW}#7"}
    assert {one.keys.repository for one in moved} == {NEW}
    assert moved[-2].facts["pulls"][0]["repository"] == NEW
    assert moved[-1].facts["reverts"] == [f"{NEW}#3", sha("y")]
    assert all(
        one.id == before.id and one.occurred_at - before.occurred_at == timedelta(0)
        for one, before in zip(moved, told, strict=True)
    )
