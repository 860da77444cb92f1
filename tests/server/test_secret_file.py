"""A secret of the home folder: made once, whole or not at all, and its owner's alone."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from server.secret_file import kept_secret


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    secret = kept_secret(tmp_path, "identity")
    assert len(secret) >= 32
    assert kept_secret(tmp_path, "identity") == secret
    assert kept_secret(tmp_path, "another") != secret
    assert (tmp_path / "secrets" / "identity").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_processes_that_start_together_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: kept_secret(tmp_path, "identity"), range(8)))) == 1
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["identity"]


def test_an_empty_file_that_a_full_disk_left_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "identity").touch()
    secret = kept_secret(tmp_path, "identity")
    assert len(secret) >= 32
    assert kept_secret(tmp_path, "identity") == secret


def test_a_disk_that_is_full_says_so_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        kept_secret(tmp_path, "identity")
    assert list((tmp_path / "secrets").iterdir()) == []


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="BATON_HOME"):
        kept_secret(tmp_path / "file", "identity")
