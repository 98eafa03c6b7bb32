"""What Dockerfile and docker-compose.yml promise, as far as it can be told without an engine."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from app.cli import parser

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OURS = ("migrate", "web", "worker", "demo")
RUN_AS = re.compile(r"^USER (\d+)$", re.M)


def service(name: str) -> str:
    """The lines of one service."""
    found = re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", COMPOSE, re.M)
    assert found, name
    return found[1]


def commands() -> list[list[str]]:
    """Every command line of ours: those of the services, of their health checks, of the image."""
    lists = [json.loads(told) for told in re.findall(r"^\s+command: (\[.*\])$", COMPOSE, re.M)]
    checks = [json.loads(told) for told in re.findall(r"^\s+test: (\[.*\])$", COMPOSE, re.M)]
    lists += [check[4:] for check in checks if check[1:4] == ["python", "-m", "app.cli"]]
    return [*lists, *(json.loads(told) for told in re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.M))]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_is_one_of_the_programs(command: list[str]) -> None:
    assert parser().parse_args(command)


def test_each_part_has_its_command() -> None:
    assert {command[0] for command in commands()} == {"serve", "worker", "migrate", "demo"}


def test_the_image_has_what_the_program_reads_and_a_python_that_it_may_run_on() -> None:
    copied = set(re.findall(r"^COPY (\w+) \./\1$", DOCKERFILE.rpartition("\nFROM ")[2], re.M))
    assert copied == {"app", "migrations", "templates", "static"}
    assert all((ROOT / name).is_dir() for name in copied)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert not copied.intersection(name.strip("/") for name in ignored)
    least = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"].removeprefix(">=")
    versions = re.findall(r"^FROM python:(\d+)\.(\d+)-slim", DOCKERFILE, re.M)
    assert len(set(versions)) == 1, "built with one Python and run with another"
    assert tuple(map(int, versions[0])) >= tuple(map(int, least.split(".")))


@pytest.mark.parametrize("name", OURS)
def test_each_part_of_ours_runs_as_nobody_with_a_root_it_cannot_write(name: str) -> None:
    assert "<<: *throughline" in service(name)
    shared = COMPOSE.partition("x-throughline:")[2].partition("\nservices:")[0]
    assert "read_only: true" in shared
    assert "cap_drop: [ALL]" in shared
    assert "no-new-privileges:true" in shared
    assert RUN_AS.findall(DOCKERFILE) == re.findall(r'^  user: "(\d+)"$', shared, re.M) == ["10001"]
    for setting in ("read_only", "user", "cap_drop", "security_opt", "privileged"):
        assert not re.search(rf"^    {setting}:", service(name), re.M), "a service may not take back what all promise"


@pytest.mark.parametrize("name", ["db", "web", "worker", "demo"])
def test_what_runs_on_tells_whether_it_is_well(name: str) -> None:
    assert "healthcheck:" in service(name)


def test_ports_are_open_on_loopback_only() -> None:
    ports = re.findall(r"^\s+ports: (\[.*\])$", COMPOSE, re.M)
    assert ports
    assert all(port.startswith("127.0.0.1:") for told in ports for port in json.loads(told))


def test_nothing_is_started_before_the_schema_is_there() -> None:
    assert "migrate: {condition: service_completed_successfully}" in service("web")
    assert "migrate: {condition: service_completed_successfully}" in service("worker")
    assert "db: {condition: service_healthy}" in service("migrate")
