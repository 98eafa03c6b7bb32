"""Who is who: only what the list says, by exact account; and what that changes in a verdict."""

import pytest
from app.domain.actor import Actor, ActorKind, automation, unknown
from app.domain.approval import same_account
from app.domain.identity import Identities, Identity
from app.linking.identities import Resolver

ANA = Identity("Ana Ferreira", github_login="Ana-F", github_id="17", emails=("ana@bank.example",), tfe_username="aferreira")
BOT = Identity("Renovate", ActorKind.BOT, github_login="renovate")
LIST = Identities((ANA, BOT))


@pytest.mark.parametrize(
    ("kind", "actor", "person"),
    [
        ("github", Actor("ana-f", id="17"), "Ana Ferreira"),
        ("github", Actor("renamed", id="17"), "Ana Ferreira"),
        ("github", Actor("someone", id="Ana@Bank.example", because="self-declared"), "Ana Ferreira"),
        ("tfe", Actor("aferreira", id="user-1"), "Ana Ferreira"),
        ("tfe", Actor("ana-f"), None),
        ("argocd", Actor("aferreira"), None),
        ("github", Actor("ana"), None),
        ("github", Actor("ana-ff"), None),
        ("argocd", automation("Ana-F"), None),
        ("github", unknown("nobody says"), None),
    ],
)
def test_only_exact_accounts_are_joined(kind: str, actor: Actor, person: str | None) -> None:
    assert Resolver(LIST, kind).known(actor).person == person


def test_equal_user_names_are_one_person_only_where_the_bank_says_so() -> None:
    said = Identities((), same_username=True)
    assert Resolver(said, "tfe").known(Actor("ana")).person == Resolver(said, "github").known(Actor("Ana")).person == "ana"
    assert Resolver(Identities(), "tfe").known(Actor("ana")).person is None
    declared = Actor("ana", because="self-declared")
    assert Resolver(said, "github").known(declared).person is None, "anybody can write a name into a commit"


def test_a_listed_bot_is_a_bot_and_nobodys_second_person() -> None:
    bot = Resolver(LIST, "github").known(Actor("renovate"))
    ana = Resolver(LIST, "github").known(Actor("ana-f"))
    assert bot.kind is ActorKind.BOT
    assert same_account(bot, ana) is False


def test_one_person_under_two_accounts_is_the_same() -> None:
    git = Resolver(LIST, "github").known(Actor("x", id="ana@bank.example", because="self-declared"))
    tfe = Resolver(LIST, "tfe").known(Actor("aferreira"))
    assert same_account(git, tfe) is True
