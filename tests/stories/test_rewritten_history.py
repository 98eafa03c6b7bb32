"""Somebody with write access to an Application rewrites its history after it was read: from the fake Argo CD to the page."""

import re
from datetime import UTC, datetime, timedelta

from tests.stories.bank import Bank


def test_a_rewritten_history_is_a_change_with_what_it_was(bank: Bank) -> None:
    bank.tell()
    assert bank.poll().code == 0
    app = bank.argocd.applications["payments-api"]
    app.history[0] = {**app.history[0], "initiatedBy": {"username": "mallory"}}
    bank.argocd.sync(app, datetime.now(UTC) - timedelta(seconds=5), "bob")
    ran = bank.poll()
    assert ran.code == 0, ran.out + ran.err

    items = bank.page("/api/v1/changes?limit=100").json()["items"]
    (one,) = [item for item in items if item["title"].startswith("History of payments-api rewritten")]
    (judged,) = [found for found in one["verdicts"] if found["control"] == "SHADOW-3"]
    assert judged["verdict"] == "fail"
    assert {found["verdict"] for found in one["verdicts"] if found["control"] != "SHADOW-3"} == {"not_applicable"}
    assert (one["people"], one["summary"]["fail"]) == ([], 1)
    assert [gap["what"] for gap in one["gaps"]] == ["initiator unknown"]

    page = bank.page(f"/changes/{one['id']}")
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
    assert page.status_code == 200
    assert "initiator user:alice → user:mallory" in said
    assert "record rewritten" in bank.page("/changes?q=is:finished verdict:fail").text
    found = bank.page("/api/v1/changes?q=app:payments-api verdict:fail control:SHADOW-3/fail").json()["items"]
    assert one["id"] in {item["id"] for item in found}

    before = bank.run("rebuild").out
    assert before == bank.run("rebuild").out, "a rebuild gives the same"
