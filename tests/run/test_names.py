"""The list of names that `exec-env` looks at, and the page that gives a reason for each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leafseal.run import names
from leafseal.run.names import PASS, REFUSE, WARN, verdict

PAGE = (Path(__file__).parents[2] / "docs" / "exec-names.md").read_text(encoding="utf-8")
WORDS = {"refused": REFUSE, "warned of": WARN, "passed on": PASS}
ROWS = {name: WORDS[word] for name, word in re.findall(r"^\| `([^`]+)` \| ([a-z ]+) \| .+ \|$", PAGE, re.MULTILINE)}
SPELLINGS = [str.upper, str.lower, str.swapcase, str.title]


def members(name: str) -> list[str]:
    """Return names that a row stands for: some of a family."""
    return [name] if "*" not in name else [name.replace("*", rest) for rest in ("ZZ", "zz_9", "Ä")]


def test_what_the_page_says_is_done_in_any_spelling() -> None:
    assert len(ROWS) > 700
    spelled = [(spell(member), row) for row in ROWS for member in members(row) for spell in (str, *SPELLINGS)]
    assert [name for name, row in spelled if verdict(name) != ROWS[row]] == []


def test_every_name_and_every_family_is_on_the_page() -> None:
    families = {f"{beginning}*": found for beginning, found in names._FAMILIES.items()}
    shapes = {f"{beginning}*{end}": found for beginning, end, found in names._SHAPES}
    upper = {name.upper(): found for name, found in ROWS.items()}
    listed = {**names._NAMES, **families, **shapes}
    assert {name: found for name, found in listed.items() if upper.get(name) != found} == {}


def test_the_page_has_no_name_twice() -> None:
    found = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)
    assert len(found) == len({name.upper() for name in found}) == len(ROWS)


def test_what_a_family_says_already_is_not_said_again() -> None:
    """Nothing passes by name that would pass anyway: the list of what passes is of exceptions."""
    passing = [name for name, found in names._NAMES.items() if found == PASS]
    passing += [beginning for beginning, found in names._FAMILIES.items() if found == PASS]
    for name in passing:
        shorter = [names._FAMILIES[name[:n]] for n in range(len(name) - 1, 0, -1) if name[:n] in names._FAMILIES]
        assert shorter, name
        assert shorter[0] != PASS, name


HONEST = """
    AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION DATABASE_URL DB_PASSWORD DJANGO_SETTINGS_MODULE NODE_ENV
    PYTHONUNBUFFERED PGPASSWORD PGHOST TZ LANG LC_ALL PORT VAULT_TOKEN MIX_ENV TF_VAR_region TF_TOKEN_app_terraform_io
    LD_SDK_KEY NPM_TOKEN GITHUB_TOKEN CARGO_REGISTRY_TOKEN DOTNET_ENVIRONMENT REDIS_URL SENTRY_DSN MYSQL_PWD DEBUG
    MIX_PUSHER_KEY SASL_PASSWORD VK_TOKEN STACK_NAME SSH_PRIVATE_KEY DOCKER_PASSWORD OS_PASSWORD HOMEPAGE
    PATHS MY_PATH AN_LD_PRELOAD db.password x-y EDITOR_NAME SECRET_KEY_BASE GEM_HOST_API_KEY COMPOSER_AUTH
"""
LEADING_ELSEWHERE = """
    JAVA_OPTS JAVA_TOMCAT_OPTS SSL_CERT_FILE SSL_CERT_DIR HTTP_PROXY https_proxy No_Proxy GRPC_PROXY VAULT_ADDR
    GIT_TOKEN GIT_PASSWORD TF_WORKSPACE AWS_PROFILE POETRY_HTTP_BASIC_X_PASSWORD TMP PYTHONTRACEMALLOC
"""


@pytest.mark.parametrize("name", HONEST.split())
def test_names_of_honest_files_pass(name: str) -> None:
    assert verdict(name) == PASS


@pytest.mark.parametrize("name", LEADING_ELSEWHERE.split())
def test_names_of_honest_files_that_lead_elsewhere_are_warned_of(name: str) -> None:
    assert verdict(name) == WARN


@pytest.mark.parametrize("name", ["BASH_FUNC_ls%%", "BASH_FUNC_ls()", "npm_config_script-shell", "LD_ſDK", "lıbpath"])
def test_odd_spellings_are_refused(name: str) -> None:
    assert verdict(name) == REFUSE


def test_a_family_of_refused_names_goes_before_the_ends_of_names() -> None:
    assert verdict("npm_config_https_proxy") == REFUSE
