"""The shape of the code: imports point one way, importing touches nothing, every module says why it exists."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from server.settings import ROOT

PACKAGES = ("actions", "bot", "core", "customers", "handoff", "insights", "knowledge", "server", "tickets")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_imports_point_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_import_rules_cover_every_package() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert sorted(linter["root_packages"]) == sorted(PACKAGES)
    layers = {name.strip() for layer in linter["contracts"][0]["layers"] for name in layer.split(":")}
    assert layers == set(PACKAGES) - {"bot"}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_in_its_first_line_why_it_exists(package: str) -> None:
    for path in MODULES:
        if path.relative_to(ROOT).parts[0] != package:
            continue
        source = path.read_text(encoding="utf-8")
        words = ast.get_docstring(ast.parse(source))
        name = str(path.relative_to(ROOT))
        assert source.startswith('"""'), name
        assert words, name
        first = words.splitlines()[0]
        assert first.endswith((".", ":")), name
        assert len(first.split()) >= 3, name


def test_only_the_clock_reads_the_time() -> None:
    readers = []
    for path in MODULES:
        if path.relative_to(ROOT).parts[0] == "bot" or path == ROOT / "core" / "clock.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            call = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if call in {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}:
                readers.append(f"{path.relative_to(ROOT)}:{node.lineno}")  # type: ignore[attr-defined]
    assert readers == []


def test_importing_the_command_reads_no_setting_and_makes_no_file(tmp_path: Path) -> None:
    script = "import server.command, server.app; server.command.build_parser()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BATON_PORT": "no number", "BATON_HOME": str(tmp_path / "h")}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_there_is_no_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}
    assert [path.name for path in MODULES if path.stem in drawers] == []


def test_the_first_chats_wait_for_nothing_that_only_answers_need() -> None:
    script = "import sys, server.command as c; c.build_parser(['run']); import server.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "server.app" in loaded
    assert (
        loaded & {"chromadb", "rasa_sdk", "onnxruntime", "tokenizers", "sklearn", "numpy", "alembic", "torch"} == set()
    )
