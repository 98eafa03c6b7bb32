"""Settings: a TOML file and the environment, read once by the edges (main, cli, migrations) and handed on as values.

`throughline.toml` in the working directory, or the file that THROUGHLINE_CONFIG names. `THROUGHLINE_<SECTION>_<NAME>`
overrides one value; `THROUGHLINE_SOURCE_<SOURCE NAME>_<KEY>` one key of a source. Secrets are never in the file.
"""

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.errors import SettingsError

Kind = Literal["tfe", "argocd", "github", "gitlab"]
Text = Annotated[str, Field(min_length=1, max_length=2000)]


# of a source, from the settings' own directory
FILES = ("token_file", "webhook_secret_file", "audit_token_file", "metrics_token_file", "ca_file")


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Database(Section):
    """Without `url`, the embedded Postgres keeps its data under `directory`."""

    url: str | None = None
    directory: Path = Path("var")

    @field_validator("url")
    @classmethod
    def _postgres(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme.split("+")[0] not in ("postgresql", "postgres"):
            raise ValueError("a postgresql:// url is expected")
        return value


class Web(Section):
    public_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    user_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")] | None = None
    local_user: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @field_validator("public_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return _http_url(value)

    @field_validator("local_user")
    @classmethod
    def _visible(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise ValueError("a name that can be shown is expected")
        return value


class Ledger(Section):
    """`origin` names this log in every checkpoint; `key_file` holds its Ed25519 key, made on first use."""

    origin: Text = "throughline.local/ledger"
    key_file: Path = Path("var/ledger.key")
    seal_every: int = Field(default=300, ge=1, description="seconds between checkpoints while the ledger grows")

    @field_validator("origin")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not re.fullmatch(r"[\x21-\x2a\x2c-\x7e]+", value):
            raise ValueError("an origin without spaces, '+' or line breaks is expected, such as bank.example/throughline")
        return value


class Log(Section):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Source(Section):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    kind: Kind
    url: str
    organization: Text | None = None
    repositories: tuple[Annotated[str, Field(pattern=r"^[^/\s]+(/[^/\s]+)+$")], ...] = ()
    projects: tuple[Text, ...] = ()
    token_env: Text | None = None
    token_file: Path | None = None
    webhook_secret_env: Text | None = None
    webhook_secret_file: Path | None = None
    ca_file: Path | None = None
    timeout: float = Field(default=30.0, gt=0, le=600)
    requests_per_second: float = Field(default=20.0, gt=0, le=1000)
    max_answer_mb: int = Field(default=64, ge=1, le=1024)
    poll_every: float | None = Field(default=None, gt=0, description="seconds; overrides the streams' own pace")
    stream: bool = True
    metrics_url: tuple[Text, ...] = ()
    metrics_token_env: Text | None = None
    metrics_token_file: Path | None = None
    plan_json: bool = True
    apply_log: bool = False
    policy_log: bool = False
    state_metadata: bool = False
    in_cluster: Annotated[str, Field(pattern=r"^[^/\s]{1,200}$")] | None = None
    reconciliation_timeout: float = Field(default=180.0, ge=0, le=604_800)
    audit_token_env: Text | None = None
    audit_token_file: Path | None = None
    backfill_from: int | None = Field(default=None, ge=2014, le=2200)
    backfill_share: float = Field(default=0.5, ge=0.05, le=0.95)

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        return _http_url(value)

    @field_validator("metrics_url")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_http_url(one) for one in value)


class Environment(Section):
    """The first that matches names the environment; patterns are shell-style."""

    name: Text
    cls: Text = Field(alias="class")
    workspaces: tuple[Text, ...] = ()
    destinations: tuple[Text, ...] = ()
    projects: tuple[Text, ...] = ()


class Identities(Section):
    file: Path | None = None
    same_username: bool = False


class Settings(Section):
    database: Database = Database()
    web: Web = Web()
    ledger: Ledger = Ledger()
    log: Log = Log()
    identities: Identities = Identities()
    source: tuple[Source, ...] = ()
    environment: tuple[Environment, ...] = ()
    maintenance_windows: dict[str, tuple[Text, ...]] = {}
    drift_limits: dict[str, Any] = {}  # a length, or a table of them by layer: app/domain/limits.py


def load(environ: Mapping[str, str] | None = None, directory: Path | None = None) -> Settings:
    """The settings. Raises SettingsError, one line for each thing that is wrong."""
    environ = os.environ if environ is None else environ
    directory = directory or Path.cwd()
    named = environ.get("THROUGHLINE_CONFIG")
    path = Path(named) if named else directory / "throughline.toml"
    raw = _read(path, must_exist=bool(named))
    problems = _override(raw, environ)
    settings = _parsed(raw, path, problems)
    settings = _anchored(settings, path.parent if path.exists() else directory)
    problems = _conflicts(settings)
    if problems:
        raise SettingsError.of(problems)
    return settings


def token_of(source: Source, environ: Mapping[str, str] | None = None) -> str:
    """The source's token; nothing where none is named. Raises SettingsError when it cannot be read, or is empty."""
    return _secret(source, "token", source.token_env, source.token_file, environ)


def audit_token_of(source: Source, environ: Mapping[str, str] | None = None) -> str:
    """What the source's audit trail is read with; nothing where none is named. Raises SettingsError as `token_of`."""
    return _secret(source, "audit_token", source.audit_token_env, source.audit_token_file, environ)


def metrics_token_of(source: Source, environ: Mapping[str, str] | None = None) -> str:
    """What the source's metrics are read with; nothing where none is named. Raises SettingsError as `token_of`."""
    return _secret(source, "metrics_token", source.metrics_token_env, source.metrics_token_file, environ)


def webhook_secret_of(source: Source, environ: Mapping[str, str] | None = None) -> str:
    """What the source's webhooks are verified with; nothing where none is named. Raises SettingsError as `token_of`."""
    return _secret(source, "webhook_secret", source.webhook_secret_env, source.webhook_secret_file, environ)


def _secret(source: Source, what: str, variable: str | None, path: Path | None, environ: Mapping[str, str] | None) -> str:
    environ = os.environ if environ is None else environ
    if variable:
        value = environ.get(variable, "").strip()
        if not value:
            raise SettingsError(
                f"source {source.name!r}: the environment variable {variable} is not set",
                f"it to hold the {what.replace('_', ' ')}",
                f"export {variable}=… or use {what}_file",
            )
        return _sendable(source, f"the environment variable {variable}", value)
    if path:
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"source {source.name!r}: {what}_file {path} cannot be read ({type(error).__name__})",
                f"a readable file that holds the {what.replace('_', ' ')}",
                "check the path and its permissions",
            ) from error
        if not value:
            raise SettingsError(f"source {source.name!r}: {what}_file {path} is empty", f"the {what.replace('_', ' ')} in it")
        return _sendable(source, f"{what}_file {path}", value)
    return ""


def _sendable(source: Source, where: str, token: str) -> str:
    """A token goes into a header: one word of printable ASCII. What it is, is not shown."""
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise SettingsError(f"source {source.name!r}: {where} holds more than a token", "one word of printable ASCII")
    return token


def _read(path: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        if must_exist:
            raise SettingsError(f"{path} does not exist", "the file that THROUGHLINE_CONFIG names") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({error})", "a readable TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}", do="mend that line") from error


def _override(raw: dict[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Put THROUGHLINE_<SECTION>_<NAME> over the file's values; a name of a known section that does not exist is a problem."""
    problems = []
    for variable, value in sorted(environ.items()):
        section, _, name = variable.removeprefix("THROUGHLINE_").lower().partition("_")
        if not variable.startswith("THROUGHLINE_") or not name:
            continue
        if section == "source":
            problems += _override_source(raw, variable, name, value)
        elif section in ("database", "web", "ledger", "log", "identities"):
            known = Settings.model_fields[section].annotation.model_fields  # type: ignore[union-attr]
            if name not in known:
                problems.append(f"{variable} names no setting of [{section}]; {_nearest(name, known)}")
            else:
                raw.setdefault(section, {})[name] = value
    return problems


def _override_source(raw: dict[str, Any], variable: str, rest: str, value: str) -> list[str]:
    for source in raw.get("source", []) if isinstance(raw.get("source"), list) else []:
        prefix = re.sub(r"[^a-z0-9]", "_", str(source.get("name", "")).lower()) + "_"
        if rest.startswith(prefix) and rest.removeprefix(prefix) in Source.model_fields:
            key = rest.removeprefix(prefix)
            source[key] = value.split(",") if key in ("repositories", "projects", "metrics_url") else value
            return []
    return [f"{variable} names no configured source and key; expected THROUGHLINE_SOURCE_<NAME>_<KEY>"]


def _parsed(raw: dict[str, Any], path: Path, problems: list[str]) -> Settings:
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        raise SettingsError.of(problems + [_told(e, raw, path) for e in error.errors()]) from None
    if problems:
        raise SettingsError.of(problems)
    return settings


def _told(error: Any, raw: dict[str, Any], path: Path) -> str:
    place, found = [], raw
    for part in error["loc"]:
        place.append(f"{part + 1}" if isinstance(part, int) else str(part))
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            found = {}
    where = f"{path.name}: {'.'.join(place)}"
    if error["type"] == "extra_forbidden":
        return f"{where} is not a setting; {_nearest(str(error['loc'][-1]), _known_at(error['loc'][:-1]))}"
    if error["type"] == "missing":
        return f"{where} is missing; expected a value for it"
    if error["type"] == "literal_error":
        return f"{where} is {error['input']!r}; expected {error['ctx']['expected']}"
    shown = "a value" if isinstance(error["input"], (dict, list)) else repr(str(error["input"])[:60])
    if place[-1] == "url" and "@" in shown:
        shown = "a value"
    return f"{where} is {shown}; {error['msg'].removeprefix('Value error, ')}"


def _known_at(loc: tuple[Any, ...]) -> Mapping[str, Any]:
    models: dict[str, type[BaseModel]] = {"source": Source, "environment": Environment}
    if not loc:
        return Settings.model_fields
    first = str(loc[0])
    model = models.get(first) or getattr(Settings.model_fields.get(first), "annotation", None)
    return getattr(model, "model_fields", {})


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"expected one of {', '.join(sorted(known))}"


def _anchored(settings: Settings, directory: Path) -> Settings:
    """Relative paths count from the settings file."""

    def at(path: Path | None) -> Path | None:
        return path if path is None or path.is_absolute() else (directory / path).resolve()

    return settings.model_copy(
        update={
            "database": settings.database.model_copy(update={"directory": at(settings.database.directory)}),
            "ledger": settings.ledger.model_copy(update={"key_file": at(settings.ledger.key_file)}),
            "identities": settings.identities.model_copy(update={"file": at(settings.identities.file)}),
            "source": tuple(s.model_copy(update={name: at(getattr(s, name)) for name in FILES}) for s in settings.source),
        }
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def local_user_problem(web: Web, host: str) -> str | None:
    """Why the portal on `host` may not take everybody for `[web] local_user`; None when it may, or does not."""
    if web.local_user is None:
        return None
    if web.user_header:
        return "[web] has local_user and user_header; expected one of them"
    if not is_loopback(host):
        return f"[web] local_user names everybody who reaches {host}; expected a loopback host, such as 127.0.0.1"
    if not is_loopback(urlsplit(web.public_url).hostname or ""):
        return f"[web] local_user names everybody who comes by {web.public_url}; expected user_header behind a proxy"
    return None


def _conflicts(settings: Settings) -> list[str]:
    problems, seen = [], set()
    if problem := local_user_problem(settings.web, settings.web.host):
        problems.append(problem)
    for source in settings.source:
        where = f"source {source.name!r}"
        if source.name.lower() in ("email", "portal"):
            problems.append(f"no source can be called {source.name!r}, which means something else here; expected another name")
        if source.name.lower() in seen:
            problems.append(f"two sources are called {source.name!r}; expected a name of its own for each")
        seen.add(source.name.lower())
        if source.token_env and source.token_file:
            problems.append(f"{where} has token_env and token_file; expected one of them")
        if source.metrics_token_env and source.metrics_token_file:
            problems.append(f"{where} has metrics_token_env and metrics_token_file; expected one of them")
        if source.audit_token_env and source.audit_token_file:
            problems.append(f"{where} has audit_token_env and audit_token_file; expected one of them")
        if source.webhook_secret_env and source.webhook_secret_file:
            problems.append(f"{where} has webhook_secret_env and webhook_secret_file; expected one of them")
        if source.kind == "tfe" and not source.organization:
            problems.append(f"{where} has no organization; expected the Terraform organization's name")
        if source.kind in ("github", "gitlab") and not source.repositories:
            problems.append(f'{where} has no repositories; expected a list such as ["bank/infra"]')
        if source.kind == "github" and (deep := [name for name in source.repositories if name.count("/") > 1]):
            problems.append(f"{where}: {deep[0]!r} in repositories is no owner/name; only GitLab's groups are nested")
        if source.ca_file and not source.ca_file.is_file():
            problems.append(f"{where}: ca_file {source.ca_file} does not exist; expected a PEM file")
    return problems


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address such as https://tfe.bank.example is expected")
    if parts.username or parts.password:
        raise ValueError("an address without a user or password in it is expected; name the secret by token_env or token_file")
    return value.rstrip("/")
