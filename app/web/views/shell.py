"""What stands around every page: navigation, the last checkpoint, zone, theme, notices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from app.web.times import Time, Zone, shown

PAGES = (
    ("overview", "/", "Overview", False),
    ("changes", "/changes", "Changes", False),
    ("events", "/events", "Events", False),
    ("drift", "/drift", "Drift", False),
    ("ledger", "/ledger", "Ledger", True),
    ("lineage", "/lineage", "Lineage", False),
    ("ownership", "/ownership", "Ownership", False),
    ("sources", "/sources", "Sources", False),
    ("people", "/people", "People", False),
)
THEMES = (("", "System"), ("light", "Light"), ("dark", "Dark"))


@dataclass(frozen=True, slots=True)
class Nav:
    text: str
    href: str
    here: str  # "page", "true" (inside it) or ""
    gapped: bool


@dataclass(frozen=True, slots=True)
class Choice:
    text: str
    href: str
    on: bool = False


@dataclass(frozen=True, slots=True)
class Seal:
    at: Time
    form: str
    size: str


@dataclass(frozen=True, slots=True)
class Notice:
    """`tone` is one of unsure, fail, exception or nothing."""

    head: str
    text: str = ""
    tone: str = ""
    href: str = ""
    link: str = ""

    @property
    def shape(self) -> str:
        return {"unsure": "v-indeterminate", "fail": "v-fail", "exception": "v-exception"}.get(self.tone, "k-note")

    @property
    def role(self) -> str:
        return "alert" if self.tone == "fail" else "status"


@dataclass(frozen=True, slots=True)
class Shell:
    title: str
    origin: str
    nav: tuple[Nav, ...]
    seal: Seal | None
    seal_words: str
    zones: tuple[Choice, ...]
    zone_stem: str
    themes: tuple[Choice, ...]
    theme: str
    now: Time
    version: str
    printed: str
    demo: bool
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """Who looks, so far as a page needs to know: path and query as asked, zone, theme, the moment."""

    path: str
    query: Mapping[str, str]
    zone: Zone
    theme: str
    now: datetime
    origin: str
    version: str
    demo: bool = False

    def with_(self, **changed: str) -> str:
        """This page's address with some parameters changed; empty ones are dropped."""
        query = {**self.query, **changed}
        text = urlencode({key: value for key, value in query.items() if value})
        return f"{self.path}?{text}" if text else self.path


def shell(
    seen: Seen,
    title: str,
    here: str,
    sealed: tuple[int, datetime] | None,
    *,
    scope: str = "",
    notices: Sequence[Notice] = (),
    seal_asked: bool = True,
) -> Shell:
    """`here` is a key of PAGES; `sealed` the last checkpoint's size and time; `scope` is what a print's header says it holds."""
    if seen.zone.asked:
        unknown = Notice(
            f"There is no time zone “{seen.zone.asked}”; times are UTC.", "A name such as Europe/London is expected.", "exception"
        )
        notices = (unknown, *notices)
    now = shown(seen.now, seen.zone)
    return Shell(
        title=title,
        origin=seen.origin,
        nav=tuple(Nav(text, href, _here(seen.path, key, href, here), gapped) for key, href, text, gapped in PAGES),
        seal=_seal(sealed, seen),
        seal_words="No checkpoint sealed yet" if seal_asked else "",
        zones=_zones(seen),
        zone_stem=seen.with_(tz=""),
        themes=tuple(Choice(text, seen.with_(theme=value or "system"), value == seen.theme) for value, text in THEMES),
        theme=seen.theme,
        now=now,
        version=seen.version,
        printed=" · ".join(
            part for part in (title, scope, f"printed {now.full}", _printed_seal(sealed) if seal_asked else "") if part
        ),
        demo=seen.demo,
        notices=tuple(notices),
    )


def _here(path: str, key: str, href: str, here: str) -> str:
    return "" if key != here else "page" if path == href else "true"


def _seal(sealed: tuple[int, datetime] | None, seen: Seen) -> Seal | None:
    if sealed is None:
        return None
    size, at = sealed
    return Seal(shown(at, seen.zone), "timed" if seen.now - at < timedelta(hours=12) else "minute", f"{size:,}")


def _printed_seal(sealed: tuple[int, datetime] | None) -> str:
    return f"checkpoint {sealed[0]:,}" if sealed else "no checkpoint yet"


def _zones(seen: Seen) -> tuple[Choice, ...]:
    utc = Choice("UTC", seen.with_(tz="UTC"), seen.zone.name == "UTC")
    if seen.zone.name == "UTC":
        return (utc,)
    return (utc, Choice(seen.zone.name.rpartition("/")[2].replace("_", " "), seen.with_(tz=seen.zone.name), True))
