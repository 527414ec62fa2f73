"""The render before and after: what it refuses, what it never touches, and its bounds."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from promoter import graph
from promoter.config.layout import Target
from promoter.config.sections import Environment
from promoter.domain.declaration import AppDeclaration
from promoter.domain.errors import RefusedError, UsageError
from promoter.domain.evidence import AppEvidence, Evidence
from promoter.domain.image import Tag
from promoter.domain.model import ImageRequest
from promoter.domain.page import CodeBlock
from promoter.domain.render import RenderVerdict
from promoter.edits.targets import KustomizeTarget
from promoter.git.folder import DirectoryTree
from promoter.planning import propose
from promoter.planning.dead_edits import judge_by_names
from promoter.pull_request.folds import rendered
from promoter.render import Renderer, compare_renders, find, judge_edits
from tests.graph_files import deployment
from tests.thorough import thorough_after
from tests.world import aurora, promote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.domain.render import RenderDiff
    from promoter.graph import Closure

pytestmark = [pytest.mark.provisioned, pytest.mark.usefixtures("real_renderer")]

_IMAGES = "images: [{name: app, newTag: '1'}]\n"
_FROM_IMAGE = (
    "source: {kind: Deployment, fieldPath: spec.template.spec.containers.0.image, options:"
    " {delimiter: '%s', index: 1}}"
)
_LABEL = (
    f"replacements:\n- {_FROM_IMAGE}\n  targets: [{{select: {{kind: Deployment}},"
    " fieldPaths: [metadata.labels.version], options: {create: true}}]\n"
)
_OBJECTS = "kind: Deployment\nmetadata: {name: a}\n"


def _kustomize() -> Renderer:
    """Return the real kustomize."""
    found = find(None, (), {}, lambda: 60.0)
    if found is None:
        pytest.skip("neither kustomize nor kubectl is on PATH")
    return found


def _shown(diff: RenderDiff) -> str:
    """Return the text of a rendered difference in a pull request."""
    fold = rendered(Evidence((AppEvidence("app", render=diff),)))
    assert fold is not None
    return "\n".join(one.text for one in fold.blocks if isinstance(one, CodeBlock))


def _folder(directory: Path, text: str, **more: str) -> Path:
    """Write an app of one container, whose kustomization ends in a text."""
    files = {"d.yaml": deployment(image="app:0"), **more}
    files["kustomization.yaml"] = (
        f"resources: [d.yaml]\n{text}" if "resources:" not in text else text
    )
    for name, content in files.items():
        path = directory / "prod" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return directory


def _judged(
    directory: Path, renderer: Renderer | None, *, tag: str = "2", strict: bool = False
) -> RenderVerdict:
    """Return the verdict on a new tag."""
    tree = DirectoryTree(directory)
    file = PurePosixPath("prod/kustomization.yaml")
    kinds = (KustomizeTarget(kind="kustomize"),)
    target = Target("app", "prod", Environment(path="prod"), file, kinds)
    declaration = AppDeclaration("app", "prod", (ImageRequest("app", Tag.parse(tag)),))
    edits = propose.propose_app(declaration, target, tree).edits
    return judge_edits(
        tree, edits, judge_by_names(tree, edits, file.parent), renderer, strict=strict
    )


def _closure(directory: Path) -> Closure:
    return graph.read_closure(DirectoryTree(directory), PurePosixPath("prod"))


def _program(directory: Path, script: str, **more: object) -> Renderer:
    """Return a renderer that is a shell script."""
    path = directory / "kustomize"
    path.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    path.chmod(0o755)
    return Renderer(str(path), **more)  # type: ignore[arg-type]


@contextmanager
def _listening() -> Iterator[tuple[str, list[bytes]]]:
    """Serve this machine, and remember what was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(200))
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "text",
    [
        "configMapGenerator: [{name: a, files: ['x=HOST/x']}]\n",
        "secretGenerator: [{name: a, envs: ['HOST/x']}]\n",
        "openapi: {path: 'HOST/s.json'}\n",
        "crds: ['HOST/s.json']\n",
        "validators: ['HOST/s.yaml']\n",
        "resources: [d.yaml, 'HOST/d.yaml']\n",
        "transformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n"
        "  metadata: {name: x}\n  path: HOST/p.yaml\n",
    ],
)
def test_rendering_touches_no_network_unless_that_is_allowed(text: str, tmp_path: Path) -> None:
    renderer = _kustomize()
    with _listening() as (host, asked):
        folder = _folder(tmp_path, _IMAGES + text.replace("HOST", host))
        verdict = _judged(folder, renderer)
        assert (verdict.diff, verdict.refusals, asked) == (None, (), [])
        assert "remote and is not read" in verdict.note
        strict = _judged(folder, renderer, strict=True).refusals[0]
        assert "PROMOTER_RENDER_ALLOW=network" in strict.hint
        allowed = Renderer(renderer.program, frozenset({"network"}), os.environ)
        assert _judged(folder, allowed).refusals[0].rule == "render"
        assert asked


