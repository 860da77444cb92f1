#!/usr/bin/env bash
# Format, lint, types and the direction of imports: everything that finds mistakes without running the service.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/ruff format --check -q .
.venv/bin/ruff check -q .
.venv/bin/mypy
.venv/bin/lint-imports
(cd web && npm run check --silent)
