"""What README and docs name exists, and what exists is named: settings, sources, controls, search, commands, pages, links."""

import argparse
import ast
import re
import shlex
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from app import errors
from app.cli import parser
from app.commands import people
from app.config import Environment, Section, Settings, Source
from app.controls import CONTROLS, Control
from app.db.session import engine_for
from app.domain.event import Step
from app.domain.finding import Verdict
from app.main import create_app
from app.search.fields import CHANGES, LISTS, Fields
from app.search.language import parse
from app.sources import registry
from app.sources.contract import Connection
from app.web.views.ledger import FORMS
from starlette.routing import Match

ROOT = Path(__file__).parent.parent
PATHS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])
DOCS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PATHS}
EVERYTHING = "\n".join(DOCS.values())
SECTIONS = {
    name: field.annotation.model_fields
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}
VERBS: dict[str, argparse.ArgumentParser] = next(
    dict(action.choices) for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = dict(re.findall(r"^([a-z]+):.*## (.+)$", MAKEFILE, re.M))
PACES = {"s": 1, "min": 60, "h": 3600}
AWAY = re.compile(r"(?<![\w.<])/(?:home|root|work|tmp|Users|mnt|opt|workspace)(?:/|\b)")


def table(text: str, head: str, nth: int = 0) -> list[list[str]]:
    """The rows of the `nth` table whose first column is headed `head`."""
    found = re.findall(rf"^\| {re.escape(head)} \|.*\n\|[-| ]+\|\n((?:\|.*\n?)+)", text, re.M)
    assert len(found) > nth, f"no table headed {head!r}"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[nth].splitlines()]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def part(text: str, heading: str) -> str:
    """What stands under the heading, up to the next one of its level."""
    level = heading.split(" ")[0]
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^{level} |\Z)", text, re.M | re.S)
    assert found, f"no part {heading!r}"
    return found[1]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def commands(word: str) -> list[tuple[str, list[str]]]:
    """(document, words) of each command in a shell block that begins with `word`."""
    return [
        (name, words)
        for name, text in DOCS.items()
        for block in blocks(text, "sh")
        for line in re.split(r"\n|&&|\|", block)
        if (words := shlex.split(line, comments=True)) and words[0] == word
    ]


def keys(fields: dict[str, object]) -> set[str]:
    return {getattr(field, "alias", None) or name for name, field in fields.items()}


# settings


def test_the_table_of_settings_is_the_settings() -> None:
    told = {code for row in table(DOCS["docs/settings.md"], "setting") for code in codes(row[0])}
    plain = set(Settings.model_fields) - set(SECTIONS) - {"source", "environment"}
    assert told == {f"{section}.{key}" for section, fields in SECTIONS.items() for key in keys(fields)} | plain


def test_the_defaults_that_are_told_are_the_defaults() -> None:
    rows = [
        *((codes(row[0]), row[2]) for row in table(DOCS["docs/settings.md"], "setting")),
        *((codes(row[0]), row[2]) for row in table(DOCS["docs/sources.md"], "key")),
    ]
    wrong = []
    for names, told in rows:
        section, _, key = names[0].partition(".")
        field = SECTIONS[section][key] if key else Source.model_fields.get(section)
        if field and not field.is_required() and field.default not in (None, ()):
            wrong += [] if told.strip("`").lower() == str(field.get_default()).lower().removesuffix(".0") else [(names, told)]
    assert not wrong


def test_the_keys_of_sources_and_environments_are_told() -> None:
    assert {code for row in table(DOCS["docs/sources.md"], "key") for code in codes(row[0])} == keys(Source.model_fields)
    told = {code for row in table(DOCS["docs/settings.md"], "key of `[[environment]]`") for code in codes(row[0])}
    assert told == keys(Environment.model_fields)


def test_every_setting_that_prose_names_exists() -> None:
    named = re.findall(rf"`({'|'.join(SECTIONS)})\.([a-z_]+)`", EVERYTHING)
    assert named
    assert not [f"{section}.{key}" for section, key in named if key not in SECTIONS[section]]


@pytest.mark.parametrize("name", [name for name in DOCS if blocks(DOCS[name], "toml")])
def test_settings_in_the_docs_are_good_settings(name: str) -> None:
    for block in blocks(DOCS[name], "toml"):
        Settings.model_validate(tomllib.loads(block))


