"""Coverage-guided fuzzing of the editor: `python tests/fuzz/edit.py -max_total_time=60`.

Any bytes end in a proved edit or a refusal; anything else is a crash that atheris reports.
"""

from __future__ import annotations

import sys
from pathlib import PurePosixPath

import atheris

with atheris.instrument_imports(include=["promoter"]):
    from promoter.domain.errors import PromoteError, RefusedError, SelectionError, UsageError
    from promoter.domain.image import Tag
    from promoter.domain.model import ImageRequest
    from promoter.edits import engine
    from promoter.edits.kustomization import promotion, read, set_images
    from promoter.edits.kustomization.arguments import parse_arguments
    from promoter.edits.region import Region
    from promoter.edits.targets import TARGETS, YamlPathTarget

FILE = PurePosixPath("kustomization.yaml")
SEEDS = (
    b"images:\n- name: nginx\n  newTag: v1\n",
    b"resources:\n- a.yaml\nimages: [{name: nginx, digest: x}]\n",
    b"images:\r\n  - newTag: '1'\r\n    name: nginx # c\r\n",
    b"# c\nimages: []\n",
    b"kind: Pod\nspec: {containers: [{image: &i app:1}, {image: *i}]}\n",
    b'image: app:1 # {"$imagepolicy": "ns:app"}\n',
    b"values: |\n  image:\n    tag: v1@sha256:" + b"a" * 64 + b"\n",
    b"patches:\n- patch: |-\n    - {op: replace, path: /image, value: app:1}\n",
)


def one(data: bytes) -> None:
    """Edit arbitrary bytes, and parse arbitrary arguments."""
    cut = data.find(b"\0")
    argument, text = (data[:cut], data[cut + 1 :]) if cut >= 0 else (b"nginx:v2", data)
    try:
        after = set_images(FILE, text, [promotion("nginx", Tag("1e3"), None)]).after
        entry = read(FILE, after).find("nginx")
        assert entry is not None
        assert entry.tag == "1e3"
    except RefusedError:
        pass
    try:
        settings = parse_arguments([argument.decode("utf-8", "replace")])
        set_images(FILE, text, settings)
    except (UsageError, RefusedError):
        pass
    except PromoteError as error:
        raise RuntimeError(str(error)) from error
    sites(text)


def sites(text: bytes) -> None:
    """Set every image that any kind of target finds."""
    request = ImageRequest("app", Tag("1e3"))
    paths = YamlPathTarget(kind="yaml-path", file="f", tag="values.image.tag")
    try:
        region = Region.of(FILE, text)
        targets = [one for kind in TARGETS for one in kind.in_file("f", region).values()]
        for target in (*targets, paths):
            for site in target.find(region):
                step = site.step(request)[0]
                engine.edit(region, [step] if step else [])
    except (RefusedError, SelectionError):
        pass


def main() -> None:
    """Fuzz until the time is over."""
    for seed in SEEDS:
        one(seed)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
