"""What looks like a secret is found wherever it is written, quickly, and nothing else is taken for one."""

import time

import pytest
from app.domain.secret import REMOVED, may_hold, without_secrets

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("use ghp_0123456789abcdefABCDEF0123456789 now", f"use {REMOVED} now"),
        ("github_pat_11ABCDEFG0123456789_abcdef", REMOVED),
        ("glpat-0123456789abcdefghij", REMOVED),
        ("xoxb-1234567890-abcdef", REMOVED),
        ("AbCdEfGhIjKlMn.atlasv1.0123456789abcdefghijklmnopqrstuvwxyz", REMOVED),
        (f"token: {JWT}.", f"token: {REMOVED}."),
        (f"before {KEY} after", f"before {REMOVED} after"),
        ("-----BEGIN PRIVATE KEY-----\ncut off", REMOVED),
        ("see https://archivist.tfe.example/_archivist/v1/object/dmF1bHQ6djE6 there", f"see {REMOVED} there"),
        ("https://s3.example/x?a=1&X-Amz-Signature=0123abcd&b=2", f"https://s3.example/x?a=1&{REMOVED}&b=2"),
        ("https://me:hunter2@git.example/x.git", f"https://{REMOVED}@git.example/x.git"),
        ("https://hunter2@git.example/x.git", f"https://{REMOVED}@git.example/x.git"),
        ("postgresql://me:hunter2@db/x", f"postgresql://{REMOVED}@db/x"),
    ],
)
def test_a_secret_is_taken_out(text: str, left: str) -> None:
    assert without_secrets(text) == left
    assert may_hold(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "ssh://git@git.example/bank/infra.git",
        "git@github.com:bank/infra.git",
        "Ada Ng <ada@bank.example>",
        "https://git.example/@ada/x",
        "laughs_internationalizations and ghp_short",
        "PR_kwDOABCDEF5abcdefghijklmnop",
        "run-xX8oLq5JRntH6eKc",
        "a" * 40,
        "Rotate the private key of payments",
        "eyJ is how they begin",
    ],
)
def test_anything_else_stays(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize(
    "part", ["ghp_", "eyJ", "eyJaaaaaaaa.", "https://", "https://a", "://a:", "-----BEGIN PRIVATE KEY-----", "x.atlasv1."]
)
def test_a_megabyte_of_beginnings_takes_no_time(part: str) -> None:
    text, begun = part * (1_000_000 // len(part)), time.perf_counter()
    without_secrets(text)
    may_hold(text.encode())
    assert time.perf_counter() - begun < 5
