#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Speed of fixynn-bench beside PyTorch: alternating runs, medians, ratios.

usage: compare_torch.py --bench build/release/fixynn-bench [--python PYTHON_WITH_TORCH] [--sizes 32,96,224]
                        [--threads 1,2] [--fixed-layers 7] [--batch 64] [--rounds 3] [--seconds 2] [--json FILE]
       compare_torch.py --device cuda --bench ... [--sizes 224,32] [--precisions bf16,tf32] [--bits 0,8]
                        [--batches 256,512] [--convolutions custom] [--minutes 5]

For every size, number of threads and kind of work, PyTorch first tries its settings for a moment (memory layout, vector
capability, and for fake quantisation torch's fused observer modules and a hand-written straight-through function); the
fastest is kept and then alternates with fixynn-bench. Both work on one batch held in memory: no decoding, no
augmentation. PyTorch quantises the fixed layers only, as a user of the paper would; fixynn-bench the whole network.

On a card only training is compared. PyTorch's settings there: channels_last, torch.compile or not, the whole step as one
CUDA graph or not, the same two kinds of fake quantisation; bf16 is automatic mixed precision, tf32 and fp32 its switches
of that name; its batch lies on the card, normalised. Each side runs at the batch size that suits it best. --json is
written after every row, so that a run that is cut short leaves what it has."""
import argparse
import itertools
import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time

WORKER = r'''
import contextlib, json, sys, time
import torch, torch.nn as nn, torch.nn.functional as F
from torch.ao.quantization import FusedMovingAvgObsFakeQuantize as FusedFakeQuant
from torch.ao.quantization import MovingAverageMinMaxObserver, MovingAveragePerChannelMinMaxObserver
c = json.loads(sys.argv[1])
cuda = c["device"] == "cuda"; bf16 = cuda and c["precision"] == "bf16"
if not cuda: torch.set_num_threads(c["threads"])
torch.manual_seed(0)
if cuda:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = c["precision"] != "fp32"
    torch.backends.cudnn.benchmark = True
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
net = net.to(c["device"]); x = x.to(c["device"], torch.bfloat16 if bf16 else torch.float32); y = y.to(c["device"])
parameters = [p for p in net.parameters() if p.requires_grad]
options = dict(lr=1e-3, momentum=0.9, nesterov=True)
try: optimiser = torch.optim.SGD(parameters, **options, **(dict(fused=True) if cuda else {}))
except (TypeError, RuntimeError): optimiser = torch.optim.SGD(parameters, **options)
model = torch.compile(net) if c.get("compile") else net
def forward_backward():
    with torch.autocast("cuda", torch.bfloat16, enabled=bf16, cache_enabled=False) if cuda else contextlib.nullcontext():
        loss = F.cross_entropy(model(x), y)
    loss.backward()
def train():
    optimiser.zero_grad(set_to_none=True); forward_backward(); optimiser.step()
def evaluate():
    with torch.inference_mode(): net(x).argmax(1)
net.train()
if c["work"] == "eval": net(x); net.eval()
step = train if c["work"] == "train" else evaluate
if c.get("graph"):
    side = torch.cuda.Stream(); side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(4): train()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph(); optimiser.zero_grad(set_to_none=True)
    with torch.cuda.graph(graph): forward_backward(); optimiser.step()
    step = graph.replay
def wait():
    if cuda: torch.cuda.synchronize()
step(); step(); wait()
calls = 1
if cuda:
    t = time.perf_counter(); step(); step(); wait()
    calls = max(1, int(0.05 / ((time.perf_counter() - t) / 2)))
print(torch.__version__, flush=True)
for line in sys.stdin:  # each line: seconds to run
    times = []; end = time.perf_counter() + float(line)
    while not times or time.perf_counter() < end:
        t = time.perf_counter()
        for _ in range(calls): step()
        wait(); times.append((time.perf_counter() - t) / calls)
    print(c["batch"] / sorted(times)[len(times) // 2], flush=True)
'''


class Torch:
    """A process that holds one network and times its steps when asked."""

    def __init__(self, python, config, capability=""):
        env = dict(os.environ)
        if config["device"] == "cpu":
            env.update(OMP_WAIT_POLICY="passive", OMP_NUM_THREADS=str(config["threads"]))
        if capability:
            env["ATEN_CPU_CAPABILITY"] = capability
        self.config = config
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([python, "-W", "ignore", "-c", WORKER, json.dumps(config)], text=True, env=env,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr)
        self.version = ""

    def ready(self, seconds=600.0):
        """Whether it came up within so many seconds."""
        if select.select([self.process.stdout], [], [], max(0.0, seconds))[0]:
            self.version = self.process.stdout.readline().strip()
        return bool(self.version)

    def problem(self):
        self.stderr.seek(0)
        lines = [line for line in self.stderr.read().splitlines() if line.strip()]
        return lines[-1][:200] if lines else "not ready in time"

    def run(self, seconds):
        try:
            self.process.stdin.write(f"{seconds}\n")
            self.process.stdin.flush()
            return float(self.process.stdout.readline())
        except (OSError, ValueError):
            return 0.0

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(5)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def setting_name(config, capability=""):
    words = ["channels_last" if config["channels_last"] else "nchw", capability,
             "compile" if config.get("compile") else "", "graph" if config.get("graph") else "",
             config["quant"] if config["bits"] else ""]
    return " ".join(word for word in words if word)


def fastest_of(peers, seconds, until, problems=None):
    """(speed, peer) of the fastest of the (peer, name) that came up by `until`; the others are closed."""
    alive = []
    for peer, name in peers:
        if peer.ready(until - time.monotonic()):
            alive.append((peer, name))
            continue
        if problems is not None:
            problems.append(f"{name}: {peer.problem()}")
        peer.close()
    best = None
    for peer, name in alive:
        speed = peer.run(seconds)
        if best is not None and speed <= best[0]:
            peer.close()
            continue
        if best is not None:
            best[1].close()
        best = (speed, peer, name)
    return best


def fastest_torch(args, config):
    best = None
    quants = ["none"] if config["bits"] == 0 else ["fused", "hand"]
    for quant, layout, capability in itertools.product(quants, [True, False], ["", "avx512"]):
        settings = {**config, "quant": quant, "channels_last": layout}
        found = fastest_of([(Torch(args.python, settings, capability), setting_name(settings, capability))],
                           args.seconds / 2, time.monotonic() + 600)
        if found is None:
            continue
        if best is None or found[0] > best[0]:
            if best is not None:
                best[1].close()
            best = found
        else:
            found[1].close()
    if best is None:
        sys.exit(f"error: {args.python} cannot import torch")
    return best[2], best[1]


def fastest_torch_on_card(args, config, problems):
    """Settings first, at the first batch size; then the other batch sizes with the best. They start side by side, for
    compiling takes long, and are timed one after the other."""
    until = min(args.until, time.monotonic() + args.start_seconds)
    quants = ["none"] if config["bits"] == 0 else ["hand", "fused"]
    candidates = []
    for quant, (compiled, graph) in itertools.product(quants, [(True, True), (False, True), (True, False)]):
        if quant == "fused" and compiled:
            continue  # its observers break the compiled graph apart
        candidates.append({**config, "batch": args.batches[0], "quant": quant, "channels_last": True, "compile": compiled,
                           "graph": graph})
    if config["bits"]:
        candidates.append({**candidates[-1], "quant": "fused", "compile": False, "graph": False})
    best = fastest_of([(Torch(args.python, c), setting_name(c)) for c in candidates], args.seconds, until, problems)
    if best is None:
        return None
    others = [{**best[1].config, "batch": batch} for batch in args.batches[1:]]
    until = min(args.until, time.monotonic() + args.start_seconds)
    again = fastest_of([(Torch(args.python, c), setting_name(c)) for c in others], args.seconds, until, problems)
    if again is not None and again[0] > best[0]:
        best[1].close()
        return again
    if again is not None:
        again[1].close()
    return best


def fixynn(args, config):
    command = [args.bench, config["work"], "--size", config["size"], "--batch", config["batch"], "--fixed-layers",
               config["fixed_layers"], "--bits", config["bits"], "--seconds", args.seconds]
    if config["device"] == "cuda":
        command += ["--device", "cuda", "--threads", 0, "--precision", config["precision"], "--convolutions", args.convolutions]
    else:
        command += ["--device", "cpu", "--threads", config["threads"]]
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {args.bench}: {(result.stderr.strip().splitlines() or ['no message'])[-1]}")
    return json.loads(result.stdout)


KINDS = {("train", 0): "training, float", ("train", 8): "training, fake-quantised", ("eval", 8): "evaluation, quantised"}


def alternate(args, ours_config, peer):
    """Medians of both, the median of the ratios, and the last result of fixynn-bench."""
    ours, theirs, result = [], [], {}
    for _ in range(args.rounds):
        result = fixynn(args, ours_config)
        ours.append(result["images_per_second"])
        theirs.append(peer.run(args.seconds))
    if min(theirs) == 0:
        sys.exit(f"error: PyTorch stopped: {peer.problem()}")
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    return statistics.median(ours), statistics.median(theirs), ratio, result


def write_rows(args, rows):
    if args.json:
        with open(args.json, "w") as out:
            json.dump(rows, out, indent=1)


def compare_on_cpu(args):
    rows = []
    print("| work | size | threads | fixynn images/s | PyTorch images/s | ratio | PyTorch's best setting | MiB |")
    print("|---|---|---|---|---|---|---|---|")
    for (work, bits), size, threads in itertools.product([("train", 0), ("train", 8), ("eval", 8)], args.sizes, args.threads):
        config = dict(work=work, size=size, batch=args.batch, fixed_layers=args.fixed_layers, bits=bits, threads=threads,
                      device="cpu")
        setting, peer = fastest_torch(args, config)
        ours, theirs, ratio, result = alternate(args, config, peer)
        peer.close()
        memory = result.get("peak_rss_bytes", 0) / 2**20
        rows.append({**config, "images_per_second": ours, "torch": peer.version, "torch_setting": setting,
                     "torch_images_per_second": theirs, "ratio": ratio, "peak_mib": memory})
        print(f"| {KINDS[work, bits]} | {size} | {threads} | {ours:,.0f} | {theirs:,.0f} "
              f"| {ratio:.1f} | {setting} | {memory:.0f} |", flush=True)
        write_rows(args, rows)
    print(f"\nPyTorch {rows[0]['torch']}, batch {args.batch}, {args.fixed_layers} fixed layers, {args.rounds} alternating "
          f"rounds of {args.seconds:g} s")


def compare_on_card(args):
    rows, problems = [], []
    print("| work | size | precision | fixynn images/s (batch) | PyTorch images/s (batch) | ratio | PyTorch's best setting |")
    print("|---|---|---|---|---|---|---|")
    for precision, bits, size in itertools.product(args.precisions, args.bits, args.sizes):
        if time.monotonic() > args.until:
            print(f"\nno time was left for {precision}, {bits} bits, {size} pixels", flush=True)
            continue
        config = dict(work="train", size=size, fixed_layers=args.fixed_layers, bits=bits, precision=precision, device="cuda",
                      threads=1)
        best = fastest_torch_on_card(args, config, problems)
        if best is None:
            print(f"\nPyTorch did not run: {problems[-1] if problems else 'no setting came up'}", flush=True)
            continue
        _, peer, setting = best
        ours_at = max((fixynn(args, {**config, "batch": batch})["images_per_second"], batch) for batch in args.batches)
        ours, theirs, ratio, result = alternate(args, {**config, "batch": ours_at[1]}, peer)
        peer.close()
        rows.append({**config, "batch": ours_at[1], "images_per_second": ours, "share_of_floor": result["share_of_floor"],
                     "torch": peer.version, "torch_setting": setting, "torch_batch": peer.config["batch"],
                     "torch_images_per_second": theirs, "ratio": ratio, "convolutions": args.convolutions})
        print(f"| {KINDS['train', bits]} | {size} | {precision} | {ours:,.0f} ({ours_at[1]}) | {theirs:,.0f} "
              f"({peer.config['batch']}) | {ratio:.1f} | {setting} |", flush=True)
        write_rows(args, rows)
    for problem in dict.fromkeys(problems):
        print(f"PyTorch setting left out: {problem}")
    if not rows:
        sys.exit("error: nothing was compared")
    print(f"\nPyTorch {rows[0]['torch']}, {args.fixed_layers} fixed layers, {args.rounds} alternating rounds of "
          f"{args.seconds:g} s")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ints = lambda text: [int(v) for v in text.split(",")]
    p.add_argument("--bench", required=True)
    p.add_argument("--python", default=sys.executable)
    p.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    p.add_argument("--sizes", type=ints, default=[32, 96, 224])
    p.add_argument("--threads", type=ints, default=[1, 2])
    p.add_argument("--fixed-layers", type=int, default=7)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--json")
    on_card = p.add_argument_group("with --device cuda")
    on_card.add_argument("--precisions", type=lambda text: text.split(","), default=["bf16", "tf32", "fp32"])
    on_card.add_argument("--bits", type=ints, default=[0, 8])
    on_card.add_argument("--batches", type=ints, default=[256, 512])
    on_card.add_argument("--convolutions", choices=["custom", "cudnn"], default="custom")
    on_card.add_argument("--minutes", type=float, default=60, help="begin no row after so long")
    on_card.add_argument("--start-seconds", type=float, default=150, help="longest wait for PyTorch to compile")
    args = p.parse_args()
    args.until = time.monotonic() + 60 * args.minutes
    if args.device == "cuda":
        compare_on_card(args)
    else:
        compare_on_cpu(args)


main()