def test_real_sources_fit_ten_lines() -> None:
    block = blocks(DOCS["README.md"], "toml")[0]
    assert block.count("\n") <= 10
    assert {source.kind for source in Settings.model_validate(tomllib.loads(block)).source} == set(registry.KINDS)


def test_the_list_of_people_in_the_docs_is_read(tmp_path: Path) -> None:
    text = DOCS["docs/settings.md"]
    assert [codes(row[0])[0] for row in table(text, "column")] == list(people.COLUMNS)
    (tmp_path / "identities.csv").write_text(blocks(text, "csv")[0], encoding="utf-8")
    assert len(people.read(tmp_path / "identities.csv")) == 3


def test_environment_variables_exist_and_are_told() -> None:
    settings = {f"THROUGHLINE_{section}_{key}".upper() for section, fields in SECTIONS.items() for key in fields}
    others = {code for row in table(DOCS["docs/settings.md"], "variable") for code in codes(row[0])}
    named = set(re.findall(r"\bTHROUGHLINE_[A-Z_]*[A-Z]\b", EVERYTHING)) - {"THROUGHLINE_SOURCE"}
    assert named <= settings | others
    files = [ROOT / name for name in ("Makefile", "Dockerfile", "docker-compose.yml", ".ci/run")]
    text = "".join(path.read_text(encoding="utf-8") for path in [*files, *(ROOT / "app").rglob("*.py")])
    read = set(re.findall(r"\bTHROUGHLINE_[A-Z_]*[A-Z]\b", text)) - {"THROUGHLINE_SOURCE"}
    assert read - settings <= others
    assert others <= read


# sources


@pytest.mark.parametrize("kind", registry.KINDS)
def test_the_streams_of_a_source_are_told_with_their_pace(kind: str) -> None:
    connection = Connection("x", kind, "https://x.bank.example", organization="bank", repositories=("bank/infra",))
    source = registry.connect(connection, lambda: datetime(2026, 11, 1, tzinfo=UTC))
    headings = re.findall(rf"^## {kind} — .+$", DOCS["docs/sources.md"], re.M)
    assert len(headings) == 1
    told = {}
    for row in table(part(DOCS["docs/sources.md"], headings[0]), "stream"):
        number, unit = row[2].split()
        told[codes(row[0])[0]] = timedelta(seconds=int(number) * PACES[unit])
    try:
        assert told == {stream.name: stream.every for stream in source.streams()}
    finally:
        source.close()


def test_the_kinds_of_sources_are_told() -> None:
    assert re.findall(r"^## (\w+) — ", DOCS["docs/sources.md"], re.M) == list(registry.KINDS)


def test_the_states_are_those_of_the_error_tree() -> None:
    def states(error: type[errors.SourceError]) -> set[str]:
        return {error.state}.union(*map(states, error.__subclasses__()))

    failures = set().union(*(states(error) for error in errors.SourceError.__subclasses__() if error.__module__ == "app.errors"))
    assert {row[0] for row in table(DOCS["docs/sources.md"], "state")} == failures | {"read", "never read", "defect"}


# controls


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_a_control_is_told_as_it_is(control: Control) -> None:
    text = part(DOCS["docs/controls.md"], f"## {control.id}: {control.title}")
    rule, verdicts, served = text.strip().split("\n\n")
    assert rule == control.rule
    assert verdicts == "Verdicts: " + ", ".join(said(v) for v in Verdict if v in control.verdicts) + "."
    frameworks: dict[str, list[str]] = {}
    for clause in control.frameworks:
        frameworks.setdefault(clause.framework, []).append(clause.clause)
    assert served == "Clauses: " + " · ".join(f"{name} {', '.join(of)}" for name, of in frameworks.items()) + "."


def said(verdict: Verdict) -> str:
    return str(verdict).replace("_", " ")


def test_every_control_that_is_named_exists() -> None:
    ids = [control.id for control in CONTROLS]
    assert re.findall(r"^## ([A-Z]+-\w+):", DOCS["docs/controls.md"], re.M) == ids
    families = "|".join({id_.split("-")[0] for id_ in ids})
    assert set(re.findall(rf"\b(?:{families})-\d+[a-z]?\b", EVERYTHING)) <= set(ids)
    assert [row[0] for row in table(DOCS["docs/controls.md"], "verdict")] == [said(verdict) for verdict in Verdict]


