"""What is asked of the registry before an image is promoted: the real command, a registry, real git."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from promoter.config.sections import Environment
from promoter.engine.facts.image_lookup import look_up_image
from promoter.registry.client import Registry as Client
from promoter.registry.connection import RegistryConnections
from promoter.registry.credentials import Credentials
from promoter.registry.failures import LyingError
from tests.many_apps import BY_PULL, kustomization, make
from tests.servers.registry import Registry
from tests.thorough import thorough_after
from tests.world import Repository, Run, promote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = kustomization("app")


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A registry with an image at 1.4.1."""
    with Registry() as server:
        server.push("app", "1.4.1", created="2026-01-01T00:00:00Z")
        yield server


def world(path: Path, registry: Registry, settings: str = "") -> Repository:
    """Make a repository of one app, in an environment with these settings."""
    policy = BY_PULL + "".join(f"    {line}\n" for line in settings.splitlines())
    return make(path / "gitops.git", {"app": registry.name("app")}, policy)


def ask(repo: Repository, tag: str, *more: str, env: dict[str, str] | None = None) -> Run:
    """Ask for a tag."""
    return promote(
        "--app", "app", "--tag", tag, "--repo", str(repo.path), "--output", "json", *more, env=env
    )  # fmt: skip


def test_a_missing_tag_is_exit_4_and_nothing_is_written(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry)
    refs = repo.refs()
    run = ask(repo, "1.4.2")
    assert run.code == 4
    assert "has no 1.4.2 in its registry" in run.json["error"]["message"]
    assert "--wait-for-image" in run.json["error"]["hint"]
    assert repo.refs() == refs


def test_a_push_under_way_is_waited_for(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry)
    threading.Timer(1.5, lambda: registry.push("app", "1.4.2")).start()
    assert ask(repo, "1.4.2", "--wait-for-image", "20s").code == 0
    asked = len(registry.seen)
    assert ask(repo, "1.4.3", "--wait-for-image", "1s").code == 4
    assert len(registry.seen) - asked < 10


def test_the_first_push_of_an_image_and_an_ill_registry_are_waited_for(
    tmp_path: Path, registry: Registry
) -> None:
    repo = make(tmp_path / "new.git", {"app": registry.name("new")}, BY_PULL)
    registry.faults = [("HEAD|GET", 503, {})] * 6
    threading.Timer(2.5, lambda: registry.push("new", "1.4.2")).start()
    run = ask(repo, "1.4.2", "--wait-for-image", "20s")
    assert (run.code, run.json["warnings"]) == (0, [])


@pytest.mark.thorough  # another wait for a registry is ended by a signal in tests/test_ending.py
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_wait_for_an_image_ends_with_the_run(
    tmp_path: Path, registry: Registry, number: signal.Signals, code: int
) -> None:
    repo = world(tmp_path, registry)
    asked = ("--app", "app", "--tag", "9.9.9", "--wait-for-image", "60s", "--output", "json")
    process = subprocess.Popen(
        (sys.executable, "-m", "promoter", *asked, "--repo", str(repo.path)),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(os.environ),
    )  # fmt: skip
    while not registry.asked("9.9.9"):
        time.sleep(0.02)
    asked_so_far = registry.asked("9.9.9")
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, json.loads(out)["exit_code"]) == (code, code)
    assert registry.asked("9.9.9") <= asked_so_far + 1


@pytest.mark.parametrize("deliver", ["push", "pull-request"])
@pytest.mark.parametrize(("pin", "proved"), [("tag", False), ("digest", True), ("both", True)])
def test_a_digest_that_is_written_is_computed_from_the_bytes(
    registry: Registry, deliver: str, pin: str, *, proved: bool
) -> None:
    settings = Environment.model_validate({"path": "apps/{app}", "deliver": deliver, "pin": pin})
    registry.lies["1.4.1"] = "sha256:" + "0" * 64
    client = Client(RegistryConnections(Credentials()))
    if proved or deliver != "push":
        with pytest.raises(LyingError):
            look_up_image(client, settings, registry.name("app"), "1.4.1")
    else:
        look_up_image(client, settings, registry.name("app"), "1.4.1")
        assert registry.asked("^GET") == 0


@pytest.mark.parametrize(("severity", "code"), [("warn", 0), ("off", 0), ("refuse", 4)])
def test_severity_decides(tmp_path: Path, registry: Registry, severity: str, code: int) -> None:
    repo = world(tmp_path, registry, f"checks: {{exists: {severity}}}")
    run = ask(repo, "1.4.2")
    assert run.code == code, run.stderr
    told = [one for one in run.json["warnings"] if "could not be checked" in one]
    assert bool(told) is (severity == "warn")


