# The worker, and whatever runs a flow: gsdp with its flows at /opt/gsdp, workspaces and seeds on the volume /data.
# By digest: --build-arg PYTHON_IMAGE=... with what `python -m deployments.pin images` writes to deployments/images.env.
ARG PYTHON_IMAGE=python:3.12-slim-bookworm
FROM ${PYTHON_IMAGE}

ENV PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1 GSDP_DATA=/data
RUN groupadd --system --gid 1000 gsdp \
    && useradd --system --uid 1000 --gid gsdp --create-home gsdp \
    && mkdir /data && chown gsdp:gsdp /data
WORKDIR /opt/gsdp
COPY pyproject.toml README.md LICENSE ./
COPY gsdp gsdp
COPY flows flows
COPY tasks tasks
COPY graph graph
COPY prompts prompts
COPY deployments deployments
# Every package in the version and with the hash of deployments/constraints.txt, and no other.
RUN pip install --require-hashes --requirement deployments/constraints.txt \
    && pip install --no-deps --no-build-isolation --editable .
USER 1000:1000
VOLUME /data
CMD ["python", "-m", "deployments.worker"]
