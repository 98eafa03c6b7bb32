"""Paths: what differs in spelling is one path, what differs in place is not, and no foreign pattern is run."""

import time

import pytest
from app.domain.lineage import Asked, Match, Store, System
from app.lineage.paths import REMOVED, asked, fits, followed, matched, spelled, token
from hypothesis import given
from hypothesis import strategies as st

SSM, SM, VAULT, GOOGLE, AZURE = System.SSM, System.SECRETS_MANAGER, System.VAULT, System.GOOGLE, System.AZURE


def store(system: System, **more: str) -> Store:
    return Store(kind="SecretStore", name="x", system=system, **more)


@pytest.mark.parametrize(
    ("system", "text", "expected"),
    [
        (SSM, "/prod/db", "/prod/db"),
        (SSM, "prod/db", "/prod/db"),
        (SSM, "arn:aws:ssm:eu-west-1:123456789012:parameter/prod/db", "/prod/db"),
        (SM, "prod/db", "prod/db"),
        (SM, "/prod/db", "/prod/db"),
        (SM, "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:prod/db-AbC123", "prod/db"),
        (VAULT, "secret/data/prod/db", "secret/prod/db"),
        (VAULT, "/secret/prod/db/", "secret/prod/db"),
        (VAULT, "data/prod", "data/prod"),
        (GOOGLE, "projects/bank-prod/secrets/db/versions/3", "bank-prod/db"),
        (GOOGLE, "db", "db"),
        (AZURE, "https://Bank.vault.azure.net/secrets/Db/0123456789abcdef", "bank/db"),
        (AZURE, "secret/db", "db"),
        (System.OTHER, "/a/b/", "a/b"),
        (SSM, " ", ""),
    ],
)
def test_a_path_is_spelled_one_way(system: System, text: str, expected: str) -> None:
    assert spelled(system, text) == expected


@pytest.mark.parametrize(
    ("system", "path", "key", "of", "expected"),
    [
        (SSM, "/prod/db", "/prod/db", store(SSM), Match.EXACT),
        (SSM, "/prod/db", "prod/db", store(SSM), Match.DERIVED),
        (SSM, "/prod/db", "db", store(SSM, prefix="/prod/"), Match.EXACT),
        (SSM, "/prod/db", "/prod/db", store(SM), None),
        (SSM, "/prod/db", "/prod/db", None, Match.INFERRED),
        (SSM, "/prod/db", "/prod/db2", None, None),
        (SSM, "/prod/db", "/Prod/db", store(SSM), None),
        (SM, "prod/db", "arn:aws:secretsmanager:eu-west-1:1:secret:prod/db-AbC123", store(SM), Match.DERIVED),
        (VAULT, "secret/prod/db", "prod/db", store(VAULT, mount="secret"), Match.EXACT),
        (VAULT, "secret/data/prod/db", "prod/db", store(VAULT, mount="secret"), Match.DERIVED),
        (VAULT, "secret/prod/db", "secret/data/prod/db", store(VAULT, mount="secret"), Match.DERIVED),
        (VAULT, "kv/team/prod/db", "prod/db", store(VAULT, mount="kv/team"), Match.EXACT),
        (VAULT, "secret/prod/db", "prod/db", store(VAULT, mount="other"), None),
        (GOOGLE, "bank-prod/db", "db", store(GOOGLE, place="bank-prod"), Match.EXACT),
        (GOOGLE, "bank-prod/db", "db", store(GOOGLE, place="bank-test"), None),
        (GOOGLE, "db", "db", store(GOOGLE, place="bank-prod"), Match.INFERRED),
        (AZURE, "bank/db", "secret/db", store(AZURE, place="bank"), Match.EXACT),
        (AZURE, "bank/db", "db", store(AZURE), Match.INFERRED),
        (SSM, REMOVED, REMOVED, store(SSM), None),
        (SSM, "", "", store(SSM), None),
    ],
)
def test_a_key_is_a_path_or_it_is_not(system: System, path: str, key: str, of: Store | None, expected: Match | None) -> None:
    found = matched(system, path, Asked(key=key), of)
    assert (found and found[0]) == expected
    assert not found or found[1]


@pytest.mark.parametrize(
    ("key", "pattern", "found"),
    [
        ("/prod", "", True),
        ("/prod/", "", True),
        ("/pro", "", False),
        ("", "database", True),
        ("", "^/prod/.*-url$", True),
        ("", "^database", False),
        ("/prod", ".*url", True),
        ("/test", ".*url", False),
        ("", "(a+)+$", False),
        ("", "", False),
    ],
)
def test_a_find_is_inferred_where_it_is_plain(key: str, pattern: str, found: bool) -> None:
    told = matched(SSM, "/prod/database-url", Asked(key=key, how="find", pattern=pattern), store(SSM))
    assert (told is not None) == found
    assert not told or told[0] is Match.INFERRED


def test_no_foreign_expression_is_run() -> None:
    assert not followed("(a|a)*$")
    assert followed("^/prod/.*\\.url$")
    began = time.perf_counter()
    assert not fits(".*a" * 400, "a" * 300 + "b")
    assert time.perf_counter() - began < 1


TEXT = st.text(st.sampled_from("ab/.-:"), max_size=12) | st.text(max_size=12)
SYSTEM = st.sampled_from(System)


@given(SYSTEM, TEXT)
def test_spelling_twice_is_spelling_once_and_a_token_is_the_same_for_every_spelling(system: System, text: str) -> None:
    once = spelled(system, text)
    if system not in (VAULT, AZURE, SM, GOOGLE):  # there a name may itself look like a longer spelling
        assert spelled(system, once) == once
    assert isinstance(token(system, text), str)


@given(SYSTEM, TEXT, TEXT, st.none() | st.builds(store, SYSTEM, mount=TEXT, prefix=TEXT, place=TEXT))
def test_what_matches_shares_a_token(system: System, path: str, key: str, of: Store | None) -> None:
    """Readers are looked for by token: a match without one would never be found."""
    one = Asked(key=key)
    if matched(system, path, one, of):
        assert token(system, path) == token(system, asked(one, of))
