"""How the Rasa server is started: which model, which settings, and nothing but Baton's own channel."""

from __future__ import annotations

from pathlib import Path

from core.errors import ConfigurationError
from server.processes import Child
from server.settings import ROOT, Settings, address_of

QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "SETUPTOOLS_USE_DISTUTILS": "stdlib",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "OMP_NUM_THREADS": "1",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "PYTHONWARNINGS": "ignore",
    "PYTHONUNBUFFERED": "1",
    "HF_HUB_OFFLINE": "1",
    "RASA_CACHE_DIRECTORY": str(ROOT / "var" / "rasa-cache"),
}
"""Environment of every Rasa process: no telemetry, no downloads, one thread, and Python's own distutils, which loads in no time.

Memory in large pages (glibc 2.35 and later) spares a busy machine's processor the way through the page tables to the encoder's weights.
"""

SERVING = {**QUIET, "PYTHONMALLOC": "malloc"}
"""Environment of the server: its objects come from glibc too, and so lie in large pages, for which Python's own allocator does not ask."""


def rasa_server(settings: Settings, token: str) -> Child:
    """Describe the Rasa server with the newest model.

    Raises:
        ConfigurationError: there is no model, or the bot's environment is missing.
    """
    if not settings.bot_python.exists():
        raise ConfigurationError(f"The bot's environment is missing ({settings.bot_python}). Run make setup.")
    command: list[str | Path] = [
        settings.bot_python, "-m", "bot.launch", "run", "--model", newest_model(settings), "--interface", "127.0.0.1",
        "--port", str(settings.bot_port), "--credentials", ROOT / "bot" / "credentials.yml",
        "--endpoints", ROOT / "endpoints.yml",
    ]  # fmt: skip
    environment = {
        **SERVING,
        "PYTHONPATH": str(ROOT),
        "BATON_BOT_TOKEN": token,
        "BATON_ACTION_URL": f"{own_url(settings)}/internal/actions",
    }
    return Child("rasa", command, environment, settings.home / "logs" / "rasa.log")


def own_url(settings: Settings) -> str:
    """Return where the service is reached on this machine: at its own address, unless it listens on all of them."""
    everywhere = settings.host in {"0.0.0.0", "::", ""}  # noqa: S104
    return address_of("127.0.0.1" if everywhere else settings.host, settings.port)


def newest_model(settings: Settings) -> Path:
    """Return the model archive to run.

    Raises:
        ConfigurationError: there is none.
    """
    if settings.bot_model is not None:
        if not settings.bot_model.is_file():
            raise ConfigurationError(f"BATON_BOT_MODEL: there is no file {settings.bot_model}.")
        return settings.bot_model
    archives = sorted(settings.models.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not archives:
        raise ConfigurationError("There is no trained assistant yet. Run baton train, or make setup.")
    return archives[-1]
