# The whole environment and the project; docs/container.md says how it is run. With `--build-arg LOCK=requirements-cuda.txt`
# the same for NVIDIA GPUs.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d
FROM ${PYTHON_IMAGE} AS environment

ENV PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1
# Tools of the build stay in this stage, but for process 1, which is one static file.
WORKDIR /opt/tools
COPY container/requirements.txt ./
RUN python3 -m venv . && bin/python -m pip install --quiet --require-hashes --requirement requirements.txt

# The environment is a layer of its own, rebuilt only when the lock changes. TensorFlow's C++ headers, the parser that it
# generates code with and the tests of libraries are a fifth of it, and nothing here reads them.
WORKDIR /opt/replication
ARG LOCK=requirements.txt
COPY environment.sh ./
COPY ${LOCK} ./requirements.txt
RUN ./environment.sh \
    && packages=$(echo .venv/lib/python3*/site-packages) \
    && rm -rf "$packages/tensorflow/include" "$packages/clang" \
    && for name in numpy scipy pandas sklearn networkx dask; do \
        find "$packages/$name" -type d -name tests -prune -exec rm -rf {} + || exit 1; \
    done
RUN /opt/tools/bin/cyclonedx-py environment --output-reproducible --output-file sbom.cdx.json .venv/bin/python
# a build ends here if this file has one of the mistakes that a linter knows
COPY Dockerfile /opt/tools/
RUN /opt/tools/bin/hadolint /opt/tools/Dockerfile

FROM ${PYTHON_IMAGE}
COPY --from=environment /opt/tools/bin/dumb-init /usr/local/bin/dumb-init
COPY --from=environment /opt/replication /opt/replication
WORKDIR /opt/replication
COPY . .
ARG LOCK=requirements.txt
COPY ${LOCK} ./requirements.txt
# There is no git repository inside; whoever runs the container may read what whoever built it could, and owns /output.
RUN printf '[core]\n    no_scm = true\n' >.dvc/config.local \
    && find . -path ./.venv -prune -o ! -perm -a=r -exec chmod a+rX {} + \
    && mkdir -m 0777 /output
ENV PATH=/opt/replication/.venv/bin:$PATH PYTHONPATH=/opt/replication PYTHONUNBUFFERED=1

ARG VERSION=0.2.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="replication" \
      org.opencontainers.image.description="Replicates arXiv 2503.05938 and 2102.06701 from data to verdict" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"

USER 1000:1000
WORKDIR /output
# SIGTERM reaches every process as the SIGINT on which DVC and the stages end cleanly.
ENTRYPOINT ["dumb-init", "--rewrite", "15:2", "--", "/opt/replication/container/entrypoint.sh"]
CMD ["quick"]
