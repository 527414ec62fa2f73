"""The hint for an unknown layout: the promoter.yaml that follows from the repository's own folders."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from promoter.config.apps import known_apps
from promoter.config.config import Config, parse
from promoter.config.layout import find_target
from promoter.config.suggested_configuration import suggested_configuration
from promoter.domain.errors import SelectionError
from promoter.domain.trees import EditedTree, FilesTree

KUSTOMIZATION = """\
resources: [../base]
images:
  - name: ghcr.io/acme/aurora
    newTag: 1.4.1
"""
BASE = "resources: [deployment.yaml]\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: aurora}
spec:
  template:
    spec:
      containers:
        - name: aurora
          image: ghcr.io/acme/aurora:1.4.1
"""
VALUES = "replicas: 2\nimage:\n  repository: ghcr.io/acme/aurora\n  tag: 1.4.1\n"
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: aurora}
spec:
  chart: {spec: {chart: aurora, version: 1.0.0}}
  values:
    image: {repository: ghcr.io/acme/aurora, tag: 1.4.1}
"""
OVERRIDES = """\
kind: Application
metadata: {name: aurora}
spec:
  source:
    kustomize:
      images: ["ghcr.io/acme/aurora:1.4.1"]
"""
INLINE = """\
kind: Application
metadata: {name: aurora}
spec:
  source:
    helm:
      values: |
        image:
          repository: ghcr.io/acme/aurora
          tag: 1.4.1
"""
COMPOSE = """\
services:
  db: {image: "postgres:16.1"}
  aurora: {image: "ghcr.io/acme/aurora:1.4.1"}
