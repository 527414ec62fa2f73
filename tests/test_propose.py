"""Which images one tag sets: what the configuration lists, what its targets name, what shares it."""

from __future__ import annotations

from pathlib import Path

import pytest

from promoter.config.config import parse
from promoter.config.layout import find_target
from promoter.domain.declaration import AppDeclaration
from promoter.domain.errors import RefusedError, SelectionError
from promoter.domain.image import Tag
from promoter.domain.model import ImageRequest
from promoter.planning import propose
from tests.graph_files import tree

VALUES = "{kind: yaml-path, file: v.yaml, tag: a.tag, image: ghcr.io/o/web}"
OTHER = "{kind: yaml-path, file: v.yaml, tag: b.tag, image: ghcr.io/o/api}"
ENTRIES = "images:\n- {name: web, newName: ghcr.io/o/web, newTag: v1}\n- {name: c, newTag: v1}\n"


def tagged(folder: Path, app: str, kustomization: str = "", values: str = "") -> list[str]:
    """Return what one tag sets for an app whose configuration is given."""
    text = f"environments: {{prod: {{path: '{{app}}'}}}}\napps: {{web: {app}}}\n"
    config = parse(text.encode(), "promoter.yaml")
    files = tree(folder, {"web/v.yaml": values, "web/kustomization.yaml": kustomization})
    target = find_target(config, files, "web", None)
    return [one.name for one in propose.tagged(target, files)]


@pytest.mark.parametrize(
    ("app", "kustomization", "names"),
    [
        (f"{{images: [b], targets: [{VALUES}]}}", "", ["b"]),
        (
            f"{{targets: [{OTHER}, {VALUES}, {OTHER}]}}",
            "",
            ["ghcr.io/o/api", "ghcr.io/o/web"],
        ),
        (f"{{targets: [{{kind: kustomize}}, {VALUES}]}}", ENTRIES, ["web", "c"]),
        (f"{{targets: [{{kind: kustomize}}, {OTHER}]}}", ENTRIES, ["web", "c", "ghcr.io/o/api"]),
        ("{}", ENTRIES, ["web", "c"]),
    ],
    ids=["listed", "named by targets", "named and an entry's", "named beside entries", "entries"],
)
def test_one_tag_sets(app: str, kustomization: str, names: list[str], tmp_path: Path) -> None:
    assert tagged(tmp_path, app, kustomization) == names


@pytest.mark.parametrize(
    ("target", "values", "names"),
    [
        (
            "{kind: yaml-path, file: v.yaml, tag: a.tag, repository: a.repository}",
            "a: {registry: ghcr.io, repository: o/web, tag: 1}",
            ["ghcr.io/o/web"],
        ),
        (
            "{kind: yaml-path, file: v.yaml, tag: a.tag}",
            "a: {repository: ghcr.io/o/web, tag: 1}",
            ["ghcr.io/o/web"],
        ),
        (
            "{kind: yaml-path, file: v.yaml, tag: ref.tag, repository: url}",
            "url: oci://ghcr.io/o/chart\nref: {tag: 1}",
            ["ghcr.io/o/chart"],
        ),
        ("{kind: yaml-path, file: v.yaml, reference: a}", "a: ghcr.io/o/web:1", ["ghcr.io/o/web"]),
        (
            "{kind: manifest, file: v.yaml, container: web}",
            "spec: {containers: [{name: web, image: 'o/web:1'}, {name: proxy, image: 'envoy:2'}]}",
            ["o/web"],
        ),
        (
            "{kind: manifest, file: v.yaml}",
            "spec: {containers: [{name: web, image: 'o/web:1'}, {name: api, image: 'o/api:1'}]}",
            ["o/web", "o/api"],
        ),
        (
            "{kind: marker, file: v.yaml}",
            'a: o/web:1 # {"$imagepolicy": "ns:web"}\nb: 1 # {"$promoter": "o/api:tag"}',
            ["o/web", "o/api"],
        ),
        (
            "{kind: argocd, file: v.yaml}",
            "kind: Application\nspec: {source: {kustomize: {images: ['web=o/web:1']}}}",
            ["web"],
        ),
    ],
    ids=[
        "registry and repository", "the repository beside a tag", "an OCI address", "a reference",
        "a container", "containers of one tag", "markers", "overrides",
    ],
)  # fmt: skip
def test_files_name_their_images_themselves(
    target: str, values: str, names: list[str], tmp_path: Path
) -> None:
    assert tagged(tmp_path, f"{{targets: [{target}]}}", values=values) == names


def test_images_of_different_tags_are_not_set_by_one(tmp_path: Path) -> None:
    values = "spec: {containers: [{name: web, image: 'o/web:1'}, {name: proxy, image: 'envoy:2'}]}"
    with pytest.raises(SelectionError) as caught:
        tagged(tmp_path, "{targets: [{kind: manifest, file: v.yaml}]}", values=values)
    assert "cannot be meant for all: o/web at 1, envoy at 2" in str(caught.value)
    assert "--image o/web=TAG" in caught.value.hint


def test_targets_without_images_are_not_blamed_on_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SelectionError) as caught:
        tagged(
            tmp_path,
            "{targets: [{kind: yaml-path, file: v.yaml, tag: a.tag}]}",
            values="a: {tag: 1}",
        )
    said = "nothing says of which image the tag at web/v.yaml:1:10 is"
    assert str(caught.value) == f"promoter.yaml:2:24: {said}"
    assert "image: ghcr.io/owner/app" in caught.value.hint


