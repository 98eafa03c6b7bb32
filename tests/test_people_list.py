"""The list of who is who as it is read: our columns, a directory's export, one clear line for each row that is wrong."""

from pathlib import Path

import pytest
from app.commands import people
from app.config import Settings
from app.domain.actor import ActorKind
from app.errors import SettingsError


def read(folder: Path, text: str) -> list[tuple[str, ...]]:
    (folder / "list.csv").write_text(text, encoding="utf-8")
    return [(row.person, str(row.kind), " ".join(row.emails), row.where) for row in people.read(folder / "list.csv")]


def wrong(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(folder, text)
    return caught.value.lines


def test_an_export_of_a_directory_is_known_by_its_header(tmp_path: Path) -> None:
    text = (
        'externalId,USERNAME,name.formatted,"emails[type eq ""work""].value",emails[1].value,active,roles\n'
        "1,ana@bank.example,Ana Ferreira,Ana.Ferreira@bank.example,,TRUE,x\n"
        "2,ben,,ben@bank.example,ben@old.example,false,y\n"
        "3,js1,John Smith,,,1,\n"
        "4,js2,John Smith,,,,\n"
    )
    assert read(tmp_path, text) == [
        ("Ana Ferreira", "human", "ana.ferreira@bank.example ana@bank.example", "list.csv, line 2"),
        ("ben", "human", "ben@bank.example ben@old.example", "list.csv, line 3"),
        ("John Smith (js1)", "human", "", "list.csv, line 4"),
        ("John Smith (js2)", "human", "", "list.csv, line 5"),
    ]


def test_our_columns_may_stand_in_an_export(tmp_path: Path) -> None:
    text = "userName,displayName,kind,github_id,accounts\nren,Renovate,bot,0099,tfe-prod:Ren argocd:Ren ghes:id:7\n"
    (tmp_path / "list.csv").write_text(text)
    kinds = {"tfe-prod": "tfe", "argocd": "argocd", "ghes": "github"}
    row = people.read(tmp_path / "list.csv", kinds)[0]
    assert (row.kind, row.github_id) == (ActorKind.BOT, "99")
    assert row.at_sources == (("tfe-prod", "ren"), ("argocd", "Ren"), ("ghes", "id:7"))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (",Nobody,,true", "userName is empty (displayName 'Nobody'); expected each user's name"),
        ("a,A,,perhaps", "active is 'perhaps'; expected true or false"),
        ("a,A,nowhere,true", "'nowhere' in emails is no address; expected addresses with spaces between"),
        ("a,A,,true,more", "there are more cells than columns; expected a cell with a comma in quotes"),
        ("a\u202e,,,true", "has a character that cannot be shown; expected a name"),
        ("First,X,,true", "userName 'First' stands in line 2 too; expected each user once"),
        (
            "second,X,first@bank.example,",
            "email account first@bank.example is First User's too; expected one person for each account",
        ),
    ],
)
def test_each_wrong_row_of_an_export_is_one_clear_line(tmp_path: Path, row: str, says: str) -> None:
    head = "userName,displayName,emails,active\nFirst,First User,first@bank.example,true\n"
    lines = wrong(tmp_path, f"{head}{row}\n")
    assert len(lines) == 1
    assert lines[0].startswith("list.csv, line 3: ")
    assert says in lines[0]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("A,human,x,,", "github_id 'x' is no number; expected the account's id, in digits"),
        ("A,human,٣,,", "github_id '٣' is no number"),
        (",human,,,", "person '', kind 'human'; expected a name, and human, bot or service"),
        ("A,person,,,", "kind 'person'; expected a name, and human, bot or service"),
        ("A,human,,a@b@,", "'a@b@' in emails is no address"),
        ("A,human,,,github", "'github' in accounts is no account of a source; expected <source>:<user name>"),
    ],
)
def test_each_wrong_row_of_our_own_is_one_clear_line(tmp_path: Path, row: str, says: str) -> None:
    lines = wrong(tmp_path, f"person,kind,github_id,emails,accounts\n{row}\n")
    assert len(lines) == 1
    assert says in lines[0]


def test_a_header_that_is_neither_says_both(tmp_path: Path) -> None:
    line = wrong(tmp_path, "name,mail\nA,a@b.example\n")[0]
    assert "has the columns name, mail" in line
    assert "userName" in line
    assert len(wrong(tmp_path, "person,kind\n" + ",\n" * 3)) == 3


def settings(folder: Path, row: str, *urls: str) -> Settings:
    (folder / "list.csv").write_text(f"person,kind,github_id,accounts\n{row}\n")
    sources = [
        {"name": f"hub{n}", "kind": "github", "url": url, "repositories": ["a/b"], "token_env": "T"} for n, url in enumerate(urls)
    ]
    return Settings.model_validate({"identities": {"file": folder / "list.csv"}, "source": sources})


def test_noreply_addresses_know_the_hosts_that_are_read(tmp_path: Path) -> None:
    found = people.identities_of(settings(tmp_path, "A,human,7,", "https://api.github.com", "https://API.github.com/"))
    assert [(host.source, host.name) for host in found.hosts] == [("hub0", "github.com"), ("hub1", "github.com")]


def test_a_number_says_on_which_of_two_hosts(tmp_path: Path) -> None:
    urls = ("https://api.github.com", "https://github.bank.example/api/v3")
    with pytest.raises(SettingsError, match=r"github_id says not on which of github.bank.example, github.com; expected it in"):
        people.identities_of(settings(tmp_path, "A,human,7,", *urls))
    rows = people.identities_of(settings(tmp_path, "A,human,,hub1:id:7", *urls)).rows
    assert rows[0].at_sources == (("hub1", "id:7"),)
    with pytest.raises(SettingsError, match=r"'hub9:id:7' in accounts .* one of hub0, hub1"):
        people.identities_of(settings(tmp_path, "A,human,,hub9:id:7", *urls))
