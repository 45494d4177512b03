#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Executes a network file, written from docs/network_format.md alone, with the standard library only.

    executor_from_document.py NETWORK IMAGES.npy EXPECTED_DIR   compare with NAME.npy ([images][H][W][C]) of each
                                                                convolution in EXPECTED_DIR, and logits.npy if present
    executor_from_document.py --examples                        compute the document's worked examples

Exit status 0 when everything agrees, 1 otherwise.
"""
import ast
import hashlib
import json
import os
import struct
import sys

STRUCT_CODE = {"I8": "b", "I16": "h", "I32": "i", "F32": "f", "F64": "d"}


class Network:
    """Sections 1 to 3 and 5 of the document."""

    def __init__(self, path):
        with open(path, "rb") as file:
            contents = file.read()
        (header_length,) = struct.unpack_from("<Q", contents, 0)
        header = json.loads(contents[8 : 8 + header_length].decode("utf-8"))
        self.metadata = header.pop("__metadata__")
        self.raw, self.types, self.values = {}, {}, {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            raw = contents[8 + header_length + begin : 8 + header_length + end]
            self.raw[name] = raw
            self.types[name] = (entry["dtype"], entry["shape"])
            code = STRUCT_CODE[entry["dtype"]]
            self.values[name] = struct.unpack("<%d%s" % (len(raw) // struct.calcsize("<" + code), code), raw)
        assert self.metadata["format"] == "fixynn-network" and self.metadata["format_version"] == "1"
        self.convs = json.loads(self.metadata["convs"])
        self.integer_convs = [conv for conv in self.convs if conv["form"] == "integer"]
        self.has_head = len(self.integer_convs) == 27 and self.metadata["head_weight_bits"] != "0"
        self.check()

    def check(self):
        assert self.metadata["content_sha256"] == self.content_sha256(), "content_sha256"
        assert self.metadata["frozen_weights_sha256"] == self.frozen_sha256(), "frozen_weights_sha256"
        x_min, x_max = -128, 127
        for conv in self.integer_convs:
            weights, channels = self.values[conv["name"] + ".weight_codes"], conv["out_channels"]
            q = 2 ** (conv["weight_bits"] - 1) - 1
            assert all(-q <= w <= q for w in weights), conv["name"]
            low = [sum(min(w * x_min, w * x_max) for w in weights[o::channels]) for o in range(channels)]
            high = [sum(max(w * x_min, w * x_max) for w in weights[o::channels]) for o in range(channels)]
            assert conv["accumulator_min"] == min(low + [0]) >= -(2**30), conv["name"]
            assert conv["accumulator_max"] == max(high + [0]) < 2**30, conv["name"]
            terms = zip(low, high, self.values[conv["name"] + ".multiplier"], self.values[conv["name"] + ".bias"])
            assert all(abs(acc * m + b) < 2**47 for lo, hi, m, b in terms for acc in (lo, hi)), conv["name"]
            x_min, x_max = 0, 2 ** conv["activation_bits"] - 1

    def content_sha256(self):
        sha = hashlib.sha256()
        for name in sorted(self.raw, key=lambda text: text.encode()):
            dtype, shape = self.types[name]
            sha.update(("%s %s %s\n" % (name, dtype, "x".join(map(str, shape)))).encode())
            sha.update(self.raw[name])
        for key in sorted(self.metadata, key=lambda text: text.encode()):
            if key != "content_sha256":
                value = self.metadata[key].encode()
                sha.update(("%s %d\n" % (key, len(value))).encode() + value + b"\n")
        return sha.hexdigest()

    def frozen_sha256(self):
        text = b""
        for conv in self.convs:
            if conv["frozen"]:
                name, bits = conv["name"], conv["weight_bits"]
                tensor = "float.%s.weight" % name if bits == 0 else name + ".weight_codes"
                text += frozen_bytes(name, self.types[tensor][1], bits, self.raw[tensor])
        return hashlib.sha256(text).hexdigest()

    def run(self, pixels):
        """Output codes of each integer convolution, flat, and the logits (None without an integer head)."""
        x, all_codes = [pixel - 128 for pixel in pixels], []
        for conv in self.integer_convs:
            name = conv["name"]
            acc = convolve(conv, self.values[name + ".weight_codes"], x)
            x = requantise(conv, self.values[name + ".multiplier"], self.values[name + ".bias"], acc)
            all_codes.append(x)
        if not self.has_head:
            return all_codes, None
        classes, features = int(self.metadata["classes"]), self.convs[-1]["out_channels"]
        v, b = self.values["head.weight_codes"], self.values["head.bias"]
        pooled = [sum(x[c::features]) for c in range(features)]
        return all_codes, [b[k] + sum(map(int.__mul__, v[k::classes], pooled)) for k in range(classes)]


def frozen_bytes(name, shape, bits, weights):
    """Section 6, one convolution."""
    return ("%s %s %d\n" % (name, "x".join(map(str, shape)), bits)).encode() + weights


def convolve(conv, w, x):
    """Section 4.2. w and x flat; returns the accumulators, flat [row][column][channel]."""
    size, stride, channels, outputs = conv["in_size"], conv["stride"], conv["in_channels"], conv["out_channels"]
    out_size = -(-size // stride)
    window = 1 if conv["kind"] == "pointwise" else 3
    pad_total = max(0, (out_size - 1) * stride + window - size)
    pad_before = pad_total // 2
    assert out_size == conv["out_size"] and pad_before == conv["pad_before"]
    columns = [w[o::outputs] for o in range(outputs)]
    acc = []
    for oy in range(out_size):
        for ox in range(out_size):
            taps = []  # the window's inputs, [ky][kx][channel], zeros in the padding
            for ky in range(window):
                for kx in range(window):
                    iy, ix = oy * stride + ky - pad_before, ox * stride + kx - pad_before
                    inside = 0 <= iy < size and 0 <= ix < size
                    start = (iy * size + ix) * channels
                    taps += x[start : start + channels] if inside else [0] * channels
            for o in range(outputs):
                inputs = taps[o::channels] if conv["kind"] == "depthwise" else taps
                acc.append(sum(map(int.__mul__, columns[o], inputs)))
    return acc


def requantise(conv, multiplier, bias, acc):
    """Section 4.3."""
    top, outputs, shift = 2 ** conv["activation_bits"] - 1, conv["out_channels"], conv["shift"]
    return [min(max((a * multiplier[i % outputs] + bias[i % outputs]) >> shift, 0), top) for i, a in enumerate(acc)]


def read_npy(path):
    """Shape and flat values of a little-endian .npy file of format 1.0."""
    with open(path, "rb") as file:
        contents = file.read()
    assert contents[:8] == b"\x93NUMPY\x01\x00", path
    (length,) = struct.unpack_from("<H", contents, 8)
    header = ast.literal_eval(contents[10 : 10 + length].decode("latin1"))
    assert not header["fortran_order"]
    code = {"|u1": "B", "<i4": "i", "<i8": "q", "<f4": "f"}[header["descr"]]
    count = 1
    for dimension in header["shape"]:
        count *= dimension
    return header["shape"], struct.unpack("<%d%s" % (count, code), contents[10 + length :])


def compare(network_path, images_path, expected_dir):
    network = Network(network_path)
    (images, height, width, channels), pixels = read_npy(images_path)
    assert height == width == int(network.metadata["input_size"]) and channels == 3
    count, compared, different = height * width * channels, 0, 0
    results = [network.run(pixels[i * count : (i + 1) * count]) for i in range(images)]
    for n, conv in enumerate(network.integer_convs):
        shape, expected = read_npy(os.path.join(expected_dir, conv["name"] + ".npy"))
        assert tuple(shape) == (images, conv["out_size"], conv["out_size"], conv["out_channels"]), shape
        mine = [code for codes, _ in results for code in codes[n]]
        wrong = sum(map(int.__ne__, mine, expected))
        if wrong:
            print("%s: %d of %d codes differ" % (conv["name"], wrong, len(mine)))
        compared, different = compared + len(mine), different + wrong
    if network.has_head:
        shape, expected = read_npy(os.path.join(expected_dir, "logits.npy"))
        mine = [logit for _, logits in results for logit in logits]
        assert tuple(shape) == (images, int(network.metadata["classes"])), shape
        wrong = sum(map(int.__ne__, mine, expected))
        compared, different = compared + len(mine), different + wrong
        if wrong:
            print("logits: %d of %d differ" % (wrong, len(mine)))
    print("%d values of %d convolutions compared, %d differ" % (compared, len(network.integer_convs), different))
    return different == 0


def examples():
    """Sections 6 and 7."""
    text = frozen_bytes("l00_conv1", [1, 1, 2, 2], 3, bytes([1, 0xFF, 0, 3]))
    ok = hashlib.sha256(text).hexdigest() == "263653d6dc667959f5a9fad5dda20d71cdb3531dcd7e58eb3a80f89e9bbaaeed"
    ok &= hashlib.sha256(b"").hexdigest().startswith("e3b0c442")
    conv = {"kind": "depthwise", "stride": 2, "in_channels": 1, "out_channels": 1, "activation_bits": 4, "shift": 8}
    w = [1, 0, -1, 2, 0, -2, 1, 0, -1]
    cases = [
        (4, 2, 0, [-8, 28, -6, 41], [5, 0, 4, 0]),
        (5, 3, 1, [-11, -6, 17, -48, -8, 56, -61, -6, 67], [6, 4, 0, 15, 5, 0, 15, 4, 0]),
    ]
    for in_size, out_size, pad_before, acc_expected, y_expected in cases:
        conv.update(in_size=in_size, out_size=out_size, pad_before=pad_before)
        acc = convolve(conv, w, list(range(1, in_size * in_size + 1)))
        y = requantise(conv, [-75], [768], acc)
        print(acc, y)
        ok &= acc == acc_expected and y == y_expected
    return ok


if __name__ == "__main__":
    if sys.argv[1:] == ["--examples"]:
        sys.exit(0 if examples() else 1)
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(0 if compare(*sys.argv[1:]) else 1)
