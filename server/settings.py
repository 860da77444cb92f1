"""Every setting, read once from the environment or `.env`, and validated before anything starts."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import ConfigurationError

SHORTEST_SECRET = 32
"""Bytes of a secret that signs or opens something."""
ROOT = Path(__file__).resolve().parent.parent
"""The checkout: where the assistant's data, the articles and the built pages are."""


PATHS = ("home", "bot_python", "bot_model", "encoder_dir", "articles_dir", "policies_file", "triggers_file")
"""Settings that name a file or folder; an empty one is as one that is not set."""
CommaSeparated = Annotated[tuple[str, ...], NoDecode]


def _only_ours(host: str, public_url: str) -> bool:
    """Tell whether nobody but this machine reaches the service."""
    if public_url:
        return False
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def address_of(host: str, port: int) -> str:
    """Return the HTTP address of a host; one with colons is an IPv6 address, which an address has in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Settings(BaseSettings):
    """The settings; `docs/settings.md` is made from these descriptions and a test holds the two together."""

    model_config = SettingsConfigDict(env_prefix="BATON_", env_file=".env", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address that the service listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port that the service listens on.")
    home: Path = Field(ROOT / "var", description="Folder for everything that is written.")
    public_url: str = Field("", description="Address that customers reach the service at, if not the one above.")
    database_url: str = Field(
        "", validation_alias="DATABASE_URL", description="PostgreSQL or SQLite URL; empty means SQLite in the home."
    )
    redis_url: str = Field(
        "", validation_alias="REDIS_URL", description="Redis URL; empty means a private server started as a child."
    )
    chroma_url: str = Field(
        "",
        validation_alias="CHROMA_URL",
        description="Address of a Chroma server, such as http://localhost:7000; empty means Chroma in the home.",
    )
    rasa_urls: CommaSeparated = Field(
        (),
        validation_alias="RASA_URLS",
        description="Comma-separated addresses of Rasa servers, sticky by conversation; empty means one started as a child.",
    )
    bot_port: int = Field(5005, ge=1, le=65535, description="Port on 127.0.0.1 of the Rasa server that is started.")
    bot_python: Path = Field(
        ROOT / ".venv-rasa" / "bin" / "python", description="Python interpreter of the bot's environment."
    )
    bot_token: SecretStr = Field(
        SecretStr(""), description="Secret between the service and Rasa; empty means a new one at each start."
    )
    bot_model: Path | None = Field(None, description="Rasa model archive; empty means the newest in the home.")
    turn_timeout: float = Field(10.0, gt=0, le=60, description="Seconds until a silent bot counts as failed.")
    bot_patience: float = Field(45.0, ge=0, description="Seconds that a message waits for a bot that is starting.")
    encoder_dir: Path | None = Field(
        None, description="Folder of the exported sentence encoder; empty means models/encoder in the home."
    )
    tune_encoder: Literal["auto", "true", "false"] = Field(
        "auto",
        description="Tune the assistant's encoder on its examples when it is trained: true, false, or auto where that pays: "
        "below 30 examples an intent, or from 3,000 in all.",
    )
    articles_dir: Path = Field(ROOT / "knowledge" / "articles", description="Folder of Markdown articles to seed from.")
    policies_file: Path | None = Field(
        None,
        description="YAML file of SLA rules, until a lead changes them; empty means Baton's own.",
    )
    assignment: Literal["manual", "automatic"] = Field(
        "manual", description="How conversations of teams that do not say otherwise find somebody: manual or automatic."
    )
    reopen_hours: float = Field(
        24.0,
        ge=0,
        le=8760,
        description="Hours after resolving in which a message on the same topic reopens the ticket; 0 for never.",
    )
    silent_minutes: float = Field(
        3.0,
        gt=0,
        le=1440,
        description="Minutes without a sign of life until an agent's unanswered chats go back to the queue.",
    )
    triggers_file: Path | None = Field(
        None, description="YAML file of rules that hand over by themselves; empty means the default rules."
    )
    allowed_origins: CommaSeparated = Field(
        (), description="Comma-separated origins of other sites that may embed the widget."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="Reverse proxies in front, whose X-Forwarded-For is believed."
    )
    identity_secret: SecretStr = Field(
        SecretStr(""),
        description="HS256 secret for the host site's identity tokens, 32 bytes or more; empty means one made at the first start.",
    )
    api_token: SecretStr = Field(
        SecretStr(""),
        description="Secret of your own servers for the API of tickets, 32 bytes or more; empty switches that API off.",
    )
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="Secret of your Prometheus for /metrics, 32 bytes or more; empty means that only this machine reads it.",
    )
    admin_email: str = Field(
        "",
        description="E-mail address of an admin; each start makes the account, or gives it the password below again.",
    )
    admin_password: SecretStr = Field(SecretStr(""), description="Password of that admin.")
    demo: bool = Field(
        default_factory=lambda given: _only_ours(given.get("host", ""), given.get("public_url", "")),
        description="Serve the demo page, with demo customers and agents, whose password is published; "
        "unset means on while BATON_HOST is this machine's alone and BATON_PUBLIC_URL is empty.",
    )
    webhooks_private: bool = Field(
        default_factory=lambda given: _only_ours(given.get("host", ""), given.get("public_url", "")),
        description="Let webhooks call this machine and private networks; "
        "unset means yes while BATON_HOST is this machine's alone and BATON_PUBLIC_URL is empty.",
    )
    brand_name: str = Field(
        "",
        max_length=60,
        description="Name of your product on the help centre; empty means Fernhill in the demo, else Support.",
    )
    brand_colour: str = Field(
        "", description="Colour of the help centre and of the widget on it, such as #0c6a51; empty means Baton's green."
    )
    brand_url: str = Field("", description="Address that the help centre leads back to, such as your product's site.")
    messages_per_minute: int = Field(40, ge=1, description="Messages a visitor may send in a minute.")
    sessions_per_minute: int = Field(60, ge=1, description="Chat sessions that one address may open in a minute.")
    search_log_days: int = Field(
        180, ge=1, le=3650, description="Days that a search stays in the log of searches, its personal data masked."
    )
    searches_per_minute: int = Field(
        120, ge=1, description="Searches in the help centre, typed or sent, that one address may make in a minute."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="Form of the log; auto means console on a terminal, else JSON."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level that is logged.")

    @field_validator("rasa_urls", "allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @field_validator("rasa_urls", "public_url", "brand_url", "chroma_url")
    @classmethod
    def _addresses(cls, value: tuple[str, ...] | str) -> tuple[str, ...] | str:
        for url in [value] if isinstance(value, str) else value:
            if url and not url.startswith(("http://", "https://")):
                raise ValueError(f"{url!r} is not an address, such as https://support.example.com")
        return value

    @field_validator("brand_colour")
    @classmethod
    def _colour(cls, value: str) -> str:
        if value and not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            raise ValueError(f"{value!r} is not a colour, such as #0c6a51")
        return value.lower()

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
                raise ValueError(f"{origin!r} is not an origin, such as https://www.example.com")
        return value

    @field_validator("tune_encoder", mode="before")
    @classmethod
    def _three_valued(cls, value: object) -> object:
        written = str(value).strip().lower()
        return {"1": "true", "yes": "true", "on": "true", "0": "false", "no": "false", "off": "false"}.get(
            written, written
        )

    @field_validator(*PATHS)
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator(*PATHS, mode="before")
    @classmethod
    def _default_for_empty(cls, value: object, given: ValidationInfo) -> object:
        return value or cls.model_fields[str(given.field_name)].default

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in ("identity_secret", "api_token", "metrics_token"):
            secret = getattr(self, name).get_secret_value()
            if secret and len(secret.encode()) < SHORTEST_SECRET:
                raise ValueError(f"BATON_{name.upper()} must have {SHORTEST_SECRET} bytes or more")
        if bool(self.admin_email) != bool(self.admin_password.get_secret_value()):
            raise ValueError("BATON_ADMIN_EMAIL and BATON_ADMIN_PASSWORD go together")
        if self.admin_email and (self.admin_email.count("@") != 1 or "." not in self.admin_email.rpartition("@")[2]):
            raise ValueError("BATON_ADMIN_EMAIL is not an e-mail address, such as admin@example.com")
        if self.admin_email and len(self.admin_password.get_secret_value()) < 10:
            raise ValueError("BATON_ADMIN_PASSWORD must have 10 characters or more")
        if self.rasa_urls and not self.bot_token.get_secret_value():
            raise ValueError("RASA_URLS needs BATON_BOT_TOKEN, the secret that those servers were started with")
        return self

    @property
    def demo_left_off(self) -> bool:
        """Whether the demo is off because others can reach the service, not because somebody said so."""
        return not self.demo and "demo" not in self.model_fields_set

    @property
    def database(self) -> str:
        """The database's URL, the default filled in."""
        return self.database_url or f"sqlite:///{self.home / 'baton.db'}"

    @property
    def encoder(self) -> Path:
        """The folder of the exported encoder, the default filled in."""
        return self.encoder_dir or self.home / "models" / "encoder"

    @property
    def tuned_encoder(self) -> Path:
        """The folder of the assistant's tuned encoder; the knowledge base keeps the untuned one."""
        return self.home / "models" / "tuned-encoder"

    @property
    def models(self) -> Path:
        """The folder of Rasa model archives."""
        return self.home / "models" / "rasa"

    @property
    def brand(self) -> str:
        """The product's name, the default filled in."""
        return self.brand_name.strip() or ("Fernhill" if self.demo else "Support")

    @property
    def triage_head(self) -> Path:
        """The file of what triage learned from labelled tickets."""
        return self.home / "models" / "triage" / "head.npz"

    @property
    def url(self) -> str:
        """The address that customers reach the service at, the default filled in."""
        return (self.public_url or address_of(self.host, self.port)).rstrip("/")


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        ConfigurationError: one of them will not do; the sentence names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(str(part) for part in problem["loc"])
        prefix = "" if not name or name.isupper() else "BATON_"
        reason = problem["msg"].removeprefix("Value error, ")
        where = f"{prefix}{name.upper()}: " if name else ""
        raise ConfigurationError(f"A setting is wrong. {where}{reason}.") from error
