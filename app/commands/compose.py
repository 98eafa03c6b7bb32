"""From settings to the things that run: the database, the sources, the rules, the key."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from app import clock, log
from app.canonical import random_id, sha256
from app.changes.project import Rules
from app.commands.people import identities_of
from app.config import Settings, Source, audit_token_of, metrics_token_of, token_of, webhook_secret_of
from app.db import embedded, migrate
from app.db.session import APP_ROLE, engine_for, transaction
from app.domain.change import UNCLASSIFIED, EnvironmentRule
from app.domain.hook import Heard
from app.domain.limits import DriftLimit, drift_limit
from app.domain.windows import Window, window
from app.errors import SettingsError
from app.ledger import store as ledger
from app.ledger.checkpoint import Key, encode_vkey, load_or_create_key
from app.sources import contract, registry
from app.web.deciding import Deciding
from app.web.portal import Hook
from app.worker.jobs import Work


@contextmanager
def database(settings: Settings, *, migrated: bool = True, durable: bool = True) -> Iterator[Engine]:
    """An engine in the application's role. The embedded Postgres is started, and brought to our schema, where no url is set."""
    if settings.database.url:
        with _engine(settings.database.url, migrated) as engine:
            yield engine
        return
    with embedded.start(settings.database.directory / "postgres", durable=durable) as server:
        owner = engine_for(server.url)
        migrate.upgrade(owner)
        owner.dispose()
        with _engine(server.url, migrated) as engine:
            yield engine


@contextmanager
def _engine(url: str, migrated: bool) -> Iterator[Engine]:
    engine = engine_for(url, role=APP_ROLE if migrated else None)
    try:
        if migrated:
            migrate.check(engine)
        yield engine
    finally:
        engine.dispose()


def connection_of(source: Source) -> contract.Connection:
    """The configured source with its secret read; the secret is also kept out of every log line."""
    token = token_of(source)
    audit_token = audit_token_of(source)
    metrics_token = metrics_token_of(source)
    for secret in filter(None, (token, audit_token, metrics_token)):
        log.keep_secret(secret)
    return replace(_connection(source, token), audit_token=audit_token, metrics_token=metrics_token)


def _connection(source: Source, token: str) -> contract.Connection:
    return contract.Connection(
        name=source.name,
        kind=source.kind,
        url=source.url,
        token=token,
        organization=source.organization,
        repositories=source.repositories,
        projects=source.projects,
        ca_file=str(source.ca_file) if source.ca_file else None,
        timeout=source.timeout,
        max_bytes=source.max_answer_mb * 1024 * 1024,
        per_second=source.requests_per_second,
        poll_every=source.poll_every,
        stream=source.stream,
        metrics_urls=source.metrics_url,
        plan_json=source.plan_json,
        apply_log=source.apply_log,
        policy_log=source.policy_log,
        state_metadata=source.state_metadata,
        reconciliation=source.reconciliation_timeout,
        in_cluster=source.in_cluster,
        backfill_from=source.backfill_from,
        backfill_share=source.backfill_share,
    )


def hooks_of(settings: Settings) -> dict[str, Hook]:
    """By the source's name, what verifies its webhooks, for each that names a secret. Raises SettingsError, a line for each."""
    found: dict[str, Hook] = {}
    problems: list[str] = []
    for source in settings.source:
        try:
            secret = webhook_secret_of(source)
        except SettingsError as error:
            problems += error.lines
            continue
        if secret:
            log.keep_secret(secret)
            found[source.name] = hook(_connection(source, ""), secret)
    if problems:
        raise SettingsError.of(problems)
    return found


