"""The editor beside a real `kustomize edit set image`: the same meaning, or a listed difference."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path, PurePosixPath

import pytest
from ruamel.yaml import YAML

from promoter.domain.errors import PromoteError
from promoter.edits.kustomization import read, set_images
from promoter.edits.kustomization.arguments import parse_arguments

KUSTOMIZE = shutil.which("kustomize")
NAMES = ("nginx", "ghcr.io/o/app", "localhost:5000/x", "a.b/c", "web")
DIGEST = f"sha256:{'ab' * 32}"

pytestmark = [
    pytest.mark.provisioned,
    pytest.mark.skipif(KUSTOMIZE is None, reason="no kustomize on PATH: nothing to compare"),
]


def file(chance: random.Random) -> str:
    """Return a kustomization; its entries sorted by name, as kustomize would sort them anyway."""
    dash = chance.choice(["", "  "])
    lines = ["resources: []", "images:"]
    for name in sorted(chance.sample(NAMES, chance.randint(1, 4))):
        keys = [f"name: {name}"]
        if chance.random() < 0.4:
            keys.append("newName: registry.example/y")
        if chance.random() < 0.8:
            keys.append(f"newTag: {chance.choice(['v1', '1.2.3', 'latest'])}")
        if chance.random() < 0.3:
            keys.append(f"digest: {DIGEST}")
        lines += [f"{dash}- {keys[0]}", *(f"{dash}  {key}" for key in keys[1:])]
    return "\n".join(lines) + "\n"


def argument(chance: random.Random) -> str:
    """Return an argument of one of the forms that both mean alike."""
    name = chance.choice(NAMES)
    tag = chance.choice(["v2", "1.10", "1e3", "0x1F", "yes", "2024-01-01", "sha-1a2b"])
    forms = (
        f"{name}=*:{tag}", f"{name}=other.example/z:{tag}", f"{name}=*@{DIGEST}",
        f"{name}=*:{tag}@{DIGEST}", f"{name}=*:*@{DIGEST}", f"{name}=other.example/z:*",
    )  # fmt: skip
    return chance.choice(forms)


def images(path: Path) -> list[dict[str, str]]:
    """Read entries back, every scalar as text."""
    root = YAML(typ="safe", pure=True).compose(path.read_text("utf-8"))
    field = next(value for key, value in root.value if key.value == "images")
    return sorted(
        ({k.value: v.value for k, v in entry.value} for entry in field.value),
        key=lambda one: one["name"],
    )


@pytest.mark.parametrize(
    "seed", [*range(20), *(pytest.param(n, marks=pytest.mark.thorough) for n in range(20, 60))]
)
def test_same_meaning_as_kustomize(seed: int, tmp_path: Path) -> None:
    assert KUSTOMIZE is not None
    chance = random.Random(seed)
    text, asked = file(chance), argument(chance)
    path = tmp_path / "kustomization.yaml"
    path.write_text(text)
    subprocess.run([KUSTOMIZE, "edit", "set", "image", asked], cwd=tmp_path, check=True, timeout=60)
    theirs = images(path)
    try:
        edit = set_images(PurePosixPath("k"), text.encode(), parse_arguments([asked]))
    except PromoteError as error:
        # Listed: a star that keeps nothing, where kustomize leaves neither tag nor digest.
        changed = next(one for one in theirs if one["name"] == asked.partition("=")[0])
        if "to keep" in error.message and not {"newTag", "digest"} & changed.keys():
            return
        pytest.fail(f"{asked} on {text!r}: {error}")
    path.write_bytes(edit.after)
    assert images(path) == theirs, (asked, text)
    assert len(read(PurePosixPath("k"), edit.after).entries) == len(theirs)
