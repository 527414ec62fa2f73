from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from promoter import graph
from promoter.git.folder import DirectoryTree
from promoter.graph.documents import SIZE_LIMIT
from promoter.graph.requirements import is_fetched
from tests.graph_files import closure, deployment, images, tree

if TYPE_CHECKING:
    from collections.abc import Iterable

_SMP = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\n"


def _patched(patch: str, **more: str) -> dict[str, str]:
    """Return an app with one entry of `patches`."""
    return {
        "kustomization.yaml": f"resources: [d.yaml]\npatches:\n{patch}",
        "d.yaml": deployment(),
        **more,
    }


def test_an_image_has_its_place(tmp_path: Path) -> None:
    files = {"kustomization.yaml": "resources: [base]\n", "base/d.yaml": "# one\n" + deployment()}
    files["base/kustomization.yaml"] = "resources: [./d.yaml]\n"
    found = closure(tmp_path, files)
    (image,) = found.images
    assert (image.text, image.file, image.line, image.column) == ("app:1", "base/d.yaml", 11, 16)
    assert found.complete
    assert found.warnings == ()


def test_every_file_read_is_named(tmp_path: Path) -> None:
    files = {
        "a/kustomization.yaml": "resources: [../b]\npatches: [{path: p.yaml}]\n",
        "a/p.yaml": _SMP + "spec: {replicas: 2}\n",
        "b/kustomization.yml": "resources: [d.yaml]\n",
        "b/d.yaml": deployment(),
        "b/unused.yaml": deployment("other"),
    }
    found = closure(tmp_path, files, "a")
    assert {str(path) for path in found.files} == files.keys() - {"b/unused.yaml"}


def test_own_images_and_replacements_are_still_to_come(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": "resources: [d.yaml]\nimages: [{name: app, newTag: '2'}]\n"
        "replacements: [{sourceValue: x, targets: [{select: {kind: Deployment},"
        " fieldPaths: [spec.template.spec.containers.0.image]}]}]\n",
        "d.yaml": deployment(),
    }
    assert images(closure(tmp_path, files)) == ["app:1"]


def test_lower_layers_change_names_and_are_remembered(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": "resources: [base]\ncomponents: [comp]\n",
        "base/kustomization.yaml": "resources: [d.yaml]\nimages: [{name: app, newName: reg/app}]\n",
        "base/d.yaml": deployment(),
        "comp/kustomization.yaml": "kind: Component\nimages: [{name: reg/app, newTag: '3'}]\n",
    }
    found = closure(tmp_path, files)
    assert images(found) == ["reg/app:3"]
    assert [(step.before, step.entry.place) for step in found.images[0].steps] == [
        ("app:1", "base/kustomization.yaml:2"),
        ("reg/app:1", "comp/kustomization.yaml:2"),
    ]


@pytest.mark.parametrize(
    ("path", "doubted"),
    [
        ("spec.template.spec.containers.[name=main].image", True),
        ("spec.template.spec.containers.0", True),
        ("metadata.labels.version", False),
    ],
)
def test_a_lower_replacement_of_images_leaves_every_name_possible(
    path: str, doubted: bool, tmp_path: Path
) -> None:
    files = {
        "kustomization.yaml": "resources: [base]\n",
        "base/kustomization.yaml": "resources: [d.yaml]\nreplacements: [{path: r.yaml}]\n",
        "base/r.yaml": "- source: {kind: ConfigMap, fieldPath: data.tag}\n  targets:\n"
        f"  - {{select: {{kind: Deployment}}, fieldPaths: ['{path}']}}\n",
        "base/d.yaml": deployment(),
    }
    found = closure(tmp_path, files)
    assert (found.complete, found.unknown.startswith("base/r.yaml:1")) == (True, doubted)


_MERGE = (
    "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: app}\n    "
)
_LIST = "/spec/template/spec/containers"
_JSON = "- target: {kind: Deployment}\n  patch: "


