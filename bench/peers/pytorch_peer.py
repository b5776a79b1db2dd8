#!/usr/bin/python3
"""The training steps and losses of bench/peers/README.md in PyTorch, behind its line protocol."""

import json
import os
import sys
import time

LEARNING_RATE, MOMENTUM, BATCH, WARM_UP = 1e-3, 0.9, 128, 5
TASK_WEIGHT, DISTILLATION_WEIGHT, TEMPERATURE = 0.1, 0.9, 4.0
OPENBLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp"


def settings(name):
    """The environment in which PyTorch was measured to be fastest: OpenBLAS, a malloc that keeps memory, huge pages."""
    chosen = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 34), "MALLOC_TOP_PAD_": str(1 << 24)}
    small = name == "loss-128x10"
    chosen["ATEN_CPU_CAPABILITY"] = "avx2" if small else "avx512"
    if not name.startswith("loss"):
        chosen["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1"
    if os.path.isdir(OPENBLAS):
        chosen["LD_LIBRARY_PATH"] = OPENBLAS + ":" + os.environ.get("LD_LIBRARY_PATH", "")
    return {**os.environ, **chosen}


def read_first_line():
    """Reads one line without buffering, so that the lines after it can still be read after exec."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            break
        line += byte
    return line.decode().strip()


def hash_uniform(count, stream, numpy):
    """u(i, stream) in [-1, 1) for i < count, as the README defines it."""
    x = (numpy.arange(count, dtype=numpy.uint64) + stream * 0x9E3779B9) & 0xFFFFFFFF
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        x = ((x ^ (x >> shift)) * factor) & 0xFFFFFFFF
    return x / 2.0**31 - 1


class Steps:
    """Builds a step by its name; a step is a function without arguments that returns the loss tensor."""

    def __init__(self):
        import numpy
        import torch

        self.numpy, self.torch, self.functional = numpy, torch, torch.nn.functional
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
        torch.set_flush_denormal(True)

    def uniform(self, shape, stream, scale=1.0):
        count = int(self.numpy.prod(shape))
        return self.torch.tensor(hash_uniform(count, stream, self.numpy) * scale, dtype=self.torch.float32).view(shape)

    def labels(self, rows, classes):
        bits = (hash_uniform(rows, 101, self.numpy) + 1) * 2.0**31
        return self.torch.tensor(bits.astype(self.numpy.int64) % classes)

    def linear(self, inputs, outputs, layer):
        result = self.torch.nn.Linear(inputs, outputs)
        result.weight.data = self.uniform((outputs, inputs), 4 * layer, (6 / inputs) ** 0.5)
        result.bias.data = self.uniform((outputs,), 4 * layer + 1, 0.05)
        return result

    def convolution(self, inputs, outputs, layer):
        nn = self.torch.nn
        conv, norm = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)
        krsc = self.uniform((outputs, 3, 3, inputs), 4 * layer, (6 / (9 * inputs)) ** 0.5)
        conv.weight.data = krsc.permute(0, 3, 1, 2).contiguous()
        norm.weight.data = 1 + self.uniform((outputs,), 4 * layer + 1, 0.1)
        norm.bias.data = self.uniform((outputs,), 4 * layer + 2, 0.1)
        return [conv, norm, nn.ReLU(inplace=True)]

    def mlp(self):
        nn = self.torch.nn
        relu = [nn.ReLU(inplace=True), nn.ReLU(inplace=True)]
        layers = [self.linear(784, 1200, 0), relu[0], self.linear(1200, 1200, 1), relu[1], self.linear(1200, 10, 2)]
        return nn.Sequential(nn.Flatten(), *layers)

    def convnet(self):
        nn, channels_last = self.torch.nn, self.torch.channels_last
        first = self.linear(3136, 128, 4)
        nhwc_columns = first.weight.data.view(128, 7, 7, 64)
        first.weight.data = nhwc_columns.permute(0, 3, 1, 2).reshape(128, 3136).contiguous()
        model = nn.Sequential(
            *self.convolution(1, 32, 0), *self.convolution(32, 32, 1), nn.MaxPool2d(2),
            *self.convolution(32, 64, 2), *self.convolution(64, 64, 3), nn.MaxPool2d(2),
            nn.Flatten(), first, nn.ReLU(inplace=True), self.linear(128, 10, 5),
        )  # fmt: skip
        return model.to(memory_format=channels_last)

    def registered(self, name):
        """A network of networks.py with hashed weights, layers numbered in the order of their weights."""
        import networks

        model, layer, vectors = networks.build(name, 10), -1, 0
        for parameter in model.parameters():
            if parameter.dim() > 1:
                layer, vectors, convolution = layer + 1, 0, parameter.dim() == 4
                outputs, inputs, *window = parameter.shape
                scale = (6 / (parameter.numel() // outputs)) ** 0.5
                values = self.uniform((outputs, *window, inputs), 4 * layer, scale)
                parameter.data = values.permute(0, 3, 1, 2).contiguous() if convolution else values
            elif not convolution:
                parameter.data = self.uniform(parameter.shape, 4 * layer + 1, 0.05)
            else:
                vectors += 1
                shift = self.uniform(parameter.shape, 4 * layer + min(vectors, 2), 0.1)
                parameter.data = 1 + shift if vectors == 1 else shift
        return model.to(memory_format=self.torch.channels_last)

    def pixels(self, height, width, channels):
        """The stored images, as bytes."""
        bits = (hash_uniform(BATCH * height * width * channels, 100, self.numpy) + 1) * 2.0**31
        pixels = self.torch.tensor((bits.astype(self.numpy.int64) >> 24).astype(self.numpy.uint8))
        pixels = pixels.view(BATCH, height, width, channels).permute(0, 3, 1, 2)
        return pixels.contiguous(memory_format=self.torch.channels_last)

    def crop_and_flip(self, pixels):
        """Crops each image at random after adding four black pixels and mirrors half of them, as torchvision does."""
        torch, (height, width) = self.torch, pixels.shape[2:]
        padded = self.functional.pad(pixels, (4, 4, 4, 4))
        tops, lefts = torch.randint(9, (2, len(pixels))).tolist()
        flips = (torch.rand(len(pixels)) < 0.5).tolist()
        views = torch.empty_like(pixels)
        for view, source, top, left, flip in zip(views, padded, tops, lefts, flips):
            crop = source[:, top : top + height, left : left + width]
            view.copy_(crop.flip(2) if flip else crop)
        return views

    def normalized(self, pixels):
        return pixels.float().div_(255).sub_(0.5).div_(0.25)

    def training_step(self, network, augmented, bf16):
        torch, functional = self.torch, self.functional
        teacher, _, student = network.rpartition("-")
        small = student in ("mlp", "convnet")
        model = getattr(self, student)() if small else self.registered(student)
        pixels = self.pixels(*((28, 28, 1) if small else (32, 32, 3)))
        taught = self.registered(teacher).eval() if teacher else None
        targets = self.labels(BATCH, 10)

        def answers(images):
            with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                return taught(images).float()

        table = answers(self.normalized(pixels)) if taught and not augmented else None
        optimiser = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, foreach=False)

        def step():
            optimiser.zero_grad(set_to_none=True)
            order = torch.randperm(BATCH)
            picked = pixels[order]
            images = self.normalized(self.crop_and_flip(picked) if augmented else picked)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                logits = model(images)
            if taught:
                target_logits = answers(images) if augmented else table[order]
                loss = self.distillation_loss(logits.float(), target_logits, targets[order])
            else:
                loss = functional.cross_entropy(logits.float(), targets[order])
            loss.backward()
            optimiser.step()
            return loss

        return step

    def distillation_loss(self, student, teacher, targets):
        functional = self.functional
        task = functional.cross_entropy(student, targets)
        log_p = functional.log_softmax(student / TEMPERATURE, 1)
        log_q = functional.log_softmax(teacher / TEMPERATURE, 1)
        divergence = functional.kl_div(log_p, log_q, reduction="batchmean", log_target=True)
        return TASK_WEIGHT * task + DISTILLATION_WEIGHT * TEMPERATURE**2 * divergence

    def loss_step(self, rows, classes):
        student, teacher = self.uniform((rows, classes), 100, 4), self.uniform((rows, classes), 102, 4)
        targets = self.labels(rows, classes)
        student.requires_grad_()

        def step():
            student.grad = None
            loss = self.distillation_loss(student, teacher, targets)
            loss.backward()
            return loss

        return step

    def build(self, name):
        kind, _, which = name.rpartition("-")
        if which in ("fp32", "bf16"):
            return self.training_step(kind.removesuffix("-augmented"), kind.endswith("-augmented"), which == "bf16")
        if name in ("loss-128x10", "loss-128x1000", "loss-4096x100"):
            return self.loss_step(*map(int, which.split("x")))
        raise KeyError(name)


def peak_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def blas():
    with open("/proc/self/maps") as maps:
        return "openblas" if "openblas" in maps.read() else "reference"


class Peer:
    """Answers the lines of the protocol."""

    def __init__(self):
        self.steps, self.built, self.warm, self.values = Steps(), {}, set(), {}

    def answer(self, line):
        words = line.split()
        if words == ["about"]:
            return {"pytorch": self.steps.torch.__version__, "blas": blas()}
        try:
            first = words[0] == "first"
            name, iterations = words[1 if first else 0], 1 if first else int(words[1])
            if name not in self.built:
                self.built[name] = self.steps.build(name)
        except (IndexError, KeyError, ValueError):
            return {"error": f"cannot parse {line!r}: expected NAME ITERATIONS, first NAME, or about"}
        return self.run(name, iterations, first)

    def run(self, name, iterations, first):
        step, times, warm_up = self.built[name], [], WARM_UP
        if name not in self.values:
            start = time.perf_counter()
            self.values[name] = float(step().detach())
            times, warm_up = [(time.perf_counter() - start) * 1e3] if first else [], WARM_UP - 1
        if not first and name not in self.warm:
            for _ in range(warm_up):
                step()
            self.warm.add(name)
        while len(times) < iterations:
            start = time.perf_counter()
            step()
            times.append((time.perf_counter() - start) * 1e3)
        milliseconds = [round(t, 5) for t in times]
        return {"name": name, "ms": milliseconds, "peak_mb": round(peak_mb(), 1), "value": self.values[name]}


def main():
    if len(sys.argv) == 1:
        line = read_first_line()
        if line:
            name = line.split()[1] if line.startswith("first ") else line.split()[0]
            os.execve(sys.executable, [sys.executable, os.path.abspath(__file__), line], settings(name))
        return
    peer = Peer()
    print(json.dumps(peer.answer(sys.argv[1])), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(peer.answer(line.strip())), flush=True)


if __name__ == "__main__":
    main()