def test_an_unreadable_registry_is_a_warning(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry, "render: off")
    registry.user = ("ci", "pw")
    run = ask(repo, "1.4.2")
    assert run.code == 0
    (warning,) = run.json["warnings"]
    assert "401" in warning
    assert "**Not judged:** missing-image" in run.json["pull_request"]["body"]


def test_a_login_by_variables_is_used_and_never_shown(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry)
    registry.push("app", "1.4.2")
    registry.user = ("ci", "very-secret")
    env = {
        "PROMOTER_REGISTRY_HOST": registry.host,
        "PROMOTER_REGISTRY_USERNAME": "ci",
        "PROMOTER_REGISTRY_PASSWORD": "very-secret",
    }
    run = ask(repo, "1.4.2", "-v", env=env)
    assert (run.code, run.json["warnings"]) == (0, [])
    assert "very-secret" not in run.stdout + run.stderr
    half = ask(repo, "1.4.2", env={"PROMOTER_REGISTRY_USERNAME": "ci"})
    assert half.code == 2


def test_platforms_that_are_wanted_must_be_there(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry, "checks: {platforms: [linux/amd64, linux/arm64]}")
    registry.push("app", "1.4.2")
    run = ask(repo, "1.4.2")
    assert run.code == 3
    (refusal,) = run.json["refusals"]
    assert (refusal["rule"], "linux/arm64" in refusal["reason"]) == ("platforms", True)
    registry.push("app", "1.4.3", platforms=("linux/amd64", "linux/arm64/v8"))
    assert ask(repo, "1.4.3").code == 0


def test_platforms_of_what_runs_now_are_missed(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry, "checks: {platforms: warn}")
    registry.push("app", "1.4.1", platforms=("linux/amd64", "linux/arm64"))
    registry.push("app", "1.4.2")
    run = ask(repo, "1.4.2")
    assert run.code == 0
    assert any("not for linux/arm64" in one for one in run.json["warnings"])


@pytest.mark.parametrize("tag", thorough_after(1, ["Production", "latest", "main"]))
def test_a_moving_tag_is_refused_unless_a_digest_holds_it(
    tmp_path: Path, registry: Registry, tag: str
) -> None:
    digest = registry.push("app", tag)
    repo = world(tmp_path, registry)
    run = ask(repo, tag)
    assert (run.code, run.json["refusals"][0]["rule"]) == (3, "mutable-tag")
    assert ask(repo, tag, "--allow", "mutable-tag", "--dry-run").code == 0
    image = f"{registry.name('app')}={tag}@{digest}"
    held = promote("--app", "app", "--image", image, "--repo", str(repo.path))
    assert held.code == 0, held.stderr


@pytest.mark.parametrize("pin", thorough_after(1, ["both", "digest"]))
def test_pin_writes_the_registrys_digest(tmp_path: Path, registry: Registry, pin: str) -> None:
    repo = world(tmp_path, registry, f"pin: {pin}")
    digest = registry.push("app", "1.4.2", platforms=("linux/amd64", "linux/arm64"))
    assert ask(repo, "1.4.2").code == 0
    text = repo.read(FILE, "promote/dev/app")
    assert f"digest: {digest}" in text
    assert ("newTag: 1.4.2" in text) is (pin == "both")
    assert ask(repo, "1.4.2").json["action"] == "unchanged"


def test_the_tag_of_a_digest_that_is_written_alone_is_told_wherever_text_is_free(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, "pin: digest")
    digest = registry.push("app", "1.4.2")
    made = ask(repo, "1.4.2").json
    title = "Promote app to dev: 1.4.1 → 1.4.2 (by digest)"
    assert made["pull_request"]["title"] == title
    assert "1.4.2 (by digest)" in made["pull_request"]["body"]
    (image,) = made["images"]
    assert (image["to"], image["digest"]) == ("1.4.2", digest)
    message = repo.git("log", "-1", "--format=%B", "promote/dev/app")
    assert message.startswith(f"{title}\n")
    assert f"Promoter-Tag: {registry.name('app')}=1.4.2" in message
    again = ask(repo, "1.4.2").json
    assert (again["action"], again["pull_request"]["title"]) == ("unchanged", title)
    # The same image under another tag is the same wish.
    registry.push("app", "stable")
    assert ask(repo, "stable", "--allow", "mutable-tag").json["action"] == "unchanged"


