"""What the demo's branches ask for binds the bank's people, administrators too: who goes past it has lifted it first."""

from datetime import timedelta

import pytest
from app.demo.bank import PROTECTION, Bank
from app.demo.cast import MANIFESTS
from app.demo.journal import Wishes

from tests.demo.living import NOW

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def bank() -> Bank:
    return Bank(Wishes(days=1), NOW, lambda: LATER)


def test_nothing_is_merged_without_the_approvals_that_are_asked_for(bank: Bank) -> None:
    pr = bank.propose(MANIFESTS, "Log less", "ana-ferreira", NOW, ["apps/payments-api/config.yaml"])
    with pytest.raises(ValueError, match="too few approvals"):
        bank.merge(pr, "ana-ferreira", LATER)
    bank.approve(pr, "ana-ferreira", LATER)
    with pytest.raises(ValueError, match="too few approvals"):
        bank.merge(pr, "ana-ferreira", LATER)
    bank.approve(pr, "ben-okafor", LATER)
    assert bank.merge(pr, "ana-ferreira", LATER)


def test_an_approval_of_an_older_head_is_none(bank: Bank) -> None:
    pr = bank.propose(MANIFESTS, "Log less", "ana-ferreira", NOW, ["apps/payments-api/config.yaml"])
    bank.approve(pr, "ben-okafor", LATER)
    bank.push(pr, "ana-ferreira", "More", ["apps/payments-api/config.yaml"], LATER)
    with pytest.raises(ValueError, match="too few approvals"):
        bank.merge(pr, "ana-ferreira", LATER)


def test_nothing_is_pushed_straight_to_a_protected_branch(bank: Bank) -> None:
    with pytest.raises(ValueError, match="takes no push"):
        bank.push_directly(MANIFESTS, "ana-ferreira", LATER, ["apps/payments-api/config.yaml"], "Quick")


def test_what_is_lifted_is_put_back_whatever_happens(bank: Bank) -> None:
    with bank.lifted(MANIFESTS, LATER):
        assert bank.push_directly(MANIFESTS, "ana-ferreira", LATER, ["apps/payments-api/config.yaml"], "Quick")
    assert bank.github.repositories[MANIFESTS].protected == {"main": PROTECTION}
    with pytest.raises(RuntimeError), bank.lifted(MANIFESTS, LATER):
        raise RuntimeError
    assert bank.github.repositories[MANIFESTS].protected == {"main": PROTECTION}