def test_a_build_has_no_way_out_even_where_it_would_look_for_one(tmp_path: Path) -> None:
    renderer = _program(tmp_path, "env >&2; exit 1\n", environment={"SECRET": "hunter2"})
    shown = renderer.surroundings(tmp_path)
    assert {shown[key] for key in ("https_proxy", "HTTP_PROXY")} == {"http://127.0.0.1:9"}
    assert shown["GIT_ALLOW_PROTOCOL"] == "none"
    assert "SECRET" not in shown


@pytest.mark.parametrize(
    ("text", "means", "hint"),
    [
        ("helmCharts: [{name: x}]\n", "Helm", "PROMOTER_RENDER_ALLOW=helm"),
        ("generators: [g.yaml]\n", "without running", "PROMOTER_RENDER_ALLOW=exec"),
        ("components: [../../outside]\n", "leads out of the repository", "as plain files"),
    ],
)
def test_why_nothing_was_rendered_is_said_and_what_to_do(
    text: str, means: str, hint: str, tmp_path: Path
) -> None:
    plugin = "apiVersion: example.com/v1\nkind: G\nmetadata: {name: g}\n"
    folder = _folder(tmp_path, _IMAGES + text, **{"g.yaml": plugin})
    renderer = _program(tmp_path, "exit 1\n")
    verdict = _judged(folder, renderer)
    assert means in verdict.note
    assert verdict.refusals == ()
    refusal = _judged(folder, renderer, strict=True).refusals[0]
    assert means in refusal.reason
    assert hint in refusal.hint
    assert "Install" not in refusal.hint
    assert "Install" in _judged(folder, None, strict=True).refusals[0].hint


def test_a_label_that_follows_the_image_is_rendered_and_leads_the_body(tmp_path: Path) -> None:
    folder = _folder(tmp_path, _IMAGES + _LABEL % ":", **{"d.yaml": deployment(image="app")})
    assert _closure(folder).warnings == ()
    verdict = _judged(folder, _kustomize())
    assert verdict.diff is not None
    assert verdict.diff.broken[0].other == ("metadata.labels.version",)
    assert verdict.diff is not None
    assert verdict.diff.broken


def test_a_built_in_transformer_switches_neither_names_nor_render_off(tmp_path: Path) -> None:
    text = (
        "transformers:\n- |-\n  apiVersion: builtin\n  kind: LabelTransformer\n"
        "  metadata: {name: x}\n  labels: {a: b}\n"
        "  fieldSpecs: [{path: metadata/labels, create: true}]\n"
    )
    folder = _folder(tmp_path, _IMAGES + text)
    assert _closure(folder).complete
    verdict = _judged(folder, _kustomize())
    assert verdict.diff is not None
    assert verdict.diff.images_only
    _folder(tmp_path, _IMAGES + text, **{"d.yaml": deployment(image="other:1")})
    assert _judged(folder, None).refusals[0].reason == "no container uses the image app"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("namePrefix: 3\n", "cannot unmarshal", "Write namePrefix as"),
        (
            "resources: [d.yaml, d.yaml]\n",
            "may not add resource with an already registered id",
            "Rename or remove one of them.",
        ),
        (
            "patches: [{patch: '[{op: remove, path: /no/no}]', target: {kind: Deployment}}]\n",
            "remove",
            "Fix it first",
        ),
        (_LABEL % "-" + "commonLabels: {a: b}\n", "index", "Fix it first"),
    ],
)
def test_what_does_not_build_is_refused_with_kustomizes_own_words(
    text: str, said: str, hint: str, tmp_path: Path
) -> None:
    verdict = _judged(_folder(tmp_path, _IMAGES + text), _kustomize())
    (refusal,) = verdict.refusals
    assert refusal.rule == "render"
    assert "prod does not build, even before the edit: " in refusal.reason
    assert "Error: " in refusal.reason
    assert "deprecated" not in refusal.reason
    assert said in refusal.reason
    assert str(tmp_path) not in refusal.reason
    assert "promoter-render" not in refusal.reason
    assert hint in refusal.hint


