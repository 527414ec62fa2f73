"""What is written about the product is true of it."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import shlex
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from config import generate
from promoter.cli.command_table import COMMANDS
from promoter.cli.options import OPTIONS, setting_of, variable_of
from promoter.config.config import parse
from promoter.domain.errors import Exit
from promoter.domain.rules import ALLOWABLE, RULES
from promoter.settings import Settings
from tests.world import promote

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def options(parser: argparse.ArgumentParser) -> set[str]:
    return {
        option
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--")
    }


def test_configuration_reference_is_what_the_models_say() -> None:
    assert (ROOT / "config/README.md").read_text(encoding="utf-8") == generate.markdown()


def test_schema_is_what_the_models_say() -> None:
    assert (ROOT / "config/promoter.schema.json").read_text(encoding="utf-8") == generate.schema()


@pytest.mark.parametrize("name", ["aurora.yaml", "minimal.yaml", "full.yaml"])
def test_examples_are_valid(name: str) -> None:
    assert parse((ROOT / "config" / name).read_bytes(), name).environments


@pytest.mark.parametrize(
    "text", re.findall(r"```yaml\n(# promoter.yaml\n.*?)```", README, re.DOTALL)
)
def test_configuration_in_the_readme_is_valid(text: str) -> None:
    assert parse(text.encode(), "README.md").environments


def test_flags_are_those_of_the_contract() -> None:
    contract = (
        "--app --tag --image --env --repo --base --forge --api-url --config --transport --dry-run "
        "--check --output --allow --timeout --version --help"
    )
    assert set(contract.split()) <= options(COMMANDS["promote"].parser("promote"))


def test_each_option_is_a_setting_of_the_same_name() -> None:
    for name, option in OPTIONS.items():
        field = Settings.model_fields[setting_of(name)]
        assert field.validation_alias in (None, variable_of(name)), name
        assert variable_of(name) == f"PROMOTER_{name.replace('-', '_').upper()}"
        if option.switch:
            assert field.default is False, name
        if option.choices:
            shown = str(field.annotation)
            assert all(f"'{choice}'" in shown for choice in option.choices), name


def test_each_option_belongs_to_a_command() -> None:
    used = {
        one for command in COMMANDS.values() for names in command.options.values() for one in names
    }
    assert used == set(OPTIONS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_carried_out_by_its_module(name: str) -> None:
    module = importlib.import_module(f"promoter.cli.commands.{name.replace('-', '_')}")
    assert callable(module.run)


def test_links_between_the_documents_lead_somewhere() -> None:
    pages = ["README.md", "config/README.md", "config/reference.md", ".github/CONTRIBUTING.md"]
    for page in [*pages, ".github/SECURITY.md"]:
        text = (ROOT / page).read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            path, _, part = link.partition("#")
            if "://" in path:
                continue
            target = (ROOT / page).parent / path if path else ROOT / page
            assert target.exists(), (page, link)
            if part:
                heads = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
                anchors = [re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in heads]
                assert part in anchors, (page, link)


def test_every_file_and_folder_that_the_map_of_the_code_names_is_there() -> None:
    text = (ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
    files = re.findall(r"`((?:\w+/)+\w+\.py)`", text)
    packages = re.findall(r"^\| ((?:`\w[\w/]*/`(?:, )?)+) \|", text, re.MULTILINE)
    named = [*files, *(one for row in packages for one in re.findall(r"`([\w/]+)`", row))]
    assert len(named) > 30
    assert not [
        one for one in named if not any((top / one).exists() for top in (ROOT, ROOT / "promoter"))
    ]


def test_no_document_holds_the_marks_of_a_conflict() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("config/*.md"), *ROOT.glob(".github/*.md")]:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"^(?:<{7}|={7}|>{7})(?: |$)", text, re.MULTILINE), page


def test_flags_that_the_readme_names_exist() -> None:
    known = set().union(*(options(command.parser(name)) for name, command in COMMANDS.items()))
    shell = set(re.findall(r"`(--[a-z-]+)", README))
    assert shell <= known


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_the_readme_says_what_each_option_is_for(name: str) -> None:
    short = OPTIONS[name].short
    assert f"--{name}" in README or (short and f"`{short}`" in README)


def test_the_readme_says_of_each_rule_whether_it_can_be_allowed() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \| .* \| (yes)? ?\|$", README, re.MULTILINE)
    told = {name: bool(yes) for names, yes in rows for name in re.findall(r"`([a-z-]+)`", names)}
    shown = {
        one: one in ALLOWABLE for one in RULES.keys() - {"edit", "allow", "other-environments"}
    }
    assert {name: told.get(name) for name in shown} == shown


def test_help_names_every_rule_that_can_be_allowed() -> None:
    text = " ".join(COMMANDS["promote"].parser("promote").format_help().split())
    assert f"override a rule: {', '.join(ALLOWABLE)}" in text


def test_every_exit_code_is_in_the_readme() -> None:
    table = README.partition("## Exit codes")[2].partition("\n## ")[0]
    assert {int(number) for number in re.findall(r"\b\d+\b", table)} >= {int(c) for c in Exit}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_begins_with_an_example_that_the_command_takes(name: str) -> None:
    command = COMMANDS[name]
    words = shlex.split(command.example)
    assert (
        words[: 1 if name == "promote" else 2] == ["promote", name][: 1 if name == "promote" else 2]
    )
    assert command.parser(name).parse_args(words[1 if name == "promote" else 2 :])
    lines = command.parser(name).format_help().splitlines()
    assert f"  {command.example}" in lines[: lines.index("options:")]


def test_version_is_said() -> None:
    run = promote("--version")
    assert (run.code, run.stderr) == (0, "")
    assert re.fullmatch(r"promote \d+\.\d+\.\d+\n", run.stdout)


def test_help_imports_nothing_that_costs() -> None:
    code = (
        "import sys; sys.argv = ['promote', '--help']\n"
        "from promoter.__main__ import main\n"
        "try: main()\n"
        "finally: print(sorted(m for m in sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stderr.replace("'", "").strip("[]\n").split(", "))
    assert not loaded & {
        "git",
        "github",
        "pydantic",
        "ruamel",
        "requests",
        "tenacity",
        "typing",
        "yaml",
    }


def test_demo_tells_its_story_without_network_and_suggests_commands_that_run(
    tmp_path: Path,
) -> None:
    run = promote("demo", str(tmp_path / "demo.git"))
    assert run.code == 0, run.stderr
    for part in (
        "+    soak: 24h",
        "aurora to dev, 1.4.1 -> 1.4.2",
        "has been in dev for 1h of 24h\n  It passes at 20",
        "opened pull request 1: aurora to prod",
        "Argo CD",
        "opened pull request 2: roll back aurora in prod, 1.4.2 -> 1.4.1",
        "waiting for hold: aurora in prod stays at 1.4.1",
        "rollback, hold: 1.4.2 loses orders",
        "Try next",
    ):
        assert part in run.stdout
    excerpt = README.partition("```\nPromote aurora to prod")[2].partition("```")[0]
    # Without a renderer nothing is rendered.
    lines = [one for one in excerpt.splitlines()[1:] if "  render  " not in one]
    assert [one for one in lines if one not in run.stdout] == []
    assert run.stderr == ""
    suggested = [
        line.strip() for line in run.stdout.partition("Try next:")[2].splitlines() if line.strip()
    ]
    assert suggested
    for line in suggested:
        done = promote(*shlex.split(line)[1:])
        assert done.code == 0, (line, done.stderr)


@pytest.mark.thorough
def test_demo_speaks_json(tmp_path: Path) -> None:
    run = promote("demo", "--output", "json", env={"TMPDIR": str(tmp_path)})
    assert run.code == 0, run.stderr
    results = [(one["action"], one["exit_code"]) for one in run.json["results"]]
    # That the soak refuses is a part of the story, and no failure of it.
    assert results == [
        ("pushed", 0), ("refused", 3), ("created", 0), ("created", 0), ("unchanged", 0),
    ]  # fmt: skip
    assert set(run.json) == {"schema", "results", "exit_code"}
    assert run.json["exit_code"] == 0


def test_errors_are_told_as_json_too() -> None:
    run = promote("--output", "json", "--nonsense")
    assert run.code == 2
    assert json.loads(run.stdout)["error"]["code"] == "usage"


def test_package_says_that_it_is_typed() -> None:
    assert "Typing :: Typed" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert (files("promoter") / "py.typed").is_file()
