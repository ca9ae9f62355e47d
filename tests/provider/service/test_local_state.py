"""The emulator's file is the project's, wherever in it a process was started."""

from __future__ import annotations

from pathlib import Path

import pytest

from omics_provider.base.settings import Settings
from omics_provider.service import clients, local_state
from tests.provider.harness import REGION


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / "app" / "deep").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: p\nruntime: python\nmain: app\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("below", [".", "app", "app/deep"])
def test_one_file_for_all_folders_of_a_project(
    project: Path, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    monkeypatch.chdir(project / below)
    assert local_state.file(Settings()) == project / ".omics" / "local.db"
    place = Settings(endpoint="local", region=REGION, local_state=f"state/{below}/x.db")
    clients.omics(place).list_runs()
    assert (project / "state" / below / "x.db").is_file()


def test_the_nearest_project_counts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "app" / "Pulumi.yml").write_text("name: q\nruntime: python\n")
    monkeypatch.chdir(project / "app" / "deep")
    assert local_state.file(Settings()) == project / "app" / ".omics" / "local.db"
    # A folder of that name is none.
    (project / "app" / "deep" / "Pulumi.yaml").mkdir()
    assert local_state.file(Settings()) == project / "app" / ".omics" / "local.db"


def test_an_absolute_file_is_meant_as_it_is(project: Path, tmp_path: Path) -> None:
    asked = Settings(local_state=str(tmp_path / "x.db"))
    assert local_state.file(asked) == tmp_path / "x.db"


def test_without_a_project_the_folder_itself_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert local_state.file(Settings()) == tmp_path / ".omics" / "local.db"