@pytest.mark.parametrize("where", ["prod", "prod/base"])
@pytest.mark.parametrize(
    ("field", "value"), [("newTag", "1.3"), ("newTag", "3"), ("newName", "0x1"), ("newName", "yes")]
)
def test_a_value_that_kustomize_reads_as_no_text_is_told_where_it_stands(
    field: str, value: str, where: str, tmp_path: Path
) -> None:
    other = f"images:\n  - name: app\n    {field}: {value}\n"
    if where == "prod":
        folder = _folder(tmp_path, other)
    else:
        base = {
            "base/d.yaml": deployment(image="app:0"),
            "base/kustomization.yaml": f"resources: [d.yaml]\n{other}",
        }
        folder = _folder(tmp_path, f"resources: [base]\n{_IMAGES}", **base)
    if where == "prod" and field == "newTag":
        # The tag is what the edit replaces, and mends the file.
        assert _judged(folder, _kustomize()).refusals == ()
        return
    if where == "prod":
        # The name that an entry has now is not edited, so that it is refused before any build.
        with pytest.raises(RefusedError, match=f"{field}: {value} reads as a number or a boolean"):
            _judged(folder, _kustomize())
        return
    *_, refusal = _judged(folder, _kustomize()).refusals
    assert f"{field}: {value} reads as a number or a boolean" in refusal.reason
    assert (refusal.file, refusal.line) == (f"{where}/kustomization.yaml", 4)
    assert refusal.hint == f'Write it in quotes: {field}: "{value}"'


def test_a_file_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    text = f"{_IMAGES}secretGenerator: [{{name: x, envs: [gone.env]}}]\n"
    (refusal,) = _judged(_folder(tmp_path, text), _kustomize()).refusals
    assert refusal.reason == "prod does not build, even before the edit: there is no gone.env"
    assert (refusal.file, refusal.line) == ("prod/kustomization.yaml", 3)
    assert refusal.hint == "Add the file, or remove the line."


def test_what_no_longer_builds_is_refused(tmp_path: Path) -> None:
    images = _IMAGES.replace("'1'", "1-1")
    folder = _folder(tmp_path, images + _LABEL % "-", **{"d.yaml": deployment(image="app:0-1")})
    (refusal,) = _judged(folder, _kustomize()).refusals
    assert refusal.reason.startswith("prod would no longer build: Error: ")


def test_a_long_message_keeps_its_end(tmp_path: Path) -> None:
    script = f"echo '# Warning: old' >&2; printf 'Error: {'x ' * 2000}the cause\\n' >&2; exit 1\n"
    (refusal,) = _judged(_folder(tmp_path, _IMAGES), _program(tmp_path, script)).refusals
    assert refusal.reason.endswith("the cause")
    assert len(refusal.reason) < 800


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 0\n", "printed no Kubernetes objects"),
        ("echo garbage $2\n", "printed no Kubernetes objects"),
        (
            f"printf '{_OBJECTS}---\\nnonsense'\n".replace("\n", "\\n")[:-2] + "\n",
            "no Kubernetes objects",
        ),
        ("kill -9 $$\n", "ended by signal 9"),
    ],
)
def test_what_renders_no_objects_says_nothing_of_the_edit(
    script: str, said: str, tmp_path: Path
) -> None:
    folder, renderer = _folder(tmp_path, _IMAGES), _program(tmp_path, script)
    verdict = _judged(folder, renderer)
    assert (verdict.refusals, verdict.diff) == ((), None)
    assert said in verdict.note
    assert said in verdict.warnings[0]


def test_a_renderer_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    marks = tmp_path / "pids"
    script = f"sleep 600 & echo $! >>{marks}; sleep 600\n"
    renderer = _program(tmp_path, script, remaining=lambda: 4.0)
    verdict = _judged(_folder(tmp_path, _IMAGES), renderer)
    assert "was not done within 2 s" in verdict.warnings[0]
    pids = [int(line) for line in marks.read_text().split()]
    assert len(pids) == 2
    # A signal takes its time to arrive on a busy machine; the sleeps would end much later.
    for _ in range(100):
        if not any(map(_runs, pids)):
            break
        time.sleep(0.1)
    assert not [pid for pid in pids if _runs(pid)]


