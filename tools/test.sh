#!/usr/bin/env bash
# Installs what is missing, builds with warnings as errors (CUDA included where nvcc is), and runs all tests.
# FIXYNN_DATA=FOLDER also runs the tests on real data and weights; without it they are skipped and listed.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install_dependencies.sh
cmake --preset release -DBUILD_TESTING=ON
cmake --build --preset release
ctest --preset release -j "$(nproc)" "$@"
