# The interpreter of both stages; pin it by digest where builds must repeat: --build-arg PYTHON=…@sha256:…
ARG PYTHON=docker.io/library/python:3.13-slim-bookworm
# Where the renderer comes from, as /app/kustomize.
ARG KUSTOMIZE=registry.k8s.io/kustomize/kustomize:v5.8.1

FROM ${KUSTOMIZE} AS kustomize

FROM ${PYTHON} AS build
WORKDIR /src
COPY requirements.lock .github/build.lock ./
# What builds the package has an environment of its own, as it is no part of the image.
RUN python -m venv /opt/promoter \
    && /opt/promoter/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes --requirement build.lock
COPY pyproject.toml README.md LICENSE ./
COPY promoter ./promoter
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/promoter/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM ${PYTHON}
LABEL org.opencontainers.image.title="promoter" \
      org.opencontainers.image.description="Moves a container image tag into a GitOps repository by one pull request" \
      org.opencontainers.image.licenses="Apache-2.0"
# hadolint ignore=DL3008 # the distribution's security updates are wanted, whatever their version
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
    && rm -rf /var/lib/apt/lists/*
COPY --from=kustomize /app/kustomize /usr/local/bin/kustomize
COPY --from=build /opt/promoter /opt/promoter
ENV PATH=/opt/promoter/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 65532:65532
ENTRYPOINT ["promote"]
