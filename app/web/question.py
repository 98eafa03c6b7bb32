"""A list's parameters understood: query, period and limit; or, each by itself, what is wrong with them."""

from dataclasses import dataclass

from app.errors import SearchError
from app.search.fields import Fields
from app.search.language import parse
from app.search.period import Period, period_of
from app.search.tree import EVERYTHING, Query
from app.web.asked import PAGE, Asked, Unclear
from app.web.times import Zone


@dataclass(frozen=True, slots=True)
class Question:
    """`query` is EVERYTHING and `period` None where that part could not be understood; `sound` says that nothing is wrong."""

    query: Query
    period: Period | None
    limit: int
    query_error: SearchError | None = None
    period_error: SearchError | None = None
    limit_error: Unclear | None = None

    @property
    def sound(self) -> bool:
        return not (self.query_error or self.period_error or self.limit_error)

    @property
    def trouble(self) -> str:
        """What is wrong with period or limit; the box tells what is wrong with the query."""
        return str(self.period_error or (self.limit_error.text if self.limit_error else ""))

    def or_raise(self) -> "Question":
        """Itself; raises the first thing that is wrong."""
        for parameter, error in (("q", self.query_error), ("from", self.period_error)):
            if error is not None:
                raise Misread(parameter, error)
        if self.limit_error is not None:
            raise self.limit_error
        return self


class Misread(Exception):
    """A SearchError with the parameter it stands in."""

    def __init__(self, parameter: str, error: SearchError) -> None:
        super().__init__(str(error))
        self.parameter, self.error = parameter, error


def question(asked: Asked, fields: Fields, zone: Zone) -> Question:
    """Never raises: a page says what is wrong and stays usable."""
    query, query_error = EVERYTHING, None
    period, period_error = None, None
    limit, limit_error = PAGE, None
    try:
        query = parse(asked.q, fields)
    except SearchError as error:
        query_error = error
    try:
        period = period_of(asked.from_, asked.to, zone.name)
    except SearchError as error:
        period_error = error
    try:
        limit = asked.count()
    except Unclear as error:
        limit_error = error
    return Question(query, period, limit, query_error, period_error, limit_error)
