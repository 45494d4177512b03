#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adder bits of fixynn's adder graphs beside those of da4ml (https://github.com/calad0i/da4ml) for the same matrices.

usage: fixynn-cost NETWORK --dump-graphs DIR
       compare_da4ml.py DIR [--largest 64] [--json FILE]
       compare_da4ml.py DIR --check

Needs Python with numpy and da4ml 0.6 or later (pip install da4ml); neither is needed to build or use fixynn, nor for
--check, which only counts our graphs and checks them against their matrices.

DIR holds one JSON file a convolution, with a graph a matrix (format "fixynn-adder-graph-1": the matrix, the interval of the
inputs, our graph). Depthwise convolutions, whose matrices have one output each, are only checked.
da4ml solves each matrix with several settings: its default, and its bit-wise cost, with and without splitting the matrix
in two. Its solution becomes a list of two-input adders like ours, and both lists are counted here by one rule: the adder
bits of an adder are the bits of its result's exact interval less the low bits that are a shifted operand's wires. Signs
are chosen for da4ml's adders as ours are (an output may be negated for free). Both graphs are checked on all unit vectors.
The column "da4ml" is the best of its settings by this rule; "its cost" is the least cost that da4ml itself names for its
default settings (adders) and for its bit-wise cost."""
import argparse
import glob
import json
import math
import os
import sys
import time

SETTINGS = {
    "default": {},
    "one matrix": {"decompose_dc": -1, "search_all_decompose_dc": False},
    "bits": {"adder_size": 1, "carry_size": 65535},
    "bits, one matrix": {"adder_size": 1, "carry_size": 65535, "decompose_dc": -1, "search_all_decompose_dc": False},
    "bits, most common": {"adder_size": 1, "carry_size": 65535, "method0": "mc"},
}


class Graph:
    """Two-input adders over inputs; a term is (node, shift, negative); a node is a dict of input to factor."""

    def __init__(self, inputs, low, high):
        self.low, self.high = low, high
        self.nodes = [{i: 1} for i in range(inputs)]
        self.level = [0] * inputs
        self.adders = self.bits = 0

    def interval(self, factors):
        ends = [(f * self.low, f * self.high) for f in factors.values()]
        return sum(min(e) for e in ends), sum(max(e) for e in ends)

    def width(self, factors):
        low, high = self.interval(factors)
        if low >= 0:
            return max(1, high.bit_length())
        return max((-low - 1).bit_length(), high.bit_length() if high > 0 else 0) + 1

    def combine(self, a, b):
        total = {}
        for node, shift, negative in (a, b):
            for i, f in self.nodes[node].items():
                total[i] = total.get(i, 0) + (-f if negative else f) * (1 << shift)
        return {i: f for i, f in total.items() if f}

    def append(self, a, b):
        """An adder as it is: one term not shifted, at most one negative."""
        factors = self.combine(a, b)
        passing = b[1] if a[1] == 0 and not a[2] else a[1] if b[1] == 0 and not b[2] else 0
        self.bits += max(0, self.width(factors) - passing)
        self.adders += 1
        self.nodes.append(factors)
        self.level.append(1 + max(self.level[a[0]], self.level[b[0]]))

    def add(self, a, b):
        """A term for a + b; shifts may be below 0; the adder's sign is chosen as the optimiser does."""
        shift = min(a[1], b[1])
        a, b = (a[0], a[1] - shift, a[2]), (b[0], b[1] - shift, b[2])
        if b[1] == 0 and (a[1] != 0 or (a[2] and not b[2])):
            a, b = b, a
        negative = a[2]
        if negative:
            a, b = (a[0], a[1], False), (b[0], b[1], not b[2])
        if b[1] == 0 and b[2]:
            turned = (b[0], 0, False), (a[0], 0, True)
            if self.width(self.combine(*turned)) < self.width(self.combine(a, b)):
                a, b = turned
                negative = not negative
        self.append(a, b)
        return len(self.nodes) - 1, shift, negative

    def check(self, terms, weights, what):
        """Throws unless the terms (or None for 0) are the columns of the matrix."""
        for o, term in enumerate(terms):
            for i, row in enumerate(weights):
                value = 0
                if term is not None:
                    value = self.nodes[term[0]].get(i, 0) * 2.0 ** term[1] * (-1 if term[2] else 1)
                if value != row[o]:
                    sys.exit(f"error: {what}: output {o} has {value} times input {i}, the matrix {row[o]}.")


def our_graph(data, what):
    graph = Graph(data["inputs"], data["input_min"], data["input_max"])
    for a, sa, na, b, sb, nb in data["adders"]:
        graph.append((a, sa, bool(na)), (b, sb, bool(nb)))
    outputs = [None if node < 0 else (node, shift, bool(negated)) for node, shift, negated in data["graph_outputs"]]
    graph.check(outputs, data["weights"], what)
    if graph.bits != data["adder_bits"]:
        sys.exit(f"error: {what}: {graph.bits} adder bits counted here, {data['adder_bits']} in the file.")
    return graph


