"""The pages for readers: every command on them runs as it stands, and ends as it says."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from metric_harness.cli import _parser
from metric_harness.exemptions import tomllib
from metric_harness.plugin import OPTIONS

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
"""Language, name of the file to be written if there is one, content."""
EXITS = re.compile(r"# exit status (\d)$", flags=re.MULTILINE)


def by_name(page: Path) -> str:
    return page.stem


def shell(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block as somebody would type it, with the interpreter's own scripts first on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environment |= {"PATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def lines_with_status(block: str) -> list[tuple[str, int]]:
    """Return each command of a block with the exit status that it is said to end in."""
    found = []
    for line in block.strip().splitlines():
        said = EXITS.search(line)
        found.append((EXITS.sub("", line).strip(), int(said.group(1)) if said else 0))
    return found


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_command_of_a_page_ends_as_it_says(page, tmp_path):
    for language, name, content in BLOCK.findall(page.read_text(encoding="utf-8")):
        if name:
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
        elif language == "bash":
            for command, status in lines_with_status(content):
                done = shell(command, tmp_path)
                assert done.returncode == status, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_option_on_a_page_exists(page):
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"--metric[a-z-]*", text)) <= {*OPTIONS, "--metric-list"}
    commands = set(re.findall(r"^metric-harness (\w+)", text, flags=re.MULTILINE))
    (choices,) = (action.choices for action in _parser()._actions if action.dest == "command")
    assert commands <= set(choices)


@pytest.mark.parametrize(
    ("page", "target"),
    [
        pytest.param(page, target, id=f"{page.stem}-{target}")
        for page in PAGES
        for target in sorted(set(re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))))
    ],
)
def test_every_link_leads_to_a_file(page, target):
    assert (page.parent / target).exists()


def test_the_workflow_gives_the_action_what_it_takes():
    page = (ROOT / "docs" / "maintainer.md").read_text(encoding="utf-8")
    (workflow,) = (yaml.safe_load(content) for language, _, content in BLOCK.findall(page) if language == "yaml")
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    (step,) = (s for s in workflow["jobs"]["validate"]["steps"] if "metric_harness" in s.get("uses", ""))
    required = {name for name, given in action["inputs"].items() if given.get("required")}
    assert required <= set(step["with"]) <= set(action["inputs"])


def test_the_entry_point_group_is_the_one_that_is_read():
    page = (ROOT / "docs" / "author.md").read_text(encoding="utf-8")
    (block,) = (content for language, name, content in BLOCK.findall(page) if language == "toml" and not name)
    from metric_harness import resolution

    (group,) = tomllib.loads(block)["project"]["entry-points"]
    assert group == resolution.ENTRY_POINTS


def test_the_gallery_is_drawn_from_the_committed_scorecards(tmp_path):
    runpy.run_path(str(ROOT / "docs" / "gallery.py"))["main"](tmp_path)
    drawn = (tmp_path / "gallery.md").read_text(encoding="utf-8")
    assert drawn == (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8"), "run python docs/gallery.py"
    shown = set(re.findall(r"\]\(gallery/(.+?)\)", drawn))
    for folder in (tmp_path, ROOT / "docs"):
        assert {path.name for path in (folder / "gallery").iterdir()} == shown


def test_the_gallery_shows_what_moves_a_metric_and_what_deceives_it(tmp_path):
    made = runpy.run_path(str(ROOT / "docs" / "gallery.py"))
    page = made["_profile"]("cka", tmp_path)
    assert "one sample moved far" in page
    pairs = [line for story in made["STORIES"] for line in made["_counterexample"](story, tmp_path)]
    assert len(pairs) == 2
    case = made["_case"]("cka", "misleading.spurious_agreement", made["REPORTS"])
    for story, told in zip(made["STORIES"], pairs, strict=True):
        assert f"{case.measurements[f'{story}: share of the range']:.2f} of the range" in told
        assert case.measurements[f"{story}: pair"] in told
        assert told.count("activity of") == 4, "either recording in the trials of either value"
    assert len(list(tmp_path.glob("*.svg"))) == 3


def test_the_gallery_leaves_out_what_no_search_found(tmp_path):
    made = runpy.run_path(str(ROOT / "docs" / "gallery.py"))
    assert made["_counterexample"]("called neither", tmp_path) == []
