"""What an event is about: one thing in one source, by the source's own id."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ref:
    """`type` is the source's word (`run`, `pull-request`, `application`…), `id` its own id, `name` what a person calls it."""

    type: str
    id: str
    name: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource a sync touched or found different. `status` and `message` are Argo CD's own words.

    Of a sync also: `phase` (PreSync · Sync · PostSync · SyncFail), `hook` and `hook_phase` of what is a hook, its wave, its images.
    """

    kind: str
    name: str
    namespace: str = ""
    group: str = ""
    status: str = ""
    message: str = ""
    phase: str = ""
    hook: str = ""
    hook_phase: str = ""
    wave: str = ""
    images: str = ""

    @property
    def failed(self) -> bool:
        return self.status == "SyncFailed" or self.hook_phase in ("Failed", "Error")