def test_an_image_of_another_kind_of_object_is_named_by_its_path(tmp_path: Path) -> None:
    values = "kind: CephCluster\nspec: {cephVersion: {image: 'quay.io/ceph/ceph:v16'}}\n"
    with pytest.raises(SelectionError) as caught:
        tagged(tmp_path, "{targets: [{kind: manifest, file: v.yaml}]}", values=values)
    assert str(caught.value) == "promoter.yaml:2:24: no container of web/v.yaml has an image"
    assert caught.value.hint.endswith("kind: yaml-path, reference: spec.cephVersion.image")


@pytest.mark.parametrize(
    ("values", "defaults", "names"),
    [
        ("a: {tag: 1}", "a: {registry: ghcr.io, repository: o/web}", ["ghcr.io/o/web"]),
        ("a: {repository: o/own, tag: 1}", "a: {repository: o/web}", ["o/own"]),
        ("{}", "a: {repository: o/web, tag: 1}", ["o/web"]),
    ],
    ids=["of the defaults", "of its own file", "of a tag that is not there"],
)
def test_a_tag_in_an_environments_values_has_the_name_that_a_chart_gives_it(
    values: str, defaults: str, names: list[str], tmp_path: Path
) -> None:
    tree(tmp_path, {"web/values.yaml": defaults})
    app = "{targets: [{kind: yaml-path, file: v.yaml, tag: a.tag}]}"
    assert tagged(tmp_path, app, values=values) == names


@pytest.mark.parametrize(
    ("image", "values", "said"),
    [
        ("ghcr.io/o/db", "{registry: ghcr.io, repository: o/bitnami-db, tag: '1'}", True),
        ("ghcr.io/o/db", "{repository: ghcr.io/p/db, tag: '1'}", True),
        ("ghcr.io/o/db", "{repository: mirror.local:5000/hub/o/db, tag: '1'}", False),
        ("ghcr.io/o/db", "{repository: o/db, tag: '1'}", False),
        ("db", "{repository: '{{ .Values.name }}', tag: '1'}", False),
    ],
)
def test_a_tag_beside_the_name_of_another_image_is_told_with_both_places(
    image: str, values: str, said: bool, tmp_path: Path
) -> None:
    text = (
        "environments: {prod: {path: '{app}'}}\n"
        f"apps: {{web: {{targets: [{{kind: yaml-path, file: v.yaml, tag: a.tag, image: {image}}}]}}}}\n"
    )
    files = tree(tmp_path, {"web/v.yaml": f"a: {values}\n"})
    target = find_target(parse(text.encode(), "promoter.yaml"), files, "web", None)
    declared = AppDeclaration("web", "prod", (ImageRequest(image, Tag("2")),))
    warnings = propose.propose_app(declared, target, files).warnings
    told = [one for one in warnings if "web/v.yaml:1:" in one and "promoter.yaml:2:24" in one]
    assert bool(told) is said, warnings


@pytest.mark.parametrize(
    ("files", "place", "target"),
    [
        ({"web/.env": "# tags\nA=1\nWEB_TAG=1.4\n"}, "web/.env:3", "file: .env, tag: WEB_TAG"),
        ({"web/params.env": "WEB_TAG=1.4\n"}, "web/params.env:1", "file: params.env, tag: WEB_TAG"),
        (
            {
                "apps/dev/cluster-settings.yaml": "data: {WEB_TAG: '2'}\n",
                "k/prod/cluster-settings.yaml": "kind: ConfigMap\ndata:\n  WEB_TAG: '1'\n",
            },
            "k/prod/cluster-settings.yaml:3",
            "file: /k/prod/cluster-settings.yaml, tag: data.WEB_TAG",
        ),
        (
            {"clusters/prod/web.yaml": "---\nspec: {postBuild: {substitute: {WEB_TAG: v1}}}\n"},
            "clusters/prod/web.yaml:2",
            "file: /clusters/prod/web.yaml, tag: spec.postBuild.substitute.WEB_TAG",
        ),
    ],
    ids=["Compose", "kustomize", "a ConfigMap", "Flux"],
)
def test_a_placeholder_names_the_line_that_fills_it_in(
    files: dict[str, str], place: str, target: str, tmp_path: Path
) -> None:
    text = (
        "environments: {prod: {path: '{app}'}}\n"
        "apps: {web: {targets: [{kind: yaml-path, file: v.yaml, reference: services.a.image}]}}\n"
    )
    compose = 'services:\n  a: {image: "o/web:${WEB_TAG:-1.0}"}\n'
    base = tree(tmp_path, {"web/v.yaml": compose, **files})
    found = find_target(parse(text.encode(), "promoter.yaml"), base, "web", None)
    declared = AppDeclaration("web", "prod", (ImageRequest("o/web", Tag("2")),))
    with pytest.raises(RefusedError) as caught:
        propose.propose_app(declared, found, base)
    (refusal,) = caught.value.refusals
    assert refusal.hint == (
        f"Set the tag where the placeholder is filled in: {place}, by a target of "
        f"kind: yaml-path, {target}"
    )
