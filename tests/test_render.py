"""What is derived from the targets: up to date, the same at every run, and a stranger's files stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import load
from agent.model import ConfigError
from agent.render import GENERATORS, differences, rendered, write
from tests.commands import dabiao

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
SHIPPED = DEPLOY / "generated"


@pytest.fixture(scope="module")
def files():
    return rendered(load([ROOT / "targets.yaml"], None, collectors={}), DEPLOY)


def test_the_shipped_files_are_what_the_shipped_targets_give(files):
    assert differences(files, SHIPPED) == [], "run dabiao render"


def test_the_same_targets_give_the_same_files(files):
    assert rendered(load([ROOT / "targets.yaml"], None, collectors={}), DEPLOY) == files


def test_every_generator_makes_files_of_its_own(files):
    config = load([ROOT / "targets.yaml"], None, collectors={})
    made = [name for generate in GENERATORS.values() for name in generate(config)]
    made += ["README.md", *(name for name in files if name.startswith("alertmanager/"))]
    assert sorted(made) == sorted(files)


def test_what_is_written_differs_in_nothing(files, tmp_path):
    assert write(files, tmp_path / "generated") == [str(tmp_path / "generated" / name) for name in files]
    assert differences(files, tmp_path / "generated") == []
    assert write(files, tmp_path / "generated") == []


def test_a_file_that_is_edited_missing_or_left_over_is_named(files, tmp_path):
    write(files, tmp_path)
    rules = tmp_path / "prometheus" / "rules.yml"
    (tmp_path / "old.yml").write_text("groups: []\n")
    rules.write_text(rules.read_text() + "\n")
    assert differences(files, tmp_path) == [f"{tmp_path}/old.yml: superfluous", f"{rules}: differs"]
    rules.unlink()
    assert differences(files, tmp_path) == [f"{tmp_path}/old.yml: superfluous", f"{rules}: missing"]
    assert write(files, tmp_path) == [f"{tmp_path}/old.yml", str(rules)]
    assert differences(files, tmp_path) == []


def test_a_folder_that_holds_other_things_is_left_alone(files, tmp_path):
    (tmp_path / "thesis.txt").write_text("five years of work")
    with pytest.raises(ConfigError, match="expected an empty folder or one that render made"):
        write(files, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_command_compares_and_writes(tmp_path):
    options = ("--targets", str(ROOT / "targets.yaml"), "--into", "generated", "--from", str(DEPLOY))
    compared = dabiao(tmp_path, "render", "--check", *options)
    assert (compared.code, compared.complained.splitlines()[0]) == (1, "dabiao: generated/README.md: missing")
    assert not (tmp_path / "generated").exists()
    assert dabiao(tmp_path, "render", *options).code == 0
    assert dabiao(tmp_path, "render", "--check", *options).code == 0
