#!/usr/bin/env bash
# Everything that a machine with a CUDA card can tell about this program, in one call: parity, sanitizers, kernels,
# speed beside PyTorch, integer codes, real trainings. Writes gpu_report.json and gpu_report.md. docs/gpu.md explains.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
exec "${PYTHON:-python3}" "$(dirname "$0")/gpu_check.py" "$@"
