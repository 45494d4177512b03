# SPDX-License-Identifier: Apache-2.0
"""Run directories for window_test.py, written by the test itself: what fixynn-train writes, in little."""
import json
import os
import socket
import subprocess
import time

CONFIG = """name: signs
data: {kind: gtsrb, root: /nowhere, label: synth-signs, size: 48}
model: {alpha: 0.25}
fixed_layers: [0, 7, 14]
train: {epochs: 10, batch_size: 64, learning_rate: 0.1}
"""
LITTLE_JOB = """name: little
data: {{kind: gtsrb, root: {root}, label: synth-signs, size: 32}}
model: {{alpha: 0.25}}
fixed_layers: [0]
train: {{epochs: {epochs}, batch_size: 16, learning_rate: 0.01, warmup_epochs: 1}}
engine: {{threads: 1}}
"""


def epoch_line(fixed_layers, epoch):
    return json.dumps({"fixed_layers": fixed_layers, "seed": 1, "epoch": epoch, "epochs": 10, "step": 100 * epoch,
                       "learning_rate": 0.1, "train_loss": 3 / epoch, "train_top1_percent": 9.0 * epoch,
                       "validation_top1_percent": 9.5 * epoch, "fake_quantised": True, "images_per_second": 1000,
                       "wall_seconds": epoch}) + "\n"


def loss_line(step):
    return json.dumps({"fixed_layers": 0, "seed": 1, "epoch": 1 + step // 100, "step": step, "loss": 30 / (9 + step),
                       "images_per_second": 1000, "wall_seconds": step / 100}) + "\n"


def point_line(fixed_layers, top1):
    return json.dumps({"dataset": "synth-signs", "fixed_layers": fixed_layers, "seed": 1, "weight_bits": 8,
                       "activation_bits": 8, "back_end_bits": 8, "top1_percent": top1, "float_path_top1_percent": top1,
                       "validation_top1_percent": None, "images_tested": 1290, "frozen_weights_sha256": "",
                       "network": f"networks/fixed_{fixed_layers:02}.safetensors", "train_images_per_second": 1000,
                       "wall_seconds": 60}) + "\n"


def append(file, text):
    with open(file, "a") as out:
        out.write(text)


def write_status(folder, state, beat=0, progress=0.5):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + beat))
    status = {"state": state, "message": "", "progress": progress, "eta_seconds": 60, "fixed_layers": 0, "seed": 1,
              "epoch": 1, "epochs": 10, "step": 100, "steps": 1000, "images_per_second": 1000, "pid": os.getpid(),
              "host": socket.gethostname(), "heartbeat": now}
    (folder / "status.new").write_text(json.dumps(status))
    (folder / "status.new").rename(folder / "status.json")


def write_run(folder, state="finished"):
    """Three trainings of ten epochs, or one that is going on."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "log.txt").write_text("begun\n")
    trainings = [(0, 96.0), (7, 95.1), (14, 91.7)] if state == "finished" else [(0, 96.0)]
    (folder / "metrics.jsonl").write_text("".join(epoch_line(n, e) for n, _ in trainings for e in range(1, 11)))
    (folder / "losses.jsonl").write_text("".join(loss_line(10 * i) for i in range(1, 100)))
    (folder / "points.jsonl").write_text("".join(point_line(n, top1) for n, top1 in trainings))
    write_status(folder, state)
    return folder


def write_job_config(folder, programs, epochs=10000):
    """A configuration that trains for as long as it is let, on generated images."""
    folder.mkdir(parents=True)
    subprocess.run([programs / "fixynn-data", "synth-signs", folder / "signs", "--train-per-class", "10",
                    "--test-per-class", "1", "--size", "32"], check=True, stdout=subprocess.DEVNULL)
    config = folder / "little.yaml"
    config.write_text(LITTLE_JOB.format(root=folder / "signs", epochs=epochs))
    return config
