"""The terms that find an episode: (key, value) pairs, values folded as search folds what people type."""

from collections.abc import Iterator

from app.domain.change import Environment
from app.domain.drift import Episode
from app.search.fields import folded
from app.search.resources import above


def terms(episode: Episode, environment: Environment, id_: str) -> list[tuple[str, str]]:
    """Each pair once, sorted. The keys are those of DRIFT in app/search/fields.py."""
    found = [*_where(episode, environment), *_what(episode), *_who(episode), ("drift", id_)]
    return sorted({(key, folded(value)) for key, value in found if value})


def _where(episode: Episode, environment: Environment) -> Iterator[tuple[str, str | None]]:
    cluster, _, namespace = (episode.destination or "").rpartition("/")
    yield from (("env", environment.name), ("class", environment.cls), ("layer", str(episode.layer)), ("source", episode.source))
    yield from (("app", episode.application), ("workspace", episode.workspace), ("project", episode.project))
    yield from (("cluster", cluster), ("namespace", namespace), ("namespace", episode.namespace))


def _what(episode: Episode) -> Iterator[tuple[str, str | None]]:
    if episode.workspace:
        names = [episode.name, *above(episode.name), episode.kind]
    else:
        names = [f"{episode.kind}/{episode.name}", episode.kind] if episode.kind else []
    yield from (("resource", name) for name in names)
    yield from (("cause", str(episode.cause)), ("is", str(episode.state)))
    if episode.ended_by:
        yield "ended", str(episode.ended_by).replace(" ", "-")


def _who(episode: Episode) -> Iterator[tuple[str, str | None]]:
    for writer in episode.writers:
        yield from (("manager", writer.manager), ("actor", writer.manager))
    if episode.person and episode.person.name:
        yield from (("person", episode.person.name), ("actor", episode.person.name))
