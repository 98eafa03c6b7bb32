"""The whole story: two weeks of history with every kind of trouble in it, then a new change about every twenty seconds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from app.demo import drifts, stories
from app.demo.bank import Bank
from app.demo.cast import Application
from app.demo.journal import Journal, Wishes
from app.demo.script import Script, Tell

LIVE_PACE = 1 / 60  # an hour of a live story takes a minute
A_DAY = timedelta(days=1)
LONGEST = timedelta(hours=8)  # no story takes longer


class World:
    """A function of its wishes, its beginning and the live stories begun so far: the same three give the same world."""

    def __init__(self, journal: Journal, clock: Callable[[], datetime]) -> None:
        self.journal, self.wishes = journal, journal.wishes
        self.start = journal.began - self.wishes.days * A_DAY
        self.bank = Bank(self.wishes, self.start - A_DAY, clock)
        self.script = Script()
        for at, tell in history(self.bank, self.wishes, self.start):
            self.script.begin(at, tell)
        for number, at in enumerate(journal.live):
            self._begin(number, at)
        self._played = self.start

    def begin_live(self, now: datetime) -> None:
        """One more change, from now on; never before what has been played, whatever the clock says."""
        at = max(now, self._played)
        self._begin(self.journal.begin_live(at), at)

    def _begin(self, number: int, at: datetime) -> None:
        rng = Random(f"{self.wishes.seed} live {number}")
        self.script.begin(at, live(self.bank, rng), pace=LIVE_PACE)

    def play(self, until: datetime) -> None:
        """Everything due until then."""
        self.script.play(until)
        self._played = max(self._played, until)

    def next(self, until: datetime) -> tuple[datetime | None, bool]:
        """Play on until Argo CD has changed, or `until`: the time reached (None: nothing was due), and whether it changed."""
        reached = None
        while (at := self.script.next_at()) is not None and at <= until:
            before = self.bank.argocd_acts
            self._played = reached = self.script.step()
            if self.bank.argocd_acts != before:
                return reached, True
        return reached, False


@dataclass(frozen=True, slots=True)
class Piece:
    """A trouble that the demo must hold. Nothing ordinary happens to the application `alone` while it may last."""

    at: timedelta
    tell: Tell
    alone: Application | None = None


def history(bank: Bank, wishes: Wishes, start: datetime) -> list[tuple[datetime, Tell]]:
    """(when, what) of every story of the past, in order."""
    rng = Random(f"{wishes.seed} history")
    pieces = _set_pieces(bank, rng, wishes.days)
    told = [(start + piece.at, piece.tell) for piece in pieces]
    for day in range(wishes.days + 1):
        morning = (start + day * A_DAY).replace(hour=7, minute=0, second=0, microsecond=0)
        busy = 3 if morning.weekday() >= 5 else 8
        for _ in range(max(1, round(busy * (len(bank.applications) + len(bank.workspaces)) / 6))):
            own = Random(f"{wishes.seed} {day} {rng.random()}")
            at = morning + timedelta(minutes=rng.uniform(0, 600))
            taken = {piece.alone for piece in pieces if abs(start + piece.at - at) < LONGEST}
            told.append((at, _ordinary(bank, own, [app for app in bank.applications if app not in taken])))
    return sorted(((at, tell) for at, tell in told if start <= at < start + wishes.days * A_DAY), key=lambda one: one[0])


def _ordinary(bank: Bank, rng: Random, apps: Sequence[Application]) -> Tell:
    app, workspace = rng.choice(apps) if apps else None, rng.choice(bank.workspaces)
    kinds: list[tuple[int, Callable[[], Tell]]] = [
        (8, lambda: stories.provision(bank, workspace, rng)),
        (1, lambda: stories.discarded(bank, workspace, rng)),
    ]
    if app:
        kinds += [
            (10, lambda: stories.release(bank, app, rng)),
            (4, lambda: stories.bump(bank, app, rng)),
            (1, lambda: stories.abandoned(bank, app, rng)),
        ]
    return rng.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]()


def _set_pieces(bank: Bank, rng: Random, days: int) -> list[Piece]:
    """Every kind of trouble, spread over the period; a short one holds them all too."""
    payments, manual, settlements, *_ = bank.applications
    first, *_, last = bank.workspaces * 2
    pieces: list[tuple[Tell, Application | None]] = [
        (stories.whole_chain(bank, settlements, first, rng), settlements),
        (stories.hard_failure(bank, last, rng), None),
        (stories.release(bank, manual, rng), manual),
        (stories.edited_and_healed(bank, payments, rng), None),
        (stories.overridden(bank, first, rng), None),
        (stories.release(bank, manual, rng), manual),
        (stories.self_approved(bank, payments, rng), None),
        (stories.apply_without_pull_request(bank, first, rng), None),
        (stories.rollback(bank, manual, rng), manual),
        (stories.whole_chain(bank, settlements, first, rng, too_early=True), settlements),
        (stories.release(bank, manual, rng), manual),
        (stories.unreviewed(bank, payments, rng), None),
        (stories.bump(bank, payments, rng), None),
        (stories.outage(bank, settlements, rng), settlements),
        (stories.edited_and_healed(bank, payments, rng), None),
    ]
    space = timedelta(hours=24 * days - 10) / len(pieces)
    end = Piece(days * A_DAY - timedelta(minutes=30), stories.drift_left_open(bank, manual, rng), manual)
    evening = Piece(days * A_DAY / 2, stories.pushed_directly(bank, payments, Random("pushed directly")))
    spread = [Piece(timedelta(hours=2) + i * space, tell, alone) for i, (tell, alone) in enumerate(pieces)]
    return [*spread, evening, end, *_drifts(bank, manual, days * A_DAY)]


def _drifts(bank: Bank, manual: Application, whole: timedelta) -> list[Piece]:
    """What the drift ledger is to show: some of it is over, the rest stands when the past ends."""
    hours = timedelta(hours=1)
    return [
        Piece(whole * 0.2, drifts.scaled_and_healed(bank, bank.applications[0], Random("scaled"))),
        Piece(whole * 0.3, drifts.edited_and_put_back(bank)),
        Piece(whole * 0.5, drifts.edited_and_overtaken(bank, Random("overtaken"))),
        Piece(whole - 7 * hours, drifts.edited_and_forgotten(bank, manual), manual),
        Piece(whole - 5.5 * hours, drifts.not_comparable(bank)),
        Piece(whole - 5 * hours, drifts.assessed(bank)),
        Piece(whole - 3 * hours, drifts.not_deployed_yet(bank, Random("not deployed"))),
        Piece(whole - 0.8 * hours, drifts.autoscaled(bank)),
    ]


def live(bank: Bank, rng: Random) -> Tell:
    """What may happen next: mostly ordinary work, sometimes trouble."""
    apps = [app for app in bank.applications if app.auto_sync]  # of the others one has drifted, and any sync would mend it
    app, workspace = rng.choice(apps), rng.choice(bank.workspaces)
    trouble: list[Callable[[], Tell]] = [
        lambda: stories.hard_failure(bank, workspace, rng),
        lambda: stories.overridden(bank, workspace, rng),
        lambda: stories.self_approved(bank, app, rng),
        lambda: stories.pushed_directly(bank, app, rng),
        lambda: stories.apply_without_pull_request(bank, workspace, rng),
        lambda: stories.edited_and_healed(bank, bank.applications[0], rng),
    ]
    return rng.choice(trouble)() if rng.random() < 0.25 else _ordinary(bank, rng, apps)
