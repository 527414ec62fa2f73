"""A new kind of target is one file and one row: a toy is added to a copy of the product and used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.many_apps import with_files

ROOT = Path(__file__).parent.parent
TOY = '''
"""Images in the environment of containers: the values of variables that end in _IMAGE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from promoter.edits.region import everything
from promoter.edits.site import Site
from promoter.edits.targets.model import FileTarget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.edits.region import Region


class VariableTarget(FileTarget):
    """Variables that hold an image."""

    kind: Literal["variable"]

    def find(self, region: Region) -> Iterator[Site]:
        """Yield the values of the variables."""
        for spot in everything(region):
            name, value = spot.get("name"), spot.get("value")
            if name and value and name.text.endswith("_IMAGE"):
                yield Site.reference(value)
'''
FILES = {
    "promoter.yaml": (
        "environments: {prod: {path: '{app}'}}\n"
        "apps: {web: {targets: [{kind: variable, file: pod.yaml}]}}\n"
    ),
    "web/pod.yaml": (
        "spec:\n  containers:\n  - env:\n    - {name: JOB_IMAGE, value: 'acme/job:1.0'} # ours\n"
        "    - {name: OTHER, value: acme/job:1.0}\n"
    ),
}


@pytest.mark.thorough  # about a change of the code, and a start of Python
def test_new_kind_of_target_is_one_file_and_one_row(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "promoter", tmp_path / "promoter")
    targets = tmp_path / "promoter/edits/targets"
    (targets / "variable.py").write_text(TOY, encoding="utf-8")
    table = targets / "__init__.py"
    row = "    YamlPathTarget,\n)\n"
    text = table.read_text(encoding="utf-8")
    assert text.count(row) == 1
    text = text.replace(row, f"    VariableTarget,\n{row}").replace(
        "\n__all__ =", "from promoter.edits.targets.variable import VariableTarget\n\n__all__ ="
    )
    table.write_text(text, encoding="utf-8")
    repo = with_files(tmp_path / "r.git", FILES)
    done = subprocess.run(
        [
            sys.executable, "-m", "promoter", "--app", "web", "--tag", "1.10",
            "--repo", str(repo.path), "--output", "json",
        ],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    run = json.loads(done.stdout)
    assert run["action"] == "created", done.stderr
    assert run["images"] == [{"name": "acme/job", "from": "1.0", "to": "1.10", "digest": None}]
    after = FILES["web/pod.yaml"].replace("'acme/job:1.0'", "'acme/job:1.10'")
    assert repo.git("show", "promote/prod/web:web/pod.yaml") + "\n" == after
