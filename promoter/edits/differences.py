"""Where `promote set-image` differs from `kustomize edit set image` on purpose, and why."""

from __future__ import annotations

from typing import NamedTuple


class Difference(NamedTuple):
    """One deliberate difference and its reason."""

    what: str
    why: str


DIFFERENCES = (
    Difference(
        "The file stays as it is.",
        "Comments, order, quotes, indentation, line ends and the final newline are kept; entries are "
        "neither sorted nor merged, and no header is added. Sorting can change what is rendered.",
    ),
    Difference(
        "A tag keeps `newName`.",
        "`nginx:v2` means `nginx=*:v2`: losing the registry with the tag is never meant. "
        "`nginx=nginx:v2` says it where it is.",
    ),
    Difference(
        "Names, tags and digests are held to the OCI grammar.",
        "A tag such as `a b` or `1.2.3+build`, an empty part, a second `:` or `@` would only fail later.",
    ),
    Difference(
        "One entry is set once.",
        "With the same name in two arguments the last one would silently win entirely.",
    ),
    Difference(
        "`name=localhost:5000` is refused.",
        "It reads as the name `localhost` with the tag `5000`, not as a registry's port.",
    ),
    Difference(
        "Names that carry a tag are edited, never added.",
        "Such an entry matches only containers of exactly that tag.",
    ),
    Difference(
        "A name that is only some entry's `newName` is refused.",
        "The new entry would act on the result of the other one.",
    ),
    Difference(
        "A missing entry is added only where a container uses it.",
        "Where the whole graph can be read and none does, the entry would be dead; "
        "`--allow dead-edit` adds it all the same.",
    ),
    Difference(
        "A `tagSuffix` on the entry is refused.",
        "A tag silences it, and kustomize drops it without a word.",
    ),
    Difference(
        "Duplicate entries, duplicate keys, several documents, `imageTags` are refused.",
        "kustomize keeps one and drops the other, and `edit` and `build` disagree on which.",
    ),
    Difference(
        "Anchors and aliases on what is set are refused.",
        "Setting one place would set the others.",
    ),
    Difference(
        "Placeholders such as `${TAG}` are refused.",
        "Something else fills them in; `--allow placeholder` replaces them.",
    ),
    Difference(
        "A `*` that keeps nothing is refused.",
        "`nginx=*@*` on an entry without a digest would only remove its tag.",
    ),
    Difference(
        "A doubtful value is written in double quotes.",
        "Whatever kustomize, ruamel.yaml or PyYAML would not read as a string: `1.10`, `1e3`, `yes`.",
    ),
    Difference(
        "The kind is checked.",
        "Another resource under the same file name, as Flux has it, is refused at once.",
    ),
    Difference(
        "A literal `*` in the file is refused.",
        "kustomize erases it.",
    ),
)
