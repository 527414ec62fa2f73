"""Every edit is judged, whatever file it is in: by the render where there is one, else by names."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter

from promoter import graph
from promoter.config.layout import Target
from promoter.config.sections import Environment
from promoter.domain.declaration import AppDeclaration
from promoter.domain.image import Tag
from promoter.domain.model import ImageRequest
from promoter.domain.render import RenderVerdict
from promoter.edits.targets import EditTarget, KustomizeTarget
from promoter.git.folder import DirectoryTree
from promoter.graph.requirements import Access
from promoter.planning import propose
from promoter.planning.dead_edits import judge_by_names
from promoter.render import Renderer, compare_renders, find, judge_edits
from promoter.render.folders import write
from promoter.render.image_fields import ImageFields
from tests import graph_files
from tests.graph_files import deployment
from tests.thorough import thorough_after

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [pytest.mark.provisioned, pytest.mark.usefixtures("real_renderer")]

_WEB = {"kind": "manifest", "file": "deploy.yaml"}
_PATCH = {"kind": "patch", "file": "patch.yaml"}
_OVERRIDE = "images:\n- name: web\n  newTag: 1.2.0\n"
_LIST = "resources: [deploy.yaml]\n"
# By such a patch kustomize builds in a fifth of the time that one in the form of the object takes it.
_PATCHED = "patches: [{path: patch.yaml, target: {kind: Deployment, name: web}}]\n"
_SET = "- op: replace\n  path: /spec/template/spec/containers/0/image\n  value: {}\n"


def _kustomize() -> Renderer:
    found = find(None, (), {}, lambda: 60.0)
    if found is None:
        pytest.skip("neither kustomize nor kubectl is on PATH")
    return found


def _renderer(name: str) -> Renderer | None:
    return _kustomize() if name == "kustomize" else None


def _judged(
    root: Path,
    files: Mapping[str, str],
    *targets: Mapping[str, Any],
    renderer: str = "kustomize",
    folder: str = "prod",
    strict: bool = False,
    images: tuple[str, ...] = ("web",),
    access: tuple[str, ...] = (),
) -> RenderVerdict:
    """Return the verdict on `--tag 1.3.0` for an app with these targets."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    tree = DirectoryTree(root)
    parsed = tuple(TypeAdapter(EditTarget).validate_python(one) for one in targets)
    file = PurePosixPath(folder) / "kustomization.yaml"
    target = Target("app", "prod", Environment(path=folder), file, parsed)
    asked = tuple(ImageRequest(name, Tag.parse("1.3.0")) for name in images)
    edits = propose.propose_app(AppDeclaration("app", "prod", asked), target, tree).edits
    assert edits
    found = _renderer(renderer)
    with_access = found and replace(found, allowed=frozenset(map(Access, access)))
    return judge_edits(
        tree, edits, judge_by_names(tree, edits, file.parent), with_access, strict=strict
    )


def _files(kustomization: str, **more: str) -> dict[str, str]:
    """Return an environment of one deployment at web:1.0.0."""
    return {
        "prod/kustomization.yaml": kustomization,
        "prod/deploy.yaml": deployment("web", "web:1.0.0"),
        **more,
    }


@pytest.mark.parametrize("renderer", ["kustomize", "names"])
def test_a_manifest_whose_tag_the_kustomization_sets_is_refused_at_its_place(
    renderer: str, tmp_path: Path
) -> None:
    verdict = _judged(tmp_path, _files(_LIST + _OVERRIDE), _WEB, renderer=renderer)
    (refusal,) = verdict.refusals
    assert (refusal.rule, refusal.file, refusal.line) == ("dead-edit", "prod/deploy.yaml", 10)
    assert refusal.reason == (
        "prod/kustomization.yaml:3 sets the tag 1.2.0 of the image web, whatever prod/deploy.yaml"
        " says"
    )
    assert "prod/kustomization.yaml" in refusal.hint


@pytest.mark.parametrize("renderer", ["kustomize", "names"])
def test_a_manifest_that_is_listed_and_not_overridden_passes(renderer: str, tmp_path: Path) -> None:
    verdict = _judged(tmp_path, _files(_LIST), _WEB, renderer=renderer)
    assert (verdict.refusals, verdict.not_judged) == ((), ())
    assert (verdict.diff is not None and verdict.diff.images_only) is (renderer == "kustomize")


@pytest.mark.parametrize("renderer", ["kustomize", "names"])
def test_a_file_of_containers_that_no_kustomization_lists_is_refused(
    renderer: str, tmp_path: Path
) -> None:
    more = {"prod/patch.yaml": deployment("web", "web:1.0.0")}
    verdict = _judged(tmp_path, _files(_LIST, **more), _PATCH, renderer=renderer)
    (refusal,) = verdict.refusals
    assert refusal.reason.startswith("prod/kustomization.yaml does not list prod/patch.yaml")
    assert (refusal.file, refusal.line) == ("prod/patch.yaml", 10)


@pytest.mark.parametrize("renderer", thorough_after(1, ["names", "kustomize"]))
def test_a_patch_whose_tag_images_set_is_refused(renderer: str, tmp_path: Path) -> None:
    text = f"{_LIST}patches: [{{path: patch.yaml}}]\n{_OVERRIDE}"
    files = _files(text, **{"prod/patch.yaml": deployment("web", "web:1.0.0")})
    (refusal,) = _judged(tmp_path, files, _PATCH, renderer=renderer).refusals
    assert "prod/kustomization.yaml:4 sets the tag 1.2.0" in refusal.reason
    assert refusal.file == "prod/patch.yaml"


