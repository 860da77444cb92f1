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
export BATON_ENCODER_DIR="${BATON_ENCODER_DIR:-${BATON_HOME:-$PWD/var}/models/encoder}"
PYTHONPATH=. .venv-rasa/bin/python -m pytest tests/bot -q -p no:cacheprovider
step "Conversations (rasa test)"
export RASA_TELEMETRY_ENABLED=false OMP_NUM_THREADS=1 RASA_CACHE_DIRECTORY=var/rasa-cache
BATON_BOT_TOKEN=unused BATON_ACTION_URL=http://127.0.0.1:9 PYTHONPATH=. .venv-rasa/bin/python -W ignore -m bot.launch test core \
  --model "${BATON_HOME:-var}/models/rasa/assistant.tar.gz" --stories data/tests --e2e --endpoints endpoints.yml \
  --out var/rasa-results --fail-on-prediction-errors >var/rasa-test.log 2>&1 || { tail -40 var/rasa-test.log; exit 1; }
grep -E "Correct:" var/rasa-test.log | tail -2
step "Service, and the story in Chromium"
exec .venv/bin/python -m pytest tests --numprocesses "${BATON_TEST_PROCESSES:-auto}" --dist loadgroup --durations=10 "$@"
