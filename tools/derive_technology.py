#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scales a measured technology table of fixynn-cost to another process, and marks every figure as derived.

    tools/derive_technology.py data/technology/asap7.json --out data/technology/16nm.json

Areas are multiplied by --area-scale. It is DeepFreeze's published 16 nm constant over the same form fitted in ASAP7:
2.2 where adders are mapped to gates, 3.8 where they are mapped to full-adder cells. Which of them DeepFreeze's tool did is
not published, so both are in the range. Energies of an event are multiplied by (V / V0)^2 times a ratio of
capacitances: a wire or a gate of a larger process is longer by the square root of the area scale and has about the
same capacitance per length, so sqrt(area scale) is the estimate; 1 (no change) is its lower and the area scale itself
its upper bound. Leakage of a cell is taken to be proportional to the voltage and is spread over the larger area; it
depends on threshold flavours that this does not know, hence a factor of 3 either way. Activity, clock and DRAM do not
scale and keep their kind and source. Run it again whenever the source table changes: --check says whether the output
is up to date.
"""
import argparse
import json
import math
import pathlib
import sys

# Figures that a publication of the target process contradicts: it is the upper end of the range, whatever the source's.
PUBLISHED_16NM = {
    "sram_bit_area_um2": (1.62, "DeepFreeze publishes 1.62 um2 a bit for SRAM and registers in 16 nm"),
    "register_bit_area_um2": (1.62, "DeepFreeze publishes 1.62 um2 a bit for SRAM and registers in 16 nm"),
}
UNSCALED = {"adder_bit_activity", "clock_mhz", "dram_energy_pj_per_byte"}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=pathlib.Path, help="technology file that was measured")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="file to write; its stem is the name")
    parser.add_argument("--area-scale", type=float, default=2.2,
                        help="area of a cell over the source's (2.2: DeepFreeze's 16 nm constant against the same "
                             "form measured in ASAP7)")
    parser.add_argument("--area-scale-range", type=float, nargs=2, default=(2.0, 3.8), metavar=("LOW", "HIGH"))
    parser.add_argument("--voltage", type=float, default=0.8, help="of the target")
    parser.add_argument("--source-voltage", type=float, default=0.7)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when the output would change")
    return parser.parse_args()


def significant(value):
    """Four significant digits: the scale has two."""
    return None if value is None else float(f"{value:.4g}")


def scaled(figure, factors, reason):
    """factors: low, value, high. Ranges of source and scale are combined: the low end of one with that of the other,
    so that an area below zero (what an adder lacks beside its bits) is scaled at each end like the areas above."""
    value = figure["value"]
    if value is None:
        return dict(figure, kind="derived", source=f"from a figure that is unknown: {figure['source']}")
    low, high = (value if figure.get(end) is None else figure[end] for end in ("low", "high"))
    return {"value": significant(value * factors[1]), "unit": figure["unit"], "kind": "derived",
            "source": f"{reason}; the source is {figure['kind']}: {figure['source']}",
            "low": significant(low * factors[0]), "high": significant(high * factors[2])}


def scale_figure(key, figure, source, a):
    low, high = a.area_scale_range
    voltage = a.voltage / a.source_voltage
    if key in UNSCALED:
        return figure
    if key.endswith("_area_um2"):
        result = scaled(figure, (low, a.area_scale, high), f"{source} x {a.area_scale:g} ({low:g} to {high:g})")
        contradiction = PUBLISHED_16NM.get(key)
        if contradiction and result["value"] is not None:
            result["high"] = max(significant(figure["value"] * high), contradiction[0])
            result["source"] += "; " + contradiction[1]
        return result
    if key.endswith("_energy_fj"):
        capacitance = math.sqrt(a.area_scale)
        reason = (f"{source} x {voltage**2 * capacitance:.3g}: ({a.voltage:g} V / {a.source_voltage:g} V)^2 x "
                  f"capacitance {capacitance:.3g} = sqrt({a.area_scale:g}) (1 to {a.area_scale:g})")
        return scaled(figure, (voltage**2, voltage**2 * capacitance, voltage**2 * a.area_scale), reason)
    if key == "leakage_nw_per_um2":
        factor = voltage / a.area_scale
        reason = f"{source} x {factor:.3g}: voltage {voltage:.3g} over area {a.area_scale:g}, within a factor of 3"
        return scaled(figure, (factor / 3, factor, factor * 3), reason)
    sys.exit(f"error: {key}: no rule says how this figure scales; add one to {__file__}")


def main():
    a = parse_arguments()
    if not a.area_scale_range[0] <= a.area_scale <= a.area_scale_range[1]:
        sys.exit("error: --area-scale lies outside --area-scale-range")
    table = json.loads(a.source.read_text())
    source = table["name"]
    result = {
        "name": a.out.stem,
        "summary": f"{a.voltage:g} V, derived from {source}: areas x {a.area_scale:g} "
                   f"({a.area_scale_range[0]:g} to {a.area_scale_range[1]:g}), energies by voltage and capacitance; "
                   "not measured",
        "figures": {key: scale_figure(key, figure, source, a) for key, figure in table["figures"].items()},
    }
    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    if a.check:
        if not a.out.exists() or a.out.read_text() != text:
            sys.exit(f"error: {a.out} is not what {a.source} gives; run this without --check")
        return
    a.out.write_text(text)


if __name__ == "__main__":
    main()