def test_a_manifest_whose_image_a_patch_sets_is_refused_where_it_is_rendered(
    tmp_path: Path,
) -> None:
    text = f"{_LIST}patches: [{{path: patch.yaml}}]\n"
    files = _files(text, **{"prod/patch.yaml": deployment("web", "web:1.1.0")})
    assert _judged(tmp_path, files, _WEB, renderer="names").refusals == ()
    (refusal,) = _judged(tmp_path, files, _WEB).refusals
    assert refusal.reason == "prod/patch.yaml:10 sets web:1.1.0 in its place"


@pytest.mark.parametrize("renderer", thorough_after(1, ["names", "kustomize"]))
@pytest.mark.parametrize(
    ("overlays", "refused"),
    [
        ({"prod": _OVERRIDE}, True),
        ({"prod": "", "dev": _OVERRIDE}, False),
        ({"prod": _OVERRIDE, "dev": ""}, True),
        ({"dev": _OVERRIDE, "test": _OVERRIDE}, True),
        ({"dev": _OVERRIDE, "test": ""}, False),
    ],
    ids=["own", "another's", "own of two", "all of others", "one of others"],
)
def test_a_shared_base_is_judged_by_the_environments_overlay_else_by_all(
    overlays: dict[str, str], refused: bool, renderer: str, tmp_path: Path
) -> None:
    files = {
        f"{name}/kustomization.yaml": f"resources: [../base]\n{text}"
        for name, text in overlays.items()
    }
    files["base/kustomization.yaml"] = _LIST
    files["base/deploy.yaml"] = deployment("web", "web:1.0.0")
    target = {"kind": "manifest", "file": "/base/deploy.yaml"}
    verdict = _judged(tmp_path, files, target, renderer=renderer)
    assert bool(verdict.refusals) is refused


@pytest.mark.parametrize("renderer", ["kustomize", "names"])
def test_a_folder_of_many_kustomizations_is_judged_file_by_file(
    renderer: str, tmp_path: Path
) -> None:
    files = {
        "apps/a/kustomization.yaml": _LIST + _OVERRIDE,
        "apps/a/deploy.yaml": deployment("web", "web:1.0.0"),
        "apps/b/kustomization.yaml": _LIST,
        "apps/b/deploy.yaml": deployment("web", "web:1.0.0"),
        "apps/b/archive.yaml": deployment("old", "web:1.0.0"),
        "apps/c/deploy.yaml": deployment("plain", "web:1.0.0"),
    }
    targets = [{"kind": "manifest", "file": f"/{path}"} for path in files if "kust" not in path]
    verdict = _judged(tmp_path, files, *targets, renderer=renderer, folder="apps")
    assert {one.file for one in verdict.refusals} == {"apps/a/deploy.yaml", "apps/b/archive.yaml"}
    assert verdict.not_judged == (PurePosixPath("apps/c/deploy.yaml"),)


def test_two_files_of_one_kustomization_are_each_judged(tmp_path: Path) -> None:
    text = f"resources: [deploy.yaml, job.yaml]\n{_PATCHED}"
    files = _files(
        text,
        **{
            "prod/patch.yaml": _SET.format("web:1.1.0"),
            "prod/job.yaml": deployment("job", "web:1.0.0"),
        },
    )
    job = {"kind": "manifest", "file": "job.yaml"}
    verdict = _judged(tmp_path, files, _WEB, job)
    assert [one.file for one in verdict.refusals] == ["prod/deploy.yaml"]


_RELEASE = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\n"
    "spec:\n  values:\n    image:\n      repository: web\n      tag: 1.0.0\n"
)
_VALUES = "image:\n  repository: web\n  tag: 1.0.0\n"
_AT = {"kind": "yaml-path", "image": "web"}


def test_values_inside_an_object_are_seen_in_the_render(tmp_path: Path) -> None:
    target = {**_AT, "file": "release.yaml", "tag": "spec.values.image.tag"}
    files = _files("resources: [release.yaml]\n", **{"prod/release.yaml": _RELEASE})
    verdict = _judged(tmp_path, files, target)
    assert verdict.refusals == ()
    assert verdict.diff is not None
    assert verdict.diff.images_only
    assert verdict.diff.objects[0].images == (("web:1.0.0", "web:1.3.0"),)
    unlisted = _files(_LIST, **{"prod/release.yaml": _RELEASE})
    verdict = _judged(tmp_path, unlisted, target)
    # Whoever else applies such an object is not known.
    assert (verdict.refusals, verdict.not_judged) == ((), (PurePosixPath("prod/release.yaml"),))


@pytest.mark.parametrize("renderer", ["kustomize", "names"])
def test_what_no_kustomization_reaches_is_not_judged_and_strict_refuses_it(
    renderer: str, tmp_path: Path
) -> None:
    target = {**_AT, "file": "values.yaml", "tag": "image.tag"}
    files = {"prod/values.yaml": _VALUES}
    verdict = _judged(tmp_path, files, target, renderer=renderer)
    assert (verdict.refusals, verdict.diff) == ((), None)
    assert verdict.not_judged == verdict.unreached == (PurePosixPath("prod/values.yaml"),)
    assert verdict.warnings == ()
    (refusal,) = _judged(tmp_path, files, target, renderer=renderer, strict=True).refusals
    assert (refusal.rule, refusal.file) == ("render", "prod/values.yaml")


