"""Apps that no configuration lists: they are found by paths with {app} anywhere in them."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from promoter.config.apps import known_apps
from promoter.config.config import parse
from promoter.config.path_patterns import matching_paths
from promoter.domain.trees import EditedTree, FilesTree


def tree_of(*paths: str) -> EditedTree:
    """Return a tree of files, all empty."""
    files = {PurePosixPath(one): b"" for one in paths}
    return EditedTree(FilesTree("a" * 40, {}), files)


def found(configuration: str, *paths: str) -> list[str]:
    """Return the apps that are found in a tree of these files."""
    return known_apps(parse(configuration.encode(), "promoter.yaml"), tree_of(*paths))


TAG = "kind: yaml-path, tag: image.tag"


@pytest.mark.parametrize(
    ("configuration", "paths"),
    [
        (
            "environments: {prod: {path: 'clusters/prod/{app}-app'}}",
            ("clusters/prod/web-app/kustomization.yaml", "clusters/prod/base/kustomization.yaml"),
        ),
        (
            "environments: {prod: {path: apps}}\n"
            f"targets: [{{{TAG}, file: '/apps/{{app}}-prod.yaml'}}]",
            ("apps/web-prod.yaml", "apps/web-dev.yaml", "apps/README.md"),
        ),
        (
            "environments: {prod: {path: apps/prod}}\n"
            f"targets: [{{{TAG}, file: '{{app}}.yaml'}}]",
            ("apps/prod/web.yaml", "apps/prod/kustomization.yaml", "apps/prod/sub/other.yaml"),
        ),
        (
            "environments: {prod: {path: 'env/{environment}'}}\n"
            f"targets: [{{{TAG}, file: '../{{app}}/{{app}}-{{environment}}.yaml'}}]",
            ("env/web/web-prod.yaml", "env/web/other-prod.yaml", "env/other/web-prod.yaml"),
        ),
        (
            "environments: {prod: {path: '.deploy/{app}'}}",
            (".deploy/web/kustomization.yaml",),
        ),
    ],
)
def test_an_app_is_found_where_its_name_is_a_part_of_a_name(
    configuration: str, paths: tuple[str, ...]
) -> None:
    assert found(configuration, *paths) == ["web"]


def test_a_name_that_could_be_of_two_environments_is_of_the_longer_one() -> None:
    configuration = (
        "environments: {prod: {path: apps}, eu-prod: {path: apps}}\n"
        f"targets: [{{{TAG}, file: '/apps/{{app}}-{{environment}}.yaml'}}]"
    )
    paths = ("apps/web-prod.yaml", "apps/web-eu-prod.yaml", "apps/shop-eu-prod.yaml")
    assert found(configuration, *paths) == ["shop", "web"]


def test_a_folder_of_one_environment_is_no_app_of_another() -> None:
    configuration = "environments: {dev: {path: 'apps/{app}'}, prod: {path: 'apps/{app}-prod'}}"
    paths = ("apps/web/kustomization.yaml", "apps/web-prod/kustomization.yaml")
    assert found(configuration, *paths) == ["web"]


def test_a_folder_beside_a_shared_kustomization_is_no_app_without_its_file() -> None:
    configuration = (
        "environments: {prod: {path: clusters/prod}}\n"
        f"targets: [{{{TAG}, file: '/charts/{{app}}/values.yaml'}}]"
    )
    paths = ("clusters/prod/kustomization.yaml", "charts/web/values.yaml", "charts/docs/README.md")
    assert found(configuration, *paths) == ["web"]


@pytest.mark.parametrize("name", ["-rf", "a..b", "web.lock", "two words", "ü", ".hidden", ""])
def test_what_no_app_can_be_called_is_passed_over_inside_of_a_name_too(name: str) -> None:
    tree = tree_of(f"apps/{name}-prod/x", "apps/web-prod/x")
    names = [one["app"] for _, one in matching_paths(tree, "apps/{app}-prod")]
    assert names == ["web"]


def test_what_a_pattern_means_literally_is_no_regular_expression() -> None:
    tree = tree_of("apps/web.prod/x", "apps/web-prod/x", "apps/(web)/x")
    assert [str(path) for path, _ in matching_paths(tree, "apps/{app}.prod")] == ["apps/web.prod"]
    assert not list(matching_paths(tree, "apps/({app}"))
