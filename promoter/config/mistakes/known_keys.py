"""The keys that may stand at a place of a file, and where a key that may not stand there belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel

from promoter.config.mistakes.examples import example_for
from promoter.domain.json import mapping
from promoter.domain.redaction import shown
from promoter.domain.suggest import closest, named_by_others, nearest

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

# By a key, or by a whole line with its value, what other tools call it.
_OTHER_NAMES = {
    "environments": "env envs stages", "apps": "applications services", "repository": "repo",
    "base": "branch", "default-environment": "default default-env", "semver": "range",
    "path": "folder dir directory app-path",
    "promotes-from": "from requires previous upstream depends-on requested-freight",
    "policy": "semver-range update-strategy image-policy versioning version-filter versionfilter",
    "freeze": "schedule windows sync-windows maintenance-windows",
    "soak": "wait bake-time required-soak-time minimum-release-age stability-days cooldown",
    "policy: {semver: \"*\", exclude: ['^latest$']}": "ignore-tags exclude-tags",
    "signature": "sign", "reviewers": "approvers codeowners", "include": "filter-tags",
    "targets: [{kind: yaml-path, file: values.yaml, tag: image.tag}]": "file values values-file",
    "labels": "pr-labels pr-label", "render: off": "no-render skip-render",
    "deliver: pull-request": "create-pr pr pull-request create-pull-request open-pr delivery strategy",
    "deliver: push": "push direct commit-directly no-pull-request",
    "deliver: auto-merge": "auto-merge automerge merge merge-when-green enable-auto-merge",
    "merge-method: squash, with deliver: auto-merge": "squash rebase merge-strategy merge-parameters",
    "tags: '^[0-9.]+$'": "filter-regex tag-regex allow-tags tag-filter pattern",
    "checks: {platforms: [linux/amd64]}": "platform arch architecture os",
    "checks: {signature: refuse, cosign-key: cosign.pub}":
        "verify verify-signature cosign check-signature",
    "checks: {exists: off}":
        "no-checks skip-checks skip-check skip-verify no-registry-check skip-registry skip-exists "
        "no-check",
    "author: Release Bot <bot@example.com>":
        "email git-email git-author-email author-email git-author-name git-name committer "
        "author-name git-author signoff",
    'templates: {commit: "{title}"}': "commit-message commit-msg commit-template message-template",
    'templates: {title: "[{environment}] {title}"}': "pr-title",
    'templates: {body: "{body} See our handbook."}': "pr-body pr-description jira issue",
}  # fmt: skip
_WITHIN = {
    "targets": {"tag": "path key yaml-path tag-path", "image": "name", "file": "filename"},
    "freeze": {
        "dates": "from to start end begin until date", "weekly": "day days week",
        "timezone": "tz time-zone zone", "cron": "schedule", "duration": "for",
        "exceptions": "except",
    },
    "policy": {
        "semver": "range constraint version major minor patch", "newest": "latest newest-build",
        "include": "filter-tags allow-tags", "regex": "pattern", "timestamp": "calver date",
        "numeric": "order", "exclude": "ignore-tags exclude-tags",
    },
    "templates": {"commit": "message", "title": "subject", "body": "description text"},
}  # fmt: skip
_NO_SECRETS = (
    "Remove it: no secret belongs in this file. A token is given by the variable GITHUB_TOKEN; one "
    "that was pushed has to be revoked."
)
_FLAGS = ("timeout 5m", "cache DIR", "signing-key KEY", "output json", "dry-run", "verbose")
# What is no key, and what to do instead.
_NO_KEYS = {
    **dict.fromkeys(
        ("token", "tokens", "github-token", "password", "secret", "access-token", "pat"),
        _NO_SECRETS,
    ),
    **{flag.partition(" ")[0]: f"It is a flag: --{flag}" for flag in _FLAGS},
    "registries": "Remove it: the login of a registry is that of docker login.",
    "type": 'Write what it names as the key, as in policy: {semver: "^1.4"}',
    **dict.fromkeys(
        ("version", "api-version", "kind", "enabled", "namespace", "cluster", "name"),
        "Leave it out: nothing here needs it.",
    ),
    **dict.fromkeys(
        (
            "auto-sync",
            "sync-policy",
            "sync",
            "ignore-differences",
            "interval",
            "prune",
            "self-heal",
        ),
        "Leave it out: Argo CD or Flux syncs what is on the base.",
    ),
    **dict.fromkeys(("vulnerabilities", "scan"), "Leave it out: images are not scanned here."),
    "tag": "Remove it: a tag is given when promoting, with --tag. Which tags may go on is tags, "
    "a regular expression.",
    "hold": "A hold is begun by promote hold --app APP --env ENV --reason TEXT",
    "auto": 'What promote auto chooses is policy, as in policy: {semver: "^1.4"}',
}
# What has to be known before the file can be read.
_KNOWN_BEFORE = {"base": "base BRANCH", "repository": "repo URL", "forge": "forge KIND"}
_POLICIES = ("alphabetical", "digest", "newest", "numeric", "regex", "semver", "timestamp")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# A value that is shown as it is.
_PATH = re.compile(r"[\w./{}-]{1,100}", re.ASCII)
# A target's keys are those of its kind alone.
_OF_A_KIND = ("targets", "linked")
# What takes in another file elsewhere.
_INCLUDES = ("include", "includes", "import", "imports", "extends")
_FILE = re.compile(r".*\.(?:ya?ml|json)", re.ASCII)
_NAMED = {"environments": "ENV", "apps": "APP", "groups": "GROUP"}


def get(value: Any, part: object) -> Any:  # noqa: ANN401 - what a YAML file holds
    """Return what a value holds at a key or an index, or None."""
    return value[part] if has(value, part) else None


def has(value: object, part: object) -> bool:
    """Return whether a value holds a key or an index."""
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def unknown_key_hint(model: type[BaseModel], value: object, place: Sequence[object]) -> str:
    """Return what to write for a key that is not known: the key that is meant, and where it belongs."""
    name, known = str(place[-1]), known_keys(model, value, place[:-1])
    around = next((key for key in _WITHIN if key in place[:-1]), "")
    if around == "policy" and {"type", "kind", "strategy", "policy", "name"} & {
        name.lower(),
        *named_by_others(_kebab(name), _OTHER_NAMES),
    }:
        return _kind_named(place, str(reduce(get, place, value)))
    if around == "freeze" and (days := _days(reduce(get, place[:-1], value))):
        return f'Write freeze: [{{dates: "{days}"}}]'
    if _kebab(name) in _INCLUDES and _FILE.fullmatch(str(reduce(get, place, value))):
        return "Remove it: there is one promoter.yaml, and it takes in no other file."
    spellings = _spellings(name, _WITHIN.get(around, _OTHER_NAMES))
    lines = {one.partition(":")[0]: one for one in reversed(spellings) if ":" in one}
    meant = [one.partition(":")[0] for one in spellings]
    if name.lower() in ("repository", "repo") and "images" in known:
        # An app has no repository but that of its image.
        meant = ["images", *meant]
    here = next((one for one in meant if one in known), None)
    if around == "targets" and here is not None:
        return f"Did you mean {here}: {shown(str(reduce(get, place, value)))}?"
    if here is not None and _kebab(name) not in _NO_KEYS:
        example = lines.get(here) or example_for((*place[:-1], here))
        alike = here.replace("-", "").rstrip("s") == name.lower().replace("_", "").rstrip("s")
        return f"Did you mean {here}?" + ("" if alike else f" Write it as in {example}")
    if _kebab(name) in _NO_KEYS:
        return _NO_KEYS[_kebab(name)]
    section = _section_of(model, reduce(get, place, value)) if len(place) == 1 else ""
    if section and not closest(name, known):
        return f"Indent it: {name} stands below {section}:"
    place_meant = _place_meant(model, value, place, meant, lines) if around == "" else ""
    return place_meant or nearest(name, known)


def _place_meant(
    model: type[BaseModel],
    value: object,
    place: Sequence[object],
    meant: Sequence[str],
    lines: Mapping[str, str],
) -> str:
    """Return where the first of the keys that are meant and stand elsewhere belongs; '' for none."""
    for one in meant:
        paths = [path for path in _paths(model) if path[-1] == one]
        if not paths:
            continue
        if one in _KNOWN_BEFORE:
            return f"It is a flag: --{_KNOWN_BEFORE[one]}"
        if one in lines and one in place:
            return f"Write it as in {lines[one]}"
        # Under an app, the keys of an environment may stand under the app's own.
        path = min(paths, key=lambda path: (path[0] != place[0], len(path)))
        own = reduce(get, place, value)
        if "ENV" in path and place[0] == "apps" and one == place[-1] and _PATH.fullmatch(str(own)):
            names = [str(name) for name in mapping(get(value, "environments"))]
            if named := [name for name in names if name in str(own)]:
                return f'Write it as in environments: {{{named[0]}: {{{one}: "{own}"}}}}'
        where = ".".join(_named(path[:-1], place))
        where = f"It belongs to {where}" if where else "It belongs to the top of the file"
        return f"{where}, as in {lines.get(one) or example_for(path)}"
    return ""


def _days(value: object) -> str:
    """Return the days of a freeze that has `from` and `to`, as `dates` takes them; '' for none."""
    days = [str(get(value, one)) for one in ("from", "to")]
    return " - ".join(days) if all(map(_DAY.fullmatch, days)) else ""


def _kind_named(place: Sequence[object], kind: str) -> str:
    """Return the hint for a policy whose kind is a value: the line that has it as the key."""
    known = [*named_by_others(_kebab(kind), _WITHIN["policy"]), kind]
    examples = (example_for((*place[:-1], one)) for one in known if one in _POLICIES)
    return next((f"Write it as in {one}" for one in examples), _NO_KEYS["type"])


def line_for(model: type[BaseModel], name: str) -> str:
    """Return a line with a key of a model that is called so, here or elsewhere; '' for none."""
    for one in _spellings(name, _OTHER_NAMES):
        paths = [path for path in _paths(model) if path[-1] == one]
        if paths or ":" in one:
            return example_for(paths[0]) if paths else one
    return ""


def _section_of(model: type[BaseModel], value: Any) -> str:  # noqa: ANN401 - what a file holds
    """Return the section of apps or environments that a mapping at the top belongs to; '' for none."""
    if not isinstance(value, dict):
        return ""
    for section in ("environments", "apps"):
        keys = known_keys(model, {section: {"x": value}}, (section, "x"))
        if value and set(map(str, value)) <= set(keys):
            return section
    return "" if value else "apps"


def _named(path: Sequence[str], place: Sequence[object]) -> list[str]:
    """Return a path with the names that the mistake's own place has."""
    names = {str(one): str(name) for one, name in pairwise(place)}
    found = list(path)
    for at, part in enumerate(path[1:], start=1):
        if part in _NAMED.values():
            found[at] = names.get(path[at - 1], part)
    return found


