# The whole environment and the project. `docker run -v "$PWD/output:/output" IMAGE [PROFILE]` runs a profile (quick by
# default) in /output and leaves results/ and paper_figures/ there.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d
FROM ${PYTHON_IMAGE}

# The environment is a layer of its own, rebuilt only when the lock changes.
WORKDIR /opt/replication
COPY requirements.txt environment.sh ./
RUN UV_NO_CACHE=1 PIP_NO_CACHE_DIR=1 ./environment.sh

COPY . .
# There is no git repository inside; /output and the home folder belong to whoever runs the container.
RUN printf '[core]\n    no_scm = true\n' >.dvc/config.local \
    && mkdir -p /output /home/reader \
    && chmod 0777 /output /home/reader
ENV HOME=/home/reader DVC_SITE_CACHE_DIR=/home/reader/dvc PYTHONUNBUFFERED=1

USER 1000:1000
WORKDIR /output
ENTRYPOINT ["/opt/replication/container.sh"]
CMD ["quick"]