def test_strict_passes_nothing_beside_what_it_rendered(tmp_path: Path) -> None:
    values = {**_AT, "file": "values.yaml", "tag": "image.tag"}
    files = _files(_LIST, **{"prod/values.yaml": _VALUES})
    verdict = _judged(tmp_path, files, _WEB, values)
    assert "not judged: " in verdict.warnings[0]
    # A kustomization is beside it, which may be meant to list it.
    assert verdict.unreached == ()
    (refusal,) = _judged(tmp_path, files, _WEB, values, strict=True).refusals
    assert (refusal.rule, refusal.file) == ("render", "prod/values.yaml")
    assert "no kustomization builds anything from prod/values.yaml" in refusal.reason


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ("- name: web\n  newTag: '1'\n- name: .*\n  newTag: '7'\n", "the later entry .* sets"),
        (
            "- name: web\n  newTag: '1'\nreplacements: [{sourceValue: 'x:1', targets: [{select:"
            " {kind: Deployment}, fieldPaths: [spec.template.spec.containers.0.image]}]}]\n",
            "the replacement at prod/kustomization.yaml:5 sets x:1 in its place",
        ),
    ],
)
def test_an_entry_that_is_undone_is_refused_with_what_undoes_it(
    images: str, said: str, tmp_path: Path
) -> None:
    files = _files(f"{_LIST}images:\n{images}")
    (refusal,) = _judged(tmp_path, files, {"kind": "kustomize"}).refusals
    assert refusal.rule == "dead-edit"
    assert refusal.reason.startswith(said)


def test_one_of_several_entries_that_changes_nothing_is_named(tmp_path: Path) -> None:
    entries = "images:\n- name: web\n  newTag: '1'\n- name: job\n  newTag: '1'\n"
    patch = _SET.format("other:1")
    files = _files(
        f"resources: [deploy.yaml, job.yaml]\n{_PATCHED}{entries}",
        **{"prod/patch.yaml": patch, "prod/job.yaml": deployment("job", "job:1")},
    )
    verdict = _judged(tmp_path, files, {"kind": "kustomize"}, images=("web", "job"))
    assert [(one.rule, one.line) for one in verdict.refusals] == [("dead-edit", 4)]
    files["prod/job.yaml"] = deployment("job", "web:1")
    assert (
        "uses the image job"
        in _judged(tmp_path, files, {"kind": "kustomize"}, images=("web", "job")).refusals[0].reason
    )


@pytest.mark.parametrize("strict", [False, True])
def test_a_dead_entry_is_refused_beside_a_change_of_more_than_images(
    strict: bool, tmp_path: Path
) -> None:
    entries = "images:\n- name: web\n  newTag: '1'\n- name: gone\n  newTag: '1'\n"
    copied = """\
replacements:
- source: {kind: Deployment, name: web, fieldPath: "spec.template.spec.containers.0.image"}
  targets:
  - select: {kind: Deployment, name: web}
    fieldPaths: [metadata.annotations.image]
    options: {create: true}
"""
    files = _files(f"{_LIST}{entries}{copied}")
    verdict = _judged(tmp_path, files, {"kind": "kustomize"}, images=("web", "gone"), strict=strict)
    assert "dead-edit" in [one.rule for one in verdict.refusals]
    said = [*verdict.warnings, *(one.reason for one in verdict.refusals)]
    assert any("more than images would change" in one for one in said)


def test_a_component_is_judged_by_who_lists_it(tmp_path: Path) -> None:
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" + _OVERRIDE
    files = {
        "prod/kustomization.yaml": component,
        "top/kustomization.yaml": "resources: [deploy.yaml]\ncomponents: [../prod]\n",
        "top/deploy.yaml": deployment("web", "web:1"),
    }
    verdict = _judged(tmp_path, files, {"kind": "kustomize"})
    assert verdict.refusals == ()
    assert verdict.diff is not None
    assert verdict.diff.images_only
    files["top/deploy.yaml"] = deployment("web", "other:1")
    assert [one.rule for one in _judged(tmp_path, files, {"kind": "kustomize"}).refusals] == [
        "dead-edit"
    ]


def test_what_is_broken_elsewhere_forbids_nothing_here(tmp_path: Path) -> None:
    files = {
        "base/kustomization.yaml": _LIST,
        "base/deploy.yaml": deployment("web", "web:1.0.0"),
        "dev/kustomization.yaml": "resources: [../base]\nnamePrefix: 3\n",
        "test/kustomization.yaml": "resources: [../base]\n",
    }
    target = {"kind": "manifest", "file": "/base/deploy.yaml"}
    verdict = _judged(tmp_path, files, target)
    assert verdict.refusals == ()
    assert "dev does not build" in verdict.warnings[0]


def _flux(patch: str = "", **more: str) -> dict[str, str]:
    """Return an environment that lists files outside of its folder, as Flux builds it."""
    listed = f"resources: [../apps/web/web.yaml]\n{patch}"
    return {
        "prod/kustomization.yaml": listed,
        "apps/web/web.yaml": deployment("web", "web:1.0.0"),
        **more,
    }


@pytest.mark.parametrize("file", thorough_after(1, ["/apps/web/web.yaml", "/apps/web/prod.yaml"]))
def test_files_outside_of_the_folder_that_lists_them_are_rendered(
    file: str, tmp_path: Path
) -> None:
    patched = file.endswith("prod.yaml")
    files = _flux("patches: [{path: ../apps/web/prod.yaml}]\n" if patched else "")
    if patched:
        files["apps/web/prod.yaml"] = deployment("web", "web:1.0.0")
    verdict = _judged(tmp_path, files, {"kind": "patch" if patched else "manifest", "file": file})
    assert (verdict.refusals, verdict.warnings, verdict.not_judged) == ((), (), ())
    assert verdict.diff is not None
    assert verdict.diff.images_only
    outside = "apps/web/web.yaml is outside of the folder that lists it: Flux builds that, and Argo"
    assert verdict.needs.startswith(outside)


