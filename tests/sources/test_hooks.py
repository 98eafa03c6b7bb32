"""What verifies a webhook: the raw bytes, and only with the secret."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from app.domain.hook import Heard
from app.errors import NotUnderstood, Unverified
from app.sources.contract import Connection
from app.sources.registry import HOOKS, KINDS
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
SECRET = "a-secret-of-the-bank"
SIGNING = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
TFE = Connection("tfe-prod", "tfe", "https://tfe.bank.example", organization="bank-platform")
GITHUB = Connection("github", "github", "https://api.github.com", repositories=("Bank/Infra",))
GITLAB = Connection("gitlab", "gitlab", "https://gitlab.bank.example", repositories=("bank/platform/infra",))
ARGOCD = Connection("argocd", "argocd", "https://argocd.bank.example")


def signed(kind: str, body: bytes, secret: str = SECRET, event: str = "") -> dict[str, str]:
    if kind == "tfe":
        return {"x-tfe-notification-signature": hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()}
    if kind == "github":
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return {"x-hub-signature-256": f"sha256={signature}", "x-github-event": event}
    if kind == "gitlab":
        return {"x-gitlab-token": secret, "x-gitlab-event-uuid": "6f1c"}
    return {"authorization": f"Bearer {secret}"}


def standard(body: bytes, at: datetime, name: str = "msg_1") -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(SIGNING.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
    return {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": f"v1,AAAA v1,{mac}"}


def heard(connection: Connection, said: object, event: str = "", secret: str = SECRET) -> Heard:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return HOOKS[connection.kind](connection, SECRET, signed(connection.kind, body, secret, event), body, NOW)


def run(trigger: str, **more: object) -> dict[str, object]:
    told = {"message": "", "trigger": trigger, "run_status": "applied", "run_updated_by": "grace"}
    return {"payload_version": 1, "run_id": "run-1", "organization_name": "bank-platform", "notifications": [told], **more}


def test_every_kind_of_source_has_a_hook() -> None:
    assert set(HOOKS) >= set(KINDS)


@pytest.mark.parametrize(
    ("connection", "said", "event", "streams"),
    [
        (TFE, run("run:applying"), "", ("runs",)),
        (TFE, run("verification", run_id=None, organization_name=None), "", ()),
        (TFE, run("run:created", organization_name="another"), "", ()),
        (
            TFE,
            {"payload_version": "2", "trigger_scope": "assessment", "trigger": "assessment:drifted"},
            "",
            ("workspaces", "assessments"),
        ),
        (GITHUB, {"action": "opened", "repository": {"full_name": "bank/infra"}}, "pull_request", ("pull-requests",)),
        (GITHUB, {"ref": "refs/heads/main", "repository": {"full_name": "bank/infra"}}, "push", ("pushes", "pull-requests")),
        (GITHUB, {"action": "opened", "repository": {"full_name": "bank/other"}}, "pull_request", ()),
        (GITHUB, {"action": "renamed", "repository": {"full_name": "bank/infra-2"}}, "repository", ("rules", "pull-requests")),
        (GITHUB, {"zen": "Keep it logically awesome.", "hook_id": 1}, "ping", ()),
        (GITHUB, {"action": "x"}, "an event of tomorrow", ()),
        (
            GITLAB,
            {"object_kind": "merge_request", "project": {"path_with_namespace": "bank/platform/infra"}},
            "",
            ("pull-requests",),
        ),
        (GITLAB, {"object_kind": "push", "project": {"path_with_namespace": "bank/else"}}, "", ()),
        (ARGOCD, {"whatever": "the template says"}, "", ("applications",)),
        (ARGOCD, b"not JSON at all", "", ("applications",)),
    ],
)
def test_what_is_due(connection: Connection, said: object, event: str, streams: tuple[str, ...]) -> None:
    assert heard(connection, said, event).streams == streams


@pytest.mark.parametrize("connection", [TFE, GITHUB, GITLAB, ARGOCD], ids=lambda c: c.kind)
def test_another_secret_is_refused_and_neither_is_told(connection: Connection) -> None:
    with pytest.raises(Unverified) as refused:
        heard(connection, run("run:applying"), "push", secret="another-secret")
    assert SECRET not in str(refused.value)
    assert "another-secret" not in str(refused.value)


@pytest.mark.parametrize("connection", [TFE, GITHUB, GITLAB, ARGOCD], ids=lambda c: c.kind)
def test_without_a_header_it_is_refused(connection: Connection) -> None:
    with pytest.raises(Unverified, match="missing"):
        HOOKS[connection.kind](connection, SECRET, {}, b"{}", NOW)


@pytest.mark.parametrize("connection", [TFE, GITHUB], ids=lambda c: c.kind)
@given(flip=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(connection: Connection, flip: int, bit: int) -> None:
    body = json.dumps(run("run:applying")).encode()
    headers = signed(connection.kind, body, event="push")
    at = flip % len(body)
    changed = body[:at] + bytes([body[at] ^ (1 << bit)]) + body[at + 1 :]
    with pytest.raises(Unverified):
        HOOKS[connection.kind](connection, SECRET, headers, changed, NOW)


@pytest.mark.parametrize("connection", [TFE, GITHUB, GITLAB], ids=lambda c: c.kind)
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"a": ', b"\xff\xfe", b"[" * 100_000])
def test_a_verified_body_that_is_not_an_object_is_told(connection: Connection, body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        heard(connection, body, "push")


@pytest.mark.parametrize("value", [None, 1, [], "text", {"trigger": 7}, [[]], {"path_with_namespace": []}])
def test_odd_values_are_survived(value: object) -> None:
    keys = ("notifications", "trigger", "details", "repository", "action", "object_kind", "project", "object_attributes")
    for connection in (TFE, GITHUB, GITLAB):
        heard(connection, dict.fromkeys(keys, value), "push")


def test_signatures_that_are_no_ascii_are_refused() -> None:
    with pytest.raises(Unverified):
        HOOKS["tfe"](TFE, SECRET, {"x-tfe-notification-signature": "é" * 128}, b"{}", NOW)
    with pytest.raises(Unverified):
        HOOKS["gitlab"](GITLAB, SECRET, {"x-gitlab-token": "é"}, b"{}", NOW)


def test_gitlab_signs_with_a_time() -> None:
    body = json.dumps({"object_kind": "push"}).encode()
    hook = HOOKS["gitlab"]
    assert hook(GITLAB, SIGNING, standard(body, NOW - timedelta(minutes=4)), body, NOW).once == "msg_1"
    for at in (NOW - timedelta(minutes=6), NOW + timedelta(minutes=6)):
        with pytest.raises(Unverified, match="minutes of now"):
            hook(GITLAB, SIGNING, standard(body, at), body, NOW)
    with pytest.raises(Unverified):
        hook(GITLAB, SIGNING, standard(body, NOW), body + b" ", NOW)
    for wrong in ({"webhook-timestamp": "soon"}, {"webhook-timestamp": "9" * 40}, {"webhook-signature": "v2,x"}):
        with pytest.raises(Unverified):
            hook(GITLAB, SIGNING, {**standard(body, NOW), **wrong}, body, NOW)
