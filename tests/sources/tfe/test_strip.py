"""Secrets go before anything is stored or digested."""

from datetime import UTC, datetime

from app.sources.tfe.strip import clean, observe

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_capability_urls_and_credentials_are_left_out() -> None:
    value = {
        "log-read-url": "s1",
        "hosted-state-download-url": "s2",
        "vcs-repo": {"identifier": "bank/infra", "webhook-url": "s3", "oauth-token-id": "s4"},
        "clone-url": "https://user:s5@github.example/x.git",
        "message": "see https://archivist.example/_archivist/v1/object/s6 for more",
        "variables": [{"key": "region", "value": "s7"}, "s8"],
        "sentinel": {
            "trace": {"print": "s9", "description": "kept", "rules": {"main": {"root": "s10", "string": "s11", "value": False}}}
        },
        "outcomes": [{"policy_name": "kept", "output": [{"print": "s12"}]}],
        "diagnostics": ["s13"],
    }
    text = observe("run/run-1", "", value, AT).body.decode()
    assert not [n for n in range(1, 14) if f"s{n}" in text.replace("see", "")]
    assert text.count("kept") == 2
    assert '"region"' in text
    assert "bank/infra" in text


def test_a_print_outside_a_trace_is_not_a_secret() -> None:
    assert clean({"print": 1, "trace": {"print": 2}}) == {"print": 1, "trace": {}}


def test_it_never_fails_and_equal_payloads_have_equal_digests() -> None:
    deep: object = "x"
    for _ in range(500):
        deep = [deep]
    strange = {"a": "\ud800", "\ud801": 2**80, "deep": deep, "float": 1.5}
    first = observe("x", "", strange, AT)
    second = observe("x", "", dict(reversed(strange.items())), AT)
    assert first.digest == second.digest
    assert b"too deep" in first.body
    assert observe("x", "", {"position-in-queue": 1}, AT).digest == observe("x", "", {"position-in-queue": 2}, AT).digest
