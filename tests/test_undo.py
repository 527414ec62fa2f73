"""The command that a pull prints to take it back, run after the merge, restores every byte."""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promoter.config.layout import Target
from promoter.config.sections import Environment
from promoter.domain.errors import RefusedError
from promoter.domain.image import Tag
from promoter.domain.model import ImageRequest
from promoter.domain.trees import edited
from promoter.edits.linked import edit_linked
from promoter.edits.restore import restore_images
from promoter.edits.scalars import is_safe_plain
from promoter.edits.target_edits import edit_targets
from promoter.edits.targets import (
    ArgocdTarget,
    EditTarget,
    KustomizeTarget,
    Linked,
    ManifestTarget,
    MarkerTarget,
    PatchTarget,
    YamlPathTarget,
)
from promoter.git.folder import DirectoryTree
from promoter.planning.propose import undo
from tests.graph_files import tree
from tests.many_apps import with_files
from tests.test_target_cases import _CASES, _LINKED, _TARGETS, _case, _fails, _request
from tests.test_targets_end_to_end import CASES
from tests.thorough import thorough_after
from tests.world import promote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.domain.model import FileEdit, Tree
    from promoter.edits.target_edits import TargetEdits

DIGEST = f"sha256:{'a' * 64}"
_ONE = PurePosixPath("kustomization.yaml")
# Cases of which some bytes are gone with the promotion, or were not there before it.
LOSSY = {
    "anchor-beside-one-name",
    "argocd",
    "block-texts",
    "helm-values",  # 1.10 was written without quotes
    "helm-values-empty",
    "kustomize-and-others",
    "kustomize-tag-with-digest",
    "manifest-by-container",
    "manifest-digests",
    "placeholders-allowed",  # no tag reads `${TAG}`
    "values-digests-by-their-names",
    "values-digests-in-other-spellings",
    "values-json-key-not-there-yet",
    "values-key-not-there-yet",
    "values-merge-keys",
    "values-tag-with-digest",
}


def app_with(
    *targets: EditTarget, file: PurePosixPath = _ONE, linked: tuple[Linked, ...] = ()
) -> Target:
    """Return an app whose tags live in these targets."""
    return Target("web", "prod", Environment(path="."), file, targets, linked)


def run_back(
    directory: Path, target: Target, made: Sequence[FileEdit], back: Sequence[ImageRequest]
) -> dict[PurePosixPath, bytes]:
    """Write the files of an edit, ask for what they were, and return what becomes of them."""
    for edit in made:
        (directory / edit.path).write_bytes(edit.after)
    after = DirectoryTree(directory)
    held = edit_targets(after, target.file, target.targets, back)
    undone = edit_linked(after, target.file, target.linked, held.files, held.moves)
    return {edit.path: edit.after for edit in undone}


@pytest.mark.parametrize(
    "case",
    [one for one in _CASES if not _fails(one)],
    ids=lambda directory: directory.name,
)
def test_undo_restores_every_byte_or_is_not_offered(case: Path, tmp_path: Path) -> None:
    target, files, held = of_case(case, tmp_path)
    made = edit_linked(files, target.file, target.linked, held.files, held.moves)
    back = undo(target, files, made, held.moves)
    if not back:
        assert case.name in LOSSY
        return
    results = run_back(tmp_path, target, made, back)
    assert {edit.path: results[edit.path] for edit in made} == {e.path: e.before for e in made}


@pytest.mark.parametrize(
    "case",
    [one for one in _CASES if not _fails(one)],
    ids=lambda directory: directory.name,
)
def test_a_rollback_restores_every_byte_whatever_the_promotion_has_lost(
    case: Path, tmp_path: Path
) -> None:
    target, files, held = of_case(case, tmp_path)
    changed = {edit.path: edit for edit in held.files if edit.after != edit.before}
    after = edited(files, {path: edit.after for path, edit in changed.items()})
    names = {one.name for each in (files, after) for one in target.own_images(each)}
    back = restore_images(after, files, target.file, target.targets, names)
    assert {one.path: one.after for one in back} == {p: e.before for p, e in changed.items()}
    assert all(edit.changes for edit in back)
    forth = restore_images(files, after, target.file, target.targets, names)
    assert {one.path: one.after for one in forth} == {p: e.after for p, e in changed.items()}


def of_case(case: Path, directory: Path) -> tuple[Target, Tree, TargetEdits]:
    """Return the app of a case, its files before, and what its promotion makes of them."""
    for file in (case / "before").rglob("*"):
        if file.is_file():
            copy = directory / file.relative_to(case / "before")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    said = _case(case)
    target = app_with(
        *_TARGETS.validate_python(said["targets"]),
        file=PurePosixPath(said.get("file", "kustomization.yaml")),
        linked=_LINKED.validate_python(said.get("linked", [])),
    )
    files = DirectoryTree(directory)
    images = [_request(x) for x in said["images"]]
    allowed = said.get("placeholders", False)
    held = edit_targets(files, target.file, target.targets, images, placeholders=allowed)
    return target, files, held