def _spellings(name: str, names: Mapping[str, str]) -> list[str]:
    kebab = _kebab(name)
    plain = [kebab, f"{kebab}s", kebab.removesuffix("s")]
    return list(dict.fromkeys([*named_by_others(kebab, names), *plain]))


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).replace("_", "-").lower()


def _paths(kind: object, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key, but for those of targets."""
    if get_origin(kind) in (dict, tuple):
        inner = get_args(kind)[1 if get_origin(kind) is dict else 0]
        name = (_NAMED.get(before[-1], "NAME"),) if get_origin(kind) is dict else ()
        for one in _options(inner):
            yield from _paths(one, (*before, *name))
        return
    for key, field in _fields(kind, None).items():
        path = (*before, field.alias or key)
        yield path
        if path[-1] not in _OF_A_KIND:
            for one in _options(field.annotation):
                yield from _paths(one, path)


def known_keys(model: type[BaseModel], value: object, place: Sequence[object]) -> list[str]:
    """Return the keys that may stand at a place of a document of a model."""
    kinds: list[object] = [model]
    for part in place:
        kinds = [inner for kind in kinds for inner in _inner(kind, part, value)]
        value = get(value, part)
    fields = [field for kind in kinds for field in _fields(kind, value).items()]
    return sorted(field.alias or name for name, field in fields)


def _inner(kind: object, part: object, value: object) -> Iterator[object]:
    """Yield what may stand at a key or an index of a value of some kind."""
    for name, field in _fields(kind, value).items():
        if part == (field.alias or name):
            yield from _options(field.annotation)
    if get_origin(kind) in (dict, tuple):
        yield from _options(get_args(kind)[1 if get_origin(kind) is dict else 0])


def _options(annotation: object) -> Iterator[object]:
    """Yield the kinds that an annotation allows, each for itself."""
    if get_origin(annotation) in (dict, tuple) or not get_args(annotation):
        yield annotation
        return
    for one in get_args(annotation):
        yield from _options(one)


def _fields(kind: object, value: object) -> Mapping[str, FieldInfo]:
    """Return the keys of a section; none where the `kind` that a value names is another."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return {}
    fields = kind.model_fields
    own = fields.get("kind")
    return fields if own is None or get(value, "kind") in get_args(own.annotation) else {}