"""
NESTED = "aurora:\n  image:\n    repository: ghcr.io/acme/aurora\n    tag: 1.4.1\n"
POD = "kind: Pod\nspec: {containers: [{name: b, image: 'r/beacon:1'}]}\n"
ROLLOUT = DEPLOYMENT.replace("Deployment", "Rollout")

LAYOUTS: dict[str, tuple[dict[str, str], str]] = {
    "clusters, then apps": (
        {
            "clusters/prod/aurora/kustomization.yaml": KUSTOMIZATION,
            "clusters/dev/aurora/kustomization.yaml": KUSTOMIZATION,
            "clusters/prod/kustomization.yaml": "resources: [aurora]\n",
            "base/kustomization.yaml": BASE,
        },
        "dev: clusters/dev/{app}, prod: clusters/prod/{app}",
    ),
    "environments, then apps": (
        {
            "environments/prod/aurora/kustomization.yaml": KUSTOMIZATION,
            "base/kustomization.yaml": BASE,
        },
        "prod: environments/prod/{app}",
    ),
    "kustomize, app, overlays": (
        {
            "kustomize/aurora/overlays/prod/kustomization.yaml": KUSTOMIZATION,
            "kustomize/aurora/overlays/eu-1/kustomization.yaml": KUSTOMIZATION,
            "kustomize/aurora/base/kustomization.yaml": BASE,
        },
        "eu-1: kustomize/{app}/overlays/eu-1, prod: kustomize/{app}/overlays/prod",
    ),
    "overlays of one app": (
        {
            "overlays/prod/kustomization.yaml": KUSTOMIZATION,
            "base/kustomization.yaml": BASE,
        },
        "prod: overlays/prod",
    ),
    "Helm values": (
        {
            "charts/aurora/Chart.yaml": "name: aurora\nversion: 1.0.0\nappVersion: 1.4.1\n",
            "charts/aurora/values.yaml": VALUES,
            "charts/aurora/values-prod.yaml": VALUES,
            "charts/aurora/values-dev.yaml": VALUES,
            "charts/aurora/templates/deployment.yaml": "image: {{ .Values.image.tag }}\n",
        },
        "dev: charts/{app}, prod: charts/{app}; yaml-path values-{environment}.yaml image.tag",
    ),
    "HelmRelease": (
        {
            "clusters/prod/aurora/helmrelease.yaml": RELEASE,
            "clusters/prod/aurora/kustomization.yaml": "resources: [helmrelease.yaml]\n",
        },
        "prod: clusters/prod/{app}; yaml-path helmrelease.yaml spec.values.image.tag",
    ),
    "a plain manifest": (
        {"apps/aurora/deployment.yaml": DEPLOYMENT, "apps/aurora/service.yaml": "kind: Service\n"},
        "prod: apps/{app}; manifest deployment.yaml",
    ),
    "an Argo CD Application with images": (
        {"argocd/aurora-prod.yaml": OVERRIDES, "argocd/aurora-staging.yaml": OVERRIDES},
        "prod: argocd, staging: argocd; argocd {app}-{environment}.yaml",
    ),
    "an Argo CD Application with values": (
        {"apps/prod/aurora.yaml": INLINE},
        "prod: apps/prod; yaml-path {app}.yaml spec.source.helm.values.image.tag",
    ),
    "compose": (
        {"docker-compose.yml": COMPOSE, "README.md": "Hello.\n"},
        "prod: .; yaml-path docker-compose.yml services.{app}.image",
    ),
    "a folder of one app that is not called like it": (
        {
            "k8s/overlays/prod/kustomization.yaml": KUSTOMIZATION,
            "k8s/base/kustomization.yaml": BASE,
        },
        "prod: k8s/overlays/prod",
    ),
    "an ending behind the app": (
        {"clusters/prod/aurora-app/kustomization.yaml": KUSTOMIZATION},
        "prod: clusters/prod/{app}-app",
    ),
    "files of manifests by environment": (
        {"prod/aurora.yaml": DEPLOYMENT, "qa/aurora.yaml": DEPLOYMENT},
        "prod: prod, qa: qa; manifest {app}.yaml",
    ),
    "values of several apps in one file": (
        {"helm/production.yaml": NESTED},
        "production: helm; yaml-path {environment}.yaml {app}.image.tag",
    ),
    "one chart for all": (
        {
            "charts/platform/values.yaml": f"web: {{image: {{repository: r/w, tag: 1.0.0}}}}\n{NESTED}"
        },
        "prod: charts/platform; yaml-path values.yaml {app}.image.tag",
    ),
    "several manifests of one app": (
        {
            "prod/aurora/cronjob.yaml": DEPLOYMENT.replace("Deployment", "CronJob"),
            "prod/aurora/deployment.yaml": DEPLOYMENT,
            "prod/aurora/service.yaml": "kind: Service\n",
        },
        "prod: prod/{app}; manifest cronjob.yaml; manifest deployment.yaml",
    ),
    "manifests of several apps in one file": (
        {"deploy/prod.yaml": f"{DEPLOYMENT}---\n{DEPLOYMENT.replace('aurora', 'web')}"},
        "prod: deploy; manifest {environment}.yaml; ghcr.io/acme/aurora",
    ),
    "an Argo Rollout at the root": (
        {"rollout.yaml": ROLLOUT},
        "prod: .; manifest rollout.yaml",
    ),
    "a kustomization at the root": (
        {"kustomization.yaml": KUSTOMIZATION},
        "prod: .",
    ),
}


ASKED: dict[str, tuple[str, dict[str, str], str]] = {
    "hosts of Compose": (
        "nas",
        {"hosts/nas/aurora/compose.yaml": COMPOSE, "hosts/pi/aurora/compose.yaml": COMPOSE},
        "nas: hosts/nas/{app}, pi: hosts/pi/{app}; yaml-path compose.yaml services.{app}.image",
    ),
    "overlays of regions": (
        "us-east-1",
        {
            "overlays/us-east-1/kustomization.yaml": KUSTOMIZATION,
            "overlays/us-west-2/kustomization.yaml": KUSTOMIZATION,
        },
        "us-east-1: overlays/us-east-1, us-west-2: overlays/us-west-2",
    ),
    "an environment below a cluster": (
        "prod",
        {
            "clusters/cloud/prod/apps/aurora/values.yaml": VALUES,
            "clusters/onprem/dev/apps/aurora/values.yaml": VALUES,
        },
        "dev: clusters/onprem/dev/apps/{app}, prod: clusters/cloud/prod/apps/{app}; "
        "yaml-path values.yaml image.tag",
    ),
    "values of environments beside a chart's own": (
        "prod",
        {
            "charts/aurora/Chart.yaml": "name: aurora\nversion: 1.0.0\n",
            "charts/aurora/values.yaml": VALUES,
            "environments/dev/values.yaml": NESTED,
            "environments/prod/values.yaml": NESTED,
        },
        "dev: environments/dev, prod: environments/prod; yaml-path values.yaml {app}.image.tag",
    ),
    "a folder of the app that has no image": (
        "staging",
        {
            "k8s/argocd/aurora/staging/kustomization.yaml": "resources: [app.yaml]\n",
            "k8s/argocd/aurora/staging/app.yaml": "kind: AppProject\nmetadata: {name: a}\n",
            "k8s/overlays/staging/kustomization.yaml": KUSTOMIZATION,
            "k8s/overlays/staging/secrets/kustomization.yaml": KUSTOMIZATION.replace("aurora", "x"),
        },
        "staging: k8s/overlays/staging",
    ),
    "an environment in the folder's name and the file's": (
        "production",
        {
            "apps/base/aurora/kustomization.yaml": BASE,
            "apps/production/aurora/values-production.yaml": VALUES,
            "apps/staging/aurora/values-staging.yaml": VALUES,
        },
        "production: apps/production/{app}, staging: apps/staging/{app}; "
        "yaml-path values-{environment}.yaml image.tag",
    ),
}


OUTER = """\
resources: [aurora]
images:
  - {name: ghcr.io/acme/aurora, newTag: 1.4.1}
  - {name: ghcr.io/acme/beacon, newTag: 2.0.0}
