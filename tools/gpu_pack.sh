#!/usr/bin/env bash
# Collects what tools/gpu_check.sh needs on another machine into one folder: programs (stripped), the shared libraries
# they were linked with (but not glibc's, whose version there must be at least the one here, nor CUDA's driver and
# cuDNN), configurations and tools. Programs and libraries lie in programs.tar.xz, for each program holds the same
# kernels; gpu_check.sh unpacks them. By hand: tar -xf programs.tar.xz; LD_LIBRARY_PATH=lib bin/fixynn-bench ...
#   tools/gpu_pack.sh BUILD_DIR OUT_DIR [--data DIR]... [--weights FILE]
# Then, on the other machine: OUT_DIR/tools/gpu_check.sh
# --data and --weights copy to OUT_DIR/data and OUT_DIR/weights, where gpu_check.sh looks for them.
set -euo pipefail
usage() { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
case ${1:-} in -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
[ $# -ge 2 ] || usage
build=$1 out=$2
shift 2
data=() weights=()
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || usage
  case $1 in
    --data) data+=("$2") ;;
    --weights) weights=("$2") ;;
    *) usage ;;
  esac
  shift 2
done
for path in "${data[@]}" "${weights[@]}"; do
  [ -e "$path" ] || { echo "error: $path does not exist" >&2; exit 2; }
  case $(realpath "$path")/ in
    "$(realpath -m "$out")"/*) echo "error: $path lies in $out, which is made anew; copy it elsewhere first" >&2; exit 2 ;;
  esac
done
source_dir=$(cd "$(dirname "$0")/.." && pwd)
[ -d "$build" ] || { echo "error: $build is not a build folder" >&2; exit 2; }
for name in fixynn-train fixynn-bench fixynn-eval fixynn-import fixynn-data tests/cuda/test_cuda_device; do
  [ -x "$build/$name" ] || { echo "error: $build/$name is missing; build with CUDA and with tests first" >&2; exit 2; }
done
if [ -e "$out" ] && [ ! -e "$out/PACK" ] && [ -n "$(ls -A "$out")" ]; then
  echo "error: $out is neither empty nor an older pack" >&2
  exit 2
fi
rm -rf "$out"
mkdir -p "$out/bin" "$out/lib"
echo "being made" > "$out/PACK"

for name in fixynn-train fixynn-bench fixynn-eval fixynn-import fixynn-data fixynn-doctor tests/cuda/test_cuda_device; do
  if [ -x "$build/$name" ]; then
    strip -o "$out/bin/$(basename "$name")" "$build/$name"
  fi
done

# libc, the loader and what belongs to them come from the other machine; so do the driver and cuDNN.
ldd "$out"/bin/* | awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
  grep -Ev '/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv|util|cuda|cudnn[a-z_]*|nvidia-[a-z]*))\.so' |
  while read -r library; do
    strip -o "$out/lib/$(basename "$library")" "$library" 2> /dev/null || cp -L "$library" "$out/lib/"
  done

cp -r "$source_dir/configs" "$out/configs"
mkdir "$out/docs"
cp "$source_dir/docs/gpu.md" "$out/docs/"
cp "$source_dir/LICENSE" "$out/"
mkdir "$out/tools"
cp "$source_dir"/tools/gpu_{check.sh,check.py,steps.py,report.py} "$source_dir/tools/compare_torch.py" "$out/tools/"
LD_LIBRARY_PATH="$out/lib" "$out/bin/fixynn-bench" --version > "$out/PACK"
# A dictionary as large as everything finds what the programs share.
python3 - "$out" <<'END'
import lzma, sys, tarfile
out = sys.argv[1]
filters = [{"id": lzma.FILTER_LZMA2, "preset": 4, "dict_size": 128 << 20}]
with lzma.open(out + "/programs.tar.xz", "wb", filters=filters) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
    for folder in ("bin", "lib"):
        tar.add(out + "/" + folder, folder)
END
rm -r "$out/bin" "$out/lib"
du -sk "$out" | awk '{printf "programs, libraries, configurations, tools: %.1f MB\n", $1 / 1024}'
if [ ${#weights[@]} -gt 0 ]; then
  mkdir "$out/weights"
  cp -L "${weights[0]}" "$out/weights/"
fi
for folder in "${data[@]}"; do
  mkdir -p "$out/data"
  cp -rL "$folder" "$out/data/"
done
if [ ${#data[@]} -gt 0 ]; then du -sk "$out/data" | awk '{printf "data: %.1f MB\n", $1 / 1024}'; fi