def _runs(pid: int) -> bool:
    """Say whether a process runs; one that nobody has waited for does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.parametrize(
    ("stream", "left", "said"),
    thorough_after(1, [(1, 60.0, "printed more than"), (2, 1.0, "was not done")]),
)
def test_a_renderer_that_floods_is_bounded(
    stream: int, left: float, said: str, tmp_path: Path
) -> None:
    renderer = _program(tmp_path, f"yes xxxxxxxxxxxxx >&{stream}\n", remaining=lambda: left)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    verdict = _judged(_folder(tmp_path, _IMAGES), renderer)
    assert said in verdict.note
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 300 * 1024


def test_a_failed_build_does_not_wait_for_the_other(tmp_path: Path) -> None:
    waits = f'case "$2" in */after/*) sleep 3; touch {tmp_path}/waited;; esac'
    script = f"{waits}; echo Error: no >&2; exit 1\n"
    (refusal,) = _judged(_folder(tmp_path, _IMAGES), _program(tmp_path, script)).refusals
    assert "even before the edit: Error: no" in refusal.reason
    assert not (tmp_path / "waited").exists()


def test_a_link_that_is_not_followed_is_no_failure_of_the_build(tmp_path: Path) -> None:
    folder = _folder(tmp_path, _IMAGES)
    (folder / "prod" / "linked.yaml").symlink_to("d.yaml")
    script = "echo Error: open linked.yaml: no such file >&2; exit 1\n"
    verdict = _judged(folder, _program(tmp_path, script))
    assert verdict.refusals == ()
    assert "prod/linked.yaml" in verdict.note


def _object(kind: str, body: str) -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: a\n{body}"


@pytest.mark.parametrize(
    ("body", "images_only"),
    [
        ("spec:\n  containers:\n  - image: {}\n", True),
        ("spec:\n  initContainers:\n  - image: {}\n", True),
        ("spec:\n  volumes:\n  - image:\n      reference: {}\n", True),
        ("data:\n  containers.image: {}\n", False),
        ("data:\n  volumes.image.reference: {}\n", False),
        ("data:\n  'containers[0].image': {}\n", False),
        ("containers:\n  image: {}\n", False),
        ("image: {}\n", False),
    ],
)
def test_only_what_stands_in_a_list_of_containers_is_an_image(body: str, images_only: bool) -> None:
    before, after = (_object("Thing", body.format(tag)) for tag in ("o/a:1", "o/a:2"))
    assert compare_renders(before, after).images_only is images_only


def test_what_is_too_large_is_not_told_as_a_change_of_more_than_images(tmp_path: Path) -> None:
    body = (
        "data:\n  x: |\n" + f"    {'y' * 98}\n" * 11_000 + "spec:\n  containers:\n  - image: {}\n"
    )
    diff = compare_renders(*(_object("Thing", body.format(tag)) for tag in ("o/a:1", "o/a:2")))
    assert (diff.broken, len(diff.unknown), diff.images_only) == ((), 1, False)
    big = _object("Thing", body)
    script = f'case "$2" in */after/*) t=2;; *) t=1;; esac; sed "s/{{}}/o:$t/" {tmp_path}/big\n'
    (tmp_path / "big").write_text(big)
    folder, renderer = _folder(tmp_path, _IMAGES), _program(tmp_path, script)
    (refusal,) = _judged(folder, renderer, strict=True).refusals
    assert "Thing a could not be compared" in refusal.reason


def test_a_long_line_is_shown_around_what_differs() -> None:
    line = "spec:\n  args: {}\n  containers:\n  - image: o/a:{}\n    x: {}\n"
    long = "a" * 60_000
    before, after = (_object("Thing", line.format(long, tag, long + tag)) for tag in ("one", "two"))
    (shown,) = compare_renders(before, after).objects
    assert max(map(len, shown.lines)) <= 210
    changed = [row for row in shown.lines if row.startswith(("-…", "+…"))]
    assert [row[-3:] for row in changed] == ["one", "two"]
    text = _shown(compare_renders(before, after))
    assert "-  - image: o/a:one" in text
    assert "1 more" not in text


def test_an_object_with_a_long_diff_is_shown_cut() -> None:
    rows = "data:\n" + "".join(f"  k{n}: {'v' * 180}{{}}\n" for n in range(300))
    diff = compare_renders(*(_object("Thing", rows.replace("{}", tag)) for tag in ("1", "2")))
    text = _shown(diff)
    assert 10_000 < len(text) < 35_000
    assert "1 more" not in text


def test_a_named_renderer_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="PROMOTER_RENDERER"):
        find(str(tmp_path / "gone"), (), {}, lambda: 1.0)
    program = _program(tmp_path, "exit 0\n").program
    found = find(program, ("helm", "exec"), {"PATH": "/p"}, lambda: 1.0)
    assert found is not None
    monkeypatch.chdir(tmp_path)
    relative = find("./kustomize", (), {}, lambda: 1.0)
    assert relative is not None
    assert relative.program == program
    command = found.command(Path("x"))
    assert command == [
        program,
        "build",
        "x",
        "--enable-helm",
        "--enable-alpha-plugins",
        "--enable-exec",
    ]
    assert found.surroundings(tmp_path)["PATH"] == "/p"
    outside = Renderer(program, reads_outside=True).command(Path("x"))
    assert outside == [program, "build", "x", "--load-restrictor", "LoadRestrictionsNone"]
    kubectl = Renderer("/bin/kubectl", frozenset({"exec"}))
    assert kubectl.command(Path("x")) == ["/bin/kubectl", "kustomize", "x"]
    assert "exec" not in kubectl.access


def test_programs_run_once_they_are_allowed(tmp_path: Path) -> None:
    kustomize = shutil.which("kustomize")
    if kustomize is None:
        pytest.skip("kustomize is not on PATH")
    function = (
        "apiVersion: v1\nkind: F\nmetadata:\n  name: f\n  annotations:\n"
        "    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n"
    )
    more = {"fn.yaml": function, "run.sh": "#!/bin/sh\ntouch ran\ncat\n"}
    folder = _folder(tmp_path, _IMAGES + "transformers: [fn.yaml]\n", **more)
    assert _judged(folder, Renderer(kustomize)).diff is None
    allowed = Renderer(kustomize, frozenset({"exec"}), os.environ)
    verdict = _judged(folder, allowed)
    assert verdict.diff is not None, verdict
    assert verdict.diff.images_only


def test_a_build_is_allowed_no_more_than_its_kustomization_needs(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    script = f"echo $* >>{asked}; printf '{_OBJECTS}'\n".replace("\n", "\\n")[:-2] + "\n"
    renderer = _program(tmp_path, script, allowed=frozenset({"helm", "exec", "network"}))
    chart = "helmCharts: [{name: c}]\n"
    remote = "openapi: {path: 'https://x.invalid/s.json'}\n"
    for text, flags in (
        ("", set()),
        (chart, {"--enable-helm"}),
        (remote, {"--enable-helm", "--enable-alpha-plugins", "--enable-exec"}),
    ):
        asked.unlink(missing_ok=True)
        _judged(_folder(tmp_path, _IMAGES + text), renderer)
        given = {one for one in asked.read_text().split() if one.startswith("--")}
        assert given == flags, text


def test_the_caller_names_the_renderer_and_a_useless_one_ends_no_run(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    renderer = _program(tmp_path, "exit 0\n").program
    ask = ("--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path), "--output", "json")
    wrong = promote(*ask, "--dry-run", env={"PROMOTER_RENDERER": str(tmp_path / "gone")})
    assert wrong.code == 2, wrong.stdout
    malformed = promote(*ask, "--dry-run", env={"PROMOTER_RENDER_ALLOW": "everything"})
    assert malformed.code == 2, malformed.stdout
    assert "PROMOTER_RENDER_ALLOW" in malformed.json["error"]["message"]
    done = promote(*ask, "--dry-run", env={"PROMOTER_RENDERER": renderer})
    assert done.code == 0, done.stdout
    assert any("kustomize printed no Kubernetes objects" in one for one in done.json["warnings"])


@pytest.mark.parametrize(
    "said",
    [
        "fatal error: runtime: out of memory",
        "runtime/cgo: pthread_create failed: Resource temporarily unavailable",
        "runtime: failed to create new OS thread (have 5 already; errno=11)",
    ],
)
def test_a_renderer_that_lacks_memory_says_nothing_of_what_it_was_to_build(
    said: str, tmp_path: Path
) -> None:
    renderer = _program(tmp_path, f"echo '{said}' >&2; exit 2\n")
    verdict = _judged(_folder(tmp_path, _IMAGES + "resources: [d.yaml]\n"), renderer)
    assert verdict.refusals == ()
    assert "needs more than" in verdict.note


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="memory cannot be bounded here")
@pytest.mark.parametrize(("strict", "megabytes"), thorough_after(1, [(False, 200), (True, 768)]))
def test_a_bomb_of_aliases_meets_a_limit_of_memory(
    tmp_path: Path, strict: bool, megabytes: int
) -> None:
    lines = ["  a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"  a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 8)]
    bomb = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n" + "\n".join(lines)
    folder = _folder(
        tmp_path, _IMAGES + "resources: [d.yaml, bomb.yaml]\n", **{"bomb.yaml": bomb + "\n"}
    )
    # A smaller limit is met sooner.
    renderer = replace(_kustomize(), memory=megabytes << 20)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    verdict = _judged(folder, renderer, strict=strict)
    grown = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert [one.rule for one in verdict.refusals] == (["render"] if strict else [])
    assert verdict.diff is None
    assert "of memory" in verdict.note or "was not done" in verdict.note
    assert max(grown, before) < 900 * 1024
