"""What looks like a secret is found wherever it is written, quickly, and nothing else is taken for one."""

import time

import pytest
from app.domain.secret import REMOVED, may_hold, without_secrets

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4"
ID, KEY_OF_AWS = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
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
        (f"ghs_1234567_{JWT}", REMOVED),
        *((f"{kind}_0123456789abcdefABCDEF", REMOVED) for kind in ("gho", "ghu", "ghr")),
        *((f"{kind}-0123456789abcdefghij", REMOVED) for kind in ("gldt", "glrt", "glcbt", "glptt", "gloas", "glagent")),
        ("glpat-0123456789abcdefghij.01.0a1b2c3d4.", f"{REMOVED}."),
        ("xapp-1-A0123456789-abcdef", REMOVED),
        ("post to https://hooks.slack.com/services/T0/B0/abcdef", f"post to {REMOVED}"),
        ("hvs.CAESIJ0123456789abcdefghij", REMOVED),
        (f"key {ID} of ci", f"key {REMOVED} of ci"),
        (f"ASIA{ID[4:]}", REMOVED),
        (f"{ID} {KEY_OF_AWS}", REMOVED),
        (f'aws_access_key_id = {ID}\naws_secret_access_key = "{KEY_OF_AWS}"', f'aws_access_key_id = {REMOVED}"'),
        (f"AWS_SECRET_ACCESS_KEY={KEY_OF_AWS} make", f"{REMOVED} make"),
        (f'{{"SecretAccessKey": "{KEY_OF_AWS}"}}', f'{{"{REMOVED}"}}'),
        (f"{ID} since {'0a' * 20}", f"{REMOVED} since {'0a' * 20}"),
        ("IQoJb3JpZ2luX2VjEXAMPLE0123456789abcdef==", REMOVED),
        ("AIza" + "0" * 35, REMOVED),
        ("ya29.a0AfB_0123456789abcdef", REMOVED),
        ("npm_0123456789abcdefghijABCDEFGHIJ012345", REMOVED),
        ("pypi-AgEIcHlwaS5vcmcCJDAxMjM0NTY3", REMOVED),
        ("AccountName=a;AccountKey=" + "k" * 86 + "==;Endpoint=x", f"AccountName=a;AccountKey={REMOVED};Endpoint=x"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nxyz\n-----END PGP PRIVATE KEY BLOCK-----", REMOVED),
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
        "AKIAIOSFODNN7EXAMPL and MAKIAIOSFODNN7EXAMPLE",
        "rotate aws_secret_access_key = from the vault",
        "english-language and glad-to-be-of-service",
        "sha256 " + "0a" * 32,
    ],
)
def test_anything_else_stays(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize(
    "part",
    [
        *("ghp_", "eyJ", "eyJaaaaaaaa.", "https://", "https://a", "://a:", "-----BEGIN PRIVATE KEY-----", "x.atlasv1."),
        *(f"{ID} ", "glpat-", "glpat-0123456789abcdef.", "hvs.", "secretaccesskey=", "https://hooks.slack.com/", "AccountKey="),
    ],
)
def test_a_megabyte_of_beginnings_takes_no_time(part: str) -> None:
    text, begun = part * (1_000_000 // len(part)), time.perf_counter()
    without_secrets(text)
    may_hold(text.encode())
    assert time.perf_counter() - begun < 5