@pytest.mark.parametrize(
    ("patch", "more"),
    [
        ("- path: p.yaml\n", ["app:p"]),
        (f"{_JSON}'[{{op: replace, path: {_LIST}/0/image, value: j:1}}]'\n", ["j:1"]),
        (
            f"{_JSON}|-\n    - {{op: add, path: {_LIST}/-, value: {{name: n, image: n:1}}}}\n",
            ["n:1"],
        ),
        (
            f"{_MERGE}spec: {{template: {{spec: {{containers: [{{name: n, image: n:1}}]}}}}}}\n",
            ["n:1"],
        ),
        (f"{_MERGE}$patch: delete\n", []),
        (f"{_JSON}'[{{op: add, path: /spec/replicas, value: 3}}]'\n", []),
        (f"{_JSON}'[{{op: add, path: {_LIST}/0/args, value: [jdbc:db]}}]'\n", []),
    ],
)
def test_an_image_that_a_patch_may_set_counts_beside_the_old_one(
    patch: str, more: list[str], tmp_path: Path
) -> None:
    smp = _SMP + "spec: {template: {spec: {containers: [{name: main, image: 'app:p'}]}}}\n"
    found = closure(tmp_path, _patched(patch, **{"p.yaml": smp}))
    assert images(found) == ["app:1", *more]
    assert (found.warnings, found.patched) == ((), True)


def test_an_image_of_an_inline_patch_has_its_place_in_the_kustomization(tmp_path: Path) -> None:
    patch = (
        "- target: {kind: Deployment}\n  patch: |-\n    - op: replace\n"
        "      path: /spec/template/spec/containers/0/image\n      value: j:1\n"
    )
    (_, image) = closure(tmp_path, _patched(patch)).images
    assert (image.file, image.line) == ("kustomization.yaml", 7)


