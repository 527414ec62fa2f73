from __future__ import annotations

import re
import time
from pathlib import Path, PurePosixPath

import pytest
from pydantic import TypeAdapter, ValidationError

from promoter.domain.errors import RefusedError, SelectionError
from promoter.domain.image import Digest, Tag
from promoter.domain.model import ImageRequest
from promoter.edits import scalar_path
from promoter.edits.default_values import with_default_names
from promoter.edits.discovery import discover
from promoter.edits.region import Region
from promoter.edits.target_edits import edit_targets
from promoter.edits.targets import EditTarget, Linked, ManifestTarget
from promoter.edits.targets.marker import marks
from tests.graph_files import deployment, tree
from tests.thorough import thorough_after

_TARGET: TypeAdapter[EditTarget] = TypeAdapter(EditTarget)


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "kustomize"}',
        '{"kind": "manifest", "file": "a.yaml", "container": "c", "resource": "Pod/p"}',
        '{"kind": "patch", "file": "kustomization.yaml", "path": "/spec/x"}',
        '{"kind": "yaml-path", "file": "/values/{environment}.yaml", "tag": "image.tag"}',
        '{"kind": "argocd", "file": "../app.yaml", "application": "web"}',
        '{"kind": "marker", "file": "a.yaml", "policy": "flux-system:web"}',
    ],
)
def test_each_kind_is_read(text: str) -> None:
    target = _TARGET.validate_json(text)
    assert f'"kind": "{target.kind}"' in text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"kind": "helm"}, "kind"),
        ({"kind": "manifest"}, "file"),
        ({"kind": "manifest", "file": "a", "containers": "c"}, "Extra inputs"),
        ({"kind": "manifest", "file": "/../a"}, "'..'"),
        ({"kind": "manifest", "file": "a\nb"}, "must be a file"),
        ({"kind": "manifest", "file": "/"}, "must be a file"),
        ({"kind": "manifest", "file": "{env}.yaml"}, "not {env}"),
        ({"kind": "yaml-path", "file": "a"}, "names nothing to set"),
        ({"kind": "yaml-path", "file": "a", "tag": "a..b"}, "character 2"),
        ({"kind": "yaml-path", "file": "a", "tag": ""}, "empty"),
    ],
)
def test_a_wrong_target_is_refused_with_the_reason(value: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _TARGET.validate_python(value)
    assert said in str(caught.value)


def test_linked_strings_are_of_the_kustomization_unless_said_otherwise() -> None:
    assert Linked(path="resources.*").file == "kustomization.yaml"


def test_targets_are_values() -> None:
    target = ManifestTarget(kind="manifest", file="a.yaml")
    with pytest.raises(ValidationError):
        target.file = "b.yaml"
    assert hash(target) == hash(ManifestTarget(kind="manifest", file="a.yaml"))


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("image.tag", ("image", "tag")),
        ("a[0].b", ("a", "[0]", "b")),
        ("a.0.b", ("a", "0", "b")),
        ("a.[name=x.y].b", ("a", "[name=x.y]", "b")),
        ("a[b.c/d]", ("a", "[b.c/d]")),
        (r"a\.b.c", ("a.b", "c")),
        ("resources.*", ("resources", "*")),
    ],
)
def test_a_path_has_parts(path: str, parts: tuple[str, ...]) -> None:
    assert scalar_path.parts(path) == parts


@pytest.mark.parametrize("path", ["a..b", "a.", "a[", "a]b[", ".", "a.b\\"])
def test_what_is_no_path_is_said_so(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        scalar_path.parts(path)


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("list.*.name", ["a", "b"]),
        ("list[name=b].tag", ["2"]),
        ("list.1.tag", ["2"]),
        ("list.[name=c]", []),
        ("plain.[=y]", ["y"]),
        ("[dots.in.it].x", ["z"]),
        ("list.name", []),
    ],
)
def test_a_path_leads_to_scalars(path: str, texts: list[str]) -> None:
    data = b"list: [{name: a, tag: 1}, {name: b, tag: 2}]\nplain: [x, y]\ndots.in.it: {x: z}\n"
    region = Region.of(PurePosixPath("a.yaml"), data)
    assert [spot.text for spot in scalar_path.find(region, path)] == texts