@pytest.mark.thorough  # one inside of the folder is above
def test_a_file_outside_whose_image_a_patch_sets_is_refused(tmp_path: Path) -> None:
    patch = {"apps/web/prod.yaml": deployment("web", "web:1.1.0")}
    files = _flux("patches: [{path: ../apps/web/prod.yaml}]\n", **patch)
    target = {"kind": "manifest", "file": "/apps/web/web.yaml"}
    (refusal,) = _judged(tmp_path, files, target).refusals
    assert (refusal.rule, refusal.file, refusal.line) == ("dead-edit", "apps/web/web.yaml", 10)
    assert refusal.reason == "apps/web/prod.yaml:10 sets web:1.1.0 in its place"


def test_a_file_that_a_base_of_the_environment_lists_from_outside_is_found(tmp_path: Path) -> None:
    files = {f"base/{name}": text for name, text in _flux().items()}
    files["over/kustomization.yaml"] = "resources: [../base/prod]\n"
    target = {"kind": "manifest", "file": "/base/apps/web/web.yaml"}
    verdict = _judged(tmp_path, files, target, folder="over")
    assert verdict.not_judged == ()
    assert verdict.diff is not None
    assert verdict.diff.images_only


def test_a_file_is_not_called_unlisted_where_another_environment_lists_it_from_outside(
    tmp_path: Path,
) -> None:
    files = {
        "prod/kustomization.yaml": "resources: [a.yaml]\n",
        "prod/a.yaml": deployment("a", "a:1"),
        "apps/web/kustomization.yaml": "resources: [../../prod/a.yaml]\n",
        "apps/web/web.yaml": deployment("web", "web:1.0.0"),
        "dev/kustomization.yaml": "resources: [../apps/web/web.yaml]\n",
    }
    verdict = _judged(tmp_path, files, {"kind": "manifest", "file": "/apps/web/web.yaml"})
    assert verdict.refusals == ()
    assert verdict.diff is not None