def test_pin_needs_an_answer_of_the_registry(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry, "pin: digest")
    registry.user = ("ci", "pw")
    assert ask(repo, "1.4.2").code == 5


@pytest.mark.parametrize("pin", thorough_after(1, ["digest", "both"]))
def test_pin_takes_a_given_digest_without_an_answer_of_the_registry(
    tmp_path: Path, registry: Registry, pin: str
) -> None:
    repo = world(tmp_path, registry, f"pin: {pin}")
    registry.user = ("ci", "pw")
    digest = f"sha256:{'b' * 64}"
    image = f"{registry.name('app')}=1.4.2@{digest}"
    run = promote("--app", "app", "--image", image, "--repo", str(repo.path), "--output", "json")
    assert (run.code, run.json["action"]) == (0, "created"), run.stderr
    assert any("could not be checked" in one for one in run.json["warnings"])
    text = repo.read(FILE, "promote/dev/app")
    assert f"digest: {digest}" in text
    assert ("newTag: 1.4.2" in text) is (pin == "both")


@pytest.mark.parametrize("which", thorough_after(2, ["other", "gone", "tag", "platform"]))
def test_a_digest_that_is_not_that_of_the_tag_beside_it_is_warned_of(
    tmp_path: Path, registry: Registry, which: str
) -> None:
    own = registry.push("app", "1.4.2", platforms=("linux/amd64", "linux/arm64"))
    digest = own if which == "tag" else registry.push("app", "x", created="2026-01-02T03:04:05Z")
    if which in ("other", "gone"):
        digest = registry.push("app", "1.4.0", created="2025-01-01T00:00:00Z")
    tag = "1.4.9" if which == "gone" else "1.4.2"
    image = f"{registry.name('app')}={tag}@{digest}"
    repo = world(tmp_path, registry)
    run = promote("--app", "app", "--image", image, "--repo", str(repo.path), "--output", "json")
    assert run.code == 0, run.stderr
    told = [one for one in run.json["warnings"] if "another image at that tag" in one]
    assert bool(told) is (which == "other")


def test_a_lying_registry_is_an_error(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry)
    registry.push("app", "1.4.2")
    registry.lies["1.4.2"] = "sha256:" + "0" * 64
    run = ask(repo, "1.4.2")
    assert (run.code, run.json["error"]["code"]) == (5, "digest-mismatch")


def test_tags_without_an_order_are_ordered_by_when_they_were_made(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry)
    registry.push("app", "old-build", created="2026-02-01T00:00:00Z")
    registry.push("app", "new-build", created="2026-02-02T00:00:00Z")
    assert ask(repo, "new-build").json["action"] == "created"
    late = ask(repo, "old-build")
    assert (late.code, late.json["action"]) == (0, "superseded")
    assert "newTag: new-build" in repo.read(FILE, "promote/dev/app")
    assert ask(repo, "old-build", "--allow", "downgrade").json["action"] == "updated"


@pytest.mark.parametrize(
    ("answer", "signed", "told"),
    thorough_after(
        2, [(1, False, "holds no signature"), (0, False, ""), (1, True, "holds a signature")]
    ),
)
def test_signature_is_what_cosign_says(
    tmp_path: Path, registry: Registry, answer: int, signed: bool, told: str
) -> None:
    program = tmp_path / "bin" / "cosign"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@" ignored: $COSIGN_INSECURE_IGNORE_TLOG > {tmp_path}/asked\necho Error: no >&2\nexit {answer}\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    repo = world(tmp_path, registry, "checks: {signature: refuse, cosign-key: cosign.pub}")
    digest = registry.push("app", "1.4.2")
    if signed:
        kind = "application/vnd.dev.sigstore.bundle.v0.3+json"
        registry.repositories["app"].referrers[digest] = [{"artifactType": kind}]
    env = {"PATH": f"{program.parent}:/usr/bin:/bin", "COSIGN_INSECURE_IGNORE_TLOG": "true"}
    run = ask(repo, "1.4.2", env=env)
    assert run.code == (3 if answer else 0), run.stderr
    assert told in run.stderr
    image = f"{registry.name('app')}@{digest}"
    asked = (tmp_path / "asked").read_text().split()
    assert asked == ["verify", "--key", "cosign.pub", image, "ignored:"]


def test_verdicts_stand_in_the_body(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry, "checks: {platforms: [linux/amd64]}")
    digest = registry.push("app", "1.4.2", created="2026-03-04T05:06:07Z")
    body = ask(repo, "1.4.2").json["pull_request"]["body"]
    assert digest[:19] in body
    assert "2026-03-04 05:06 UTC" in body
    assert "| ✅ missing-image | the image exists for linux/amd64, built 4 Mar 2026 |" in body
    assert "| ✅ platforms | linux/amd64 |" in body


