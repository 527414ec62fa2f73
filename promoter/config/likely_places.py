"""Which app and which environment a path of a repository is probably of, by its names."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from promoter.config.refs import is_name
from promoter.config.targets_of_files import TargetKeys
from promoter.domain.dataclass import dataclass

_ENVIRONMENTS = frozenset(
    {
        "prod", "production", "prd", "live", "staging", "stage", "stg", "preprod", "uat", "qa",
        "test", "testing", "int", "integration", "dev", "development", "sandbox",
    }
)  # fmt: skip
# What holds a folder for each environment.
_PARENTS = frozenset(
    {"overlays", "overlay", "environments", "environment", "envs", "env", "clusters", "stages"}
)
BASES = frozenset({"base", "bases", "component", "components", "common", "shared", "default"})
# Folders and files that are called like no app.
_GENERIC = _PARENTS | BASES | {
    "k8s", "kubernetes", "kustomize", "kustomization", "manifests", "manifest", "deploy",
    "deployment", "deployments", "apps", "app", "applications", "application", "argocd", "argo",
    "flux", "flux-system", "helm", "charts", "chart", "helmrelease", "release", "releases",
    "values", "config", "configs", "infra", "infrastructure", "gitops", "services", "service",
    "workloads", "cluster", "namespaces", "statefulset", "cronjob", "job", "pod", "src", "resources",
    "docker", "compose", "docker-compose", "rollout", "all", "yaml", "main", "image", "images",
}  # fmt: skip
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class LikelyPlace:
    """A folder of a kustomization, or a file, with its names replaced by placeholders."""

    folder: str
    file: str
    """'' for a kustomization."""
    environment: str
    is_of_app: bool
    """Whether the path has the name of the app that is asked for."""
    target: TargetKeys | None = None
    images: tuple[str, ...] = ()
    """The app's images in a manifest beside a kustomization."""

    @property
    def has_app(self) -> bool:
        """Whether the app's name is a part of the path."""
        return "{app}" in f"{self.folder}/{self.file}"

    @property
    def pattern(self) -> tuple[str, str, TargetKeys | None]:
        """What places have in common that differ by the environment alone."""
        return self.folder, self.file, self.target


def is_generic(name: str) -> bool:
    """Return whether a folder is called like no app, but like what holds manifests."""
    return name.lower() in _GENERIC


def likely_place(folder: PurePosixPath, file: str, app: str | None) -> LikelyPlace:
    """Return a path with placeholders for the app, as it is called or may be, and the environment."""
    found = path_template(folder, file, app) if app else None
    if found is not None and found.has_app:
        return found
    for part in (file, *reversed(folder.parts)):
        guess = _app_in(_stem(part)) if part else ""
        if guess:
            return path_template(folder, file, guess, is_of_app=False)
    return path_template(folder, file, None)


def path_template(
    folder: PurePosixPath, file: str, app: str | None, *, is_of_app: bool = True
) -> LikelyPlace:
    """Return a path with placeholders for this app (None: for no app) and for the environment."""
    environment, parts = "", []
    names = [*folder.parts, *([file] if file else [])]
    for number, name in enumerate(names):
        stem = _stem(name) if file and number == len(names) - 1 else name
        ending = name[len(stem) :]
        text = _with_app(stem, app)
        if not environment:
            above = names[number - 1] if number else ""
            whole = text == stem and not ending and (_word_in(stem) or above in _PARENTS)
            word = stem if whole and not is_generic(stem) else _word_in(text)
            if word and is_name(word):
                environment = word
                text = text.replace(word, "{environment}") if "{app}" not in word else text
        parts.append(text + ending)
    own = parts[:-1] if file else parts
    place = "/".join(own) or "."
    has_app = any("{app}" in one for one in parts)
    return LikelyPlace(place, parts[-1] if file else "", environment, is_of_app and has_app)


def _with_app(stem: str, app: str | None) -> str:
    """Return a name with a placeholder for the app where it is a word of the name."""
    if app is None:
        return stem
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(app)}(?![A-Za-z0-9])", "{app}", stem, count=1)


def _word_in(text: str) -> str:
    """Return the word of a name that environments are usually called; '' without one."""
    words = re.split(r"[-_.{}]", text)
    return next((one for one in words if one.lower() in _ENVIRONMENTS), "")


def _app_in(stem: str) -> str:
    """Return what may be the app's name in a part of a path; '' where none is."""
    words = re.split(r"([-_.])", stem)
    while words and (words[-1].lower() in _ENVIRONMENTS or words[-1] in "-_."):
        words.pop()
    while words and (words[0].lower() in _ENVIRONMENTS or words[0] in "-_."):
        words.pop(0)
    name = "".join(words)
    is_generic_only = all(one.lower() in _GENERIC for one in words[::2])
    return "" if is_generic(name) or is_generic_only or not is_name(name) else name


def _stem(name: str) -> str:
    return next((name.removesuffix(one) for one in SUFFIXES if name.endswith(one)), name)
