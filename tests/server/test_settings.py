"""Settings: each value that will not do is refused with one sentence that names its variable, and each is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from core.errors import ConfigurationError
from server.settings import ROOT, Settings, load_settings


@pytest.fixture(autouse=True)
def a_clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field, info in Settings.model_fields.items():
        monkeypatch.delenv(variable(field, info), raising=False)
    monkeypatch.chdir(tmp_path)


def variable(field: str, info: object) -> str:
    return str(getattr(info, "validation_alias", None) or f"BATON_{field.upper()}")


def test_the_defaults_start_everything_on_one_machine() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.bot_port) == ("127.0.0.1", 8080, 5005)
    assert settings.database == f"sqlite:///{ROOT}/var/baton.db"
    assert settings.url == "http://127.0.0.1:8080"
    assert Settings(_env_file=None, host="::1").url == "http://[::1]:8080"
    assert (settings.redis_url, settings.rasa_urls, settings.allowed_origins) == ("", (), ())
    assert settings.encoder == ROOT / "var" / "models" / "encoder"
    assert (settings.turn_timeout, settings.messages_per_minute) == (10, 40)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"BATON_PORT": "80800"}, "BATON_PORT"),
        ({"BATON_PORT": "http"}, "BATON_PORT"),
        ({"BATON_PORT": "-1"}, "BATON_PORT"),
        ({"BATON_BOT_PORT": "0"}, "BATON_BOT_PORT"),
        ({"BATON_TURN_TIMEOUT": "0"}, "BATON_TURN_TIMEOUT"),
        ({"BATON_TURN_TIMEOUT": "61"}, "BATON_TURN_TIMEOUT"),
        ({"BATON_TURN_TIMEOUT": "soon"}, "BATON_TURN_TIMEOUT"),
        ({"BATON_BOT_PATIENCE": "-1"}, "BATON_BOT_PATIENCE"),
        ({"BATON_TRUSTED_PROXIES": "9"}, "BATON_TRUSTED_PROXIES"),
        ({"BATON_MESSAGES_PER_MINUTE": "0"}, "BATON_MESSAGES_PER_MINUTE"),
        ({"BATON_SESSIONS_PER_MINUTE": "0"}, "BATON_SESSIONS_PER_MINUTE"),
        ({"BATON_LOG_FORMAT": "xml"}, "BATON_LOG_FORMAT"),
        ({"BATON_LOG_LEVEL": "loud"}, "BATON_LOG_LEVEL"),
        ({"BATON_DEMO": "perhaps"}, "BATON_DEMO"),
        ({"BATON_PUBLIC_URL": "support.example"}, "BATON_PUBLIC_URL"),
        ({"BATON_ALLOWED_ORIGINS": "example.com"}, "BATON_ALLOWED_ORIGINS"),
        ({"BATON_ALLOWED_ORIGINS": "https://a.example, https://b.example/path"}, "BATON_ALLOWED_ORIGINS"),
        ({"RASA_URLS": "rasa:5005", "BATON_BOT_TOKEN": "t"}, "RASA_URLS"),
        ({"RASA_URLS": "http://rasa:5005"}, "BATON_BOT_TOKEN"),
        ({"BATON_IDENTITY_SECRET": "short"}, "BATON_IDENTITY_SECRET"),
        ({"BATON_ADMIN_EMAIL": "a@b.example"}, "BATON_ADMIN_PASSWORD"),
        ({"BATON_ADMIN_PASSWORD": "a long password"}, "BATON_ADMIN_EMAIL"),
        ({"BATON_ADMIN_EMAIL": "a@b.example", "BATON_ADMIN_PASSWORD": "short"}, "BATON_ADMIN_PASSWORD"),
        ({"BATON_ADMIN_EMAIL": "admin", "BATON_ADMIN_PASSWORD": "a long password"}, "BATON_ADMIN_EMAIL"),
    ],
)
def test_a_value_that_will_not_do_is_refused_with_its_variable_and_without_its_secrets(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], named: str
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    sentence = refused.value.message
    assert named in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    for name, value in values.items():
        if "PASSWORD" in name or "SECRET" in name:
            assert value not in sentence


def test_lists_are_separated_by_commas_and_lose_their_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_ALLOWED_ORIGINS", " https://a.example/ ,https://b.example,, ")
    monkeypatch.setenv("RASA_URLS", "http://one:5005/,http://two:5005")
    monkeypatch.setenv("BATON_BOT_TOKEN", "secret")
    settings = load_settings()
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.rasa_urls == ("http://one:5005", "http://two:5005")


@pytest.mark.parametrize(
    ("values", "on", "left_off"),
    [
        ({}, True, False),
        ({"BATON_HOST": "::1"}, True, False),
        ({"BATON_HOST": "localhost"}, True, False),
        ({"BATON_HOST": "0.0.0.0"}, False, True),
        ({"BATON_HOST": "::"}, False, True),
        ({"BATON_HOST": ""}, False, True),
        ({"BATON_HOST": "support.internal"}, False, True),
        ({"BATON_PUBLIC_URL": "https://support.example"}, False, True),
        ({"BATON_HOST": "0.0.0.0", "BATON_DEMO": "true"}, True, False),
        ({"BATON_DEMO": "false"}, False, False),
    ],
)
def test_published_passwords_are_for_this_machine_alone_unless_somebody_says_so(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], on: bool, left_off: bool
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.demo, settings.demo_left_off) == (on, left_off)


def test_a_path_is_the_same_for_programs_that_are_started_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named = ("bot_model", "encoder_dir", "policies_file", "triggers_file")
    for field in named:
        monkeypatch.setenv(f"BATON_{field.upper()}", "")
    for field in ("home", "bot_python", "articles_dir"):
        monkeypatch.setenv(f"BATON_{field.upper()}", "")
    assert [getattr(load_settings(), field) for field in named] == [None] * 4
    assert load_settings().home == ROOT / "var"
    assert load_settings().articles_dir == ROOT / "knowledge" / "articles"
    for field in named:
        monkeypatch.setenv(f"BATON_{field.upper()}", f"mine/{field}")
    assert [getattr(load_settings(), field) for field in named] == [tmp_path / "mine" / field for field in named]
    monkeypatch.setenv("BATON_ENCODER_DIR", "~/encoder")
    assert load_settings().encoder == Path.home() / "encoder"


def test_a_file_serves_where_the_environment_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BATON_PORT=8181\nBATON_HOST=0.0.0.0\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("BATON_PORT", "8282")
    settings = load_settings()
    assert (settings.host, settings.port) == ("0.0.0.0", 8282)


def test_secrets_are_not_printed_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_IDENTITY_SECRET", "a secret of thirty-two bytes or more")
    monkeypatch.setenv("BATON_BOT_TOKEN", "another secret")
    assert "secret of thirty-two" not in repr(load_settings())
    assert "another secret" not in repr(load_settings())


def test_docs_settings_lists_every_setting_with_its_default_and_its_description() -> None:
    documented = {
        name: (default, meaning)
        for name, default, meaning in re.findall(
            r"^\| `([A-Z_]+)` \| (.*?) ?\| (.+) \|$", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE
        )
    }
    assert documented == {
        variable(field, info): (shown(info.default), info.description) for field, info in Settings.model_fields.items()
    }


def shown(default: object) -> str:
    value = default.get_secret_value() if isinstance(default, SecretStr) else default
    if value in (None, "", (), PydanticUndefined):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Path):
        return f"`{value.relative_to(ROOT)}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
