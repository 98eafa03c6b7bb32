"""What a GitLab does wrong, seen from the outside: a named state and one clear line in `poll` and `check`, and nothing lost."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import stamina
from app.demo.fakes.gitlab import gitlab_app
from app.demo.fakes.gitlab_merge import merge
from app.demo.fakes.gitlab_state import GitlabState

from tests.sources.harness import served
from tests.stories.bank import Bank, founded, servers
from tests.stories.gate import Gate
from tests.stories.test_bad_input import FAULTS, Fault
from tests.stories.test_gitlab import INFRA, TOKEN

__all__ = ["servers"]
STREAMS = ("pull-requests", "pushes", "rules")  # `ranges` asks nothing while nobody wants to know


class Sick:
    """A bank that has only a GitLab, read whole before anything goes wrong; a gate stands before it."""

    def __init__(self, bank: Bank, gate: Gate, url: str) -> None:
        self.bank, self.gate, self.url = bank, gate, url
        (bank.folder / "gitlab.token").write_text(TOKEN)
        bank.kinds = ()

    def afflict(self, fault: Fault | None) -> None:
        keys = {"url": self.url, "timeout": 5, **(fault.settings if fault else {})}
        self.gate.fault = fault.does if fault else None
        lines = [f"{name} = {json.dumps(value)}" for name, value in keys.items()]
        source = ["[[source]]", 'name = "gitlab"', 'kind = "gitlab"', f'repositories = ["{INFRA}"]', 'token_file = "gitlab.token"']
        self.bank.more = "\n".join([*source, "requests_per_second = 1000", *lines]) + "\n"


@pytest.fixture(scope="module")
def sick(servers: dict[str, tuple[Gate, str]], module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sick]:
    at = datetime.now(UTC) - timedelta(hours=3)
    state = GitlabState(token=TOKEN)
    state.add_project(INFRA, at)
    iid = state.open(INFRA, "Open", "ada", at + timedelta(minutes=1), "ada/open", [], [(None, "ada", "Open", ["a"])])
    state.approve(INFRA, iid, "bob", at + timedelta(minutes=2))
    merge(state, INFRA, iid, "carol", at + timedelta(minutes=3))
    gate = Gate(gitlab_app(state))
    with served(gate, dated=False) as url, stamina.set_testing(True, attempts=2, cap=True):
        found = Sick(founded(servers, module_database, tmp_path_factory.mktemp("gitlab")), gate, url)
        found.afflict(None)
        ran = found.bank.poll()
        assert ran.code == 0, ran.out + ran.err
        yield found


def held(bank: Bank) -> tuple[int, ...]:
    """How much there is; that a project could not be seen for a while is news, and is left out."""
    events = bank.one("SELECT count(*) FROM events WHERE type <> 'repository'")
    return (events, *(bank.one(f"SELECT count(*) FROM {table}") for table in ("changes", "bodies")))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_passes(sick: Sick, name: str) -> None:
    fault, bank, before = FAULTS[name], sick.bank, held(sick.bank)
    sick.afflict(fault)
    ran, checked = bank.poll(), bank.run("check")
    assert (ran.code, checked.code) == (1, 1)
    for stream in STREAMS:
        assert ran.row("gitlab", stream)[2] == fault.state, ran.out + ran.err
        (line,) = [line for line in ran.err.splitlines() if f"gitlab/{stream}: " in line]
        assert fault.says in line
    if fault.everywhere:
        row = checked.row("gitlab")
        assert row[1] == fault.state, checked.out
        assert fault.says in row[2]
    for said in (ran.out, ran.err, checked.out, checked.err):
        assert TOKEN[:12] not in said
        assert "Traceback" not in said
    sick.afflict(None)
    ran = bank.poll()
    assert ran.code == 0
    assert not [line for line in ran.err.splitlines() if line.startswith("throughline: ")]
    assert held(bank) == before, "a good pass brought something twice, or something is gone"


def test_nothing_of_the_token_is_kept(sick: Sick) -> None:
    """After all of the above."""
    assert TOKEN[:12].encode() not in sick.bank.dump()
    assert sick.bank.run("verify", "--database").code == 0
