#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that #includes follow the direction of dependencies. usage: check_includes.py SOURCE_ROOT

CMakeLists.txt says which folder of src/ may use which (fixynn_module lines); an include of any other folder is an
error, and so is yaml-cpp outside src/config and Highway outside src/engine/cpu."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
direct = {}
for name, links in re.findall(r"fixynn_module\((\w+)([^)]*)\)", (root / "CMakeLists.txt").read_text()):
    if name != "name":
        direct[name] = set(re.findall(r"fixynn_(\w+)", links)) - {"version", "technologies", "rtl_sources"}


def allowed(folder):
    seen, todo = set(), [folder]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo += direct.get(current, ())
    return seen


faults = []
for path in sorted((root / "src").rglob("*")):
    if path.suffix not in {".h", ".cpp", ".cc"}:
        continue
    folder = path.relative_to(root / "src").parts[0]
    text = path.read_text()
    may = allowed(folder) if folder in direct else set(direct) | {folder}
    for line, include in enumerate(text.splitlines(), 1):
        match = re.match(r'#include "(\w+)/', include)
        if match and match.group(1) in direct and match.group(1) not in may:
            faults.append(f"{path.relative_to(root)}:{line}: {folder} may not include {match.group(1)}")
    if "yaml-cpp/" in text and folder != "config":
        faults.append(f"{path.relative_to(root)}: only src/config reads YAML")
    if re.search(r'#include [<"]hwy/', text) and "engine/cpu" not in str(path):
        faults.append(f"{path.relative_to(root)}: only src/engine/cpu uses Highway")

# gui/: the model knows no ImGui, only the app knows windows, and nothing below gui/ includes it.
for path in sorted((root / "gui").rglob("*")) + sorted((root / "src").rglob("*")):
    if path.suffix not in {".h", ".cpp"}:
        continue
    text = path.read_text()
    place = path.relative_to(root).parts
    shown = path.relative_to(root)
    if place[0] == "src" and re.search(r'#include "gui/', text):
        faults.append(f"{shown}: only gui/ may include gui/")
    if re.search(r"#include [<\"](imgui|imgui_\w+)\.h", text) and (place[0] == "src" or place[1] == "model"):
        faults.append(f"{shown}: only gui/ outside of gui/model uses ImGui")
    if re.search(r"#include [<\"](GLFW/|GL/|imgui_impl_)", text) and place[:2] != ("gui", "app"):
        faults.append(f"{shown}: only gui/app uses GLFW and OpenGL")
    if place[:2] == ("gui", "model") and re.search(r'#include "gui/(?!model/)', text):
        faults.append(f"{shown}: gui/model may not include other parts of gui/")
    if place[0] == "gui" and place[1] in {"ui", "plot", "panels"} and re.search(r'#include "gui/(app/|headless/(?!rasteriser))', text):
        faults.append(f"{shown}: gui/{place[1]} may not include gui/app, nor of gui/headless more than the rasteriser")

print("\n".join(faults) or f"includes of {len(direct)} folders follow the direction of dependencies")
sys.exit(1 if faults else 0)