def test_how_many_controls_there_are_is_nowhere_a_number() -> None:
    """It grows, and the number would be left behind."""
    count = r"(?:\d+|(?:twenty|thirty|forty|fifty)(?:[- ]\w+)?|\w+teen|ten|eleven|twelve)"
    assert not re.findall(rf"\b(?:judged by|with|has|all|of) {count} controls\b", EVERYTHING)


# search


@pytest.mark.parametrize(("name", "fields"), LISTS.items(), ids=LISTS)
def test_the_keys_of_a_list_are_told_as_they_are(name: str, fields: Fields) -> None:
    told = [tuple(row) for row in table(part(DOCS["docs/search.md"], f"## Keys of {name}"), "key")]
    assert told == [(f"`{f.key}`", ", ".join(f.values) or str(f.kind), f.description, f"`{f.example}`") for f in fields.values()]
    for row in told:
        parse(codes(row[3])[0], fields)


def test_the_forms_of_a_query_are_those_of_the_help_page() -> None:
    rows = table(DOCS["docs/search.md"], "write")
    assert [(codes(row[0])[0], row[1]) for row in rows] == [(form.write, form.finds.replace("’", "'")) for form in FORMS]
    for row in rows:
        for query in codes(row[0])[0].split(" · "):
            parse(query, CHANGES)


def test_every_list_is_told() -> None:
    assert re.findall(r"^## Keys of (\w+)$", DOCS["docs/search.md"], re.M) == list(LISTS)


# commands


@pytest.mark.parametrize(("document", "words"), commands("throughline"), ids=lambda x: x if isinstance(x, str) else " ".join(x))
def test_a_command_in_the_docs_is_understood(document: str, words: list[str]) -> None:
    parser().parse_args(words[1:])


@pytest.mark.parametrize(("name", "verb"), VERBS.items(), ids=VERBS)
def test_a_verb_is_told_with_its_example_and_options(name: str, verb: argparse.ArgumentParser) -> None:
    text = part(DOCS["docs/commands.md"], f"## {name}")
    assert blocks(text, "sh")[0].strip() == (verb.epilog or "").removeprefix("example: ")
    options = [action for action in verb._actions if not isinstance(action, argparse._HelpAction)]
    rows = table(text, "option") if options else []
    assert [codes(row[0]) for row in rows] == [list(action.option_strings) or [action.dest] for action in options]
    for row, action in zip(rows, options, strict=True):
        assert codes(row[1])[: len(action.choices or ())] == list(action.choices or ())
        assert not action.help or row[1].startswith(action.help)


def test_every_verb_that_is_named_exists() -> None:
    assert re.findall(r"^## (\w+)$", DOCS["docs/commands.md"], re.M) == list(VERBS)
    prose = re.findall(r"`throughline ([a-z]+)([^`\n]*)`", EVERYTHING)
    assert prose
    for name, rest in prose:
        assert name in VERBS, name
        known = {option for action in VERBS[name]._actions for option in action.option_strings}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, (name, rest)


def test_what_the_program_tells_people_to_run_exists() -> None:
    for path in (ROOT / "app").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"`make ([a-z]+)", text)) <= set(TARGETS), path
        assert set(re.findall(r"`throughline ([a-z]+)", text)) <= set(VERBS), path


def test_the_exit_codes_are_told() -> None:
    rows = table(DOCS["docs/commands.md"], "exit code")
    assert [row[0] for row in rows] == ["0", "1", "2"]
    codes_ = {error.exit_code for error in (errors.ThroughlineError, errors.SettingsError, errors.UsageError, errors.SearchError)}
    assert codes_ == {1, 2}


# make


def test_make_targets_exist_and_have_a_word_of_help() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.M)
    assert phony
    assert set(phony[1].split()) == set(TARGETS)
    named = {word for _, words in commands("make") for word in words[1:] if "=" not in word}
    named |= set(re.findall(r"`make ([a-z]+)", EVERYTHING))
    assert {"demo", "test", "check", "bench"} <= named <= set(TARGETS)


# pages


