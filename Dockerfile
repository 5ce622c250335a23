# One image for every front door: the Action is its entry point, and the command line with the server
# is /opt/replanner/bin/replanner (docs/deploy.md). As an Action it runs as root in the mounted
# workspace, so it sets neither USER nor WORKDIR (docs.github.com, "Dockerfile support for GitHub
# Actions"); elsewhere give it a user and a read-only root, it writes to neither.
#
#   docker build .                                          any python:3.12-slim
#   docker build --build-arg BASE=python:3.12-slim@sha256:...  the release: base pinned by digest
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# What changes rarely comes first. Every file is checked against its hash, and none is an sdist,
# whose build would run code that no hash of ours covers.
COPY requirements-server.lock requirements-build.lock ./
RUN python -m venv --without-pip /opt/replanner \
 && pip --python /opt/replanner install --no-compile --only-binary :all: --require-hashes -r requirements-server.lock \
 && pip install --no-compile --only-binary :all: --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY replanner replanner
RUN pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /dist . \
 && pip --python /opt/replanner install --quiet --no-deps --no-compile /dist/*.whl \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/replanner/lib

FROM ${BASE}
# The official image brings the standard library without bytecode, which every run would compile
# again (0.4 s), and an installer that nothing here needs.
RUN stdlib=$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))') \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash -x 'site-packages|idlelib|lib2to3|/test' "$stdlib" \
 && pip uninstall --quiet --yes --root-user-action=ignore pip \
 && rm -rf "$stdlib/ensurepip"
COPY --from=build /opt/replanner /opt/replanner
# A new volume that is mounted here is made like this folder: the server's user can write to it.
RUN install -d -m 700 -o 10001 -g 10001 /var/lib/replanner
ENV PATH=/opt/replanner/bin:$PATH
LABEL org.opencontainers.image.title="replanner" \
      org.opencontainers.image.description="Plans vLLM deployments from profiles kept in git, and re-plans them when something moves" \
      org.opencontainers.image.licenses="Apache-2.0"
# -I: the working folder is the caller's repository, and nothing in it (yaml.py!) may be imported.
ENTRYPOINT ["/opt/replanner/bin/python", "-I", "-u", "-m", "replanner.action"]
