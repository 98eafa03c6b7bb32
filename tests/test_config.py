"""Settings: each wrong one is a clear line; the environment goes over the file; secrets are read, never written."""

from pathlib import Path

import pytest
from app.config import load, token_of
from app.errors import SettingsError

GOOD = """
[database]
url = "postgresql://throughline@db/throughline"

[[source]]
name = "tfe-prod"
kind = "tfe"
url = "https://tfe.bank.example/"
organization = "bank-platform"
token_env = "TFE_TOKEN"

[[source]]
name = "github"
kind = "github"
url = "https://github.bank.example/api/v3"
repositories = ["bank/infra"]
token_file = "secret"

[[environment]]
name = "production"
class = "prod"
workspaces = ["*-production"]
"""


def settings_in(folder: Path, text: str, **environ: str) -> object:
    (folder / "throughline.toml").write_text(text, encoding="utf-8")
    return load(environ, folder)


def lines_of(folder: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as told:
        settings_in(folder, text, **environ)
    return told.value.lines


def test_a_file_is_read_and_paths_count_from_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("ghp_abc\n", encoding="utf-8")
    settings = load({"THROUGHLINE_CONFIG": str(tmp_path / "throughline.toml")} if settings_in(tmp_path, GOOD) else {})
    assert [s.name for s in settings.source] == ["tfe-prod", "github"]
    assert settings.source[0].url == "https://tfe.bank.example"
    assert settings.database.directory == tmp_path / "var"
    assert token_of(settings.source[1], {}) == "ghp_abc"
    assert token_of(settings.source[0], {"TFE_TOKEN": " abc "}) == "abc"


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    assert load({}, tmp_path).web.port == 8000


def test_the_environment_goes_over_the_file(tmp_path: Path) -> None:
    settings = settings_in(
        tmp_path,
        GOOD,
        THROUGHLINE_WEB_PORT="9000",
        THROUGHLINE_SOURCE_TFE_PROD_URL="http://127.0.0.1:1",
        PATH="/bin",
        THROUGHLINE_BROWSER="required",
    )
    assert settings.web.port == 9000  # type: ignore[attr-defined]
    assert settings.source[0].url == "http://127.0.0.1:1"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[databse]\nurl = 'x'", "databse is not a setting; did you mean database?"),
        ("[web]\nprot = 1", "web.prot is not a setting; did you mean port?"),
        ("[web]\nport = 'many'", "web.port is 'many'"),
        (
            "[web]\nlocal_user = 'Dara'\nhost = '0.0.0.0'",
            "local_user names everybody who reaches 0.0.0.0; expected a loopback host",
        ),
        ("[web]\nlocal_user = 'Dara'\nhost = 'portal.bank.example'", "local_user names everybody who reaches portal.bank.example"),
        ("[web]\nlocal_user = 'Dara'\npublic_url = 'https://changes.bank.example'", "expected user_header behind a proxy"),
        ("[web]\nlocal_user = 'Dara'\nuser_header = 'X-User'", "has local_user and user_header; expected one of them"),
        ('[web]\nlocal_user = "Da\\u202Era"', "a name that can be shown is expected"),
        ("[web]\nuser_header = 'X User'", "web.user_header is 'X User'"),
        ("[web]\npublic_url = 'ftp://x'", "an address such as https://tfe.bank.example is expected"),
        ("[database]\nurl = 'mysql://x'", "a postgresql:// url is expected"),
        ("[log]\nlevel = 'LOUD'", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("[ledger]\norigin = 'two words'", "an origin without spaces"),
        (
            "[[source]]\nname='a'\nkind='jenkins'\nurl='http://x'",
            "source.1.kind is 'jenkins'; expected 'tfe', 'argocd', 'github' or 'gitlab'",
        ),
        ("[[source]]\nname='a'\nkind='argocd'", "source.1.url is missing"),
        (
            "[[source]]\nname='a'\nkind='argocd'\nurl='http://x'\ntokn_env='X'",
            "source.1.tokn_env is not a setting; did you mean token_env?",
        ),
        ("[[source]]\nname='../x'\nkind='argocd'\nurl='http://x'", "source.1.name is '../x'"),
        ("[[source]]\nname='a'\nkind='tfe'\nurl='http://x'", "source 'a' has no organization"),
        ("[[source]]\nname='a'\nkind='github'\nurl='http://x'", "source 'a' has no repositories"),
        ("[[source]]\nname='a'\nkind='gitlab'\nurl='http://x'", "source 'a' has no repositories"),
        ("[[source]]\nname='a'\nkind='github'\nurl='http://x'\nrepositories=['a/b/c']", "'a/b/c' in repositories is no owner/name"),
        ("[[source]]\nname='a'\nkind='gitlab'\nurl='http://x'\nrepositories=['a/b/']", "source.1.repositories.1 is 'a/b/'"),
        ("[[source]]\nname='a'\nkind='argocd'\nurl='http://x'\nca_file='none.pem'", "ca_file"),
        ("[[source]]\nname='a'\nkind='argocd'\nurl='http://x'\ntoken_env='A'\ntoken_file='b'", "expected one of them"),
        ("[[environment]]\nname='production'", "environment.1.class is missing"),
        ("web = 1\n[", "is not TOML"),
    ],
)
def test_each_wrong_setting_is_a_clear_line(tmp_path: Path, text: str, says: str) -> None:
    lines = lines_of(tmp_path, text)
    assert any(says in line for line in lines), lines
    assert all("\n" not in line for line in lines)


def test_two_sources_of_one_name(tmp_path: Path) -> None:
    one = "[[source]]\nname = 'argo'\nkind = 'argocd'\nurl = 'http://x'\n"
    assert lines_of(tmp_path, one + one.replace("'argo'", "'ARGO'")) == [
        "two sources are called 'ARGO'; expected a name of its own for each"
    ]


def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    [line] = lines_of(tmp_path, "[[source]]\nname='a'\nkind='argocd'\nurl='https://u:hunter22@x'")
    assert "hunter22" not in line
    assert "token_env or token_file" in line


def test_a_misspelt_variable_is_named(tmp_path: Path) -> None:
    assert "THROUGHLINE_DATABASE_ULR" in lines_of(tmp_path, "", THROUGHLINE_DATABASE_ULR="x")[0]
    assert "THROUGHLINE_SOURCE_NOPE_URL" in lines_of(tmp_path, GOOD, THROUGHLINE_SOURCE_NOPE_URL="x")[0]


def test_the_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load({"THROUGHLINE_CONFIG": str(tmp_path / "absent.toml")}, tmp_path)


def test_secrets_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, GOOD)
    with pytest.raises(SettingsError, match="TFE_TOKEN is not set"):
        token_of(settings.source[0], {})  # type: ignore[attr-defined]
    with pytest.raises(SettingsError, match="cannot be read"):
        token_of(settings.source[1], {})  # type: ignore[attr-defined]
    (tmp_path / "secret").write_text("\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="is empty"):
        token_of(settings.source[1], {})  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["email", "Portal"])
def test_a_source_is_not_called_what_means_something_else(tmp_path: Path, name: str) -> None:
    text = f'[[source]]\nname = "{name}"\nkind = "argocd"\nurl = "https://a"\ntoken_env = "T"'
    assert any("means something else here" in line for line in lines_of(tmp_path, text))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_a_portal_of_this_machine_alone_may_name_its_user(tmp_path: Path, host: str) -> None:
    settings = settings_in(tmp_path, f"[web]\nlocal_user = 'Dara'\nhost = '{host}'")
    assert settings.web.local_user == "Dara"  # type: ignore[attr-defined]