def test_every_page_and_door_that_is_named_exists() -> None:
    app = create_app(engine_for("postgresql://nobody@127.0.0.1:1/none"), origin="docs", vkey="docs")

    def served(path: str) -> bool:
        scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
        return any(route.matches(scope)[0] is Match.FULL for route in app.routes)

    pages = {codes(row[0])[0] for row in table(DOCS["README.md"], "page")}
    named = set(re.findall(r"`(/(?:[a-z][a-z0-9/]*)?(?:\.csv|\.json)?)`", DOCS["README.md"])) - {"/ledger/tile/"}
    assert {*pages, "/healthz", "/readyz", "/metrics", "/changes.csv", "/events.csv", "/api/v1/openapi.json"} <= named
    assert not {path for path in named if not served(path)}
    assert not served("/nowhere")
    assert pages == set(selects())


def selects() -> dict[str, int]:
    """Every page, and how many SELECTs its test allows it."""
    tree = ast.parse((ROOT / "tests/web/test_pages.py").read_text(encoding="utf-8"))
    named = {target.id: node.value for node in tree.body if isinstance(node, ast.Assign) for target in node.targets}
    return dict(ast.literal_eval(named["SELECTS"]))


# architecture, glossary, decisions


def test_the_rooms_are_told() -> None:
    rooms = {path.stem for path in (ROOT / "app").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    rows = table(DOCS["docs/architecture.md"], "room")
    assert {code for row in rows for code in codes(row[0])} == rooms - {"__init__"}
    for row in rows:
        for folder in (code for code in codes(row[1]) if code.endswith("/")):
            assert any((ROOT / "app" / room / folder).is_dir() for room in codes(row[0])), folder


def test_files_that_prose_names_exist() -> None:
    for name, text in DOCS.items():
        for path in re.findall(r"`((?:app|tests|docs|migrations|static|templates|bench|bin)/[\w./-]*)`", text):
            assert (ROOT / path).exists(), f"{name}: {path}"


def test_the_selects_of_a_page_are_those_the_tests_allow() -> None:
    told = {codes(row[0])[0]: int(row[1]) for row in table(part(DOCS["docs/architecture.md"], "## What a request costs"), "page")}
    assert {page: most for page, most in told.items() if "{" not in page} == selects()


def test_the_steps_of_the_glossary_are_the_steps() -> None:
    assert codes(part(DOCS["docs/glossary.md"], "## Steps"))[0].split() == [str(step) for step in Step]


@pytest.mark.parametrize("name", [name for name in DOCS if name.startswith("docs/adr/")])
def test_a_decision_is_complete(name: str) -> None:
    text = DOCS[name]
    number = int(Path(name).name[:4])
    assert re.match(rf"# {number}\. \S.*\n\nDate: \d{{4}}-\d\d-\d\d · \w+\n", text)
    headings = re.findall(r"^## (.+)$", text, re.M)
    assert [h for h in headings if h in ("Context", "Decision", "Consequences")] == ["Context", "Decision", "Consequences"]
    title = re.match(r"# \d+\. (.+)", text)
    assert title
    assert [f"[{number}](adr/{Path(name).name})", title[1]] in table(DOCS["docs/architecture.md"], "decision")


def test_decisions_are_numbered_without_a_hole() -> None:
    numbers = [int(Path(name).name[:4]) for name in DOCS if name.startswith("docs/adr/")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_changelog_begins_with_what_is_not_released() -> None:
    assert re.findall(r"^## (.+)$", DOCS["CHANGELOG.md"], re.M)[0] == "Unreleased"


# links and words


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", DOCS)
def test_links_and_images_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", DOCS[name]):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        found = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        assert found.exists(), target
        assert not anchor or anchor in anchors(found.read_text(encoding="utf-8")), target


def test_every_file_of_the_docs_can_be_found_from_the_readme() -> None:
    seen, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        path = ahead.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        if path.suffix == ".md":
            targets = re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
            ahead += [(path.parent / target).resolve() for target in targets if not target.startswith("http")]
    assert {path for path in (ROOT / "docs").rglob("*") if path.is_file()} <= seen


def test_the_screenshot_is_small_and_real() -> None:
    image = (ROOT / "docs/timeline.png").read_bytes()
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(image[16:20], "big") == 1440
    assert len(image) <= 400 * 1024


@pytest.mark.parametrize("name", DOCS)
def test_no_doc_names_a_place_on_one_machine(name: str) -> None:
    assert not AWAY.findall(DOCS[name])
    assert str(ROOT) not in DOCS[name] or len(ROOT.parts) < 3
