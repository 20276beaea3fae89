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
# Of the scheduler: signs of life, and nobody to sign in. Services that run something else turn it off.
HEALTHCHECK --interval=1m --timeout=30s --start-period=2m CMD ["python3", "scheduler.py", "--health"]
CMD ["python3", "scheduler.py"]
