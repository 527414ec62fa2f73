"""What is called dead by name, held to what a real kustomize renders, for repositories made at random."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from promoter import graph
from promoter.domain.errors import RefusedError
from promoter.domain.image import Tag, kustomize_split
from promoter.edits import kustomization
from promoter.edits.kustomization import promotion, set_images
from promoter.git.folder import DirectoryTree
from tests.thorough import thorough_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = [pytest.mark.provisioned, pytest.mark.usefixtures("real_renderer")]

_NAMES = ("app", "ghcr.io/o/app", "localhost:5000/x", "web", "ghcr.io/o/w.b")
_KINDS = ("Deployment", "StatefulSet", "CronJob", "Pod", "Rollout")
_SEEDS = 60


def _kustomize() -> str:
    """Return the program, or skip."""
    found = shutil.which("kustomize")
    if found is None:
        pytest.skip("no kustomize on PATH: predictions are not held to real renders")
    return found


class _Maker:
    """Makes a small repository of layers; the same seed makes the same one."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.files: dict[str, str] = {}
        self.objects = 0

    def image(self) -> str:
        name = self.random.choice(_NAMES)
        tail = ("", ":1", ":v2.0", "@sha256:" + "a" * 64, ":3@sha256:" + "b" * 64, ":${X}", ":")
        return name + self.random.choice(tail)

    def containers(self, indent: str) -> str:
        names = self.random.sample(["one", "two", "three"], self.random.randint(1, 2))
        lines = [f'{indent}- name: {name}\n{indent}  image: "{self.image()}"\n' for name in names]
        return "".join(lines)

    def pod(self, indent: str) -> str:
        text = f"{indent}containers:\n{self.containers(indent)}"
        if self.random.random() < 0.4:
            text += f"{indent}initContainers:\n{self.containers(indent)}"
        if self.random.random() < 0.3:
            text += (
                f'{indent}volumes:\n{indent}- {{name: v, image: {{reference: "{self.image()}"}}}}\n'
            )
        return text

    def workload(self, kind: str, name: str) -> str:
        api = {"CronJob": "batch/v1", "Pod": "v1", "Rollout": "argoproj.io/v1alpha1"}
        head = f"apiVersion: {api.get(kind, 'apps/v1')}\nkind: {kind}\nmetadata:\n  name: {name}\n"
        if kind == "Pod":
            return f"{head}spec:\n{self.pod('  ')}"
        if kind == "CronJob":
            nest = "spec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n"
            return head + nest + self.pod("          ")
        return f"{head}spec:\n  template:\n    spec:\n{self.pod('      ')}"

    def entry(self) -> str:
        lines = [f"- name: '{self.random.choice((*_NAMES, 'ghcr.io/.*/app', '*'))}'\n"]
        if self.random.random() < 0.4:
            lines.append(f"  newName: {self.random.choice(_NAMES)}\n")
        chosen = self.random.random()
        if chosen < 0.6:
            lines.append(f'  newTag: "t{self.random.randint(1, 9)}"\n')
        if chosen > 0.45 and chosen < 0.75:
            lines.append(f"  digest: sha256:{'c' * 64}\n")
        if chosen > 0.9:
            lines.append("  tagSuffix: -x\n")
        return "".join(lines)

    def images(self) -> str:
        if self.random.random() < 0.3:
            return ""
        return "images:\n" + "".join(self.entry() for _ in range(self.random.randint(1, 3)))

    def patches(self, known: list[tuple[str, str]]) -> str:
        text = ""
        for kind, name in self.random.sample(known, min(len(known), self.random.randint(0, 2))):
            if self.random.random() < 0.5:
                body = self.workload(kind, name).replace("\n", "\n    ").rstrip()
                text += f"- patch: |-\n    {body}\n"
            elif kind not in ("CronJob", "Pod"):
                path = "/spec/template/spec/containers/0/image"
                text += (
                    f"- target: {{kind: {kind[:4]}.*, name: {name}}}\n  patch: |-\n"
                    f'    - {{op: replace, path: {path}, value: "{self.image()}"}}\n'
                )
        return f"patches:\n{text}" if text else ""

    def deletion(self, directory: str, kind: str, name: str) -> str:
        """Patch a container away, by the older fields for patches."""
        if kind in ("CronJob", "Pod") or self.random.random() < 0.4:
            path = {"CronJob": "/spec/jobTemplate/spec/template", "Pod": ""}.get(
                kind, "/spec/template"
            )
            return (
                f"patchesJson6902:\n- target: {{kind: {kind}, name: .*{name}, labelSelector: team}}\n"
                f'  patch: \'[{{"op": "remove", "path": "{path}/spec/containers/0"}}]\'\n'
            )
        gone = self.random.choice(("one", "two", "three"))
        self.files[f"{directory}/gone.yaml"] = (
            self.workload(kind, name).partition("spec:")[0]
            + f"spec: {{template: {{spec: {{containers: [{{name: {gone}, $patch: delete}}]}}}}}}\n"
        )
        return "patchesStrategicMerge: [gone.yaml]\n"

    def replacements(self, known: list[tuple[str, str]]) -> str:
        usable = [one for one in known if one[0] in ("Deployment", "StatefulSet", "Rollout")]
        if not usable or self.random.random() < 0.7:
            return ""
        kind, name = self.random.choice(usable)
        options = self.random.choice(("", "    options: {delimiter: ':', index: 1}\n"))
        return (
            f"replacements:\n- sourceValue: r{self.random.randint(1, 9)}\n  targets:\n"
            f"  - select: {{kind: {kind}, name: {name}}}\n    fieldPaths:\n"
            f"    - spec.template.spec.containers.0.image\n{options}"
        )

    def layer(self, directory: str, depth: int) -> list[tuple[str, str]]:
        """Write a layer with all below it, and return its objects."""
        known: list[tuple[str, str]] = []
        resources = ""
        for _ in range(self.random.randint(1, 2)):
            if depth and self.random.random() < 0.7:
                below = f"{directory}/b{self.objects}"
                self.objects += 1
                known += self.layer(below, depth - 1)
                resources += f"- {below.rsplit('/', 1)[1]}\n"
            else:
                self.objects += 1
                kind, name = self.random.choice(_KINDS), f"n{self.objects}"
                self.files[f"{directory}/{name}.yaml"] = self.workload(kind, name)
                known.append((kind, name))
                resources += f"- {name}.yaml\n"
        text = f"resources:\n{resources}"
        if self.random.random() < 0.3:
            self.files[f"{directory}/comp/kustomization.yaml"] = (
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                + (self.patches(known) + self.images() or "namespace: c\n")
            )
            text += "components: [comp]\n"
        text += self.patches(known) + self.images() + self.replacements(known)
        if self.random.random() < 0.2:
            text += "namePrefix: p-\n"
        if self.random.random() < 0.2:
            text += "namespace: here\ncommonLabels: {team: a}\n"
        if known and self.random.random() < 0.3:
            text += self.deletion(directory, *self.random.choice(known))
        self.files[f"{directory}/kustomization.yaml"] = text
        return known


