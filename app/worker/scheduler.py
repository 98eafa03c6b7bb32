"""APScheduler as a metronome. It decides when to look, never what is due. Live streams have threads of their own."""

import threading
from datetime import timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app.ingest import poll, watch
from app.worker import jobs
from app.worker.jobs import Work

STOPS = 2.0  # seconds; a live stream that takes longer loses its lease by itself


class Worker:
    """Reads, projects, seals and beats until it is stopped. Start as many as wanted, in as many processes."""

    def __init__(self, work: Work) -> None:
        self.work = work
        threads = ThreadPoolExecutor(max_workers=len(work.sources) + 3)
        defaults = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self._metronome = BackgroundScheduler(executors={"default": threads}, job_defaults=defaults, timezone="UTC")
        self._watching: list[threading.Thread] = []

    def start(self) -> None:
        for source in self.work.sources:
            poll.declare(self.work.engine, source, self.work.clock())
            self._every(1.0, f"read {source.connection.name}", jobs.read_source, source)
        self._every(0.5, "project", jobs.project)
        self._every(min(10.0, self.work.seal_every / timedelta(seconds=1)), "seal", jobs.seal)
        self._every(5.0, "beat", jobs.beat)
        self._metronome.start()
        for source in self.work.sources:
            if watch.declare(self.work.engine, source, self.work.clock()):
                self._watch(watch.Watching(self.work.engine, source, self.work.owner, self.work.clock))

    def _watch(self, watching: watch.Watching) -> None:
        made = threading.Thread(target=watching.run, args=(self.work.stopping,), name=f"watching {watching.name}", daemon=True)
        self._watching.append(made)
        made.start()

    def _every(self, seconds: float, name: str, job: object, *args: object) -> None:
        self._metronome.add_job(
            jobs.guarded, "interval", seconds=seconds, id=name, args=[job, self.work, *args], next_run_time=self.work.clock()
        )

    def stop(self) -> None:
        """Let the page in hand finish, begin no other."""
        self.work.stopping.set()
        for thread in self._watching:
            thread.join(timeout=STOPS)
        self._metronome.shutdown(wait=True)