@pytest.mark.parametrize("pin", thorough_after(1, ["both", "tag"]))
@pytest.mark.parametrize(
    "tag",
    thorough_after(
        2, ["sha256-" + "a" * 64 + ".sig", "buildcache", "1.4.2.att", "1.4.2.sbom", "cache"]
    ),
)
def test_a_signature_or_a_cache_is_refused_as_no_release(
    tmp_path: Path, registry: Registry, tag: str, pin: str
) -> None:
    registry.push("app", tag)
    repo = world(tmp_path, registry, f"pin: {pin}")
    run = ask(repo, tag)
    assert (run.code, run.json["refusals"][0]["rule"]) == (3, "no-release")
    assert "the image itself" in run.json["refusals"][0]["hint"]


@pytest.mark.parametrize("pin", thorough_after(1, ["tag", "digest", "both"]))
def test_no_registry_is_asked_about_an_image_that_no_container_uses(
    tmp_path: Path, registry: Registry, pin: str
) -> None:
    repo = world(tmp_path, registry, f"pin: {pin}")
    for name in (registry.name("ap"), "app"):
        asked = ("--app", "app", "--image", f"{name}=1.4.2", "--repo", str(repo.path))
        run = promote(*asked, "--output", "json")
        assert (run.code, run.json["refusals"][0]["rule"]) == (3, "dead-edit")
        assert registry.name("app") in run.json["refusals"][0]["hint"]
    assert registry.seen == []


@pytest.mark.parametrize("pin", thorough_after(1, ["tag", "both"]))
def test_an_image_without_a_registry_is_told_with_where_its_name_is(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch, pin: str
) -> None:
    monkeypatch.setenv("https_proxy", f"http://{registry.host}")
    settings = BY_PULL + f"    pin: {pin}\n"
    repo = make(tmp_path / "gitops.git", {"app": "team/app"}, settings)
    run = ask(repo, "1.4.2")
    if pin == "tag":
        (told,) = run.json["warnings"]
    else:
        assert (run.code, run.json["error"]["file"]) == (5, FILE)
        told = run.json["error"]["hint"]
    assert "team/app names no registry, so Docker Hub is asked" in told
    assert "ghcr.io/owner/app" in told


def test_what_is_waited_for_is_said_at_the_moment(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry)
    run = ask(repo, "1.4.2", "--wait-for-image", "1s")
    waiting = f"promote: waiting up to 1 s for {registry.name('app')}=1.4.2"
    assert run.stderr.startswith(waiting)
    assert "has no 1.4.2 in its registry" in run.stderr.splitlines()[0]
    assert "waiting up" not in ask(repo, "1.4.2", "--wait-for-image", "1s", "-q").stderr
    assert "waiting" not in ask(repo, "1.4.1", "--wait-for-image", "1s").stderr


@pytest.mark.parametrize(
    "source",
    thorough_after(1, [
            "https://[::1", "https://host:port/x", "git@host:a/b", "a" * 100_000, "https://",
            "http://[bad]/x", "://", "file:///etc", "https://user:pw@host/a/b", "ssh://[::1",
            "\x1b[31m",
        ]),
)  # fmt: skip
def test_no_label_keeps_an_image_from_being_promoted(
    tmp_path: Path, registry: Registry, source: str
) -> None:
    labels = {
        "org.opencontainers.image.source": source,
        "org.opencontainers.image.revision": "--upload-pack=x",
    }
    registry.push("app", "1.4.2", labels=labels)
    run = ask(world(tmp_path, registry), "1.4.2")
    assert run.code == 0, run.stderr


@pytest.mark.parametrize("scheme", thorough_after(1, ["http", "file"]))
def test_no_label_leads_to_this_machine(tmp_path: Path, registry: Registry, scheme: str) -> None:
    secret = make(tmp_path / "secret.git", {"app": "app"}, BY_PULL)
    with Registry() as local:
        place = {"http": f"http://{local.host}/owner/app", "file": secret.path.as_uri()}[scheme]
        for tag, revision in (("1.4.1", "a" * 40), ("1.4.2", "b" * 40)):
            labels = {
                "org.opencontainers.image.source": place,
                "org.opencontainers.image.revision": revision,
            }
            registry.push("app", tag, labels=labels)
        run = ask(world(tmp_path, registry), "1.4.2")
        assert run.code == 0, run.stderr
        assert "another host" in run.json["pull_request"]["body"]
        assert local.seen == []
