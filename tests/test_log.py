"""Logs are JSON lines, and no secret gets into one."""

import io
import json
import logging

import pytest
from app import log


@pytest.fixture
def lines() -> io.StringIO:
    sink = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    log.start("INFO", sink)
    yield sink  # type: ignore[misc]
    logging.getLogger().handlers[:], logging.getLogger().level = before


def test_a_line_is_one_json_object(lines: io.StringIO) -> None:
    log.get("app.ingest").info("saved\n%s", "two lines", extra=log.fields(source="tfe-prod", new=3))
    line = json.loads(lines.getvalue())
    assert line["message"] == "saved\ntwo lines"
    assert (line["source"], line["new"], line["level"]) == ("tfe-prod", 3, "info")
    assert lines.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefghijkl.mnop",
        "token=hunter2hunter2",
        'password: "hunter2hunter2"',
        "postgresql://u:hunter2hunter2@db/x",
        "got ghp_hunter2hunter2hunter2",
        "eyJhbGciOiJIUzI1NiJ9.hunter2",
        "ghu_hunter2hunter2hunter2",
        "glrt-hunter2hunter2hunter2",
        "xoxb-hunter2hunter2hunter2",
        "AbCdEfGhIjKlMn.atlasv1.hunter2hunter2hunter2",
        "AKIAIOSFODNN7EXAMPLE",
    ],
)
def test_what_looks_like_a_secret_is_redacted(text: str) -> None:
    told = log.redact(text)
    assert "hunter2" not in told
    assert "abcdefghijkl" not in told
    assert "[redacted]" in told


def test_a_registered_secret_is_redacted_wherever_it_stands(lines: io.StringIO) -> None:
    log.keep_secret("s3cr3t-planted")
    try:
        raise ValueError("the s3cr3t-planted leaked")
    except ValueError:
        log.get("x").exception("failed with s3cr3t-planted", extra=log.fields(url="http://x/?a=s3cr3t-planted"))
    assert "s3cr3t-planted" not in lines.getvalue()
    assert lines.getvalue().count("[redacted]") >= 3
