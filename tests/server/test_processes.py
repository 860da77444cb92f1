"""The children: restarted when they die, ended with their parent however it ends, and ports that say who to blame."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import structlog

from core.errors import ConfigurationError
from core.redis import open_redis
from server import processes
from server.commands.run import check_port
from server.processes import Child, private_redis
from server.settings import ROOT

SLEEPER = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]


async def until_printed(log: Path, words: str, times: int = 1) -> None:
    def printed() -> int:
        return log.read_text().count(words) if log.exists() else 0

    while printed() < times:
        await asyncio.sleep(0)


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_a_child_that_is_killed_is_started_again_and_one_that_is_stopped_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "RESTART_DELAYS", (0.0,))
    log = tmp_path / "logs" / "child.log"
    child = Child("sleeper", SLEEPER, {}, log)
    await child.start()
    await until_printed(log, "up")
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until_printed(log, "up", times=2)
    while child.restarts == 0:
        await asyncio.sleep(0)
    assert child.pid not in {None, first}
    assert child.restarts == 1
    assert child.last_words() == "up / up"
    second = child.pid
    await child.stop()
    assert child.pid is None
    assert second is not None
    assert gone(second)


async def test_a_child_whose_program_is_away_for_a_time_is_started_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "RESTART_DELAYS", (0.0,))
    log, program, away = tmp_path / "child.log", tmp_path / "program", tmp_path / "away"
    program.write_text("#!/bin/sh\necho up\nexec sleep 60\n")
    program.chmod(0o755)
    child = Child("program", [program], {}, log)
    await child.start()
    await until_printed(log, "up")
    first = child.pid
    assert first is not None
    program.rename(away)
    with structlog.testing.capture_logs() as lines:
        os.kill(first, signal.SIGKILL)
        while not any(line["event"] == "child not restarted" for line in lines):
            await asyncio.sleep(0)
    away.rename(program)
    await until_printed(log, "up", times=2)
    while child.restarts == 0:
        await asyncio.sleep(0)
    assert child.pid not in {None, first}
    await child.stop()


async def test_a_child_has_none_of_the_services_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BATON_ADMIN_PASSWORD", "BATON_IDENTITY_SECRET", "DATABASE_URL", "RASA_URLS", "AWS_SECRET_KEY"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    log = tmp_path / "child.log"
    told = "import os, signal; print(sorted(os.environ.items()), 'up', flush=True); signal.pause()"
    child = Child("teller", [sys.executable, "-c", told], {"BATON_BOT_TOKEN": "its own"}, log)
    await child.start()
    await until_printed(log, "up")
    await child.stop()
    printed = log.read_text()
    assert "secret" not in printed
    for kept in ("('BATON_BOT_TOKEN', 'its own')", "('OMP_NUM_THREADS', '3')", "'PATH'"):
        assert kept in printed


async def test_a_child_that_does_not_listen_is_ended_after_its_grace(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    child = Child("stubborn", [sys.executable, "-c", stubborn], {}, log)
    await child.start()
    await until_printed(log, "up")
    pid = child.pid
    await child.stop(grace=0.05)
    assert pid is not None
    assert gone(pid)


async def test_a_child_that_cannot_be_started_says_what_to_do(tmp_path: Path) -> None:
    child = Child("rasa", [tmp_path / "nothing"], {}, tmp_path / "log")
    with pytest.raises(ConfigurationError, match=r"rasa cannot be started: .*Run make setup\."):
        await child.start()


async def test_the_private_redis_is_a_real_one_on_a_socket_of_its_owner_that_keeps_nothing(tmp_path: Path) -> None:
    folder = Path("/tmp") / f"baton-test-{os.getpid()}"
    child = private_redis(folder, folder / "redis.sock", tmp_path / "redis.log")
    await child.start()
    try:
        while not (folder / "redis.sock").exists():
            await asyncio.sleep(0)
        assert stat.S_IMODE((folder / "redis.sock").stat().st_mode) == 0o700
        redis = open_redis(f"unix://{folder}/redis.sock")
        await redis.set("a", "1")
        assert await redis.get("a") == "1"
        for name, value in {"port": "0", "save": "", "appendonly": "no"}.items():
            assert await redis.config_get(name) == {name: value}
        await redis.aclose()
    finally:
        await child.stop()
    assert [path.name for path in folder.iterdir()] == []
    folder.rmdir()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent's death is told by Linux")
def test_a_parent_that_is_killed_takes_its_redis_along(tmp_path: Path) -> None:
    script = f"""
import asyncio
from pathlib import Path
from server.processes import private_redis
async def main():
    folder = Path({str(tmp_path)!r})
    child = private_redis(folder, folder / "r.sock", folder / "redis.log")
    await child.start()
    print(child.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    redis = psutil.Process(int(parent.stdout.readline()))
    assert "redis-server" in redis.name()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    psutil.wait_procs([redis], timeout=10)
    assert gone(redis.pid)


def test_a_port_in_use_is_named_with_the_setting_that_changes_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as refused:
            check_port("127.0.0.1", port, "BATON_PORT")
    assert refused.value.message == (
        f"Port {port} on 127.0.0.1 is in use. Stop what uses it, or set BATON_PORT to another port."
    )
    check_port("127.0.0.1", port, "BATON_PORT")
    check_port("127.0.0.1", 0, "BATON_PORT")


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "::ffff"])
def test_an_address_of_another_machine_is_refused_with_a_sentence(host: str) -> None:
    with pytest.raises(ConfigurationError, match="Set BATON_PORT or BATON_HOST"):
        check_port(host, 8080, "BATON_PORT")


async def test_a_child_that_cannot_run_as_things_are_says_what_to_do_and_is_tried_again_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "RESTART_DELAYS", (0.0, 3600.0))
    words = "The model old.tar.gz cannot be loaded. Run baton train."
    child = Child(
        "rasa", [sys.executable, "-c", f"print('trace'); print({words!r}); raise SystemExit(78)"], {}, tmp_path / "log"
    )
    with structlog.testing.capture_logs() as logs:
        await child.start()
        while not logs:
            await asyncio.sleep(0)
    assert [(one["event"], one["reason"]) for one in logs] == [("rasa cannot be started", words)]
    await child.stop()
    assert child.restarts == 0
