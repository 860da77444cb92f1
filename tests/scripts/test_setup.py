"""The set-up: what is made is not made again, and what a machine lacks is one sentence that says what to do."""

from __future__ import annotations

import errno
import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from server.settings import Settings

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
PARTS = ("checkout", "machine", "stamps", "setup")


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The scripts by name, with a temporary folder for a checkout and an empty PATH."""
    monkeypatch.syspath_prepend(SCRIPTS)
    found = {name: importlib.import_module(name) for name in PARTS}
    folders = {"ROOT": ".", "HOME": "var", "STAMPS": "var/stamps", "SERVICE": ".venv", "BOT": ".venv-rasa"}
    for name, folder in folders.items():
        monkeypatch.setattr(found["checkout"], name, tmp_path / folder)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.delenv("BATON_HOME", raising=False)
    yield found
    for name in PARTS:
        del sys.modules[name]


@pytest.fixture
def checkout(scripts: dict[str, ModuleType]) -> ModuleType:
    return scripts["checkout"]


@pytest.fixture
def machine(scripts: dict[str, ModuleType]) -> ModuleType:
    return scripts["machine"]


@pytest.fixture
def stamps(scripts: dict[str, ModuleType]) -> ModuleType:
    return scripts["stamps"]


@pytest.fixture
def setup(scripts: dict[str, ModuleType]) -> ModuleType:
    return scripts["setup"]


def program(folder: Path, name: str, says: str, status: int = 0) -> None:
    path = folder / "bin" / name
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    path.chmod(0o755)


def nothing_to_check() -> None:
    """Take the machine for one that has all it must have."""


def cake(stamps: ModuleType, root: Path, made: list[str]) -> Any:
    """Return a step that counts how often it is made."""
    (root / "flour").write_text("white")

    def bake() -> None:
        made.append((root / "flour").read_text())
        (root / "cake").write_text("baked")

    return stamps.Step("Cake (of flour)", lambda: [root / "flour", "oven"], bake, root / "cake")


def test_a_step_is_made_once_and_again_only_when_an_input_changes_or_its_thing_is_gone(
    stamps: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []
    step = cake(stamps, tmp_path, made)
    stamps.run_steps([step], nothing_to_check)
    assert "==> Cake (of flour)" in capsys.readouterr().out
    stamps.run_steps([step], nothing_to_check)
    assert (made, capsys.readouterr().out) == (["white"], "")
    (tmp_path / "flour").write_text("brown")
    stamps.run_steps([step], nothing_to_check)
    assert made == ["white", "brown"]
    (tmp_path / "cake").unlink()
    stamps.run_steps([step], nothing_to_check)
    assert made == ["white", "brown", "brown"]


def test_inputs_written_again_with_the_same_contents_make_nothing_anew(stamps: ModuleType, tmp_path: Path) -> None:
    made: list[str] = []
    step = cake(stamps, tmp_path, made)
    stamps.run_steps([step], nothing_to_check)
    os.utime(tmp_path / "flour", ns=(1, 1))
    stamps.run_steps([step], nothing_to_check)
    assert made == ["white"]


def test_what_is_in_the_home_moves_with_it_and_is_there_when_it_is_back(
    checkout: ModuleType, stamps: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    step = cake(stamps, tmp_path, made)

    def bake_in(home: Path) -> None:
        monkeypatch.setattr(checkout, "HOME", home)
        home.mkdir(exist_ok=True)
        at_home = home / "cake"
        stamps.run_steps(
            [step._replace(made=at_home, make=lambda: (made.append("home"), at_home.touch()))], nothing_to_check
        )

    first, second = tmp_path / "first", tmp_path / "second"
    bake_in(first)
    bake_in(second)
    bake_in(first)
    assert made == ["home", "home"]
    first.rename(tmp_path / "third")
    bake_in(tmp_path / "third")
    assert made == ["home", "home"]


def test_a_step_that_failed_is_made_at_the_next_start(machine: ModuleType, stamps: ModuleType, tmp_path: Path) -> None:
    made: list[str] = []
    good = cake(stamps, tmp_path, made)

    def burn() -> None:
        raise machine.SetupError("It burnt.")

    with pytest.raises(machine.SetupError):
        stamps.run_steps([stamps.Step(good.name, good.inputs, burn, good.made)], nothing_to_check)
    stamps.run_steps([good], nothing_to_check)
    assert made == ["white"]


def test_a_later_start_looks_at_no_program_and_reads_no_input(
    stamps: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise AssertionError("it was looked at")

    step = cake(stamps, tmp_path, [])
    stamps.run_steps([step], nothing_to_check)
    monkeypatch.setattr(stamps, "hash_of", refuse)
    stamps.run_steps([step], refuse)


@pytest.mark.parametrize(
    ("node", "says"),
    [
        (None, "Node.js 20 with npm is missing. Install it from your system's packages or nodejs.org."),
        ("v18.19.0", "Node.js 20 or newer is needed; this is 18.19.0."),
    ],
)
def test_a_node_that_is_missing_or_old_is_one_sentence(
    machine: ModuleType, tmp_path: Path, node: str | None, says: str
) -> None:
    if node:
        program(tmp_path, "node", node)
        program(tmp_path, "npm", "10")
    with pytest.raises(machine.SetupError) as refused:
        machine.check_machine()
    assert str(refused.value) == says


def test_a_missing_python310_is_one_sentence_that_names_three_ways(machine: ModuleType, tmp_path: Path) -> None:
    program(tmp_path, "node", "v20.1.0")
    program(tmp_path, "npm", "10")
    with pytest.raises(machine.SetupError, match=r"^Python 3\.10 is missing, .*apt .*pyenv .*uv ") as refused:
        machine.check_machine()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("says", "status"), [("pyenv: python3.10: command not found", 127), ("False", 0), ("", 0)])
def test_a_python310_on_the_path_that_does_not_run_is_passed_over_for_one_of_pyenv(
    machine: ModuleType, tmp_path: Path, says: str, status: int
) -> None:
    program(tmp_path, "python3.10", says, status)
    pyenv = tmp_path / "pyenv" / "versions" / "3.10.13"
    (pyenv / "bin").mkdir(parents=True)
    program(pyenv, "python", "True")
    assert machine.find_python310() == pyenv / "bin" / "python"


def test_a_disk_with_too_little_space_is_one_sentence_with_both_figures(
    machine: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, says in {"node": "v20.1.0", "npm": "10", "python3.10": "True"}.items():
        program(tmp_path, name, says)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, 3 * 1024**3))
    with pytest.raises(machine.SetupError) as refused:
        machine.check_machine()
    assert str(refused.value) == "The disk has 3.0 GiB free; both environments need 10. Free some space."


def test_a_command_that_fails_on_a_full_disk_says_so_and_one_that_fails_otherwise_names_itself(
    machine: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "npm", "npm ERR!", 1)
    with pytest.raises(machine.SetupError, match="'npm ci' failed with status 1; what went wrong stands above"):
        machine.call(["npm", "ci"], cwd=tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, 1024))
    with pytest.raises(machine.SetupError, match="The disk is full"):
        machine.call(["npm", "ci"], cwd=tmp_path)


def test_a_full_disk_while_something_is_written_is_one_sentence_and_status_1(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "argv", ["setup.py"])
    monkeypatch.setattr(setup, "run_steps", full)
    assert setup.main() == 1
    assert capsys.readouterr().err.startswith("setup: The disk is full. Free some space under ")


def test_an_interrupted_set_up_says_that_it_goes_on_at_the_next(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["setup.py"])
    monkeypatch.setattr(setup, "run_steps", interrupted)
    assert setup.main() == 130
    assert "setup: Stopped. Run it again to go on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("BATON_HOME=/srv/baton", "/srv/baton"),
        ("export BATON_HOME = '/srv/my baton'  # on the large disk", "/srv/my baton"),
        ('BATON_PORT=1\nBATON_HOME="/srv/a#b"\n', "/srv/a#b"),
        ("BATON_HOME=/first\nBATON_HOME=/last # this one", "/last"),
        ("# BATON_HOME=/srv/baton\nMY_BATON_HOME=/x", None),
        ("BATON_HOME=", None),
    ],
)
def test_the_home_is_read_from_env_files_as_the_service_reads_it(
    checkout: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, named: str | None
) -> None:
    (tmp_path / ".env").write_text(written)
    monkeypatch.chdir(tmp_path)
    assert checkout.home_folder() == Path(named or tmp_path / "var")
    if named is not None:
        assert Settings().home == Path(named)