def _write(files: Mapping[str, str], root: Path) -> None:
    for path, text in files.items():
        full = root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text, encoding="utf-8")


def _rendered(program: str, directory: Path) -> str | None:
    """Return what a real build renders; None where it refuses to build."""
    done = subprocess.run(
        [program, "build", str(directory)], capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout if done.returncode == 0 else None


def _dead_entries(root: Path, text: str) -> Iterator[str]:
    """Yield the kustomization after each edit of an entry that is called dead."""
    closure = graph.read_closure(DirectoryTree(root), PurePosixPath("top"))
    file = PurePosixPath("top/kustomization.yaml")
    for name in (*_NAMES, "ghcr.io/o/other", "app:1", "appx"):
        try:
            edit = set_images(file, text.encode(), [promotion(name, Tag("probe"), None)])
        except RefusedError:
            continue
        after = kustomization.read(file, edit.after)
        if graph.dead_entries(closure, after.entries, [name]):
            yield edit.after.decode()


def _dead_manifests(root: Path, files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each file with a new tag in the place of an image that is called overridden."""
    closure = graph.read_closure(DirectoryTree(root), PurePosixPath("top"))
    for image in closure.images:
        place = (image.line, image.column)
        if graph.overriding_entries(closure, image.file, [place]) is None:
            continue
        lines = files[image.file].split("\n")
        line = lines[image.line - 1]
        lines[image.line - 1] = line.replace(image_text(line), f"{image_name(line)}:probe")
        yield image.file, "\n".join(lines)


def image_text(line: str) -> str:
    """Return the image of a line of a manifest that was made here."""
    return line.split('"')[1]


def image_name(line: str) -> str:
    """Return the name of the image of a line."""
    return kustomize_split(image_text(line))[0]


@pytest.mark.parametrize(
    "seed",
    thorough_after(3, range(_SEEDS)),
)
def test_what_is_called_dead_leaves_the_real_render_unchanged(seed: int, tmp_path: Path) -> None:
    program = _kustomize()
    maker = _Maker(seed)
    maker.layer("top", 2)
    _write(maker.files, tmp_path)
    before = _rendered(program, tmp_path / "top")
    if before is None:
        return
    top = tmp_path / "top" / "kustomization.yaml"
    for text in _dead_entries(tmp_path, maker.files["top/kustomization.yaml"]):
        top.write_text(text)
        assert _rendered(program, tmp_path / "top") == before
    top.write_text(maker.files["top/kustomization.yaml"])
    for path, text in _dead_manifests(tmp_path, maker.files):
        (tmp_path / path).write_text(text)
        assert _rendered(program, tmp_path / "top") == before
        (tmp_path / path).write_text(maker.files[path])


@pytest.mark.thorough
def test_repositories_made_at_random_can_be_built_and_hold_dead_edits(tmp_path: Path) -> None:
    program = _kustomize()
    built, entries, manifests = 0, 0, 0
    for seed in range(0, _SEEDS, 4):
        maker = _Maker(seed)
        maker.layer("top", 2)
        root = tmp_path / str(seed)
        _write(maker.files, root)
        built += _rendered(program, root / "top") is not None
        entries += len(list(_dead_entries(root, maker.files["top/kustomization.yaml"])))
        manifests += len(list(_dead_manifests(root, maker.files)))
    assert built > _SEEDS / 4 / 2
    assert entries > 10
    assert manifests > 3