def test_lists_of_objects_are_objects(tmp_path: Path) -> None:
    inner = deployment().replace("\n", "\n  ")
    files = {
        "kustomization.yaml": "resources: [l.yaml]\n",
        "l.yaml": f"apiVersion: v1\nkind: List\nitems:\n- {inner.rstrip()}\n",
    }
    assert images(closure(tmp_path, files)) == ["app:1"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"kustomization.yaml": "resources: [https://example.org/x?ref=v1]"}, "remote"),
        ({"kustomization.yaml": "resources: [github.com/o/r//deploy?ref=v1]"}, "remote"),
        ({"kustomization.yaml": "resources: [../outside]"}, "out of the repository"),
        ({"kustomization.yaml": "resources: [/etc/passwd]"}, "out of the repository"),
        ({"kustomization.yaml": "resources: [gone.yaml]"}, "gone.yaml is not there"),
        ({"kustomization.yaml": "resources: [.]"}, "circle"),
        ({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": "a: [\n"}, "a.yaml:2:1"),
        ({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": "a: {{ .X }}\n: {"}, "a.yaml"),
        ({"kustomization.yaml": "generators: [g.yaml]"}, "g.yaml is not there"),
        ({"kustomization.yaml": "helmCharts: [{name: x}]"}, "its helmCharts are made by Helm"),
        ({"kustomization.yaml": "kind: Component"}, "component"),
        ({"kustomization.yaml": "- 1"}, "not a kustomization"),
        ({"kustomization.yaml": ""}, "not a kustomization"),
        ({"kustomization.yaml": "a: b", "Kustomization": "a: b"}, "2 kustomizations"),
        ({"kustomization.yaml": "resources: [b]", "b/x": ""}, "b: holds 0 kustomizations"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_warning(files: dict[str, str], said: str, tmp_path: Path) -> None:
    found = closure(tmp_path, files)
    assert not found.complete
    assert said in " ".join(found.warnings)


@pytest.mark.parametrize(
    ("charts", "path", "holds"),
    [
        ("helmCharts: [{name: web}]", "charts/web/values.yaml", True),
        ("helmGlobals: {chartHome: ../c}\nhelmCharts: [{name: web}]", "c/web/values.yaml", True),
        ("helmCharts: [{name: web}]", "charts/api/values.yaml", False),
    ],
)
def test_default_values_of_a_local_chart_are_built_from(
    charts: str, path: str, holds: bool, tmp_path: Path
) -> None:
    folder = "prod" if "../c" in charts else "."
    found = closure(tmp_path, {f"{folder}/kustomization.yaml": f"{charts}\n"}, folder)
    assert found.holds(PurePosixPath(path)) == holds
    assert found.outside == ()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").symlink_to("real")
    found = closure(tmp_path, {"kustomization.yaml": "resources: [linked/a.yaml]\n"})
    assert "symbolic link linked" in found.warnings[0]


def test_a_layer_may_not_contain_who_stands_on_it(tmp_path: Path) -> None:
    files = {
        "a/b/kustomization.yaml": "resources: [../../c]\n",
        "c/kustomization.yaml": "resources: [../a]\n",
        "a/kustomization.yaml": "resources: [b]\n",
    }
    found = closure(tmp_path, files, "a/b")
    assert "circle" in found.warnings[0]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5_000,
        "- " * 5_000,
        "a: &a [x,x]\n" + "".join(f"k{n}: &k{n} [*k{n - 1},*k{n - 1}]\n" for n in range(1, 30))
        .replace("*k0", "*a"),
        "a: &a [*a]\n",
        "a: &a {b: *a}\n",
        "a: \x00\n",
        "? [a]\n: b\n",
        "x" * 5_000_000,
    ],
)  # fmt: skip
def test_hostile_files_end_in_a_warning(text: str, tmp_path: Path) -> None:
    began = time.process_time()
    found = closure(tmp_path, {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": text})
    assert time.process_time() - began < 20
    assert found.complete == (text == "? [a]\n: b\n")


def test_layers_that_are_reached_by_many_ways_are_read_one_time(tmp_path: Path) -> None:
    files = {
        f"l{n}/kustomization.yaml": f"resources: [a, b]\nnamePrefix: x{n}-\n" for n in range(30)
    }
    for n in range(29):
        for side in "ab":
            files[f"l{n}/{side}/kustomization.yaml"] = (
                f"namePrefix: {side}-\nresources: [../../l{n + 1}]\n"
            )
    files["l29/kustomization.yaml"] = "resources: [d.yaml]\n"
    files["l29/d.yaml"] = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
    began = time.process_time()
    found = closure(tmp_path, files, "l0")
    assert found.complete
    assert time.process_time() - began < 10


class _Watched(DirectoryTree):
    """A folder that remembers which files were asked for in batches."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.batches: list[set[PurePosixPath]] = []
        self.alone: list[PurePosixPath] = []

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        self.batches.append(set(paths))

    def read(self, path: PurePosixPath) -> bytes:
        if not any(path in batch for batch in self.batches):
            self.alone.append(path)
        return super().read(path)


def test_files_are_fetched_one_batch_a_level(tmp_path: Path) -> None:
    resources = "".join(f"- ../app{n}\n" for n in range(20))
    files = {"over/kustomization.yaml": f"resources:\n{resources}patches: [{{path: p.yaml}}]\n"}
    files["over/p.yaml"] = _SMP.replace("name: app", "name: app1") + "spec: {replicas: 1}\n"
    for n in range(20):
        files[f"app{n}/kustomization.yaml"] = "resources: [d.yaml, s.yaml]\n"
        files[f"app{n}/d.yaml"] = deployment(f"app{n}")
        files[f"app{n}/s.yaml"] = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
    tree(tmp_path, files)
    watched = _Watched(tmp_path)
    found = graph.read_closure(watched, PurePosixPath("over"))
    assert (len(found.images), found.warnings) == (20, ())
    assert watched.alone == []
    assert len([batch for batch in watched.batches if batch]) == 3


def test_the_closure_of_an_app_comes_with_the_first_batch() -> None:
    watched = _Watched(Path(__file__).parent.parent / "promoter" / "demo" / "aurora")
    folder = PurePosixPath("clusters/prod/apps/aurora")
    graph.prefetch_closures(watched, [folder])
    first, *rest = watched.batches
    assert set().union(*rest) <= first
    assert graph.read_closure(watched, folder).complete
    assert watched.alone == []
    assert set().union(*watched.batches) == first


def test_the_graph_needs_no_git_and_no_network() -> None:
    code = "import sys, promoter.graph; print({'git', 'github', 'requests'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"


_HOST = "http://127.0.0.1:9"
_GENERATED = "configMapGenerator: [{name: a, %s}]\n"


@pytest.mark.parametrize(
    ("text", "means"),
    [
        (f"resources: [d.yaml, {_HOST}/b.yaml]\n", {"network"}),
        (f"resources: [d.yaml, HTTP:{_HOST}]\n", {"network"}),
        ("resources: [d.yaml, 'git::x/y', 'gh:o/r', 'me@h:o/r', 'github.com/o/r']\n", {"network"}),
        (_GENERATED % f"files: ['x={_HOST}/x']", {"network"}),
        (_GENERATED % f"files: ['{_HOST}/x']", {"network"}),
        (_GENERATED % f"Files: ['x={_HOST}/x']", {"network"}),
        (_GENERATED % f"envs: ['{_HOST}/x']", {"network"}),
        (_GENERATED % f"env: '{_HOST}/x'", {"network"}),
        (f"secretGenerator: [{{name: a, files: ['x={_HOST}/x']}}]\n", {"network"}),
        (f"openapi: {{path: '{_HOST}/s.json'}}\n", {"network"}),
        (f"crds: ['{_HOST}/s.json']\n", {"network"}),
        (f"CRDs: ['{_HOST}/s.json']\n", {"network"}),
        (f"configurations: ['{_HOST}/s.yaml']\n", {"network"}),
        (f"patches: [{{path: '{_HOST}/p.yaml'}}]\n", {"network"}),
        (f"patches: ['{_HOST}/p.yaml']\n", {"network"}),
        (f"replacements: [{{path: '{_HOST}/p.yaml'}}]\n", {"network"}),
        (f"components: ['{_HOST}/o/c.git//c?ref=v1']\n", {"network"}),
        (f"validators: ['{_HOST}/s.yaml']\n", {"network"}),
        (f"transformers: ['{_HOST}/s.yaml']\n", {"network"}),
        (f"a-field-of-tomorrow: ['{_HOST}/s.yaml']\n", {"network"}),
        ("helmCharts: [{name: x}]\n", {"helm"}),
        ("helmCharts: [{name: x, repo: 'oci://h/c'}]\n", {"helm", "network"}),
        ("helmCharts: [{name: x, releaseName: --post-renderer=./run}]\n", {"helm", "exec"}),
        ("helmChartInflationGenerator: [{chartName: x, helmHome: h}]\n", {"helm", "exec"}),
        ("helmCharts: [{name: x}]\nhelmGlobals: {configHome: h}\n", {"helm", "exec"}),
        ("helmCharts: [{name: x}]\nHelmGlobals: {chartHome: /srv}\n", {"helm", "files"}),
        ("helmCharts: [{name: ../../x}]\n", {"helm", "files"}),
        ("helmCharts: [{name: x, valuesInline: {a: -x, b: 'http://h', c: /d}}]\n", {"helm"}),
        ("generators: [g.yaml]\n", {"exec"}),
        ("generators: [builtin.yaml]\n", set()),
        ("transformers: [fn.yaml]\n", {"exec"}),
        (
            f"generators:\n- |-\n  apiVersion: builtin\n  kind: X\n  files: ['a={_HOST}']\n",
            {"network"},
        ),
        (
            "generators:\n- |-\n  apiVersion: builtin\n  kind: HelmChartInflationGenerator\n",
            {"helm"},
        ),
        (
            "generators:\n- |-\n  apiVersion: builtin\n  kind: HelmChartInflationGenerator\n"
            f"  releaseName: -x\n  repo: {_HOST}\n  chartHome: /srv\n",
            {"helm", "network", "exec", "files"},
        ),
        ("generators: ['{apiVersion: builtin, kind: XList, items: []}']\n", {"exec"}),
        ("generators: [folder]\n", set()),
        ("generators: [made]\n", {"exec"}),
        ("generators: [patched]\n", {"files"}),
        (
            "transformers: ['{apiVersion: builtin, kind: PatchTransformer, metadata: {name: x},"
            f' path: "{_HOST}/p.yaml"}}\']\n',
            {"network"},
        ),
        ("resources: [../../outside]\n", {"files"}),
        ("components: [link]\n", {"files"}),
        (_GENERATED % "files: [link]", {"files"}),
        ("crds: [!!binary aHR0cDovLzEyNy4wLjAuMTo5Lw==]\n", {"files"}),
        (f"<<: {{crds: ['{_HOST}']}}\n", {"network", "files"}),
        ("crds: [d.yaml]\ncrds: [d.yaml]\n", {"files"}),
        ("crds: [d.yaml]\nCrds: [d.yaml]\n", {"files"}),
        # What only looks so, and what kustomize itself says best.
        (f"commonAnnotations: {{docs: '{_HOST}'}}\n", set()),
        (_GENERATED % f"literals: ['URL={_HOST}/x']", set()),
        (f"patches: [{{patch: '{_HOST}', target: {{kind: X}}}}]\n", set()),
        ("resources: [d.yaml, gone.yaml]\n", set()),
        (_GENERATED % "files: [gone.txt]", set()),
    ],
)
def test_what_a_build_takes_beside_files_is_known(
    text: str, means: set[str], tmp_path: Path
) -> None:
    files = {
        "d.yaml": deployment(),
        "http:/127.0.0.1:9/b.yaml": deployment("far"),
        "g.yaml": "apiVersion: example.com/v1\nkind: G\nmetadata: {name: g}\n",
        "builtin.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\n",
        "fn.yaml": "apiVersion: builtin\nkind: F\nmetadata:\n  annotations: {config.kubernetes.io/function: x}\n",
        "folder/kustomization.yaml": "resources: [b.yaml]\n",
        "folder/b.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\n",
        "made/kustomization.yaml": "resources: [../folder, g.yaml]\n",
        "made/g.yaml": "apiVersion: example.com/v1\nkind: G\nmetadata: {name: g}\n",
        "patched/kustomization.yaml": "resources: [b.yaml]\npatches: [{patch: 'a: b'}]\n",
        "patched/b.yaml": "apiVersion: builtin\nkind: X\nmetadata: {name: g}\n",
        "kustomization.yaml": text if "resources" in text else f"resources: [d.yaml]\n{text}",
    }
    made = tree(tmp_path, files)
    (tmp_path / "link").symlink_to("d.yaml")
    found = graph.read_closure(made, PurePosixPath())
    assert {str(one.access) for one in found.requirements} == means
    assert not (found.complete and means - {"files"})


_PLUGIN = f"apiVersion: builtin\nkind: PatchTransformer\nmetadata: {{name: x}}\npath: {_HOST}\n"


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("end", ["\r", "\x85", "\u2028", "\u2029"])
def test_a_plugin_behind_a_comment_whose_end_two_readers_see_elsewhere_is_not_run(
    end: str, inline: bool, tmp_path: Path
) -> None:
    hidden = "# x\n".replace("\n", end) + _PLUGIN.replace("\n", end)
    listed = json.dumps(hidden) if inline else "t.yaml"
    files = {"kustomization.yaml": f"transformers: [{listed}]\n", "t.yaml": hidden}
    assert {one.access for one in closure(tmp_path, files).requirements} == {"files"}


@pytest.mark.parametrize(
    "content", [_PLUGIN.encode("utf-16"), _PLUGIN.encode() + b"#" * SIZE_LIMIT], ids=["16", "size"]
)
def test_a_plugin_that_cannot_be_read_is_not_run(content: bytes, tmp_path: Path) -> None:
    made = tree(tmp_path, {"kustomization.yaml": "transformers: [t.yaml]\n"})
    (tmp_path / "t.yaml").write_bytes(content)
    found = graph.read_closure(made, PurePosixPath())
    assert {one.access for one in found.requirements} == {"files"}


@pytest.mark.parametrize("host", ["\t", "\n", "\u00a0", " h"])
def test_a_host_with_blanks_is_one_too(host: str) -> None:
    assert is_fetched(f"git@{host}:o/r")


def test_a_long_run_of_blanks_before_a_path_is_passed_over_at_once() -> None:
    began = time.process_time()
    assert is_fetched(" " * 1_000_000 + "https://h/r")
    assert not is_fetched(" " * 1_000_000)
    assert time.process_time() - began < 10


def test_a_kustomization_that_hides_behind_another_document_is_read_as_kustomize_does(
    tmp_path: Path,
) -> None:
    first = f"kind: CustomResourceDefinition\nkind: Kustomization\nresources: ['{_HOST}']\n"
    text = f"{first}---\nresources: [d.yaml]\n"
    found = closure(tmp_path, {"kustomization.yaml": text, "d.yaml": deployment()})
    assert "network" in {one.access for one in found.requirements}


@pytest.mark.parametrize(
    ("text", "complete", "unknown"),
    [
        ("kind: LabelTransformer\nlabels: {a: b}\n", True, False),
        ("kind: NamespaceTransformer\n", True, False),
        ("kind: PatchTransformer\npatch: '{}'\n", True, True),
        ("kind: ImageTagTransformer\nimageTag: {name: app, newName: b}\n", True, True),
        ("kind: PrefixTransformer\nfieldSpecs: [{path: spec/containers/image}]\n", True, True),
        ("kind: OfTomorrow\n", False, False),
    ],
)
def test_a_built_in_transformer_does_not_switch_the_check_off(
    text: str, complete: bool, unknown: bool, tmp_path: Path
) -> None:
    files = {
        "kustomization.yaml": "resources: [base]\n",
        "base/kustomization.yaml": "resources: [d.yaml]\ntransformers: [t.yaml]\n",
        "base/t.yaml": f"apiVersion: builtin\nmetadata: {{name: t}}\n{text}",
        "base/d.yaml": deployment(),
    }
    found = closure(tmp_path, files)
    assert (found.complete, bool(found.unknown)) == (complete, unknown)
