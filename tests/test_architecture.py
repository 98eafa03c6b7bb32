"""The house plan as a test: rooms, who may import whom, which tool only where, banned names, sizes."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APP = ROOT / "app"

# Who may import whom. Add a room by adding a row.
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "clock": set(),
    "canonical": set(),
    "log": set(),
    "config": {"errors"},
    "domain": {"errors", "canonical"},
    "access": {"domain", "errors"},
    "sources": {"domain", "errors", "canonical"},
    "linking": {"domain"},
    "controls": {"domain"},
    "drift": {"domain"},
    "lineage": {"domain"},
    "db": {"domain", "errors"},
    "search": {"domain", "errors", "db"},
    "ledger": {"domain", "errors", "canonical", "db"},
    "ingest": {"sources", "ledger", "domain", "db", "errors", "canonical", "clock", "log"},
    "changes": {
        "linking",
        "controls",
        "drift",
        "lineage",
        "search",
        "ledger",
        "domain",
        "db",
        "errors",
        "canonical",
        "clock",
        "log",
    },
    "examinations": {"changes", "ledger", "search", "domain", "db", "canonical", "errors", "clock"},
    "evidence": {"examinations", "changes", "ledger", "search", "domain", "canonical", "db", "errors"},
    "web": {
        "access",
        "examinations",
        "changes",
        "evidence",
        "ingest",
        "ledger",
        "search",
        "controls",
        "domain",
        "db",
        "errors",
        "clock",
        "log",
    },
    "worker": {"ingest", "changes", "evidence", "ledger", "sources", "domain", "db", "errors", "clock", "log"},
    "demo": {"ingest", "changes", "ledger", "sources", "domain", "db", "canonical", "errors", "clock", "log"},
    "main": {"web", "sources", "config", "db", "clock", "errors", "log"},
}
EVERYTHING = {"cli", "commands"}  # the composition of the command: one file for each of its verbs

# Which tool only where (paths below app/, as regular expressions).
TOOLS: dict[str, str] = {
    r"sqlalchemy|psycopg": r"db/.*|(.*/)?store\.py|search/sql\.py",
    r"httpx|stamina|pyrate_limiter": r"sources/http(_held)?\.py|sources/[a-z]+/client\.py|main\.py",
    r"fastapi|starlette|jinja2": r"web/.*|main\.py|commands/(serve|demo)\.py|demo/fakes/.*",
    r"apscheduler": r"worker/.*",
    r"cryptography": r"ledger/checkpoint\.py|ledger/verify\.py|evidence/pdf\.py|web/auth\.py",
    r"uvicorn": r"commands/.*|demo/.*|main\.py",
}
# SQLAlchemy's connection and engine as types, to hand on what the shell opened: they run nothing.
TYPES_ONLY = {"Connection", "Engine", "Row"}

BANNED = re.compile(r"service|manager|helper|util|common|base|handler|repository", re.I)
BANNED_ALLOWED = {
    "database",
    "databaseerror",
    "databaseunavailable",
    "repository",
}  # nouns: the database, Git's repository; never a role
MAX_FILE, MAX_FUNCTION = 400, 60
LONGER: dict[str, str] = {}  # path → why it may be longer

FILES = sorted(p for p in APP.rglob("*.py"))


def room_of(path: Path) -> str:
    first = path.relative_to(APP).parts[0]
    return first.removesuffix(".py")


def imports_of(tree: ast.AST) -> list[tuple[str, set[str]]]:
    """(module, names) of each import, wherever it stands."""
    found: list[tuple[str, set[str]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, set()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.append((node.module, {alias.name for alias in node.names}))
        elif isinstance(node, ast.ImportFrom):
            pytest.fail("relative imports hide the room")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(APP)))
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    room, tree = room_of(path), ast.parse(path.read_text())
    if path == APP / "__init__.py":
        return
    assert room in ROOMS or room in EVERYTHING, f"{room} is not a room of the house plan"
    wrong = []
    for module, names in imports_of(tree):
        parts = module.split(".")
        if parts[0] != "app" or room in EVERYTHING:
            continue
        targets = {parts[1]} if len(parts) > 1 else names
        wrong += [t for t in targets if t != room and t not in ROOMS[room]]
    assert not wrong, f"{room} may not import {wrong}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(APP)))
def test_a_tool_is_used_only_in_its_place(path: Path) -> None:
    here = str(path.relative_to(APP))
    wrong = []
    for module, names in imports_of(ast.parse(path.read_text())):
        for tool, places in TOOLS.items():
            if re.fullmatch(tool, module.split(".")[0]) and not re.fullmatch(places, here):
                if module == "sqlalchemy" and names and names <= TYPES_ONLY:
                    continue
                wrong.append(module)
    assert not wrong


def test_sources_do_not_know_one_another() -> None:
    folders = {p.name for p in (APP / "sources").iterdir() if p.is_dir() and not p.name.startswith("__")}
    for name in folders:
        for path in (APP / "sources" / name).rglob("*.py"):
            for module, _ in imports_of(ast.parse(path.read_text())):
                others = [o for o in folders - {name} if module.startswith(f"app.sources.{o}")]
                assert not others, f"{path} imports {others}"


def test_nothing_in_sources_or_the_core_knows_the_demo() -> None:
    for path in FILES:
        if room_of(path) in ("demo", "cli", "commands"):
            continue
        assert not [m for m, _ in imports_of(ast.parse(path.read_text())) if m.startswith("app.demo")], path


CLOCKS = re.compile(r"datetime\.now\(|datetime\.utcnow\(|time\.time\(|time\.monotonic\(|date\.today\(|perf_counter\(")
RANDOM_IDS = re.compile(r"uuid4\(|uuid7\(|uuid1\(")
ENVIRONMENT = re.compile(r"os\.environ|os\.getenv|getenv\(")


@pytest.mark.parametrize(
    ("pattern", "places"),
    [(CLOCKS, r"clock\.py"), (RANDOM_IDS, r"canonical\.py"), (ENVIRONMENT, r"config\.py|db/embedded.*\.py|demo/.*")],
    ids=["clock", "random ids", "environment"],
)
def test_the_clock_ids_and_environment_are_read_in_one_place(pattern: re.Pattern[str], places: str) -> None:
    wrong = [
        f"{path.relative_to(APP)}: {match.group()}"
        for path in FILES
        if not re.fullmatch(places, str(path.relative_to(APP)))
        for match in pattern.finditer(path.read_text())
    ]
    assert not wrong


def test_names_say_what_a_thing_is() -> None:
    wrong = []
    for path in FILES:
        names = [part.removesuffix(".py") for part in path.relative_to(APP).parts]
        names += [node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
        wrong += [f"{path.relative_to(APP)}: {n}" for n in names if BANNED.search(n) and n.lower() not in BANNED_ALLOWED]
    assert not wrong


def test_files_and_functions_stay_small() -> None:
    wrong = []
    for path in FILES:
        here, text = str(path.relative_to(ROOT)), path.read_text()
        if here not in LONGER and text.count("\n") > MAX_FILE:
            wrong.append(f"{here}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > MAX_FUNCTION and f"{here}:{node.name}" not in LONGER:
                    wrong.append(f"{here}:{node.name}: {length} lines")
    assert not wrong


def test_no_orm_relationships_and_no_mocks() -> None:
    for path in FILES:
        assert "relationship(" not in path.read_text(), path
    for path in (ROOT / "tests").rglob("*.py"):
        if "fixtures" in path.parts or path == Path(__file__):
            continue
        assert not re.search(r"\bmonkeypatch\b|unittest\.mock|import mock", path.read_text()), path


def test_every_long_one_is_still_there_and_has_a_reason() -> None:
    for place, reason in LONGER.items():
        assert (ROOT / place.split(":")[0]).exists(), place
        assert len(reason) > 20, place