def test_a_link_is_not_edited_through(tmp_path: Path) -> None:
    files = tree(tmp_path, {"real.yaml": deployment()})
    (tmp_path / "m.yaml").symlink_to("real.yaml")
    target = ManifestTarget(kind="manifest", file="m.yaml")
    with pytest.raises(RefusedError) as caught:
        edit_targets(files, PurePosixPath("k.yaml"), [target], [ImageRequest("app", Tag("2"))])
    assert caught.value.refusals[0].rule == "symlink"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("web:", "web:\n  tag: v2"),
        ("web: ~\n", "web:\n  tag: v2\n"),
        ("web: null # c\nx: 1\n", "web:\n  tag: v2 # c\nx: 1\n"),
        ("~", "web:\n  tag: v2"),
        ("{}\n", "{web: {tag: v2}}\n"),
        ('{"web": {"a": 1,}}', '{"web": {"a": 1, "tag": "v2",}}'),
        ("web: {a: 1 # c\n }\n", "web: {a: 1, tag: v2 # c\n }\n"),
        ("web:\r\n  a: 1\r\n", "web:\r\n  a: 1\r\n  tag: v2\r\n"),
        ("web:\n  a: |\n    text\n", "web:\n  a: |\n    text\n  tag: v2\n"),
        ("? web\n: x: 1\n", "? web\n: x: 1\n  tag: v2\n"),
        ("web: &x\n  a: 1\n", "web: &x\n  a: 1\n  tag: v2\n"),
    ],
)
def test_key_that_is_not_there_is_added_in_the_files_manner(
    text: str, after: str, tmp_path: Path
) -> None:
    files = tree(tmp_path, {"v.yaml": text})
    target = _TARGET.validate_python(
        {"kind": "yaml-path", "file": "v.yaml", "tag": "web.tag", "image": "app"}
    )
    held = edit_targets(files, PurePosixPath("k.yaml"), [target], [ImageRequest("app", Tag("v2"))])
    assert [edit.after.decode() for edit in held.files] == [after]
    assert held.moves[0].before.tag is None


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"charts/web/values.yaml": "image: {repository: r/web}\n"}, "r/web"),
        (
            {
                "charts/web/values.yaml": "image: {repository: r/other}\n",
                "values.yaml": "web: {image: {repository: r/web}}\n",
            },
            "r/web",
        ),
    ],
    ids=["the subchart's", "those of the chart before the subchart's"],
)
def test_default_values_of_a_subchart_name_the_image_below_its_key(
    files: dict[str, str], name: str, tmp_path: Path
) -> None:
    given = {"kind": "yaml-path", "file": "values-prod.yaml", "tag": "web.image.tag"}
    values = tree(tmp_path, {"values-prod.yaml": "web: {image: {tag: v1}}\n", **files})
    targets = with_default_names(values, PurePosixPath(), [_TARGET.validate_python(given)])
    request = ImageRequest(name, Tag("v2"))
    held = edit_targets(values, PurePosixPath("k.yaml"), targets, [request])
    assert held.moves[0].before.tag == "v1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("? web\n", "cannot be set here"),
        ("{web}", "cannot be set here"),
        ("web: !!null\n", "leads nowhere"),
        ("web: &x\nb: *x\n", "leads nowhere"),
        ("web: {tags: 1}\n", "leads nowhere"),
        ("webb: {}\n", "leads nowhere"),
        ("web: [tag]\n", "leads nowhere"),
        ("- web\n", "leads nowhere"),
        ("web: v1\n", "leads nowhere"),
        ("a: 1\n", "leads nowhere: there is no web"),
        ("kind: CronJob\nweb: {a: 1}\n", "a CronJob has its images in its containers"),
        ("kind: Deployment\nweb: {tag: 2}\n", "web.tag is 2, which is no text: a Deployment has"),
    ],
)
def test_key_for_which_there_is_no_place_is_refused(text: str, said: str, tmp_path: Path) -> None:
    files = tree(tmp_path, {"v.yaml": text})
    target = _TARGET.validate_python(
        {"kind": "yaml-path", "file": "v.yaml", "tag": "web.tag", "image": "app"}
    )
    with pytest.raises((RefusedError, SelectionError)) as caught:
        edit_targets(files, PurePosixPath("k.yaml"), [target], [ImageRequest("app", Tag("v2"))])
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "paths", "added"),
    [
        ("tag: v1\n", {"tag": "tag", "digest": "digest"}, "digest: sha256:"),
        ("a: 1\n", {"tag": "tag", "digest": "digest"}, ""),
        ("a: 1\n", {"reference": "image"}, ""),
        ("repository: app\n", {"tag": "tag", "repository": "repository"}, "tag: v2"),
        ("a: {b: 1}\n", {"tag": "a.image.tag"}, ""),
    ],
)
def test_key_is_added_only_where_its_mapping_is_known_to_be_meant(
    text: str, paths: dict[str, str], added: str, tmp_path: Path
) -> None:
    files = tree(tmp_path, {"v.yaml": text})
    target = _TARGET.validate_python(
        {"kind": "yaml-path", "file": "v.yaml", "image": "app", **paths}
    )
    asked = ImageRequest(
        "app", Tag("v2"), Digest.parse("sha256:" + "a" * 64) if "digest" in paths else None
    )
    if not added:
        with pytest.raises(SelectionError, match="leads nowhere"):
            edit_targets(files, PurePosixPath("k.yaml"), [target], [asked])
        return
    held = edit_targets(files, PurePosixPath("k.yaml"), [target], [asked])
    assert added in held.files[0].after.decode()


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("$.spec.replicas", "spec.replicas"),
        ("$['spec']['a.b']", "spec[a.b]"),
        (".spec.image", "spec.image"),
        ("/spec/image", "spec.image"),
        ("/metadata/labels/app.io~1name", "metadata.labels[app.io/name]"),
        ("list[*].tag", "list.*.tag"),
        ("list[].tag", "list.*.tag"),
        ('list[?(@.name=="app")].tag', "list[name=app].tag"),
        ('["web"].tag', "web.tag"),
    ],
)
def test_a_path_of_another_tool_is_told_in_the_form_it_has_here(path: str, meant: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"not {path!r}\nWrite {meant}") + "$"):
        scalar_path.check(path)
    scalar_path.check(meant)