"""
WITH_MONGO = DEPLOYMENT + "        - {name: db, image: 'mongo:7'}\n"

PROVED: dict[str, tuple[str, dict[str, str], str]] = {
    "of several images, that which is called like the app": (
        "prod",
        {
            "environments/prod/kustomization.yaml": OUTER.replace("aurora]", "../../base]"),
            "environments/dev/kustomization.yaml": OUTER.replace("aurora]", "../../base]"),
            "base/kustomization.yaml": BASE,
            "base/deployment.yaml": DEPLOYMENT,
        },
        "dev: environments/dev, prod: environments/prod; ghcr.io/acme/aurora",
    ),
    "an image that the base alone has": (
        "prod",
        {
            "environments/prod/kustomization.yaml": OUTER.replace("aurora", "eagle"),
            "environments/prod/eagle/kustomization.yaml": BASE,
            "environments/prod/eagle/deployment.yaml": DEPLOYMENT,
        },
        "prod: environments/prod; ghcr.io/acme/aurora",
    ),
    "the environment that sets the image of a folder it includes": (
        "prod",
        {
            "environments/prod/kustomization.yaml": OUTER,
            "environments/prod/aurora/kustomization.yaml": BASE,
            "environments/prod/aurora/deployment.yaml": DEPLOYMENT,
        },
        "prod: environments/prod; ghcr.io/acme/aurora",
    ),
    "a folder that several environments include": (
        "prod",
        {
            "overlays/prod/kustomization.yaml": "resources: [../../apps/aurora]\n",
            "overlays/dev/kustomization.yaml": "resources: [../../apps/aurora]\n",
            "apps/aurora/kustomization.yaml": BASE,
            "apps/aurora/deployment.yaml": DEPLOYMENT,
        },
        "dev: overlays/dev, prod: overlays/prod; ghcr.io/acme/aurora",
    ),
    "an app beside its database": (
        "prod",
        {
            "apps/aurora/prod/kustomization.yaml": BASE,
            "apps/aurora/prod/deployment.yaml": WITH_MONGO,
        },
        "prod: apps/{app}/prod; ghcr.io/acme/aurora",
    ),
    "a kustomization of secrets beside one that sets the image": (
        "prod",
        {
            "k8s/prod-secrets/kustomization.yaml": BASE.replace("deployment", "job"),
            "k8s/prod-secrets/job.yaml": DEPLOYMENT.replace("Deployment", "Job"),
            "k8s/overlays/prod/kustomization.yaml": KUSTOMIZATION,
        },
        "prod: k8s/overlays/prod",
    ),
    "a chart's values that the environment's leave as they are": (
        "prod",
        {
            "apps/aurora/Chart.yaml": "name: aurora\n",
            "apps/aurora/values.yaml": VALUES,
            "apps/aurora/values-prod.yaml": "replicas: 2\n",
        },
        "prod: apps/{app}; yaml-path values.yaml image.tag",
    ),
    "the only image, which a base has": (
        "prod",
        {
            "overlays/prod/kustomization.yaml": "resources: [../../base]\n",
            "base/kustomization.yaml": BASE,
            "base/deployment.yaml": POD.replace("Pod", "Job"),
        },
        "prod: overlays/prod; r/beacon",
    ),
    "images of one name and several tags": (
        "prod",
        {
            "prod/kustomization.yaml": OUTER.replace("/beacon", "/aurora-jobs").replace(
                "/aurora,", "/aurora-web,"
            ),
        },
        "prod: prod",
    ),
    "the app's values beside those of its cache": (
        "prod",
        {
            "environments/prod/values.yaml": f"aurora: {{redis: {{image: 'redis:7'}}}}\n{VALUES}",
        },
        "prod: environments/prod; yaml-path values.yaml image.tag",
    ),
    "a tag beside the name of its image": (
        "prod",
        {
            "helm/values-prod.yaml": "services:\n"
            "  aurora: {image: ghcr.io/acme/aurora, tag: 1.4.1}\n"
            "  beacon: {image: ghcr.io/acme/beacon, tag: 2.0.0}\n",
        },
        "prod: helm; yaml-path values-{environment}.yaml services.{app}.tag services.{app}.image",
    ),
    "a tag beside a name": (
        "prod",
        {"apps/aurora/prod.yaml": "web: {image: {name: ghcr.io/acme/aurora, tag: 1.4.1}}\n"},
        "prod: apps/{app}; yaml-path {environment}.yaml web.image.tag web.image.name",
    ),
    "a marker of Flux": (
        "prod",
        {
            "clusters/prod/pool.yaml": RELEASE.replace(
                "{repository: ghcr.io/acme/aurora, tag: 1.4.1}",
                '\n      tag: 1.4.1 # {"$imagepolicy": "flux-system:aurora-policy:tag"}',
            ),
        },
        "prod: clusters/prod; marker pool.yaml flux-system:{app}-policy",
    ),
    "manifests in a base, without any kustomization": (
        "prod",
        {"base/backend/deploy-aurora.yml": DEPLOYMENT, "base/backend/deploy-beacon.yml": POD},
        "prod: base/backend; manifest deploy-{app}.yml",
    ),
    "an environment that is spelled otherwise": (
        "prod",
        {"overlays/production/kustomization.yaml": KUSTOMIZATION},
        "production: overlays/production",
    ),
}

NOT_THE_APPS: dict[str, dict[str, str]] = {
    "the only environment is another one": {
        "storage/aurora/test-pod.yaml": DEPLOYMENT,
    },
    "a file beside the environment's own": {"local.yaml": VALUES, "prod.yaml": "replicas: 2\n"},
    "the image of its cache alone": {
        "charts/aurora/Chart.yaml": "name: aurora\n",
        "charts/aurora/values.yaml": "aurora: {redis: {image: 'redis:7'}}\n",
    },
    "several images with tags of their own, none called like the app": {
        "environments/prod/kustomization.yaml": OUTER.replace("acme/aurora", "acme/eagle"),
        "environments/prod/aurora.txt": "",
    },
}


def tree_of(files: dict[str, str]) -> EditedTree:
    """Return a tree of files."""
    data = {PurePosixPath(path): text.encode() for path, text in files.items()}
    return EditedTree(FilesTree("a" * 40, {}), data)


def shown(text: str) -> str:
    """Return a configuration in one line: the environments, then the target."""
    config = parse(text.encode(), "promoter.yaml")
    said = ", ".join(f"{name}: {one.path}" for name, one in config.environments.items())
    for one in config.targets:
        keys = one.model_dump(exclude_defaults=True)
        said += "; " + " ".join(
            str(keys[key])
            for key in ("kind", "file", "tag", "reference", "repository", "policy")
            if key in keys
        )
    return "; ".join([said, *(image for app in config.apps.values() for image in app.images)])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_printed_is_the_layout_that_is_there_and_works_when_it_is_committed(
    layout: str,
) -> None:
    files, expected = LAYOUTS[layout]
    text = suggested_configuration(tree_of(files), "aurora")
    assert shown(text) == expected, text
    committed = tree_of({**files, "promoter.yaml": text + "\n"})
    config = parse(text.encode(), "promoter.yaml")
    assert known_apps(config, committed) == ["aurora"]
    target = find_target(config, committed, "aurora", None)
    own = {(one.name, one.tag) for one in target.own_images(committed)}
    assert own == {("ghcr.io/acme/aurora", "1.4.1")}


@pytest.mark.parametrize("layout", ASKED)
def test_the_environment_that_is_asked_for_is_among_those_that_are_printed(layout: str) -> None:
    environment, files, expected = ASKED[layout]
    text = suggested_configuration(tree_of(files), "aurora", environment)
    assert shown(text) == expected, text
    config = parse(text.encode(), "promoter.yaml")
    target = find_target(config, tree_of({**files, "promoter.yaml": text}), "aurora", environment)
    own = {(one.name, one.tag) for one in target.own_images(tree_of(files))}
    assert ("ghcr.io/acme/aurora", "1.4.1") in own


@pytest.mark.parametrize("layout", PROVED)
def test_what_is_printed_sets_the_apps_image_in_the_environment(layout: str) -> None:
    environment, files, expected = PROVED[layout]
    assert shown(suggested_configuration(tree_of(files), "aurora", environment)) == expected


@pytest.mark.parametrize("layout", NOT_THE_APPS)
def test_what_would_not_set_the_apps_image_in_the_environment_is_not_printed(layout: str) -> None:
    assert suggested_configuration(tree_of(NOT_THE_APPS[layout]), "aurora", "prod") == ""


def test_a_kustomization_that_lists_those_of_apps_is_no_apps_own() -> None:
    files = {
        "apps/prod/kustomization.yaml": "resources: [beacon]\nimages: [{name: x, newTag: v1}]\n",
        "apps/prod/beacon/kustomization.yaml": KUSTOMIZATION.replace("aurora", "beacon"),
    }
    assert suggested_configuration(tree_of(files), "aurora") == ""
    assert shown(suggested_configuration(tree_of(files), "beacon")) == "prod: apps/prod/{app}"


def test_where_another_app_lives_is_no_place_of_this_one() -> None:
    assert suggested_configuration(tree_of({"apps/beacon/deployment.yaml": POD}), "aurora") == ""


@pytest.mark.parametrize("layout", LAYOUTS)
def test_without_an_app_it_is_the_same_layout_or_one_that_lists_an_app(layout: str) -> None:
    files, _ = LAYOUTS[layout]
    text = suggested_configuration(tree_of(files), None)
    if layout in ("compose", "one chart for all"):
        # It is not known which of several images is meant.
        assert text == ""
        return
    config = parse(text.encode(), "promoter.yaml")
    assert known_apps(config, tree_of(files)) in (["aurora"], ["app"], ["aurora-app"])


def test_images_are_listed_that_a_kustomization_lists_not_at_all_or_with_those_of_others() -> None:
    beacon = DEPLOYMENT.replace("aurora", "beacon")
    none = {
        f"apps/{app}/{name}": text
        for app, manifest in (("aurora", DEPLOYMENT), ("beacon", beacon))
        for name, text in (("kustomization.yaml", BASE), ("deployment.yaml", manifest))
    }
    text = suggested_configuration(tree_of(none), "aurora")
    assert shown(text) == "prod: apps/{app}; ghcr.io/acme/aurora"
    both = KUSTOMIZATION.replace("../base", "aurora.yaml, beacon.yaml")
    both += "  - name: ghcr.io/acme/beacon\n    newTag: 1.0.0\n"
    files = {"kustomization.yaml": both, "aurora.yaml": DEPLOYMENT, "beacon.yaml": beacon}
    assert (
        shown(suggested_configuration(tree_of(files), "aurora")) == "prod: .; ghcr.io/acme/aurora"
    )


def test_an_image_of_several_that_is_not_called_like_the_app_is_not_taken_for_it() -> None:
    assert suggested_configuration(tree_of({"compose.yaml": COMPOSE}), "web") == ""


def test_a_file_of_a_base_is_no_app() -> None:
    files = {"base/d.yaml": DEPLOYMENT, "overlays/prod/kustomization.yaml": KUSTOMIZATION}
    assert shown(suggested_configuration(tree_of(files), "aurora")) == "prod: overlays/prod"


def test_what_is_configured_already_is_added_to() -> None:
    files = {"k8s/overlays/prod/kustomization.yaml": KUSTOMIZATION}
    config = parse(b"apps: {aurora: {images: [ghcr.io/acme/aurora]}}\n", "promoter.yaml")
    with pytest.raises(SelectionError) as told:
        find_target(config, tree_of({"prod/kustomization.yaml": KUSTOMIZATION}), "aurora", None)
    expected = "add this to promoter.yaml:\nenvironments:\n  prod:\n    path: prod"
    assert told.value.hint == f"By the repository's folders, {expected}"
    with pytest.raises(SelectionError) as told:
        find_target(Config(), tree_of(files), "aurora", None)
    assert told.value.message == "there is no app 'aurora': by the folders, it is called k8s"
    assert "path: k8s/overlays/prod\napps:\n  aurora: {}" in told.value.hint


def test_of_very_many_apps_the_one_that_is_asked_for_is_looked_at() -> None:
    files = {f"clusters/prod/a{n:04}/kustomization.yaml": KUSTOMIZATION for n in range(1_000)}
    files["clusters/prod/aurora/deploy/kustomization.yaml"] = KUSTOMIZATION
    text = suggested_configuration(tree_of(files), "aurora")
    assert shown(text) == "prod: clusters/prod/{app}/deploy"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"README.md": "Hello.\n", "docs/prod/page.yaml": "title: x\n"},
        {".github/workflows/ci.yaml": "jobs: {a: {container: {image: 'node:20'}}}\n"},
        {"prod/aurora.yaml": "'{x}': {image: 'r/aurora:1'}\n"},
        {"prod/aurora.yaml": VALUES + "#" * 200_000},
        {"a/b.yaml": "[", "c/prod/{d}.yaml": DEPLOYMENT, "-rf/\x1b[31m/kustomization.yaml": BASE},
    ],
)
def test_where_nothing_is_found_nothing_is_made_up(files: dict[str, str]) -> None:
    assert suggested_configuration(tree_of(files), "aurora") == ""


def told(files: dict[str, str], app: str, environment: str | None = None) -> SelectionError:
    """Return the error for an app in a repository without promoter.yaml."""
    with pytest.raises(SelectionError) as error:
        find_target(Config(), tree_of(files), app, environment)
    return error.value


def test_an_app_beside_a_known_layout_gets_its_promoter_yaml() -> None:
    files = {
        "apps/beacon/overlays/prod/kustomization.yaml": KUSTOMIZATION.replace("aurora", "beacon"),
        "environments/prod/kustomization.yaml": KUSTOMIZATION,
    }
    error = told(files, "aurora", "prod")
    assert error.message == "there is no app 'aurora': by the folders, the apps are beacon"
    assert "it replaces the layout of beacon" in error.hint
    assert "path: environments/prod" in error.hint


@pytest.mark.parametrize("app", ["becon", "eagle"])
def test_beside_a_known_layout_a_slip_and_a_strange_name_get_no_promoter_yaml(app: str) -> None:
    files = {
        "apps/beacon/overlays/prod/kustomization.yaml": KUSTOMIZATION.replace("aurora", "beacon"),
        "environments/prod/kustomization.yaml": KUSTOMIZATION,
    }
    error = told(files, app, "prod")
    assert error.message == f"there is no app {app!r}"
    assert "beacon" in error.hint


def test_where_the_environment_is_spelled_otherwise_the_error_says_which_one_to_write() -> None:
    files = {"overlays/production/kustomization.yaml": KUSTOMIZATION}
    assert "write --env production in place of prod:" in told(files, "aurora", "prod").hint


def test_where_nothing_is_called_like_the_app_the_folders_with_images_are_named() -> None:
    files = {
        "environments/prod/kustomization.yaml": OUTER,
        "environments/dev/kustomization.yaml": OUTER,
    }
    hint = told(files, "eagle", "prod").hint
    assert hint.startswith("Nothing that sets an image is called like eagle in prod. ")
    assert "Images are set in environments/dev, environments/prod. Commit a promoter.yaml" in hint
