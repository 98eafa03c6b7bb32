"""Three policy systems and a run task in one change: who let what pass, when and why, from the servers to page and JSON."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from app.demo.fakes import tfe_policies as stages
from app.demo.fakes.tfe_state import PolicyState, RunState

from tests.stories.bank import REPO, Bank

AGO = timedelta(hours=3)
PUBLIC = PolicyState("network", "no-public-address", False, "hard-mandatory", "No address is public")
TAGS = PolicyState("bank-baseline", "require-tags", True, "soft-mandatory", "Everything is tagged")
SIZE = PolicyState("terraform-guard", "not-too-big", False, "soft-mandatory", "No machine is too big")


def tell(bank: Bank, *, overrider: bool = True) -> RunState:
    """A run that was judged by all three systems, one by one overridden, confirmed and applied."""
    at = datetime.now(UTC).replace(microsecond=0) - AGO
    place = bank.tfe.add_workspace("payments-production", REPO, "payments", created_at=at)
    run = bank.tfe.add_run(place, "Open the payments subnet", at, "ada", source="tfe-api")
    carol = bank.tfe.user("carol") if overrider else None
    run.plan(at + timedelta(minutes=1), 1, 2)
    run.evaluate(at + timedelta(minutes=2), [PUBLIC])
    stages.task(run, at + timedelta(minutes=3), "cloud-scanner", passed=False, level="advisory", message="2 findings")
    stages.override_stage(run, at + timedelta(minutes=10), carol, "Agreed in CHG-77 with the network team")
    stages.terraform_policy(run, at + timedelta(minutes=12), [SIZE])
    stages.override_terraform(run, at + timedelta(minutes=14), bank.tfe.user("dora"), "Until the end of the quarter")
    stages.estimate(run, at + timedelta(minutes=15), "1200.00", "1342.50", "142.50")
    run.policy(at + timedelta(minutes=16), [TAGS])
    run.confirm(at + timedelta(minutes=20), bank.tfe.user("bob"), "Go")
    run.apply(at + timedelta(minutes=25))
    return run


def the_change(bank: Bank) -> tuple[dict[str, Any], str]:
    (found,) = bank.rows("SELECT id FROM changes")
    item, page = bank.pages([f"/api/v1/changes/{found.id}", f"/changes/{found.id}"])
    assert (item.status_code, page.status_code) == (200, 200)
    return item.json(), re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def test_each_policy_with_its_system_and_who_let_it_pass(bank: Bank) -> None:
    bank.settings["tfe"] = {"policy_log": True}
    run = tell(bank)
    ran = bank.poll()
    assert ran.code == 0, ran.out + ran.err
    assert bank.tfe.policies.leaked == []
    item, page = the_change(bank)
    at = run.created_at
    told = {
        p["policy"]: (p["system"], p["engine"], p["level"], p["verdict"], p["overridden_by"], p["comment"]) for p in item["policy"]
    }
    assert told == {
        "no-public-address": (
            *("policy-evaluation", "opa", "mandatory", "failed", "carol"),
            "Agreed in CHG-77 with the network team",
        ),
        "not-too-big": ("terraform-policy", None, "mandatory_overridable", "failed", "dora", "Until the end of the quarter"),
        "require-tags": ("sentinel", None, "soft-mandatory", "passed", None, None),
    }
    overridden = {p["policy"]: p["overridden_at"] for p in item["policy"] if p["overridden_at"]}
    assert overridden["no-public-address"] == (at + timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    verdicts = {v["control"]: v for v in item["verdicts"]}
    assert verdicts["TEST-3"]["verdict"] == "exception"
    assert verdicts["SOD-3"]["verdict"] == "pass"
    assert {(p["role"], p["name"]) for p in item["people"]} >= {("overrider", "carol"), ("overrider", "dora"), ("confirmer", "bob")}
    for words in (
        "OPA policy evaluation",
        "Terraform policy",
        "Sentinel policy check",
        "carol: “Agreed in CHG-77 with the network team”",
        "run task cloud-scanner failed",
        "142.50 a month, to 1342.50",
    ):
        assert words in page, words
    assert "planted" not in page + str(item)


def test_an_override_by_nobody_that_is_named_stays_unknown(bank: Bank) -> None:
    tell(bank, overrider=False)
    assert bank.poll().code == 0
    item, page = the_change(bank)
    (policy,) = [p for p in item["policy"] if p["policy"] == "no-public-address"]
    assert (policy["overridden_by"], policy["overridden_at"] is not None) == (None, True)
    assert "somebody unknown" in page
    assert {v["control"]: v["verdict"] for v in item["verdicts"]}["SOD-3"] == "indeterminate"


def test_the_audit_trail_names_whom_run_events_do_not(bank: Bank) -> None:
    run = tell(bank, overrider=False)
    bank.tfe.audit.hcp = True
    (bank.folder / "audit.token").write_text(bank.tfe.audit.token)
    bank.settings["tfe"] = {"audit_token_file": str(bank.folder / "audit.token")}
    stage = run.stages[0].id
    when = run.created_at + timedelta(minutes=10)
    bank.tfe.audit.note(when, bank.tfe.user("carol"), ("task_stage", stage), "override", {"comment": "CHG-77"})
    ran = bank.poll()
    assert ran.code == 0, ran.out + ran.err
    item, page = the_change(bank)
    (policy,) = [p for p in item["policy"] if p["policy"] == "no-public-address"]
    assert (policy["overridden_by"], policy["comment"]) == ("carol", "CHG-77")
    assert "audit trail: override task_stage" in page
    assert "audit" in ran.out
    assert bank.tfe.audit.token not in ran.out + ran.err + page