def da4ml_graph(data, pipeline, what):
    graph = Graph(data["inputs"], data["input_min"], data["input_max"])
    terms = [(i, 0, False) for i in range(data["inputs"])]
    for stage in pipeline.solutions:
        values = []
        for op in stage.ops:
            if op.opcode == -1:
                term = terms[op.id0]
                values.append(term and (term[0], term[1] + int(stage.inp_shifts[op.id0]), term[2]))
            elif op.opcode in (0, 1):
                a, b = values[op.id0], values[op.id1]
                b = b and (b[0], b[1] + int(op.data), b[2] != (op.opcode == 1))
                values.append(graph.add(a, b) if a and b else a or b)
            else:
                sys.exit(f"error: {what}: da4ml uses operation {op.opcode}, which is no adder; use another version.")
        terms = []
        for index, shift, negative in zip(stage.out_idxs, stage.out_shifts, stage.out_negs):
            value = values[index] if index >= 0 else None
            terms.append(value and (value[0], value[1] + int(shift), value[2] != bool(negative)))
    graph.check(terms, data["weights"], what)
    return graph


def read_graphs(path):
    try:
        with open(path, encoding="utf-8") as file:
            graphs = json.load(file)["graphs"]
        if any(graph["format"] != "fixynn-adder-graph-1" for graph in graphs):
            graphs = None
    except (ValueError, KeyError, TypeError):
        graphs = None
    if not graphs:
        sys.exit(f"error: {path} has no graphs of fixynn-cost --dump-graphs; give a folder of such files only.")
    return graphs


def check_all(convs):
    bits = 0
    for path, graphs in convs:
        for graph in graphs:
            bits += our_graph(graph, path).bits
    print(f"{sum(len(graphs) for _, graphs in convs)} graphs of {len(convs)} convolutions compute their matrices: "
          f"{bits} adder bits")


def compare(path, data, solve, numpy):
    name = os.path.splitext(os.path.basename(path))[0]
    ours = our_graph(data, path)
    row = {"name": name, "inputs": data["inputs"], "outputs": data["outputs"], "our_bits": ours.bits,
           "our_adders": ours.adders, "our_depth": max(ours.level), "da4ml": {}}
    kernel = numpy.array(data["weights"], dtype=numpy.float32)
    intervals = [(float(data["input_min"]), float(data["input_max"]), 1.0)] * data["inputs"]
    for setting, options in SETTINGS.items():
        start = time.monotonic()
        pipeline = solve(kernel, qintervals=intervals, **options)
        seconds = time.monotonic() - start
        theirs = da4ml_graph(data, pipeline, f"{name} by da4ml ({setting})")
        row["da4ml"][setting] = {"bits": theirs.bits, "adders": theirs.adders, "depth": max(theirs.level),
                                 "its_cost": float(pipeline.cost), "seconds": seconds}
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--largest", type=int, default=64, help="leave out matrices with more inputs or outputs")
    parser.add_argument("--check", action="store_true", help="only check our graphs")
    parser.add_argument("--json", help="write the figures to this file too")
    arguments = parser.parse_args()
    convs = [(path, read_graphs(path)) for path in sorted(glob.glob(os.path.join(arguments.folder, "*.json")))]
    if arguments.check and convs:
        return check_all(convs)
    try:
        import numpy
        from da4ml.cmvm import solve
    except ImportError as error:
        sys.exit(f"error: {error}; this comparison needs numpy and da4ml in this Python: pip install numpy da4ml")
    graphs = [(path, matrices[0]) for path, matrices in convs if len(matrices) == 1]
    graphs = [(path, data) for path, data in graphs if max(data["inputs"], data["outputs"]) <= arguments.largest]
    if not graphs:
        sys.exit(f"error: {arguments.folder} has no graphs of at most {arguments.largest} inputs and outputs; "
                 "make them with fixynn-cost NETWORK --dump-graphs DIR")
    print(f"{'matrix':18} {'size':>9} {'our bits':>9} {'adders':>7} {'depth':>5} | {'da4ml':>8} {'adders':>7} {'depth':>5} "
          f"{'seconds':>7} {'setting':18} | {'ratio':>6} | its cost: adders, bits")
    rows, logarithms = [], 0.0
    for path, data in graphs:
        row = compare(path, data, solve, numpy)
        rows.append(row)
        setting, best = min(row["da4ml"].items(), key=lambda item: item[1]["bits"])
        row["ratio"] = row["our_bits"] / best["bits"] if best["bits"] else 1.0
        logarithms += math.log(row["ratio"]) if row["our_bits"] else 0.0
        size = f"{row['inputs']}x{row['outputs']}"
        print(f"{row['name']:18} {size:>9} {row['our_bits']:9} {row['our_adders']:7} {row['our_depth']:5} | "
              f"{best['bits']:8} {best['adders']:7} {best['depth']:5} {best['seconds']:7.2f} {setting:18} | "
              f"{row['ratio']:6.3f} | {row['da4ml']['default']['its_cost']:.0f}, {row['da4ml']['bits']['its_cost']:.0f}",
              flush=True)
    print(f"geometric mean of the ratios: {math.exp(logarithms / len(rows)):.3f}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
