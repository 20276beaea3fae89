#!/usr/bin/env bash
# Sets Superset up once, brings in the dashboard as it stands here, and serves it.
set -euo pipefail

: "${SUPERSET_SECRET_KEY:?Set SUPERSET_SECRET_KEY in .env, as from: openssl rand -base64 42}"
: "${SUPERSET_ADMIN_PASSWORD:?Set SUPERSET_ADMIN_PASSWORD in .env: you sign in with it as admin}"
test -r /lakesong/lakesong.duckdb || {
    echo "There is no data/bi/lakesong.duckdb: run lakesong export --format duckdb --out data/bi/lakesong.duckdb" >&2
    exit 3
}

export FLASK_APP="superset.app:create_app()"
superset db upgrade
superset fab create-admin --username admin --firstname Lake --lastname Song --email admin@localhost \
    --password "$SUPERSET_ADMIN_PASSWORD"
superset init
python3 -m zipfile -c /tmp/dashboard.zip dashboard
superset import-dashboards --path /tmp/dashboard.zip --username admin
exec gunicorn --bind 0.0.0.0:8088 --workers 1 --threads 8 --timeout 120 "superset.app:create_app()"