def _values(quote: str, tag: str, digest: str, comment: str) -> list[tuple[str, EditTarget]]:
    """Return files of every kind of target that hold an image, one after another."""
    whole = f"{quote}acme/web:{tag}{f'@{digest}' if digest else ''}{quote}"
    tagged, hashed = f"{quote}{tag}{quote}", f"{quote}{digest}{quote}"
    beside = f"  digest: {hashed}\n" if digest else ""
    pod = f"kind: Pod\nspec:\n  containers:\n  - name: web\n    image: {whole}{comment}\n"
    inline = "".join(f"    {line}\n" for line in pod.splitlines())
    return [
        (
            f"images:\n- name: acme/web\n  newTag: {tagged}{comment}\n{beside}",
            KustomizeTarget(kind="kustomize"),
        ),
        (pod, ManifestTarget(kind="manifest", file="f.yaml")),
        (f"patches:\n- patch: |-\n{inline}", PatchTarget(kind="patch", file="f.yaml")),
        (
            f"image:\n{beside}  repository: acme/web\n  tag: {tagged}{comment}\n",
            YamlPathTarget(
                kind="yaml-path", file="f.yaml", tag="image.tag", repository="image.repository"
            ),
        ),
        (
            f"image: {whole}{comment}\n",
            YamlPathTarget(kind="yaml-path", file="f.yaml", reference="image"),
        ),
        (
            f"values: |\n  image:\n    tag: {tagged}{comment}\n",
            YamlPathTarget(
                kind="yaml-path", file="f.yaml", tag="values.image.tag", image="acme/web"
            ),
        ),
        (
            "kind: Application\nspec:\n  source:\n    kustomize:\n      images:\n"
            f"      - {whole}{comment}\n",
            ArgocdTarget(kind="argocd", file="f.yaml"),
        ),
        (
            f'a: {whole} # {{"$imagepolicy": "ns:web"}}\n'
            f'b: {tagged} # {{"$promoter": "acme/web:tag"}}\n',
            MarkerTarget(kind="marker", file="f.yaml"),
        ),
    ]


@pytest.mark.provisioned
@settings(suppress_health_check=list(HealthCheck))
@given(
    st.tuples(st.sampled_from(["", "'", '"']), st.sampled_from(["", " # größer"])),
    st.tuples(
        st.from_regex(r"v[0-9]\.[0-9]{1,2}(-rc\.[0-9])?", fullmatch=True),
        st.sampled_from(["", DIGEST]),
    ),
    st.tuples(
        st.from_regex(r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,9}", fullmatch=True),
        st.sampled_from(["", f"@sha256:{'b' * 64}"]),
    ),
)
def test_undo_of_each_kind_restores_every_byte_or_is_not_offered(
    tmp_path_factory: pytest.TempPathFactory,
    manner: tuple[str, str],
    old: tuple[str, str],
    new: tuple[str, str],
) -> None:
    # pytest's own way looks through all folders of before each time.
    folder = tmp_path_factory.getbasetemp()
    (quote, comment), (tag, digest) = manner, old
    for text, target in _values(quote, tag, digest, comment):
        directory = Path(tempfile.mkdtemp(dir=folder))
        name = "kustomization.yaml" if target.kind == "kustomize" else "f.yaml"
        files = tree(directory, {name: text})
        request = _request(f"acme/web={''.join(new)}")
        try:
            held = edit_targets(files, _ONE, [target], [request])
        except RefusedError as error:
            # What is a tag alone takes no digest.
            assert (error.refusals[0].rule, bool(new[1])) == ("digest", True)
            continue
        after = edited(files, {edit.path: edit.after for edit in held.files})
        restored = restore_images(after, files, _ONE, [target], ["acme/web"])
        assert [one.after for one in restored] == [
            edit.before for edit in held.files if edit.after != edit.before
        ]
        back = undo(app_with(target), files, held.files, held.moves)
        # What is set in its own place comes back; what was dropped, added or put in quotes may not.
        put_in_quotes = not quote and not is_safe_plain(new[0])
        assert back or put_in_quotes or bool(digest) != bool(new[1]), text
        if back:
            results = run_back(directory, app_with(target), held.files, back)
            assert results == {PurePosixPath(name): text.encode()}


@pytest.mark.parametrize(
    "before", thorough_after(1, [before for before, _ in CASES.values()]), ids=CASES.keys()
)
def test_printed_command_restores_the_repository(before: dict[str, str], tmp_path: Path) -> None:
    repo = with_files(tmp_path / "r.git", before)
    at = ("--repo", str(repo.path))
    first = promote("--app", "web", "--tag", "1.4.2", *at, "--output", "json")
    assert promote("pulls", "merge", "1", *at).code == 0
    # In a line of its own where it is long, else in the last small one.
    body = first.json["pull_request"]["body"]
    command = re.search(r"(?:^|`)(promote rollback --app [^`\n]*)(?:$|`)", body, re.MULTILINE)
    assert command is not None
    back = promote(*shlex.split(command[1])[1:], "--output", "json")
    assert back.json["action"] == "created", back.stderr
    assert promote("pulls", "merge", "2", *at).code == 0
    for name, text in before.items():
        assert repo.git("show", f"main:{name}").rstrip("\n") == text.rstrip("\n")


def test_entry_that_a_promotion_adds_has_no_command_to_undo_it(tmp_path: Path) -> None:
    files = tree(tmp_path, {"kustomization.yaml": "resources: []\n"})
    target = KustomizeTarget(kind="kustomize")
    held = edit_targets(files, _ONE, [target], [ImageRequest("web", Tag("2"))])
    assert undo(app_with(target), files, held.files, held.moves) == ()
