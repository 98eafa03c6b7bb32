"""Structured logs: one JSON object a line on standard error, secrets redacted before they are formatted."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

_SECRETS: set[str] = set()
_SHAPES = re.compile(
    r"(?i)(\bbearer\s+)[\w.~+/=-]{8,}"
    r"|(\b(?:token|password|secret|authorization|api[_-]?key)\b[\"']?\s*[=:]\s*[\"']?)(?!bearer\b)[^\s\"',;&]{4,}"
    r"|\b(?:gh[opsur]_|github_pat|gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent)-|xox[abeprs]-|hv[bsr]\.|\w{14}\.atlasv1\.|eyJ)[\w.-]{16,}"
    r"|\bA[KS]IA[A-Z0-9]{16}\b|(://[^:/\s@]+:)[^@\s/]+@"
)


def redact(text: str) -> str:
    """`text` without any secret that was registered, nor anything that looks like one."""
    for secret in _SECRETS:
        text = text.replace(secret, "[redacted]")
    return _SHAPES.sub(lambda m: (m.group(1) or m.group(2) or m.group(3) or "") + "[redacted]" + ("@" if m.group(3) else ""), text)


def keep_secret(value: str) -> None:
    """Register a secret, so that it never appears in a log line however it got there."""
    if len(value) >= 4:
        _SECRETS.add(value)


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return redact(json.dumps(line, ensure_ascii=False, default=str))


def start(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every logger of the process through the JSON formatter."""
    sink = logging.StreamHandler(stream or sys.stderr)
    sink.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [sink]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "pyrate_limiter", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for told_elsewhere in ("stamina", "apscheduler"):  # each try of a request, each beat that a busy job lets pass
        logging.getLogger(told_elsewhere).setLevel(logging.ERROR)


def get(name: str) -> logging.Logger:
    return logging.getLogger(name)


def fields(**values: Any) -> dict[str, Any]:
    """`logger.info("saved", extra=fields(source="tfe-prod", new=3))`."""
    return {"fields": values}
