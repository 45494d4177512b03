#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Speed of fixynn-bench beside PyTorch on the CPU: alternating runs, medians, ratios.

usage: compare_torch.py --bench build/release/fixynn-bench [--python PYTHON_WITH_TORCH] [--sizes 32,96,224]
                        [--threads 1,2] [--fixed-layers 7] [--batch 64] [--rounds 3] [--seconds 2] [--json FILE]

For every size, number of threads and kind of work, PyTorch first tries its settings for a moment (memory layout, vector
capability, and for fake quantisation torch's fused observer modules and a hand-written straight-through function); the
fastest is kept and then alternates with fixynn-bench. Both work on one batch held in memory: no decoding, no
augmentation. PyTorch quantises the fixed layers only, as a user of the paper would; fixynn-bench the whole network."""
import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys

WORKER = r'''
import json, sys, time
import torch, torch.nn as nn, torch.nn.functional as F
from torch.ao.quantization import FusedMovingAvgObsFakeQuantize as FusedFakeQuant
from torch.ao.quantization import MovingAverageMinMaxObserver, MovingAveragePerChannelMinMaxObserver
c = json.loads(sys.argv[1])
torch.set_num_threads(c["threads"]); torch.manual_seed(0)
BLOCKS = [(64,1),(128,2),(128,1),(256,2),(256,1),(512,2)] + [(512,1)]*5 + [(1024,2),(1024,1)]

class Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale, low, high):
        q = torch.round(x / scale)
        ctx.save_for_backward((q >= low) & (q <= high))
        return q.clamp_(low, high) * scale
    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0], None, None, None

class HandActivation(nn.Module):
    def forward(self, x): return Round.apply(x, torch.tensor(6.0 / 255), 0, 255)
class HandWeight(nn.Module):
    def forward(self, w):
        return Round.apply(w, w.detach().abs().amax(dim=(1,2,3), keepdim=True).clamp_min(1e-8) / 127, -127, 127)

def fake_quants(kind):
    if kind == "hand": return HandWeight(), HandActivation()
    weight = FusedFakeQuant.with_args(observer=MovingAveragePerChannelMinMaxObserver, quant_min=-128, quant_max=127,
                                      dtype=torch.qint8, qscheme=torch.per_channel_symmetric, ch_axis=0)()
    activation = FusedFakeQuant.with_args(observer=MovingAverageMinMaxObserver, quant_min=0, quant_max=255,
                                          dtype=torch.quint8)()
    return weight, activation

class ConvBnRelu(nn.Module):
    def __init__(self, cin, cout, k, stride, groups, quant):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, k, stride, k // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(cout)
        self.wq, self.aq = fake_quants(quant) if quant != "none" else (None, None)
    def forward(self, x):
        w = self.conv.weight if self.wq is None else self.wq(self.conv.weight)
        x = F.relu6(self.bn(F.conv2d(x, w, None, self.conv.stride, self.conv.padding, 1, self.conv.groups)))
        return x if self.aq is None else self.aq(x)

class Net(nn.Module):
    def __init__(self, fixed, quant):
        super().__init__()
        ch = 8; layers = [ConvBnRelu(3, ch, 3, 2, 1, quant if fixed > 0 else "none")]
        for i, (out, stride) in enumerate(BLOCKS, 1):
            out = max(8, out // 4); q = quant if i < fixed else "none"
            layers.append(nn.Sequential(ConvBnRelu(ch, ch, 3, stride, ch, q), ConvBnRelu(ch, out, 1, 1, 1, q))); ch = out
        self.features = nn.Sequential(*layers); self.head = nn.Linear(ch, 100)
        for i in range(fixed):
            for m in self.features[i].modules():
                if isinstance(m, nn.Conv2d): m.weight.requires_grad_(False)
    def forward(self, x): return self.head(self.features(x).mean((2, 3)))

net = Net(c["fixed_layers"], c["quant"]); x = torch.randn(c["batch"], 3, c["size"], c["size"])
y = torch.randint(0, 100, (c["batch"],))
if c["channels_last"]:
    net = net.to(memory_format=torch.channels_last); x = x.contiguous(memory_format=torch.channels_last)
optimiser = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=1e-3, momentum=0.9, nesterov=True)
def train():
    optimiser.zero_grad(set_to_none=True); F.cross_entropy(net(x), y).backward(); optimiser.step()
def evaluate():
    with torch.inference_mode(): net(x).argmax(1)
net.train()
if c["work"] == "eval": net(x); net.eval()
step = train if c["work"] == "train" else evaluate
step(); step()
print(torch.__version__, flush=True)
for line in sys.stdin:  # each line: seconds to run
    times = []; end = time.perf_counter() + float(line)
    while not times or time.perf_counter() < end:
        t = time.perf_counter(); step(); times.append(time.perf_counter() - t)
    print(c["batch"] / sorted(times)[len(times) // 2], flush=True)
'''


class Torch:
    def __init__(self, python, config, capability):
        env = dict(os.environ, OMP_WAIT_POLICY="passive", OMP_NUM_THREADS=str(config["threads"]))
        if capability:
            env["ATEN_CPU_CAPABILITY"] = capability
        self.process = subprocess.Popen([python, "-W", "ignore", "-c", WORKER, json.dumps(config)], text=True, env=env,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.version = self.process.stdout.readline().strip()

    def run(self, seconds):
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def fastest_torch(args, config):
    best = None
    quants = ["none"] if config["bits"] == 0 else ["fused", "hand"]
    for quant, layout, capability in itertools.product(quants, [True, False], ["", "avx512"]):
        name = f"{'channels_last' if layout else 'nchw'}{' ' + capability if capability else ''}" + (
            f" {quant}" if config["bits"] else "")
        peer = Torch(args.python, {**config, "quant": quant, "channels_last": layout}, capability)
        if not peer.version:
            peer.close()
            continue
        speed = peer.run(args.seconds / 2)
        if best is None or speed > best[0]:
            if best is not None:
                best[2].close()
            best = (speed, name, peer)
        else:
            peer.close()
    if best is None:
        sys.exit(f"error: {args.python} cannot import torch")
    return best[1], best[2]


def fixynn(args, config):
    command = [args.bench, config["work"], "--size", config["size"], "--batch", config["batch"], "--fixed-layers",
               config["fixed_layers"], "--bits", config["bits"], "--threads", config["threads"], "--seconds",
               args.seconds]
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ints = lambda text: [int(v) for v in text.split(",")]
    p.add_argument("--bench", required=True)
    p.add_argument("--python", default=sys.executable)
    p.add_argument("--sizes", type=ints, default=[32, 96, 224])
    p.add_argument("--threads", type=ints, default=[1, 2])
    p.add_argument("--fixed-layers", type=int, default=7)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--json")
    args = p.parse_args()
    rows = []
    print("| work | size | threads | fixynn images/s | PyTorch images/s | ratio | PyTorch's best setting | MiB |")
    print("|---|---|---|---|---|---|---|---|")
    for (work, bits), size, threads in itertools.product([("train", 0), ("train", 8), ("eval", 8)], args.sizes, args.threads):
        config = dict(work=work, size=size, batch=args.batch, fixed_layers=args.fixed_layers, bits=bits, threads=threads)
        setting, peer = fastest_torch(args, config)
        ours, theirs, memory = [], [], 0
        for _ in range(args.rounds):
            result = fixynn(args, config)
            ours.append(result["images_per_second"])
            memory = result.get("peak_rss_bytes", 0) / 2**20
            theirs.append(peer.run(args.seconds))
        peer.close()
        ratio = statistics.median(a / b for a, b in zip(ours, theirs))
        kind = {("train", 0): "training, float", ("train", 8): "training, fake-quantised", ("eval", 8): "evaluation, quantised"}
        rows.append({**config, "images_per_second": statistics.median(ours), "torch": peer.version, "torch_setting": setting,
                     "torch_images_per_second": statistics.median(theirs), "ratio": ratio, "peak_mib": memory})
        print(f"| {kind[work, bits]} | {size} | {threads} | {statistics.median(ours):,.0f} | {statistics.median(theirs):,.0f} "
              f"| {ratio:.1f} | {setting} | {memory:.0f} |", flush=True)
    print(f"\nPyTorch {rows[0]['torch']}, batch {args.batch}, {args.fixed_layers} fixed layers, {args.rounds} alternating "
          f"rounds of {args.seconds:g} s")
    if args.json:
        with open(args.json, "w") as out:
            json.dump(rows, out, indent=1)


main()
