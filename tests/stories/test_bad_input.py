"""What sources do wrong, seen from the outside: a named state, one clear line in `poll` and `check`, and nothing lost.

Each fault is done to one source while the others answer; then to the others; then everything is well again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import stamina

from tests.stories.bank import KINDS, SOURCES, TOKENS, Bank, Ran, founded, servers
from tests.stories.gate import Asgi, Gate, answer, cut, echo, endless, silent

__all__ = ["servers"]

HTML = b"<!doctype html><html><title>Sign in</title><form>user, password</form></html>"
STREAMS = {
    "tfe": ("workspaces", "runs"),
    "argocd": ("applications",),
    "github": ("pull-requests", "checks", "pushes", "rules"),  # `ranges` asks nothing while nobody wants to know
}
OTHER = Gate(answer(200, {"data": [], "items": []}))


@dataclass(frozen=True)
class Fault:
    """`state` is the name it has; `says` stands in each line about it."""

    state: str
    says: str
    does: Asgi | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    everywhere: bool = True  # also what `check` asks is answered so that nothing of it can be read


FAULTS = {
    "401": Fault("unauthorized", "answered 401", answer(401, {"message": "Bad credentials"})),
    "403": Fault("forbidden", "answered 403", answer(403, {"message": "permission denied"})),
    "404": Fault("not found", "answered 404", answer(404, {"message": "Not Found"})),
    "429 for ten minutes": Fault("throttled", "waiting 600 s", answer(429, {}, {"retry-after": "600"})),
    "429 again and again": Fault("throttled", "answered 429", answer(429, {}, {"retry-after": "0.2"})),
    "429 for ten thousand years": Fault("throttled", "waiting 86400 s", answer(429, {}, {"retry-after": "315360000000"})),
    "429 for no number": Fault("throttled", "waiting 60 s", answer(429, {}, {"retry-after": "inf"})),
    "500": Fault("server error", "answered 500", echo(500)),
    "503": Fault("server error", "answered 503", answer(503, b"upstream connect error")),
    "418": Fault("not understood", "answered 418", answer(418, {"teapot": True})),
    "cut JSON": Fault("unreachable", "could not be read", cut(b'{"data": [{"id": "run-', 5000)),
    "half of a JSON": Fault("not understood", "expected JSON", answer(200, b'{"data": [{"id": "run-')),
    "nothing": Fault("not understood", "an empty body", answer(200, b"")),
    "a list": Fault("not understood", "expected", answer(200, [1, 2])),
    "a number": Fault("not understood", "expected", answer(200, 7)),
    "numbers for lists": Fault("not understood", "expected", answer(200, {"data": 7, "items": 7, "Version": 7}), everywhere=False),
    "deep JSON": Fault("not understood", "nested too deep", answer(200, b"[" * 200_000 + b"]" * 200_000)),
    "HTML": Fault("not understood", "an HTML page", answer(200, HTML, kind="text/html")),
    "not UTF-8": Fault("not understood", "expected JSON", answer(200, b'{"data": "\xff\xfe\xff"}')),
    "endless": Fault("too large", "sent more than 1,048,576 bytes", endless(b"[" * 262_144), {"max_answer_mb": 1}),
    "a drip": Fault("unreachable", "was still sending", endless(b" ", 0.05), {"timeout": 0.2}),
    "silence": Fault("unreachable", "ReadTimeout", silent(), {"timeout": 0.2}),
    "closed port": Fault("unreachable", "Connection refused", None, {"url": "http://127.0.0.1:9"}),
    "unknown host": Fault("unreachable", "could not be read", None, {"url": "http://tfe.bank.invalid"}),
}


@pytest.fixture(scope="module")
def settled(servers: dict[str, tuple[Gate, str]], module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """A bank that was read whole before anything went wrong. Retries do not wait (the library's own mode for tests)."""
    bank = founded(servers, module_database, tmp_path_factory.mktemp("bank"))
    bank.tell()
    with stamina.set_testing(True, attempts=2, cap=True):
        assert bank.poll().code == 0
        yield bank


def afflicted(bank: Bank, kinds: tuple[str, ...], fault: Fault | None) -> None:
    for kind in KINDS:
        bank.gates[kind].fault = fault.does if fault and kind in kinds else None
        bank.settings[kind] = dict(fault.settings) if fault and kind in kinds else {}


def one_line_each(ran: Ran, kind: str, fault: Fault) -> None:
    """Every stream of the source has one row and one line, and both say what is wrong with it."""
    source = SOURCES[kind]
    for stream in STREAMS[kind]:
        assert ran.row(source, stream)[2] == fault.state, ran.out + ran.err
        (line,) = [line for line in ran.err.splitlines() if f"{source}/{stream}: " in line]
        assert line.startswith(f"throughline: {source}/{stream}: ")
        assert fault.says in line
        assert line.count("; ") >= 1, "what was found, what was expected, what to do"


def quiet(bank: Bank, ran: Ran) -> None:
    """No traceback, no log noise, no token."""
    for line in ran.err.splitlines():
        assert line.startswith("throughline: "), line
    assert "Traceback" not in ran.out
    assert_no_token((ran.out + ran.err).encode())


def assert_no_token(text: bytes) -> None:
    for token in TOKENS.values():
        assert token[:9].encode() not in text, text


def held(bank: Bank) -> tuple[Any, ...]:
    """How much there is of everything that was collected; that a repository could not be seen for a while is news of itself."""
    assert bank.one("SELECT count(*) FROM leaves") == bank.one("SELECT count(*) FROM events")
    tables = ("changes", "bodies", "observations", "stream_memory", "wants", "coverage", "unknown_values")
    events = "SELECT count(*) FROM events WHERE NOT (type = 'repository' AND status IN ('unavailable', 'seen'))"
    return (bank.one(events), *(bank.one(f"SELECT count(*) FROM {table}") for table in tables))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_passes(settled: Bank, name: str) -> None:
    fault, before = FAULTS[name], held(settled)
    for sick in (("tfe",), ("argocd", "github")):
        afflicted(settled, sick, fault)
        ran = settled.poll()
        assert ran.code == 1
        quiet(settled, ran)
        for kind in KINDS:
            if kind in sick:
                one_line_each(ran, kind, fault)
            else:
                for stream in STREAMS[kind]:
                    assert ran.row(SOURCES[kind], stream)[2] == "read"
    page = settled.page("/sources")
    assert page.status_code == 200
    failing = sum(len(STREAMS[kind]) for kind in ("argocd", "github"))
    assert page.text.count(f"{fault.state} since") == failing, "a notice for each failing stream"
    assert_no_token(page.content)
    afflicted(settled, KINDS, fault)
    checked = settled.run("check")
    assert checked.code == 1
    quiet(settled, checked)
    for kind in KINDS if fault.everywhere else ():
        row = checked.row(SOURCES[kind])
        assert row[1] == fault.state, checked.out
        assert fault.says in row[2]
        assert len([line for line in checked.lines if line.startswith(SOURCES[kind])]) == 1
    afflicted(settled, (), None)
    ran = settled.poll()
    assert (ran.code, ran.err) == (0, "")
    assert set(settled.states().values()) == {"read"}
    assert held(settled)[:-2] == before[:-2], "a good pass brought something twice, or something is gone"


def test_every_failure_is_on_the_list_and_no_token_is_in_the_database(settled: Bank) -> None:
    """After all of the above."""
    named = {row.state for row in settled.rows("SELECT DISTINCT state FROM failures")}
    assert named <= {fault.state for fault in FAULTS.values()}
    assert_no_token(settled.dump())
    assert settled.run("verify", "--database").code == 0
