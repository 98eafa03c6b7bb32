"""The `throughline` command: its verbs, their help, and what errors look like."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from app import config, log
from app.config import Settings
from app.errors import SettingsError, ThroughlineError

Verb = Callable[[Settings, argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb. 0 done, 1 the thing asked about is not right, 2 bad usage or settings."""
    options = parser().parse_args(argv)
    try:
        settings = config.load()
        log.start(settings.log.level)
        verb: Verb = options.verb
        return verb(settings, options)
    except SettingsError as error:
        for line in error.lines:
            print(log.redact(f"throughline: {line}"), file=sys.stderr)
        return error.exit_code
    except ThroughlineError as error:
        print(log.redact(f"throughline: {error}"), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="throughline", description="Every change, who approved it, and the proof.")
    verbs = top.add_subparsers(required=True, metavar="COMMAND")
    _demo(verbs)
    _serving(verbs)
    _reading(verbs)
    _exporting(verbs)
    _deciding(verbs)
    _proving(verbs)
    return top


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, does: str, example: str, verb: Verb
) -> argparse.ArgumentParser:
    """Imports wait until the verb is called: `--help` needs no database."""
    made = verbs.add_parser(name, help=does, description=does, epilog=f"example: {example}")
    made.set_defaults(verb=verb)
    return made


def _demo(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def run(settings: Settings, o: argparse.Namespace) -> int:
        from app.commands import demo

        return demo.run(settings, demo.Wish(o.host, o.port, o.seed, o.apps, o.workspaces, o.days, o.fresh))

    made = _verb(
        verbs,
        "demo",
        "a small bank, live: its servers, two weeks of history, the portal",
        "throughline demo --port 8080 --fresh",
        run,
    )
    made.add_argument("--port", type=_port, default=8000, help="where the portal listens (8000)")
    made.add_argument("--host", default="127.0.0.1", help="address the portal listens on (127.0.0.1)")
    made.add_argument("--seed", type=int, default=7, help="the same seed tells the same story (7)")
    made.add_argument("--apps", type=_applications, default=3, help="applications, at least 3 (3)")
    made.add_argument("--workspaces", type=_count, default=3, help="workspaces (3)")
    made.add_argument("--days", type=_count, default=14, help="days of history (14)")
    made.add_argument("--fresh", action="store_true", help="forget the data of earlier starts")


def _serving(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def serve(settings: Settings, o: argparse.Namespace) -> int:
        from app.commands import serve

        return serve.serve(settings, o.host, o.port, worker=not o.no_worker)

    made = _verb(
        verbs, "serve", "the portal, and a worker in the same process", "throughline serve --host 0.0.0.0 --port 8000", serve
    )
    made.add_argument("--host", help="address to listen on ([web] host)")
    made.add_argument("--port", type=_port, help="port to listen on ([web] port)")
    made.add_argument("--no-worker", action="store_true", help="serve pages only")

    def worker(settings: Settings, o: argparse.Namespace) -> int:
        from app.commands import serve

        return serve.worker(settings)

    _verb(verbs, "worker", "a worker alone; start as many as wanted", "throughline worker", worker)


def _reading(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def check(settings: Settings, o: argparse.Namespace) -> int:
        from app.commands import check

        return check.run(settings)

    _verb(verbs, "check", "settings, database and each source; 1 when anything is not right", "throughline check", check)

    def poll(settings: Settings, o: argparse.Namespace) -> int:
        from app.commands import poll

        return poll.run(settings, o.source)

    made = _verb(verbs, "poll", "one full pass over every stream, due or not", "throughline poll --source tfe-prod", poll)
    made.add_argument("--source", metavar="NAME", help="only this source")


def _exporting(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def export(settings: Settings, o: argparse.Namespace) -> int:
        from app.commands import export

        return export.run(settings, export.Wish(o.what, o.format, o.query, o.from_, o.to, o.out))

    made = _verb(
        verbs,
        "export",
        "a list as a file",
        'throughline export changes --format csv --query "env:production" --out changes.csv',
        export,
    )
    made.add_argument("what", choices=["changes", "events", "drift"])
    made.add_argument("--format", choices=["csv", "jsonl", "json"], required=True)
    made.add_argument("--query", default="", metavar="Q", help="as in the portal's search box")
    made.add_argument("--from", dest="from_", metavar="T", help="date or time, included")
    made.add_argument("--to", metavar="T", help="date or time, excluded")
    made.add_argument("--out", type=Path, metavar="FILE", help="standard output without it, or with -")


def _deciding(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def people(settings: Settings, o: argparse.Namespace) -> int:
        from app.commands import people_decide

        return people_decide.run(settings, people_decide.Asked(o.what, o.which, o.person, o.because, o.by, o.new, o.unresolved))

    made = _verb(
        verbs,
        "people",
        "who is who: see it, decide it, check a list",
        'throughline people join github:id:1001 "Ana Ferreira" --because "she showed it in the team meeting"',
        people,
    )
    made.add_argument("what", choices=["list", "join", "separate", "bot", "import"])
    made.add_argument("which", nargs="?", help="SYSTEM:ACCOUNT as the list shows it; of import the file")
    made.add_argument("person", nargs="?", help="of join: the person, exactly as they are called")
    made.add_argument("--because", metavar="WHY", help="one sentence on how it is known; required for a decision")
    made.add_argument("--by", metavar="NAME", help="who decides, when it is not the system's user")
    made.add_argument("--new", action="store_true", help="the person is not known yet")
    made.add_argument("--unresolved", action="store_true", help="of list: only what is not resolved")


def _proving(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def rebuild(settings: Settings, o: argparse.Namespace) -> int:
        from app.commands import ledger

        return ledger.rebuild_projection(settings)

    _verb(verbs, "rebuild", "drop and rebuild the projection; prints its digest", "throughline rebuild", rebuild)

    def verify(settings: Settings, o: argparse.Namespace) -> int:
        from app.commands import ledger

        return ledger.verify(settings, o.file, whole_database=o.database)

    made = _verb(verbs, "verify", "re-read and re-hash the whole ledger", "throughline verify --database", verify)
    made.add_argument("file", nargs="?", help="an evidence bundle")
    made.add_argument("--database", action="store_true", help="the ledger in the database")

    def ledger(settings: Settings, o: argparse.Namespace) -> int:
        from app.commands import ledger

        return (ledger.key if o.what == "key" else ledger.checkpoint)(settings)

    made = _verb(verbs, "ledger", "the public key; a fresh checkpoint", "throughline ledger checkpoint", ledger)
    made.add_argument("what", choices=["key", "checkpoint"])

    def migrate(settings: Settings, o: argparse.Namespace) -> int:
        from app.commands import ledger

        return ledger.schema(settings, only_check=o.check)

    made = _verb(verbs, "migrate", "bring the schema to this program's", "throughline migrate --check", migrate)
    made.add_argument("--check", action="store_true", help="change nothing; 1 when the schema is behind")


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 100_000:
        raise argparse.ArgumentTypeError(f"{text} is out of range; expected 1 to 100000")
    return value


def _applications(text: str) -> int:
    value = _count(text)
    if value < 3:
        raise argparse.ArgumentTypeError(f"{text} is too few; the story needs its three named applications: expected 3 or more")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port; expected 0 to 65535")
    return value


if __name__ == "__main__":
    sys.exit(main())