def test_slashes_between_the_parts_of_a_path_are_told() -> None:
    region = Region.of(PurePosixPath("a.yaml"), b"image: {tag: 1}\n")
    with pytest.raises(SelectionError) as caught:
        scalar_path.one(region, "image/tag")
    assert "Dots separate the parts of a path: image.tag." in caught.value.hint


@pytest.mark.parametrize("kind", ["manifest", "patch"])
def test_a_resource_is_a_kind_and_a_name(kind: str) -> None:
    with pytest.raises(ValidationError, match="Write it as in Deployment/shop"):
        _TARGET.validate_python({"kind": kind, "file": "a.yaml", "resource": "shop"})


def test_all_refusals_are_told_at_once(tmp_path: Path) -> None:
    text = "kind: Pod\nspec: {containers: [{image: app:$(A)}, {image: 'app:${B}'}]}\n"
    files = tree(tmp_path, {"m.yaml": text, "n.yaml": text})
    targets = [ManifestTarget(kind="manifest", file=name) for name in ("m.yaml", "n.yaml")]
    with pytest.raises(RefusedError) as caught:
        edit_targets(files, PurePosixPath("k.yaml"), targets, [ImageRequest("app", Tag("2"))])
    assert [one.file for one in caught.value.refusals] == ["m.yaml", "m.yaml", "n.yaml", "n.yaml"]


def test_a_missing_image_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    files = tree(tmp_path, {"m.yaml": deployment(image="ghcr.io/acme/app:1")})
    target = ManifestTarget(kind="manifest", file="m.yaml")
    with pytest.raises(SelectionError) as caught:
        edit_targets(
            files, PurePosixPath("k.yaml"), [target], [ImageRequest("ghcr.io/acme/ap", Tag("2"))]
        )
    assert "Did you mean ghcr.io/acme/app?" in caught.value.hint