# `ſ` is an s to kustomize, which ignores case.
@pytest.mark.parametrize(
    "field",
    [
        "configMapGenerator: [{name: x, files: [SECRET]}]\n",
        "configMapGenerator: [{name: x, files: ['key=SECRET']}]\n",
        "configMapGenerator: [{name: x, fileſ: [SECRET]}]\n",
        "secretGenerator: [{name: x, ENVS: [SECRET]}]\n",
        "patches: [{path: SECRET}]\n",
        "patchesStrategicMerge: [SECRET]\n",
        "crds: [SECRET]\n",
        "openapi: {path: SECRET}\n",
        "replacements: [{path: SECRET}]\n",
        "configurations: [SECRET]\n",
        "components: [SECRET]\n",
        "transformers:\n- |\n  apiVersion: builtin\n  kind: PatchTransformer\n"
        "  metadata: {name: x}\n  path: SECRET\n",
        "tranſformers:\n- |\n  apiVersion: builtin\n  kind: PatchTransformer\n"
        "  metadata: {name: x}\n  path: SECRET\n",
        "generators:\n- |\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n"
        "  metadata: {name: x}\n  files: [SECRET]\n",
    ],
)
@pytest.mark.parametrize("way", ["absolute", "above"])
def test_no_build_that_reads_outside_of_its_folder_reads_the_machine(
    field: str, way: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2=hunter2\n", encoding="utf-8")
    path = str(secret) if way == "absolute" else f"{'../' * 20}{str(secret)[1:]}"
    root = tmp_path / "repository"
    files = _flux(field.replace("SECRET", path))
    target = {"kind": "manifest", "file": "/apps/web/web.yaml"}
    verdict = _judged(root, files, target)
    assert verdict.diff is None
    assert verdict.not_judged == (PurePosixPath("apps/web/web.yaml"),)
    assert verdict.refusals == ()
    assert "hunter2" not in str(verdict)


_HIDDEN = "configMapGenerator: [{name: x, files: [SECRET]}]\n"
_PLAIN = "kind: Component\n"


# What kustomize reads and another reader of YAML may not see, or the other way round.
@pytest.mark.parametrize(
    ("listed", "component"),
    [
        ('!!merge "<<": {components: [sub]}\n', {"kustomization.yaml": _PLAIN + _HIDDEN}),
        ('! "<<": {components: [sub]}\n', {"kustomization.yaml": _PLAIN + _HIDDEN}),
        *(
            (
                "components: [sub]\n",
                {
                    "kustomization.yaml": f"# x{end}{{kind: Component, {_HIDDEN.strip()}}}\n"
                    f"---\n{_PLAIN}"
                },
            )
            for end in ("\r", "\x85", "\u2028", "\u2029")
        ),
        ("components: [sub]\n", {"kustomization.yaml": f"{_PLAIN}---\n{_PLAIN}{_HIDDEN}"}),
        (
            "components: [sub]\n",
            {"kustomization.yaml/x": "", "Kustomization": _PLAIN + _HIDDEN},
        ),
        (
            "commonAnnotations: {a: b,\n\ufeff#x: c}\ncomponents: [sub]\n",
            {"kustomization.yaml": _PLAIN + _HIDDEN},
        ),
    ],
)
def test_what_two_readers_may_read_in_two_ways_is_not_rendered(
    listed: str, component: Mapping[str, str], tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2=hunter2\n", encoding="utf-8")
    root = tmp_path / "repository"
    for name, text in component.items():
        (root / "prod/sub" / name).parent.mkdir(parents=True, exist_ok=True)
        written = text.replace("SECRET", str(secret)).encode()
        (root / "prod/sub" / name).write_bytes(written)
    verdict = _judged(root, _flux(listed), {"kind": "manifest", "file": "/apps/web/web.yaml"})
    assert verdict.diff is None
    assert "hunter2" not in str(verdict)


def test_no_kustomization_that_nothing_lists_is_there_for_a_build_that_reads_outside(
    tmp_path: Path,
) -> None:
    files = _flux()
    folder = tmp_path / "written"
    root = tmp_path / "repository"
    for name in ("prod/other/kustomization.yaml", "prod/other/more.yaml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("resources: []\n", encoding="utf-8")
    _judged(root, files, {"kind": "manifest", "file": "/apps/web/web.yaml"})
    known = {PurePosixPath("prod/kustomization.yaml")}
    write(DirectoryTree(root), [PurePosixPath("prod")], [folder], (), known)
    there = {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}
    assert there == {"prod/kustomization.yaml", "prod/other/more.yaml"}


@pytest.mark.parametrize("address", ["file:///srv/other", "git::file:///srv/other//base"])
def test_a_repository_of_this_machine_is_none_of_the_network(address: str, tmp_path: Path) -> None:
    files = {
        "prod/kustomization.yaml": f"resources: [web.yaml, '{address}']\nimages: [{{name: web}}]\n",
        "prod/web.yaml": deployment("web", "web:1.0.0"),
    }
    verdict = _judged(tmp_path, files, {"kind": "kustomize"}, access=("network",))
    assert verdict.diff is None
    assert "is remote and is not read" in verdict.note


def test_a_link_to_outside_of_the_repository_is_never_rendered(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(deployment("hunter2"), encoding="utf-8")
    root = tmp_path / "repository"
    (root / "apps").mkdir(parents=True)
    (root / "apps/link.yaml").symlink_to("../../secret.yaml")
    (root / "apps/folder").symlink_to("../..")
    target = {"kind": "manifest", "file": "/apps/web/web.yaml"}
    for link in ("link.yaml", "folder/secret.yaml"):
        files = _flux(f"crds: [../apps/{link}]\n")
        verdict = _judged(root, files, target)
        assert verdict.diff is None
        assert "symbolic link" in verdict.note


_TASK = (
    "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\n"
    "spec:\n  steps:\n  - name: a\n    image: web:1.0.0\n"
)
_WORKSPACE = (
    "apiVersion: workspace.devfile.io/v1alpha2\nkind: DevWorkspaceTemplate\nmetadata: {name: d}\n"
    "spec:\n  components:\n  - name: a\n    container: {image: 'web:1.0.0'}\n"
)
_APPLICATION = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n"
    "spec:\n  source:\n    helm:\n      values: |\n        image:\n          repository: web\n"
    "          tag: 1.0.0\n"
)
_MARKER = '{"$imagepolicy": "a:web:tag"}'
_OVERRIDDEN = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n"
    "spec:\n  source:\n    kustomize:\n      images:\n      - web=ghcr.io/web:1.0.0\n"
)
_FOO = "apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: x}\nspec:\n  image: web:1.0.0\n"
_TAG = {"tag": "spec.values.image.tag"}
_RELEASE_PATCH = "- op: replace\n  path: /spec/values/image/tag\n  value: 1.1.0\n"
_MERGE_PATCH = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\n"
    "spec: {values: {image: {tag: 1.1.0}}}\n"
)


@pytest.mark.parametrize(
    ("text", "more", "target"),
    [
        ("resources: [o.yaml]\n", {"o.yaml": _TASK}, {"kind": "manifest", "file": "o.yaml"}),
        ("resources: [o.yaml]\n", {"o.yaml": _RELEASE}, {**_AT, "file": "o.yaml", **_TAG}),
        (
            "resources: [o.yaml]\n",
            {"o.yaml": _RELEASE.replace("tag: 1.0.0", "name: web")},
            {**_AT, "file": "o.yaml", **_TAG},
        ),
        (
            "resources: [o.yaml]\n",
            {"o.yaml": _APPLICATION},
            {**_AT, "file": "o.yaml", "tag": "spec.source.helm.values.image.tag"},
        ),
        (
            "resources: [o.yaml]\n",
            {"o.yaml": _OVERRIDDEN},
            {"kind": "argocd", "file": "o.yaml"},
        ),
        (
            "resources: [o.yaml]\n",
            {"o.yaml": _RELEASE.replace("tag: 1.0.0", f"tag: 1.0.0 # {_MARKER}")},
            {"kind": "marker", "file": "o.yaml", "image": "web", "policy": "a:web"},
        ),
        (
            "resources: [o.yaml]\npatches: [{path: p.yaml, target: {kind: HelmRelease}}]\n",
            {"o.yaml": _RELEASE, "p.yaml": _RELEASE_PATCH},
            {**_AT, "file": "p.yaml", "tag": "0.value"},
        ),
        (
            "resources: [o.yaml]\nconfigurations: [c.yaml]\nimages: [{name: web, newTag: 1.1.0}]\n",
            {"o.yaml": _FOO, "c.yaml": "images: [{path: spec/image, kind: Foo}]\n"},
            {"kind": "kustomize"},
        ),
        pytest.param(
            "resources: [o.yaml]\n",
            {"o.yaml": _WORKSPACE},
            {"kind": "manifest", "file": "o.yaml"},
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            "resources: [o.yaml]\npatches: [{path: p.yaml}]\n",
            {"o.yaml": _RELEASE, "p.yaml": _MERGE_PATCH},
            {**_AT, "file": "p.yaml", **_TAG},
            marks=pytest.mark.thorough,
        ),
        (
            "resources: [o.yaml]\nconfigurations: [c.yaml]\n"
            "images: [{name: web, newName: ghcr.io/web, newTag: 1.1.0}]\n",
            {
                "o.yaml": _FOO.replace("image: web", "runs: web"),
                "c.yaml": "images: [{path: spec/runs, kind: Foo}]\n",
            },
            {"kind": "kustomize"},
        ),
    ],
    ids=[
        "Tekton", "HelmRelease", "a key that is added", "text of values", "override of an Application", "marker",
        "JSON patch", "configurations", "DevWorkspace", "merge patch", "a field of another name",
    ],
)  # fmt: skip
def test_the_field_that_is_the_image_is_no_change_of_more_than_images(
    text: str, more: dict[str, str], target: dict[str, Any], tmp_path: Path
) -> None:
    files = {"prod/kustomization.yaml": text} | {f"prod/{name}": one for name, one in more.items()}
    verdict = _judged(tmp_path, files, target, strict=True)
    assert (verdict.refusals, verdict.warnings) == ((), ())
    assert verdict.diff is not None
    assert verdict.diff.images_only
    assert {new.rpartition("/")[2] for one in verdict.diff.objects for _, new in one.images} == {
        "web:1.3.0"
    }


@pytest.mark.parametrize(
    "copied",
    thorough_after(
        1, ["data.image", "metadata.annotations.image", "metadata.labels.tag", "spec.replicas"]
    ),
)
def test_what_follows_an_image_into_another_field_is_a_change_of_more_than_images(
    copied: str, tmp_path: Path
) -> None:
    text = f"""\
resources: [deploy.yaml, other.yaml]
images: [{{name: web, newTag: 1.1.0}}]
replacements:
- source: {{kind: Deployment, name: web, fieldPath: "spec.template.spec.containers.0.image"}}
  targets:
  - select: {{kind: Other}}
    fieldPaths: [{copied}]
    options: {{create: true}}
"""
    other = "apiVersion: v1\nkind: Other\nmetadata: {name: o}\ndata: {a: b}\nspec: {a: b}\n"
    verdict = _judged(tmp_path, _files(text, **{"prod/other.yaml": other}), {"kind": "kustomize"})
    assert verdict.diff is not None
    assert [one.other for one in verdict.diff.broken] == [(copied,)]


_LOCAL = "  annotations: {config.kubernetes.io/local-config: 'true'}\n"


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("", True),
        ("commonAnnotations: {config.kubernetes.io/local-config: 'true'}\n", False),
        pytest.param(
            "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web},"
            " $patch: delete}'}]\n",
            False,
            marks=pytest.mark.thorough,
        ),
    ],
    ids=["a resource", "an annotation of all", "a deleting patch"],
)
@pytest.mark.parametrize("kind", thorough_after(1, ["kustomize", "manifest"]))
def test_an_edit_of_what_renders_no_object_is_refused(
    text: str, local: bool, kind: str, tmp_path: Path
) -> None:
    files = _files(_LIST + text)
    if local:
        files["prod/deploy.yaml"] = files["prod/deploy.yaml"].replace(
            "spec:\n", f"{_LOCAL}spec:\n", 1
        )
    if kind == "kustomize":
        files["prod/kustomization.yaml"] += "images: [{name: web, newTag: 1.0.0}]\n"
    target = {"kind": kind} if kind == "kustomize" else _WEB
    verdict = _judged(tmp_path, files, target)
    (refusal,) = verdict.refusals
    assert refusal.rule == "dead-edit"
    assert refusal.reason.startswith("prod/kustomization.yaml renders no object")
    assert refusal.file == f"prod/{'kustomization' if kind == 'kustomize' else 'deploy'}.yaml"


