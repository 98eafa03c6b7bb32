"""A small bank for stories: its three servers over real HTTP behind gates, its settings in a file, and the command line.

`servers` listen for a whole module; `bank` gives a test new states behind them and a database of its own.
"""

import asyncio
import io
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from app import cli
from app.db.session import APP_ROLE, engine_for
from app.demo.fakes.argocd import argocd_app
from app.demo.fakes.argocd_state import ArgocdState
from app.demo.fakes.github import github_app
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.tfe import tfe_app
from app.demo.fakes.tfe_state import PolicyState, TfeState
from app.main import create_app
from sqlalchemy import Engine, text

from tests.sources.harness import served
from tests.stories.gate import Gate

KINDS = ("tfe", "argocd", "github")
TOKENS = {"tfe": "tfe-T0ken-never-shown-7f3a", "argocd": "argo-T0ken-never-shown-91bc", "github": "hub-T0ken-never-shown-c44d"}
SOURCES = {"tfe": "tfe-prod", "argocd": "argocd-prod", "github": "github"}
REPO = "bank/infra"
GIT = "https://github.bank.example"


@dataclass(frozen=True)
class Ran:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return (self.out + self.err).splitlines()

    def row(self, *first: str) -> list[str]:
        """The cells of the table's row that begins so."""
        for line in self.out.splitlines():
            cells = [cell for cell in line.split("  ") if cell]
            if tuple(cell.strip() for cell in cells[: len(first)]) == first:
                return [cell.strip() for cell in cells]
        raise AssertionError(f"no row {first} in:\n{self.out}{self.err}")


@dataclass
class Texts:
    """What people wrote, in every field where they can."""

    title: str = "Open the payments subnet"
    author: str = "Ada Ng"
    branch: str = "ada/subnet"
    commit: str = "Open the payments subnet"
    label: str = "network"
    review: str = "Looks right"
    workspace: str = "payments-production"
    message: str = "Open the payments subnet"
    comment: str = "Agreed with the network team"
    policy: str = "No port is open to the whole internet"
    application: str = "payments-api"
    project: str = "payments-production"
    operation: str = "successfully synced (all tasks run)"
    user: str = "alice"

    @classmethod
    def all(cls, text: str) -> "Texts":
        return cls(**dict.fromkeys(cls.__dataclass_fields__, text))