@pytest.mark.parametrize(
    ("image", "moved"),
    [("ghcr.io/o/web", ["web"]), ("mirror.local/o/api", ["api"]), ("ghcr.io/o/db", [])],
    ids=["named beside its tag", "the same at a mirror", "another image"],
)
def test_a_tag_is_of_the_image_that_its_file_names_beside_it(
    image: str, moved: list[str], tmp_path: Path
) -> None:
    text = "web: {repository: ghcr.io/o/web, tag: v1}\napi: {repository: ghcr.io/o/api, tag: v1}\n"
    files = tree(tmp_path, {"v.yaml": text})
    targets = [
        _TARGET.validate_python({"kind": "yaml-path", "file": "v.yaml", "tag": f"{key}.tag"})
        for key in ("web", "api")
    ]
    request = [ImageRequest(image, Tag("v2"))]
    if not moved:
        with pytest.raises(SelectionError, match=f"no target holds the image {image}"):
            edit_targets(files, PurePosixPath("k.yaml"), targets, request)
        return
    (edit,) = edit_targets(files, PurePosixPath("k.yaml"), targets, request).files
    lines = edit.after.decode().splitlines()
    assert [one.partition(":")[0] for one in lines if "tag: v2" in one] == moved


def test_discovery_finds_each_kind_below_the_folder_alone(tmp_path: Path) -> None:
    argo = "kind: Application\nspec: {source: {kustomize: {images: [app:1]}}}\n"
    files = tree(
        tmp_path,
        {
            "env/d.yaml": deployment(),
            "env/deep/app.yaml": argo,
            "env/flux.yml": 'image: app:1 # {"$imagepolicy": "ns:app"}\n',
            "env/kustomization.yaml": "patches:\n- patch: |-\n    kind: Pod\n    spec: {containers: "
            "[{name: a, image: app:1}]}\n",
            "env/broken.yaml": "image: app:1: {\n",
            "env/other.yaml": deployment(image="other:1"),
            "base/d.yaml": deployment(),
        },
    )
    found = discover(files, PurePosixPath("env"), ["app"])
    assert [(target.kind, target.file) for target in found] == [
        ("manifest", "/env/d.yaml"),
        ("argocd", "/env/deep/app.yaml"),
        ("marker", "/env/flux.yml"),
        ("patch", "/env/kustomization.yaml"),
    ]
    edits = edit_targets(
        files, PurePosixPath("env/kustomization.yaml"), found, [ImageRequest("app", Tag("2"))]
    ).files
    assert all(b"app:2" in edit.after and b"app:1" not in edit.after for edit in edits)
    assert len(edits) == 4


def test_markers_in_a_block_of_text_are_found_in_time_that_grows_with_the_file() -> None:
    number = 3_000
    listed = "".join(f"- v{n}\n" for n in range(number))
    marked = "".join(f'  x: y{n} # {{"$promoter": "app:tag"}}\n' for n in range(number))
    region = Region.of(PurePosixPath("a.yaml"), f"b:\n{listed}a: |\n{marked}".encode())
    begun = time.process_time()
    assert len(marks(region)) == number
    # Each marker was looked for in each value: a minute.
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    "text",
    thorough_after(
        1,
        [
            "kind: Pod\nimage: &a app:1\nspec:\n  containers:\n{}",
            "kind: Pod\nspec: &a\n  containers: [{{image: 'app:1'}}]\nothers:\n{}",
        ],
    ),
    ids=["a value", "a mapping"],
)
def test_an_anchor_with_many_aliases_is_set_in_time_that_grows_with_the_file(
    text: str, tmp_path: Path
) -> None:
    number = 1_500
    alias = "  - image: *a\n" if "image: &a" in text else "- spec: *a\n"
    files = tree(tmp_path, {"m.yaml": text.format(alias * number)})
    target = ManifestTarget(kind="manifest", file="m.yaml")
    begun = time.process_time()
    held = edit_targets(files, PurePosixPath("k.yaml"), [target], [ImageRequest("app", Tag("2"))])
    # Each place was looked for from each other one: minutes.
    assert time.process_time() - begun < 20
    (edit,) = held.files
    assert edit.after.count(b"app:2") == 1
    assert len(edit.warnings) == number