def hook(connection: contract.Connection, secret: str) -> Hook:
    """What verifies the webhooks that this source sends."""
    verify = registry.HOOKS[connection.kind]

    def heard(headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
        return verify(connection, secret, headers, body, now)

    return heard


@contextmanager
def sources(settings: Settings, only: str | None = None) -> Iterator[list[contract.Source]]:
    """Every configured source (or the one called `only`), closed at the end. Raises SettingsError, a line for each that fails."""
    built: list[contract.Source] = []
    problems: list[str] = []
    try:
        for one in settings.source:
            if only in (None, one.name):
                try:
                    built.append(registry.connect(connection_of(one), clock.now))
                except SettingsError as error:
                    problems += error.lines
        if problems:
            raise SettingsError.of(problems)
        yield built
    finally:
        for source in built:
            source.close()


def rules_of(settings: Settings) -> Rules:
    """What turns events into changes, as this bank configured it. Raises SettingsError."""
    windows = windows_of(settings)
    return Rules(
        environments=tuple(
            EnvironmentRule(
                *(e.name, e.cls),
                workspaces=e.workspaces,
                destinations=e.destinations,
                projects=e.projects,
                windows=windows.get(e.name, ()),
            )
            for e in settings.environment
        ),
        identities=identities_of(settings),
        limits=limits_of(settings),
    )


def deciding_of(settings: Settings) -> Deciding:
    """Who may decide on the page People, and what the list says already."""
    return Deciding(
        identities=identities_of(settings),
        user_header=settings.web.user_header or "",
        local_user=settings.web.local_user or "",
        public_url=settings.web.public_url,
        key=sha256(b"forms of the portal\x00" + key_of(settings).private.private_bytes_raw()),
    )


def windows_of(settings: Settings) -> dict[str, tuple[Window, ...]]:
    """The maintenance windows by environment. Raises SettingsError, a line for each that is none, or is of no environment."""
    names = list(dict.fromkeys(e.name for e in settings.environment))
    found: dict[str, tuple[Window, ...]] = {}
    problems: list[str] = []
    for name, texts in settings.maintenance_windows.items():
        where = f"maintenance_windows.{name}"
        if name not in names:
            problems.append(
                f"{where} is of no environment; expected one of {', '.join(names) or 'those that [[environment]] names'}"
            )
        for text in texts:
            try:
                found[name] = (*found.get(name, ()), window(text))
            except ValueError as error:
                problems.append(f"{where}: {error}")
    if problems:
        raise SettingsError.of(problems)
    return found


def limits_of(settings: Settings) -> tuple[DriftLimit, ...]:
    """How long drift may stand, by environment or class. Raises SettingsError, a line for each limit that is none."""
    names = list(
        dict.fromkeys([*(e.name for e in settings.environment), *(e.cls for e in settings.environment), UNCLASSIFIED.name])
    )
    found: list[DriftLimit] = []
    problems: list[str] = []
    for name, value in settings.drift_limits.items():
        if name not in names:
            problems.append(f"drift_limits.{name} is of no environment and no class; expected one of {', '.join(names)}")
        try:
            found.append(drift_limit(name, value))
        except ValueError as error:
            problems.append(f"drift_limits.{name}: {error}")
    if problems:
        raise SettingsError.of(problems)
    return tuple(found)


def key_of(settings: Settings) -> Key:
    path: Path = settings.ledger.key_file
    path.parent.mkdir(parents=True, exist_ok=True)
    return load_or_create_key(path)


def vkey_of(settings: Settings) -> str:
    """The log's public key, as the checkpoints' readers need it."""
    return encode_vkey(settings.ledger.origin, key_of(settings).public)


def seal(settings: Settings, engine: Engine) -> None:
    """A checkpoint over the ledger as it stands, if it has grown."""
    with transaction(engine) as connection:
        ledger.seal(connection, key_of(settings), settings.ledger.origin, clock.now())


def work_of(settings: Settings, engine: Engine, built: Sequence[contract.Source]) -> Work:
    return Work(
        engine=engine,
        sources=built,
        rules=rules_of(settings),
        key=key_of(settings),
        origin=settings.ledger.origin,
        seal_every=timedelta(seconds=settings.ledger.seal_every),
        clock=clock.now,
        owner=random_id(),
    )
