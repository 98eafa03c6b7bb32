"""Who writes a path, who reads it, and since when a reader is stale; whatever is not known is said to be unknown."""

from dataclasses import replace
from typing import Any

import pytest
from app.domain.lineage import Asked, External, Freshness, Look, Match, Path, System, Workload, Write
from app.lineage.chains import paths
from hypothesis import given
from hypothesis import strategies as st

from tests.lineage.made import HOUR, PATH, STORE, at, external, look, wrote


def one(writes: list[Write], *looks: Look) -> Path:
    (found,) = paths(writes, looks)
    return found


@pytest.mark.parametrize(
    ("read", "every", "looked", "more", "state"),
    [
        (30, HOUR, 90, {}, Freshness.FRESH),
        (-10, HOUR, 90, {}, Freshness.STALE),
        (-10, HOUR, 64, {}, Freshness.DUE),
        (-10, HOUR, -5, {}, Freshness.UNKNOWN),
        (-10, 0, 5, {}, Freshness.STALE),
        (-10, None, 90, {}, Freshness.UNKNOWN),
        (None, HOUR, 90, {"ready": False}, Freshness.STALE),
        (-1, HOUR, 90, {}, Freshness.UNKNOWN),
        (-10, HOUR, 90, {"live": False}, Freshness.UNKNOWN),
    ],
    ids=["read", "overdue", "not yet due", "not looked at", "never by itself", "no interval", "never", "meanwhile", "not live"],
)
def test_a_reader_stands_as_it_was_seen(read: float | None, every: int | None, looked: float, more: Any, state: Freshness) -> None:
    found = one([wrote()], look(external(read=read, every=every, **more), minute=looked))
    (reader,) = found.readers
    assert (reader.standing.state, reader.match) == (state, Match.EXACT)
    assert found.states == (str(state),)
    assert (reader.standing.since == at(0)) == (state is Freshness.STALE)
    late = state in (Freshness.DUE, Freshness.STALE) or looked < 0
    assert (reader.standing.due_at == at(65)) == (late and every == HOUR)
    assert reader.standing.because


def test_a_change_that_leaves_the_value_alone_makes_nobody_stale() -> None:
    before, tags = wrote(-60), wrote(0, value_changed=False)
    (reader,) = one([before, tags], look(external(read=-30))).readers
    assert reader.standing.state is Freshness.FRESH


def test_a_change_that_may_have_been_one_says_so() -> None:
    (reader,) = one([wrote(value_changed=None)], look(external(read=-30))).readers
    assert reader.standing.because.startswith("the path may have changed")


def test_a_version_that_is_asked_for_is_pinned() -> None:
    pinned = external(read=-30, asks=(Asked(key=PATH, version="3", store_kind="SecretStore", store="parameters"),))
    assert one([wrote()], look(pinned)).states == ("pinned",)


def test_a_path_that_a_plan_left_alone_has_a_writer_and_no_known_change() -> None:
    found = one([wrote(held=True, value_changed=False, action="no-op")], look())
    assert found.states == ("unknown",)
    assert found.writers[0].changed is None
    assert "when the path changed last is not known" in found.readers[0].standing.because


def test_what_nobody_writes_and_what_nobody_reads_are_gaps() -> None:
    found = paths([wrote(path="/other")], [look()])
    assert [(p.path, p.states, [what for what, _ in p.gaps]) for p in found] == [
        (PATH, ("unwritten",), ["nobody we watch writes it"]),
        ("/other", ("unread",), ["nobody we watch reads it"]),
    ]


def test_a_path_that_a_run_took_away_is_unwritten_and_says_by_which() -> None:
    found = one([wrote(-60), wrote(0, gone=True, action="delete")], look())
    assert found.states == ("unwritten",)
    assert found.gaps[0][1] == "run run-0 of workspace payments-db took it away"
    assert one([wrote(-60, gone=True), wrote(0)], look()).states == ("fresh",)


def test_two_workspaces_of_one_name_make_the_link_inferred_and_stale_only_where_both_changed() -> None:
    other = wrote(40, workspace="payments-db-us")
    found = one([wrote(), other], look(external(read=30), minute=200))
    assert (found.readers[0].match, found.states) == (Match.INFERRED, ("unknown",))
    assert one([wrote(), other], look(external(read=50))).states == ("fresh",)


def test_what_is_inferred_is_never_called_stale() -> None:
    found = one([wrote()], look(external(read=-30), stores=()))
    assert (found.readers[0].match, found.states) == (Match.INFERRED, ("unknown",))
    assert "inferred" in found.readers[0].standing.because


