"""Secrets planted wherever one could hide: none gets into the database, a log, a page or a file."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from app.demo.fakes import argocd_secrets as external_secrets
from app.demo.fakes import argocd_shapes, tfe_shapes
from app.demo.fakes.argocd_types import SourceState

from tests.stories.bank import GIT, KINDS, REPO, TOKENS, Bank, Texts, founded, servers
from tests.stories.gate import Gate

__all__ = ["servers"]

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.planted0SflKxwRJSMeKKF2QT4"
TYPED = Texts(  # what people paste
    title="Use ghp_planted0123456789abcdefABCDEF to read",
    author="https://ada:planted1hunter@git.bank.example/ada",
    branch="ada/glpat-planted2abcdefghijkl",
    commit=f"Rotate {JWT}",
    label="xoxb-planted3-0123456789",
    review="-----BEGIN PRIVATE KEY-----\nplanted4MIIEpAIBAAKCAQEA\n-----END PRIVATE KEY-----",
    workspace="payments-production",
    message="Fetch https://deploy:planted5hunter@artifacts.bank.example/x.zip",
    comment="Log: https://archivist.tfe.example/_archivist/v1/object/planted6dmF1bHQ6djE6",
    policy="Called with AbCdEfGhIjKlMn.atlasv1.planted7abcdefghijklmnopqrstuvwxyz",
    operation="cannot clone https://x-access-token:planted8hunter@github.bank.example/bank/infra: denied",
    user="github_pat_planted9ABCDEFG0123456789",
)
HIDDEN = ("planted", *tfe_shapes.PLANTED, *argocd_shapes.PLANTED, *TOKENS.values())


@pytest.fixture(scope="module")
def planted(servers: dict[str, tuple[Gate, str]], module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """Read whole, twice, with every log on; then asked while each source fails and echoes what it was sent."""
    bank = founded(servers, module_database, tmp_path_factory.mktemp("bank"))
    bank.more = '[log]\nlevel = "DEBUG"\n'
    bank.tell(TYPED)
    at = datetime.now(UTC) - timedelta(minutes=10)
    helm = {
        "values": "password: planted-helm-value",
        "valuesObject": {"password": "planted-helm-value"},
        "parameters": [{"name": "password", "value": "planted-password"}],
    }
    app = bank.argocd.add_application(
        "ledger",
        project="ledger",
        repository=f"https://robot:planted-password@github.bank.example/{REPO}.git",
        path="apps/ledger",
        at=at,
        revision="7" * 40,
        helm=helm,
        resources=[("Secret", "ledger-keys")],
        more_sources=[SourceState(f"{GIT}/{REPO}.git", "values", helm=helm)],
    )
    app.extra = {"spec": {"source": {"plugin": {"env": [{"name": "TOKEN", "value": "planted-password"}]}}}}
    bank.argocd.local(app, at, "alice")
    bank.argocd.edit(app, "ledger-keys", at, live={"kind": "Secret", "data": {"key": "planted-secret-data"}})
    external_secrets.add_store(app, "vault", {"vault": {"server": "https://ada:planted-password@vault.bank.example", "path": "kv"}})
    pasted = [f"https://ada:planted0hunter@vault.bank.example/{n}" for n in range(2)]
    external_secrets.add_external(app, "ledger", [*pasted, "ghp_planted0123456789abcdefABCDEF"], at, store="vault")
    external_secrets.add_workload(app, "ledger", env=["ledger"])
    bank.ran = bank.poll()
    return bank


def assert_clean(what: str, data: bytes) -> None:
    for secret in HIDDEN:
        at = data.find(secret.encode())
        assert at < 0, f"{what}: …{data[max(0, at - 80) : at + 80]!r}…"


def test_it_was_read(planted: Bank) -> None:
    assert planted.ran.code == 0, planted.ran.out + planted.ran.err
    assert planted.one("SELECT count(*) FROM changes") >= 1
    asked = [ref["key"] for (told,) in planted.rows("SELECT told FROM lineage_looks") for ref in told["refs"]]
    assert sorted(asked) == ["[removed]", *(f"https://[removed]@vault.bank.example/{n}" for n in range(2))]
    titles = {row.title for row in planted.rows("SELECT title FROM changes")}
    assert "Use [removed] to read" in titles


def test_none_in_the_database(planted: Bank) -> None:
    assert_clean("database", planted.dump())


def test_none_in_the_logs_and_answers_of_commands(planted: Bank) -> None:
    assert '"level": "debug"' in planted.ran.err, "every log is on"
    for verb in (["poll"], ["check"], ["rebuild"], ["verify", "--database"]):
        ran = planted.run(*verb)
        assert_clean(" ".join(verb), (ran.out + ran.err).encode())
    assert_clean("poll", (planted.ran.out + planted.ran.err).encode())


def test_none_in_a_page(planted: Bank) -> None:
    changes = [f"/changes/{row.id}" for row in planted.rows("SELECT id FROM changes")]
    entries = [f"/events/{row.seq}" for row in planted.rows("SELECT seq FROM leaves")]
    paths = ["/", "/changes", "/events", "/ledger", "/sources", "/lineage", *changes, *entries]
    for path, page in zip(paths, planted.pages(paths), strict=True):
        assert page.status_code == 200, path
        assert_clean(path, page.content)


@pytest.mark.parametrize("what", ["changes", "events"])
@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_none_in_a_file(planted: Bank, what: str, form: str) -> None:
    ran = planted.run("export", what, "--format", form)
    assert ran.code == 0
    assert ran.out
    assert_clean(f"{what}.{form}", ran.out.encode())


def test_the_fakes_did_send_them(planted: Bank) -> None:
    """Each planted word was really in an answer: nothing above is true for want of trying."""
    seen = b"".join(part for kind in KINDS for part in planted.gates[kind].bodies)
    for number in range(10):
        assert f"planted{number}".encode() in seen or number in (4,), number
    for secret in ("planted-capability-url", "planted-webhook", "ot-planted", "planted-variable-value", "planted-helm-value"):
        assert secret.encode() in seen, secret
