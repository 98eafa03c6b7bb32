"""What fails of one repository stops no other, unless it is about the token or the host."""

from collections.abc import Iterator

import pytest
from app.errors import Missing, NotUnderstood, SourceError, Throttled, Unauthorized, Unreachable
from app.sources.contract import Page, Want
from app.sources.in_turn import first_of, in_turn, wants_for

Told = dict[str, SourceError | None]


def read_all(told: Told, read: list[Page]) -> list[tuple[str, SourceError]]:
    """A page of each before it fails; which failed."""

    def pages(name: str) -> Iterator[Page]:
        yield Page(remember={name: True})
        if error := told[name]:
            raise error

    reading, failed = in_turn(told, pages), []
    while True:
        try:
            read.append(next(reading))
        except StopIteration as end:
            failed += end.value
            return failed


def test_one_that_fails_does_not_stop_the_others() -> None:
    read: list[Page] = []
    lost, odd = Missing("answered 404"), NotUnderstood("answered HTML")
    assert read_all({"bank/a": lost, "bank/b": None, "bank/c": odd}, read) == [("bank/a", lost), ("bank/c", odd)]
    assert [list(page.remember) for page in read] == [["bank/a"], ["bank/b"], ["bank/c"]]


@pytest.mark.parametrize("kind", [Throttled, Unauthorized, Unreachable])
def test_what_is_about_the_token_or_the_host_ends_the_pass(kind: type[SourceError]) -> None:
    read: list[Page] = []
    with pytest.raises(kind):
        read_all({"bank/a": Missing("answered 404"), "bank/b": kind("no more"), "bank/c": None}, read)
    assert [list(page.remember) for page in read] == [["bank/a"], ["bank/b"]]


def test_the_first_error_is_raised_whole_and_names_the_others() -> None:
    lost = Missing("answered 404", "a project", "check its name")
    lost.status = 404
    told = first_of([("bank/a", lost), ("bank/b", NotUnderstood("answered HTML")), ("bank/c", Missing("gone"))])
    assert (type(told), told.status, told.do) == (Missing, 404, "check its name")
    assert str(told) == "bank/a: answered 404 (also failed: bank/b, bank/c); expected a project; check its name"
    assert str(first_of([("bank/a", lost)])) == "bank/a: answered 404; expected a project; check its name"


def test_wants_of_a_repository_are_its_own_each_once_whatever_the_case() -> None:
    mine, again, other = Want("Bank/Infra", "a" * 40), Want("bank/infra", "b" * 40), Want("bank/app", "a" * 40)
    assert wants_for("bank/infra", [mine, other, again, mine]) == [mine, again]
