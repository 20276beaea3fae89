ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS packages
COPY requirements.txt /build/requirements.txt
# Tests, linters and measurements stay outside.
RUN sed '/^# tests, lint, measurements/,/^$/d' /build/requirements.txt > /build/runtime.txt \
    && python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check -r /build/runtime.txt

FROM ${BASE}
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
RUN useradd --uid 1000 --no-create-home lakesong \
    && mkdir -p data \
    && chown lakesong:lakesong data \
    && printf '#!/bin/sh\nexec python3 /app/cli.py "$@"\n' > /usr/local/bin/lakesong \
    && chmod 755 /usr/local/bin/lakesong
USER 1000:1000
VOLUME /app/data
# Whether the settings are usable and a cycle has made a lake that can be read.
HEALTHCHECK --interval=5m --timeout=60s --start-period=10m CMD ["python3", "cli.py", "status", "--json"]
CMD ["python3", "scheduler.py"]