@dataclass
class Bank:
    """`told` says what happened there; until then the servers are empty."""

    folder: Path
    database: str
    urls: dict[str, str]
    gates: dict[str, Gate]
    tfe: TfeState
    argocd: ArgocdState
    github: GithubState
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    kinds: tuple[str, ...] = KINDS
    more: str = ""
    ran: Ran = Ran(-1, "", "")  # what the last poll said

    @property
    def engine(self) -> Engine:
        return engine_for(self.database, role=APP_ROLE)

    # -- settings

    def write(self) -> Path:
        """The settings file. `settings` holds further keys of a source, over the usual ones."""
        lines = [f'[database]\nurl = "{self.database}"\n[ledger]\nkey_file = "{self.folder / "ledger.key"}"\n', self.more]
        for kind in self.kinds:
            token = self.folder / f"{kind}.token"
            token.write_text(TOKENS[kind])
            keys: dict[str, Any] = {
                "name": SOURCES[kind],
                "kind": kind,
                "url": self.urls[kind],
                "token_file": str(token),
                "requests_per_second": 1000,
                "timeout": 5,
                **({"organization": self.tfe.organization} if kind == "tfe" else {}),
                **({"repositories": [REPO]} if kind == "github" else {}),
                **self.settings.get(kind, {}),
            }
            lines += ["[[source]]", *(f"{name} = {json.dumps(value)}" for name, value in keys.items())]
        path = self.folder / "throughline.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    # -- the command

    def run(self, *argv: str, settings: Path | None = None) -> Ran:
        """`throughline …` in this process, with its streams caught."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with _caught(out, err, settings or self.write()):
            code = cli.main(argv)
        return Ran(code, _said(out), _said(err))

    def poll(self) -> Ran:
        return self.run("poll")

    # -- pages

    def page(self, path: str) -> httpx.Response:
        """A page of the portal on this database."""
        return self.pages([path])[0]

    def pages(self, paths: Sequence[str]) -> list[httpx.Response]:
        engine = self.engine
        app = create_app(engine, origin="throughline.local/ledger", vkey="key")

        async def ask() -> list[httpx.Response]:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal") as client:
                return [await client.get(path) for path in paths]

        try:
            return asyncio.run(ask())
        finally:
            engine.dispose()

    # -- the database

    def rows(self, sql: str, **values: Any) -> list[Any]:
        engine = engine_for(self.database)
        try:
            with engine.connect() as connection:
                return list(connection.execute(text(sql), values))
        finally:
            engine.dispose()

    def one(self, sql: str, **values: Any) -> Any:
        return self.rows(sql, **values)[0][0]

    def states(self) -> dict[str, str]:
        return {f"{row.source}/{row.stream}": row.state for row in self.rows("SELECT source, stream, state FROM streams")}

    @contextmanager
    def rewound(self) -> Iterator[None]:
        """What the streams remember is forgotten, so that the next pass meets everything as if for the first time."""
        engine = engine_for(self.database)
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM stream_memory"))
            connection.execute(text("UPDATE streams SET reconciled_at = NULL"))
        engine.dispose()
        yield

    def dump(self) -> bytes:
        """Every value of every table that could hold text, payloads unpacked, one after the other."""
        out: list[bytes] = []
        columns = self.rows(
            "SELECT table_name AS t, column_name AS c, data_type AS kind FROM information_schema.columns "
            "WHERE table_schema = 'public' AND data_type IN ('text', 'bytea', 'jsonb', 'json', 'ARRAY', 'character varying')"
        )
        assert len(columns) > 40
        engine = engine_for(self.database)
        with engine.connect() as connection:
            for t, c, kind in columns:
                cast = f'"{c}"' if kind == "bytea" else f'"{c}"::text'
                query = f'SELECT {cast} FROM "{t}" WHERE "{c}" IS NOT NULL'
                for (value,) in connection.execute(text(query)):
                    data = bytes(value) if kind == "bytea" else value.encode()
                    out.append(zstandard.ZstdDecompressor().decompress(data) if (t, c) == ("bodies", "body") else data)
        engine.dispose()
        return b"\n".join(out)

    # -- what happened

    def tell(self, words: Texts | None = None, *, ago: timedelta = timedelta(hours=3)) -> None:
        """A merged pull request, an applied run, a synced application, an hour apart at most; people wrote `words`."""
        said = words or Texts()
        at = datetime.now(UTC) - ago
        commits = [(None, "ada", said.commit, ["network/main.tf"])]
        self.github.add_user("ada", said.author)
        number = self.github.add_pull_request(REPO, said.title, "ada", at, said.branch, [said.label], commits, said.title)
        self.github.review(REPO, number, "bob", "APPROVED", at + timedelta(minutes=5), said.review)
        sha = self.github.merge(REPO, number, "bob", at + timedelta(minutes=9), "squash")
        place = self.tfe.add_workspace(said.workspace, REPO, "network", created_at=at)
        run = self.tfe.add_run(place, said.message, at + timedelta(minutes=10), "ada", sha, sender="ada", branch=said.branch)
        run.plan(at + timedelta(minutes=11), 1, 2)
        run.policy(at + timedelta(minutes=12), [PolicyState("bank", "ports", True, "hard-mandatory", said.policy)])
        run.comment(at + timedelta(minutes=13), self.tfe.user("bob"), said.comment)
        run.confirm(at + timedelta(minutes=14), self.tfe.user("bob"), said.comment)
        run.apply(at + timedelta(minutes=20))
        app = self.argocd.add_application(
            said.application,
            project=said.project,
            repository=f"{GIT}/{REPO}.git",
            path="apps/payments",
            at=at,
            revision=sha,
            by=said.user,
        )
        self.argocd.commit(sha, at=at, author=said.author, message=said.commit)
        self.argocd.sync(app, datetime.now(UTC) - timedelta(minutes=30), said.user, message=said.operation)


def _said(stream: io.TextIOWrapper) -> str:
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode()


@contextmanager
def _caught(out: io.TextIOWrapper, err: io.TextIOWrapper, settings: Path) -> Iterator[None]:
    """Standard streams, the settings' name in the environment and the root logger, all as they were afterwards."""
    streams, root = (sys.stdout, sys.stderr), logging.getLogger()
    handlers, level, named = root.handlers[:], root.level, os.environ.get("THROUGHLINE_CONFIG")
    sys.stdout, sys.stderr = out, err
    os.environ["THROUGHLINE_CONFIG"] = str(settings)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
        root.handlers[:], root.level = handlers, level
        os.environ.pop("THROUGHLINE_CONFIG")
        if named is not None:
            os.environ["THROUGHLINE_CONFIG"] = named


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, tuple[Gate, str]]]:
    """A listening gate for each kind of source, for the whole module."""
    with ExitStack() as stack:
        gates = {kind: Gate() for kind in KINDS}
        yield {kind: (gate, stack.enter_context(served(gate, dated=False))) for kind, gate in gates.items()}


@pytest.fixture
def bank(servers: dict[str, tuple[Gate, str]], database: str, tmp_path: Path) -> Bank:
    """New states behind the gates, and an empty database."""
    return founded(servers, database, tmp_path)


def founded(servers: dict[str, tuple[Gate, str]], database: str, folder: Path) -> Bank:
    long_ago = datetime.now(UTC) - timedelta(days=3)
    tfe, argocd = TfeState(token=TOKENS["tfe"], created_at=long_ago), ArgocdState(token=TOKENS["argocd"])
    tfe.lists_per_minute = 10_000
    github = GithubState(token=TOKENS["github"])
    github.add_repository(REPO, long_ago)
    gates = {kind: gate for kind, (gate, _) in servers.items()}
    apps: dict[str, Any] = {"tfe": tfe_app(tfe), "argocd": argocd_app(argocd), "github": github_app(github)}
    for kind, gate in gates.items():
        gate.__init__(apps[kind])  # type: ignore[misc] -- as new
    return Bank(folder, database, {kind: url for kind, (_, url) in servers.items()}, gates, tfe, argocd, github)
