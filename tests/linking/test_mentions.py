"""What a message says of others, in the sentences of Git and of the hosts."""

import pytest
from app.domain.mentions import picks, reverts

SHA, OTHER = "4f1c2d9a" * 5, "0a1b2c3d" * 5


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'Revert "Open the port"\n\nThis reverts commit {SHA}.', [SHA]),
        (f"This reverts commit {SHA}, reversing\nchanges made to {OTHER}.", [SHA]),
        ("Reverts bank/infra#412", ["bank/infra#412"]),
        ("Reverts #7", ["bank/apps#7"]),
        ("This reverts merge request !31", ["bank/apps#31"]),
        ("This reverts merge request platform/team/infra!31", ["platform/team/infra#31"]),
        (f"Reverts bank/infra#1\r\nThis reverts commit {SHA}", ["bank/infra#1", SHA]),
        ("It reverts nothing; see bank/infra#412", []),
        ("This reverts commit 4f1c2d9", []),
        ("", []),
        ("Reverts bank/infra#99999999999999", []),
    ],
)
def test_what_is_reverted(text: str, found: list[str]) -> None:
    assert reverts(text, "bank/apps") == found


def test_a_cherry_pick_names_where_it_came_from_only_with_git_s_own_line() -> None:
    assert picks(f"Fix\n\n(cherry picked from commit {SHA})\n(cherry picked from commit {OTHER})") == [SHA, OTHER]
    assert picks(f"Fix, as in {SHA}") == []
