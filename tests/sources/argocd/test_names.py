"""Argo CD's spellings of repositories, times and announcements."""

import pytest
from app.sources.argocd import wire
from app.sources.argocd.announcements import announcement, episodes
from app.sources.argocd.names import instant, repository, stamp
from app.sources.argocd.probe import number, parts
from app.sources.argocd.redact import redacted
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://git.bank.example/bank/application-manifests.git", "bank/application-manifests"),
        ("https://git.bank.example/bank/application-manifests/", "bank/application-manifests"),
        ("https://user:pw@git.bank.example:8443/bank/infra", "bank/infra"),
        ("git@git.bank.example:bank/infra.git", "bank/infra"),
        ("ssh://git@git.bank.example:22/bank/infra.git", "bank/infra"),
        ("https://git.bank.example/scm/bank/infra.git", "bank/infra"),
        ("https://git.bank.example/group/sub/name", "group/sub/name"),
        ("https://gitlab.bank.example/group/sub/deep/name.git", "group/sub/deep/name"),
        ("https://oauth2:token@gitlab.bank.example/group/sub/name.git/", "group/sub/name"),
        ("git@gitlab.bank.example:group/sub/name.git", "group/sub/name"),
        ("gitlab.bank.example:/group/sub/name.git", "group/sub/name"),
        ("ssh://git@gitlab.bank.example:2222/group/sub/name.git", "group/sub/name"),
        ("oci://registry.bank.example/charts/app", None),
        ("https://charts.bank.example", None),
        ("", None),
        (None, None),
        ("https://[half", None),
    ],
)
def test_a_repository_is_owner_and_name(url: str | None, name: str | None) -> None:
    assert repository(url) == name


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-24T02:25:09Z", "2026-11-24T02:25:09Z"),
        ("2026-11-24T02:25:09.123456Z", "2026-11-24T02:25:09.123456Z"),
        ("2026-11-24T04:25:09+02:00", "2026-11-24T02:25:09Z"),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
        ("", None),
    ],
)
def test_times_are_utc_or_nothing(text: str, told: str | None) -> None:
    at = instant(text)
    assert (stamp(at) if at else None) == told


@pytest.mark.parametrize(("text", "told"), [("v3.5.1+unknown", "3.5.1"), ("3.4", "3.4"), ("latest", "latest"), ("", "")])
def test_a_version_is_its_number(text: str, told: str) -> None:
    assert number(text) == told
    assert parts(number("v3.5.1+x")) == (3, 5, 1)


def said(message: str, reason: str = "OperationStarted", user: str | None = None, serial: int = 1) -> wire.KubernetesEvent:
    metadata = wire.Metadata(
        name="a.1", uid=f"e{serial}", resource_version=str(serial), annotations={"user": user} if user else None
    )
    return wire.KubernetesEvent(metadata=metadata, reason=reason, message=message, last_timestamp="2026-03-02T09:00:00Z")


@pytest.mark.parametrize(
    ("message", "user", "who", "partial", "rollback", "local"),
    [
        ("alice initiated sync to main (" + "a" * 40 + ")", "alice", "alice", False, None, False),
        ("alice initiated partial sync to main", None, "alice", True, None, False),
        ("bob initiated rollback to 12", "bob", "bob", False, 12, False),
        ("bob initiated sync locally", "bob", "bob", False, None, True),
        ("Unknown user initiated sync to main", None, "", False, None, False),
        (
            "eve initiated sync to x initiated sync to main",
            "eve initiated sync to x",
            "eve initiated sync to x",
            False,
            None,
            False,
        ),
    ],
)
def test_announcements_of_people(
    message: str, user: str | None, who: str, partial: bool, rollback: int | None, local: bool
) -> None:
    one = announcement(said(message, user=user))
    assert one
    assert (one.user, one.partial, one.rollback, one.local, one.automated) == (who, partial, rollback, local, False)


def test_an_end_of_another_revision_is_not_the_starts() -> None:
    start, end = (
        announcement(said(f"Initiated automated sync to '{'a' * 40}'")),
        announcement(said(f"Sync operation to {'b' * 40} succeeded", "OperationCompleted", serial=2)),
    )
    assert start
    assert end
    first, second = episodes([end, start])
    assert (first.started, first.completed) == (start, None)
    assert (second.started, second.completed, second.doubtful) == (None, end, True)


@given(st.text(max_size=200))
def test_any_message_can_be_read(message: str) -> None:
    for reason in ("OperationStarted", "OperationCompleted", "ResourceUpdated", message):
        one = announcement(said(message, reason))
        assert one is not None
        episodes([one])


def test_names_stay_and_values_go() -> None:
    body = {
        "spec": {
            "source": {
                "repoURL": "https://bot:planted@git.bank.example/a/b",
                "helm": {
                    "values": "planted",
                    "valuesObject": {"a": "planted"},
                    "parameters": [{"name": "tag", "value": "planted"}],
                },
                "plugin": {"env": [{"name": "X", "value": "planted"}], "parameters": [{"name": "p", "array": ["planted"]}]},
                "directory": {"jsonnet": {"extVars": [{"name": "v", "value": "planted", "code": False}], "tlas": ["planted"]}},
            }
        },
        "operation": {"sync": {"manifests": ["planted"]}},
        "live": {"kind": "Secret", "data": {"password": "planted"}, "stringData": {"b": "planted"}},
        "plain": {"kind": "ConfigMap", "data": {"zone": "kept"}},
    }
    clean = redacted(body)
    assert "planted" not in str(clean)
    assert clean["spec"]["source"]["helm"]["parameters"][0]["name"] == "tag"
    assert clean["live"]["data"] == {"password": "[removed]"}
    assert clean["plain"]["data"] == {"zone": "kept"}
    assert redacted(clean) == clean