_PARAMETERS = """\
resources: [deploy.yaml, other.yaml]
configMapGenerator: [{name: parameters, envs: [parameters.env]}]
generatorOptions: {disableNameSuffixHash: true}
replacements:
- source: {kind: ConfigMap, name: parameters, fieldPath: data.other}
  targets: [{select: {kind: Other}, fieldPaths: [spec.image]}]
- source: {kind: ConfigMap, name: parameters, fieldPath: data.web}
  targets:
  - select: {kind: Deployment, name: web}
    fieldPaths: ["PATH"]
"""


@pytest.mark.parametrize("path", thorough_after(1, ["[name=main].image", "0.image", "*.image"]))
@pytest.mark.parametrize("kind", thorough_after(1, ["manifest", "kustomize"]))
def test_a_replacement_that_sets_the_image_is_named_with_what_it_takes_it_from(
    path: str, kind: str, tmp_path: Path
) -> None:
    text = _PARAMETERS.replace("PATH", f"spec.template.spec.containers.{path}")
    more = {
        "prod/parameters.env": "other=o:1\nweb=ghcr.io/web:7\n",
        "prod/other.yaml": "apiVersion: v1\nkind: Other\nmetadata: {name: o}\nspec: {image: 'o:1'}\n"
        f"---\n{deployment('second', 'web:1.0.0')}",
        "prod/second.yaml": deployment("second", "web:1.0.0"),
    }
    if kind == "kustomize":
        more["prod/other.yaml"] = more["prod/other.yaml"].partition("---")[0]
    target = {"kind": kind} if kind == "kustomize" else _WEB
    (refusal,) = _judged(tmp_path, _files(text, **more), target).refusals
    assert refusal.reason == (
        "the replacement at prod/kustomization.yaml:7 sets data.web of ConfigMap parameters"
        " (prod/parameters.env:2) in its place"
    )
    assert refusal.hint.startswith("Set the tag in prod/parameters.env.")
    assert refusal.source_line != ""


@pytest.mark.parametrize(
    ("patch", "listed"),
    thorough_after(
        1,
        [
            (_RELEASE_PATCH, "patches: [{path: p.yaml, target: {kind: HelmRelease}}]\n"),
            (_MERGE_PATCH, "patches: [{path: p.yaml}]\n"),
        ],
    ),
)
def test_a_patch_that_sets_a_value_anew_is_named(patch: str, listed: str, tmp_path: Path) -> None:
    files = _files(
        f"resources: [o.yaml]\n{listed}", **{"prod/o.yaml": _RELEASE, "prod/p.yaml": patch}
    )
    (refusal,) = _judged(tmp_path, files, {**_AT, "file": "o.yaml", **_TAG}).refusals
    line = patch[: patch.index("1.1.0")].count("\n") + 1
    assert refusal.reason == f"prod/p.yaml:{line} sets 1.1.0 in its place"
    assert refusal.hint.startswith("Set the tag in prod/p.yaml.")


_COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"


def _unread(root: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the names do not show of `--tag 1.3.0` in the component `prod`."""
    tree = graph_files.tree(root, files)
    file = PurePosixPath("prod/kustomization.yaml")
    asked = (ImageRequest("web", Tag.parse("1.3.0")),)
    target = Target(
        "app", "prod", Environment(path="prod"), file, (KustomizeTarget(kind="kustomize"),)
    )
    edits = propose.propose_app(AppDeclaration("app", "prod", asked), target, tree).edits
    return judge_by_names(tree, edits, file.parent).unread


def test_a_component_whose_own_resources_use_the_image_is_told_as_nothing_unknown(
    tmp_path: Path,
) -> None:
    files = {
        "prod/kustomization.yaml": f"{_COMPONENT}{_LIST}{_OVERRIDE}",
        "prod/deploy.yaml": deployment("web", "web:1.0.0"),
        "top/kustomization.yaml": "components: [../prod]\n",
    }
    assert _unread(tmp_path, files) == ()
    files["prod/deploy.yaml"] = deployment("web", "other:1.0.0")
    (said,) = _unread(tmp_path, files)
    assert said == (
        "prod/kustomization.yaml is a Component, and its own resources do not use web: whether what"
        " lists it does is not known"
    )


def test_a_component_that_nothing_lists_is_told_as_such(tmp_path: Path) -> None:
    files = {
        "prod/kustomization.yaml": f"{_COMPONENT}{_OVERRIDE}",
        "top/kustomization.yaml": "resources: [deploy.yaml]\n",
        "top/deploy.yaml": deployment("web", "web:1.0.0"),
    }
    (said,) = _unread(tmp_path, files)
    assert said == (
        "prod/kustomization.yaml is a Component that no kustomization lists, so nothing gets its"
        " images, unless Flux or Argo CD names it as a component"
    )


def test_an_edit_that_mends_what_did_not_build_is_not_refused(tmp_path: Path) -> None:
    files = {
        "prod/kustomization.yaml": f"{_LIST}images:\n- name: web\n  newTag: 1.10\n",
        "prod/deploy.yaml": deployment(image="web:1.0"),
    }
    verdict = _judged(tmp_path, files, {"kind": "kustomize"})
    assert verdict.refusals == ()
    assert verdict.note == (
        "prod did not build before the edit (newTag: 1.10 reads as a number or a boolean), and builds"
        " with it"
    )


def test_a_program_that_a_build_runs_and_that_is_not_installed_is_named(tmp_path: Path) -> None:
    if shutil.which("helm"):
        pytest.skip("helm is on PATH")
    chart = "helmGlobals: {chartHome: charts}\nhelmCharts: [{name: c, releaseName: c}]\n"
    files = {
        "prod/kustomization.yaml": f"{_LIST}{_OVERRIDE}{chart}",
        "prod/charts/c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "prod/deploy.yaml": deployment(image="web:1.0"),
    }
    verdict = _judged(tmp_path, files, {"kind": "kustomize"}, access=("helm",))
    assert verdict.refusals == ()
    assert "runs helm, which is not installed here" in verdict.note


@pytest.mark.parametrize(
    ("more", "allowed"),
    [
        ("resources: [../apps/web/web.yaml, https://example.invalid/base]\n", "network"),
        ("helmCharts: [{name: x, valuesFile: own.yaml}]\n", "helm"),
        ("generators: [../apps/web/web.yaml]\n", "exec"),
    ],
)
def test_what_is_allowed_beside_files_is_not_together_with_files_of_every_folder(
    more: str, allowed: str, tmp_path: Path
) -> None:
    files = _flux()
    text = files["prod/kustomization.yaml"]
    files["prod/kustomization.yaml"] = more if "resources" in more else text + more
    closure = graph.read_closure(graph_files.tree(tmp_path, files), PurePosixPath("prod"))
    found = {one.access: one.reason for one in closure.requirements}
    assert allowed in found
    assert found[Access.FILES].startswith(
        "prod/kustomization.yaml: it names apps/web/web.yaml, which is outside of its folder, and"
    )
    assert found[Access.FILES].endswith("could read any file")


_VALUES_FROM = {
    "prod/kustomization.yaml": "resources: [release.yaml]\nconfigurations: [names.yaml]\n"
    "configMapGenerator: [{name: values, files: [values.yaml]}]\n",
    "prod/names.yaml": "nameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs:\n"
    "  - {path: spec/valuesFrom/name, kind: HelmRelease}\n",
    "prod/values.yaml": "image:\n  repository: web\n  tag: 1.0.0\nreplicas: 1\n",
    "prod/release.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
    "metadata: {name: web}\nspec:\n  valuesFrom:\n  - {kind: ConfigMap, name: values}\n",
}


def test_values_in_a_generated_map_and_the_hash_in_its_name_are_the_image(tmp_path: Path) -> None:
    target = {**_AT, "file": "values.yaml", "tag": "image.tag"}
    verdict = _judged(tmp_path, _VALUES_FROM, target, strict=True)
    assert (verdict.refusals, verdict.warnings) == ((), ())
    assert verdict.diff is not None
    assert [one.kind for one in verdict.diff.objects] == ["ConfigMap", "HelmRelease"]
    assert {one.images for one in verdict.diff.objects} == {(("web:1.0.0", "web:1.3.0"),)}


def test_the_name_of_a_generated_map_in_which_more_changes_is_no_image() -> None:
    fields = ImageFields(texts={("tag: 1", "tag: 2"): ("web:1", "web:2")})
    render = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: values-{hash}}}\n"
        "data: {{app: 'tag: {tag}', other: {other}}}\n---\n"
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{map: values-{hash}}}\n"
    )
    before = render.format(hash="2222222222", tag=1, other="a")
    for other, broken in (("a", []), ("b", ["ConfigMap", "Deployment"])):
        after = render.format(hash="4444444444", tag=2, other=other)
        assert [one.kind for one in compare_renders(before, after, fields=fields).broken] == broken


def test_a_kustomization_that_cannot_be_read_is_told_where_it_may_list_the_file(
    tmp_path: Path,
) -> None:
    files = _files("resources: [deploy.yaml\n")
    verdict = _judged(tmp_path, files, {**_WEB})
    assert (verdict.refusals, verdict.diff, verdict.is_expected) == ((), None, True)
    assert verdict.note.startswith("prod/kustomization.yaml:1:12: the [ that begins here")


def test_an_image_of_a_file_of_parameters_is_followed_to_the_container_that_gets_it(
    tmp_path: Path,
) -> None:
    generator = "configMapGenerator: [{name: params, envs: [params.env]}]\n"
    source = "source: {kind: ConfigMap, name: params, fieldPath: data.%s}"
    into = "targets: [{select: {kind: Deployment}, fieldPaths: [%s]}]"
    path = "spec.template.spec.containers.0.image"
    replacement = f"replacements: [{{{source % 'web-image'}, {into % path}}}]\n"
    target = {"kind": "yaml-path", "file": "params.env", "reference": "web-image"}
    params = {"prod/params.env": "web-image=web:1.0.0\nother=1\n"}
    verdict = _judged(tmp_path / "a", _files(_LIST + generator + replacement, **params), target)
    assert (verdict.refusals, verdict.not_judged) == ((), ())
    assert verdict.diff is not None
    assert verdict.diff.images_only, verdict.diff
    unused = _judged(tmp_path / "b", _files(_LIST, **params), target)
    assert unused.refusals or unused.not_judged


def test_a_patch_of_another_object_is_not_named_as_what_sets_the_image(tmp_path: Path) -> None:
    def patch(name: str, image: str) -> str:
        return (
            f"- target: {{kind: Deployment, name: {name}}}\n  patch: |\n    - op: replace\n"
            f"      path: /spec/template/spec/containers/0/image\n      value: {image}\n"
        )

    other = {"prod/other.yaml": deployment("other", "web:1.0.0")}
    text = f"resources: [deploy.yaml, other.yaml]\npatches:\n{patch('other', 'o:1')}"
    files = _files(text + patch("web", "w:1"), **other)
    (refusal,) = _judged(tmp_path, files, _WEB).refusals
    assert refusal.reason == "prod/kustomization.yaml:12 sets w:1 in its place"


def test_a_patch_by_who_lists_a_component_is_named_as_what_sets_its_image(tmp_path: Path) -> None:
    files = {
        "prod/kustomization.yaml": _COMPONENT + _OVERRIDE,
        "top/kustomization.yaml": f"resources: [deploy.yaml]\ncomponents: [../prod]\n{_PATCHED}",
        "top/deploy.yaml": deployment("web", "web:1.0.0"),
        "top/patch.yaml": _SET.format("web:7"),
    }
    (refusal,) = _judged(tmp_path, files, {"kind": "kustomize"}).refusals
    assert refusal.reason == "top/patch.yaml:3 sets web:7 in its place"
    assert (refusal.file, refusal.line) == ("prod/kustomization.yaml", 4)


@pytest.mark.parametrize(("file", "expected"), [("prod", True), ("prod/charts/web", False)])
def test_a_file_that_nothing_builds_is_expected_to_be_built_beside_a_kustomization_alone(
    file: str, expected: bool, tmp_path: Path
) -> None:
    target = {**_AT, "file": f"/{file}/values.yaml", "tag": "image.tag"}
    files = {f"{file}/values.yaml": _VALUES, "prod/kustomization.yaml": "resources: []\n"}
    verdict = _judged(tmp_path, files, target, folder="prod" if expected else file)
    assert verdict.is_expected is expected


def test_images_that_get_one_tag_are_each_told_by_their_own_names(tmp_path: Path) -> None:
    release = _RELEASE + "    job:\n      repository: job\n      tag: 1.0.0\n"
    files = _files("resources: [o.yaml]\n", **{"prod/o.yaml": release})
    targets = [
        {"kind": "yaml-path", "file": "o.yaml", "tag": f"spec.values.{key}.tag", "image": name}
        for key, name in (("image", "web"), ("job", "job"))
    ]
    verdict = _judged(tmp_path, files, *targets, images=("web", "job"))
    assert verdict.diff is not None
    assert verdict.diff.objects[0].images == (
        ("web:1.0.0", "web:1.3.0"),
        ("job:1.0.0", "job:1.3.0"),
    )


def test_a_file_outside_that_one_of_many_kustomizations_lists_is_found(tmp_path: Path) -> None:
    files = {
        "prod/a/kustomization.yaml": "resources: [../../apps/web.yaml]\n",
        "prod/b/kustomization.yaml": "resources: [b.yaml]\n",
        "prod/b/b.yaml": deployment("b", "b:1"),
        "apps/web.yaml": deployment("web", "web:1.0.0"),
    }
    verdict = _judged(tmp_path, files, {"kind": "manifest", "file": "/apps/web.yaml"})
    assert (verdict.refusals, verdict.not_judged) == ((), ())
    assert verdict.diff is not None
    assert verdict.diff.images_only
