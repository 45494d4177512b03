#!/usr/bin/env bash
# Installs what the build and the tests need from Debian's packages. Does nothing when everything is there.
set -euo pipefail

packages=(
  g++ cmake ninja-build pkg-config git
  libfmt-dev nlohmann-json3-dev libyaml-cpp-dev libcli11-dev libssl-dev
  libjpeg62-turbo-dev libpng-dev libhwy-dev
  libgtest-dev libgmock-dev libboost-context-dev python3 python3-numpy
  yosys qflow-tech-osu018 iverilog verilator make
  libimgui-dev libglfw3-dev libfreetype-dev libgl-dev
  fonts-inter fonts-jetbrains-mono fonts-font-awesome fonts-dejavu-core
  xvfb xauth libgl1-mesa-dri xdotool
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "Installing: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "error: these packages are missing and sudo is not there to install them: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
