"""Resources are found by any name above them, and a star behind a dot is an exact look-up."""

import pytest
from app.search.fields import CHANGES
from app.search.language import parse
from app.search.resources import above, spoken
from app.search.tree import Word
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("aws_x.y", ["aws_x"]),
        ("module.eks.aws_x.y", ["module", "module.eks", "module.eks.aws_x"]),
        ('module.n["a.b/c"].aws_x.y["d.e]\\"."]', ["module", 'module.n["a.b/c"]', 'module.n["a.b/c"].aws_x']),
        ("data.aws_ami.x[0]", ["data", "data.aws_ami"]),
        ("deployment/payments-api", ["deployment"]),
        ("aws_x", []),
        (".a", []),
        ("", []),
    ],
)
def test_the_names_above(name: str, names: list[str]) -> None:
    assert above(name) == names


@given(st.text(alphabet='ab.[]"\\/*', max_size=30))
def test_names_above_are_beginnings_in_order(name: str) -> None:
    found = above(name)
    assert all(name.startswith(one) and name[len(one)] in "./" for one in found)
    assert found == sorted(set(found), key=len)


def asked(query: str) -> list[tuple[str, bool]]:
    (term,) = parse(query, CHANGES).terms
    return [(value.text, value.wild) for one in spoken(term) for value in one.values if isinstance(value, Word)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("resource:aws_x.*", [("aws_x", False)]),
        ("resource:module.eks.*", [("module.eks", False)]),
        ("resource:deployment/*", [("deployment", False)]),
        ("resource:[aws_x.*,aws_y.*]", [("aws_x", False), ("aws_y", False)]),
        ("-resource:aws_x.*", [("aws_x", False)]),
        ("resource:aws_x.pay*", [("aws_x.pay*", True), ("aws_x", False)]),
        ("resource:module.a.*.web", [("module.a.*.web", True), ("module.a", False)]),
        ("-resource:aws_x.pay*", [("aws_x.pay*", True)]),
        ("resource:aws_*", [("aws_*", True)]),
        ("resource:*", [("*", True)]),
        ('resource:"aws_x.*"', [("aws_x.*", False)]),
        ('resource:aws_x.y["a.*', [('aws_x.y["a.*', True), ("aws_x", False)]),
        ("app:payments.*", [("payments.*", True)]),
    ],
)
def test_how_a_star_is_asked(query: str, found: list[tuple[str, bool]]) -> None:
    assert asked(query) == found
