#!/usr/bin/env bash
# Everything, cheapest first; ends with pytest's closing line.
set -euo pipefail
cd "$(dirname "$0")/.."
step() { printf '\n==> %s\n' "$1"; }

step "Format, lint, types, imports"
scripts/check.sh
step "Browser code"
(cd web && npm test --silent)
step "Bot components"
PYTHONPATH=. .venv-rasa/bin/python -m pytest tests/bot -q -p no:cacheprovider
step "Service, conversations and the story in Chromium"
exec .venv/bin/python -m pytest tests --durations=10 "$@"
