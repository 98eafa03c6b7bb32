"""Which accounts an actor is, and who that is: exact or nothing. Near misses stay apart; later decisions win."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest
from app.domain.account import DECLARED, Host, accounts_of
from app.domain.actor import Actor, ActorKind, automation, unknown
from app.domain.identity import BOT, JOINED, SEPARATED, Decision, Identities, Identity
from app.linking.identities import Resolver
from hypothesis import given
from hypothesis import strategies as st

HOSTS = (
    Host("github", "github", "github.com"),
    Host("ghes", "github", "github.bank.example"),
    Host("gitlab", "gitlab", "gitlab.bank.example"),
)
ANA = Identity("Ana Ferreira", github_login="Ana-F", github_id="17", emails=("ana@bank.example",), tfe_username="aferreira")
SUBJECT = "CiQwOGE4Njg0Yi1kYjg4"
LIST = Identities(
    (ANA, Identity("Ben Okafor", argocd_username=SUBJECT), Identity("Eve", at_sources=(("ghes", "id:17"),))), hosts=HOSTS
)
_seqs = count(100)


def commit(address: str, login: str = "") -> Actor:
    return Actor(login or "somebody", id=login or address, because=DECLARED, email=address if login else "")


def decision(system: str, account: str, status: str, person: str = "", **more: str) -> Decision:
    at = datetime(2026, 10, 1, tzinfo=UTC)
    return Decision(system, account, status, person, "they said so", "dara", at, next(_seqs), **more)


def who(actor: Actor, kind: str = "github", source: str | None = None, known: Identities = LIST) -> str | None:
    return Resolver(known, kind, source).known(actor).person


@pytest.mark.parametrize(
    ("source", "kind", "actor", "accounts"),
    [
        ("github", "github", Actor("Ana-F", id="17"), ["github:id:17", "github:ana-f"]),
        ("github", "github", Actor("Ana-F", id="Ana-F"), ["github:ana-f"]),
        ("github", "github", commit("17+Ana-F@users.noreply.github.com"), ["github:id:17", "github:ana-f"]),
        ("github", "github", commit("Ana-F@users.noreply.github.com"), ["github:ana-f"]),
        ("github", "github", commit("17+ana-f@users.noreply.github.bank.example"), ["ghes:id:17", "ghes:ana-f"]),
        ("gitlab", "gitlab", commit("5-bob@users.noreply.gitlab.bank.example"), ["gitlab:id:5", "gitlab:bob"]),
        ("gitlab", "gitlab", commit("bob@users.noreply.gitlab.bank.example"), []),
        ("github", "github", commit("17+ana-f@users.noreply.evil.example"), []),
        ("github", "github", commit("17+ana-f@users.noreply.github.com.evil.example"), []),
        ("github", "github", commit("ana@bank.example", "new-login"), ["github:new-login"]),
        ("argocd-prod", "argocd", Actor(SUBJECT, id=SUBJECT), [f"argocd-prod:{SUBJECT}"]),
        ("argocd-prod", "argocd", Actor("Ana@Bank.example", id="Ana@Bank.example"), ["argocd-prod:ana@bank.example"]),
        ("tfe", "tfe", Actor("AFerreira", id="user-Xy1"), ["tfe:id:user-Xy1", "tfe:aferreira"]),
        ("github", "github", Actor("Ana Ferreira", because=DECLARED), []),
        ("github", "github", unknown("nobody says"), []),
        ("tfe", "tfe", Actor("", ActorKind.UNKNOWN, "user-1", "the server names only the id"), []),
        ("argocd", "argocd", automation("automated sync"), []),
    ],
)
def test_the_accounts_of_an_actor(source: str, kind: str, actor: Actor, accounts: list[str]) -> None:
    found = [str(account) for account in accounts_of(source, kind, actor, HOSTS) if account.system != "email"]
    assert found == accounts


@pytest.mark.parametrize(
    ("actor", "kind", "source", "person"),
    [
        (commit("17+renamed@users.noreply.github.com"), "github", "github", "Ana Ferreira"),
        (commit("ANA@bank.example", "never-seen"), "github", "github", "Ana Ferreira"),
        (Actor(SUBJECT, id=SUBJECT), "argocd", "argocd", "Ben Okafor"),
        (Actor("ana@bank.example", id="ana@bank.example"), "argocd", "argocd", "Ana Ferreira"),
        (Actor("other", id="17"), "github", "ghes", "Eve"),
    ],
)
def test_exact_accounts_are_joined(actor: Actor, kind: str, source: str, person: str) -> None:
    assert who(actor, kind, source) == person


@pytest.mark.parametrize(
    ("actor", "kind"),
    [
        (Actor("ana-f", id="18"), "github"),  # the login is another number's now
        (Actor("ana-f1", id="99"), "github"),
        (Actor("anaf", id="99"), "github"),
        (Actor("Ana Ferreira", id="99"), "github"),
        (commit("18+ana-f@users.noreply.github.com"), "github"),
        (commit("ana@bank.example.org"), "github"),
        (commit("ana.ferreira@bank.example"), "github"),
        (commit("ana+git@bank.example"), "github"),
        (commit("ana @bank.example"), "github"),
        (Actor("Ana Ferreira", because=DECLARED), "github"),
        (Actor("aferreira", id="aferreira"), "argocd"),
        (Actor("ana-f", id="user-17"), "tfe"),
        (Actor(SUBJECT.lower(), id=SUBJECT.lower()), "argocd"),
        (Actor("аferreira", id="user-1"), "tfe"),  # a Cyrillic а
        (Actor("aferreira ", id="user-1"), "tfe"),
    ],
)
def test_near_misses_stay_apart(actor: Actor, kind: str) -> None:
    assert who(actor, kind) is None


def test_each_answer_says_which_row_and_which_account() -> None:
    told = Resolver(Identities((replace(ANA, where="people.csv, line 4"),)), "github").known(Actor("ana-f", id="17"))
    assert told.known_by == "people.csv, line 4, by the number 17"
    assert told.account == "github:id:17"


def test_a_decision_wins_over_the_list_and_the_later_one_over_the_earlier() -> None:
    first, second = decision("github", "id:17", JOINED, "Ben Okafor"), decision("github", "id:17", SEPARATED)
    ana = Actor("ana-f", id="17")
    assert who(ana, known=LIST.with_decisions([first])) == "Ben Okafor"
    apart = Resolver(LIST.with_decisions([first, second]), "github").known(ana)
    assert apart.person is None
    assert apart.known_by == "decided by dara on 2026-10-01: they said so"
    assert who(ana, known=LIST.with_decisions([second, decision("github", "id:17", JOINED, "Ana Ferreira")])) == "Ana Ferreira"
    assert who(Actor("x", id="17"), source="ghes", known=LIST.with_decisions([first])) == "Eve", "of another source"


def test_separated_is_apart_from_every_other_account_too() -> None:
    known = LIST.with_decisions([decision("argocd-prod", "ana@bank.example", SEPARATED)])
    assert who(Actor("ana@bank.example", id="ana@bank.example"), "argocd", "argocd-prod", known) is None
    assert who(commit("ana@bank.example"), known=known) == "Ana Ferreira", "the address in a commit is another account"


def test_a_decision_on_a_number_holds_for_its_login_where_no_number_is_told() -> None:
    known = Identities(hosts=HOSTS).with_decisions([decision("github", "id:40", JOINED, "Cleo", login="cleo")])
    assert who(Actor("cleo-2", id="40"), known=known) == "Cleo"
    assert who(commit("x@y.example", "cleo"), known=known) == "Cleo"
    assert who(Actor("cleo", id="41"), known=known) is None, "somebody else has that login now"
    assert who(Actor("cleo", id="40"), source="ghes", known=known) is None


def test_a_decision_on_a_login_is_about_the_number_it_had() -> None:
    known = Identities(hosts=HOSTS).with_decisions([decision("github", "cleo", JOINED, "Cleo", number="id:40")])
    assert who(Actor("cleo", id="40"), known=known) == who(commit("x@y.example", "cleo"), known=known) == "Cleo"
    assert who(Actor("cleo", id="41"), known=known) is None, "the login was taken over"
    never_told = Identities().with_decisions([decision("github", "cleo", JOINED, "Cleo")])
    assert who(Actor("cleo", id="41"), known=never_told) == "Cleo"


def test_a_decided_bot_is_nobodys_second_person_and_a_bot_joined_to_somebody_stays_one() -> None:
    known = LIST.with_decisions([decision("github", "id:5", BOT), decision("github", "id:6", JOINED, "Ana Ferreira")])
    assert Resolver(known, "github").known(Actor("helper", id="5")).kind is ActorKind.BOT
    joined = Resolver(known, "github").known(Actor("app", ActorKind.BOT, "6"))
    assert (joined.kind, joined.person) == (ActorKind.BOT, "Ana Ferreira")


# what holds of any list, any decisions and any two actors

WORDS = st.sampled_from(["ana", "Ana", "ana1", "ben", "b", "17", "1", "ana@bank.example", "Ana@bank.example", "ana@bank.exampl"])
NUMBERS = st.sampled_from(["", "1", "17", "171"])
ACTORS = st.builds(
    Actor,
    name=WORDS,
    kind=st.sampled_from([ActorKind.HUMAN, ActorKind.BOT]),
    id=st.one_of(st.none(), WORDS),
    because=st.sampled_from(["", DECLARED]),
    email=st.sampled_from(["", "ana@bank.example", "17+ana@users.noreply.github.com", "1+ana@users.noreply.github.com"]),
)
PLACES = st.sampled_from([("github", "github"), ("ghes", "github"), ("tfe", "tfe"), ("argocd", "argocd")])
ROWS = st.lists(
    st.builds(
        Identity,
        person=st.sampled_from(["P", "Q", "R"]),
        github_login=st.one_of(st.just(""), WORDS),
        github_id=NUMBERS,
        emails=st.lists(WORDS.filter(lambda word: "@" in word), max_size=2).map(tuple),
        tfe_username=st.one_of(st.just(""), WORDS),
        argocd_username=st.one_of(st.just(""), WORDS),
    ),
    max_size=4,
)
DECIDED = st.lists(
    st.builds(
        decision,
        system=st.sampled_from(["github", "ghes", "tfe", "argocd", "email"]),
        account=st.one_of(WORDS.map(str.lower), NUMBERS.filter(bool).map("id:{}".format)),
        status=st.sampled_from([JOINED, SEPARATED, BOT]),
        person=st.sampled_from(["P", "S"]),
    ),
    max_size=4,
)


@given(ROWS, DECIDED, ACTORS, PLACES)
def test_whoever_is_joined_shares_an_exact_account_with_what_says_so(
    rows: list[Identity], decided: list[Decision], actor: Actor, place: tuple[str, str]
) -> None:
    known = Identities(tuple(rows), hosts=HOSTS).with_decisions(decided)
    accounts = accounts_of(*place, actor, HOSTS)
    found = known.of(accounts, actor)
    exact = {(one.kind, one.name) for one in accounts}
    by_row = {row.person for row in rows if exact & set(row.accounts())}
    mine = {(one.system, one.name) for one in accounts}
    by_decision = {one.person for one in decided if (one.system, one.account) in mine}
    assert found is None or found.person is None or found.person in by_row | by_decision
    if found and found.decision is None:
        assert found.person in by_row
        assert not by_decision, "the list is asked only where no decision is about any of the accounts"
    if not by_row and not by_decision:
        assert found is None


@given(ROWS, DECIDED, ACTORS, PLACES)
def test_the_same_actor_is_always_the_same_person_whatever_the_order_of_the_rows(
    rows: list[Identity], decided: list[Decision], actor: Actor, place: tuple[str, str]
) -> None:
    """Where no account is claimed twice, as the reader of the list makes sure."""
    claimed = [account for row in rows for account in set(row.accounts())]
    if len(claimed) != len(set(claimed)):
        return
    forward = Identities(tuple(rows), hosts=HOSTS).with_decisions(decided)
    backward = Identities(tuple(reversed(rows)), hosts=HOSTS).with_decisions(decided)
    accounts = accounts_of(*place, actor, HOSTS)
    one, other = forward.of(accounts, actor), backward.of(accounts, actor)
    assert (one and one.person) == (other and other.person)


@given(st.text(), st.text(), st.text(), PLACES)
def test_no_text_is_too_strange(name: str, id_: str, email: str, place: tuple[str, str]) -> None:
    for because in ("", DECLARED):
        actor = Actor(name, id=id_, because=because, email=email)
        for account in accounts_of(*place, actor, HOSTS):
            assert account.name
            assert account.name.isprintable()
            assert len(account.name) < 300