def test_the_store_may_be_of_another_application_of_the_cluster() -> None:
    asks = (Asked(key=PATH, store_kind="ClusterSecretStore", store="shared"),)
    cluster = replace(STORE, kind="ClusterSecretStore", name="shared")
    platform = look(external(name="x"), uid="uid-2", application="platform", stores=(cluster,), externals=(), workloads=())
    mine = look(external(asks=asks), stores=())
    assert one([wrote()], mine, platform).readers[0].match is Match.EXACT
    elsewhere = replace(platform, destination="prod-us-1/platform")
    assert one([wrote()], mine, elsewhere).readers[0].match is Match.INFERRED


@pytest.mark.parametrize(
    ("workload", "state"),
    [
        ({"restarted_at": at(40)}, Freshness.FRESH),
        ({"restarted_at": at(20)}, Freshness.UNKNOWN),
        ({}, Freshness.UNKNOWN),
        ({"reloader": True}, Freshness.UNKNOWN),
        ({"uses": (("database", "volume"),)}, Freshness.UNKNOWN),
    ],
)
def test_a_workload_is_known_to_have_it_only_where_that_is_told(workload: dict[str, Any], state: Freshness) -> None:
    uses = {"uses": (("database", "env"),), **workload}
    one_ = Workload(kind="Deployment", name="payments-api", namespace="payments", **uses)
    (user,) = one([wrote()], look(workloads=(one_,))).readers[0].users
    assert user.standing.state is state
    assert user.standing.because


def test_a_workload_of_a_stale_secret_is_stale_and_one_of_another_namespace_does_not_use_it() -> None:
    stale = look(external(read=-10))
    assert one([wrote()], stale).readers[0].users[0].standing.state is Freshness.STALE
    found = one([wrote()], replace(stale, workloads=(replace(stale.workloads[0], namespace="other"),)))
    assert found.readers[0].users == ()
    assert found.gaps[0][0] == "nobody we watch uses its Secret"


def test_stale_ones_come_first_the_longest_before() -> None:
    keys = [f"/p/{n}" for n in range(4)]
    writes = [wrote(-n * 10, path=key, address=f"a.{n}") for n, key in enumerate(keys)]
    apart = [look(external(key, read=-60 if n < 3 else 30), uid=f"uid-{n}") for n, key in enumerate(keys)]
    assert [found.path for found in paths(writes, apart)] == ["/p/2", "/p/1", "/p/0", "/p/3"]


def test_parts_of_one_value_are_one_reader() -> None:
    asks = tuple(Asked(key=PATH, property=name, store_kind="SecretStore", store="parameters") for name in ("user", "password"))
    (reader,) = one([wrote()], look(external(asks=asks))).readers
    assert reader.properties == ("password", "user")


KEYS = st.sampled_from(["/a", "a", "/a/b", "/c", ""])
TIMES = st.integers(-3, 3).map(lambda n: n * 45)
WRITES = st.lists(
    st.builds(
        wrote, TIMES, KEYS, run=st.sampled_from("rst"), address=st.sampled_from("xy"), workspace=st.sampled_from("pq"),
        gone=st.booleans(), held=st.booleans(), value_changed=st.sampled_from([True, False, None]),
        system=st.sampled_from([System.SSM, System.VAULT]),
    ),
    max_size=6,
)  # fmt: skip
EXTERNALS: st.SearchStrategy[External] = st.builds(
    lambda keys, read, every, name: external(*keys, read=read, every=every, name=name, target=name),
    st.lists(KEYS, min_size=1, max_size=3), st.none() | TIMES, st.sampled_from([None, 0, HOUR]),
    st.sampled_from(["database", "other"]),
)  # fmt: skip
LOOKS = st.lists(
    st.builds(
        lambda made, minute, uid, stores: look(*made, minute=minute, uid=uid, stores=(STORE,) if stores else ()),
        st.lists(EXTERNALS, min_size=1, max_size=2), TIMES, st.sampled_from(["1", "2", "3"]), st.booleans(),
    ),
    max_size=3, unique_by=lambda made: made.uid,
)  # fmt: skip


@given(WRITES, LOOKS, st.randoms())
def test_no_order_matters_and_every_key_and_every_path_is_somewhere(writes: list[Write], looks: list[Look], rng: Any) -> None:
    found = paths(writes, looks)
    mixed, turned = list(writes), list(looks)
    rng.shuffle(mixed)
    rng.shuffle(turned)
    assert paths(mixed, turned) == found
    read = {(reader.look.uid, reader.external.name, reader.ask.key) for path in found for reader in path.readers}
    assert read == {(each.uid, e.name, ask.key) for each in looks for e in each.externals for ask in e.asks}
    for path in found:
        assert path.states
        assert (not path.readers) == ("unread" in path.states)
        for reader in path.readers:
            stale = reader.standing.state is Freshness.STALE
            assert (reader.standing.since is not None) == stale
            assert not stale or reader.match in (Match.EXACT, Match.DERIVED)
