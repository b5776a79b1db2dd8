#!/usr/bin/python3
"""Writes the JSON files beside it from PyTorch; README.md says what they hold. Run with Debian's python3-torch and python3-torchvision."""

import gzip
import json
import pathlib

import numpy
import torch
from torch.nn import functional
from torchvision import __version__ as torchvision_version
from torchvision.transforms import functional as torchvision

HERE = pathlib.Path(__file__).resolve().parent
MNIST = HERE.parent.parent / "data" / "mnist"


def hash32(count, stream):
    """hash(i, stream) for i < count: 32-bit arithmetic only, the same in every language."""
    x = (numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(stream * 0x9E3779B9)) & numpy.uint64(0xFFFFFFFF)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        x = ((x ^ (x >> numpy.uint64(shift))) * numpy.uint64(factor)) & numpy.uint64(0xFFFFFFFF)
    return x


def uniform(shape, stream, scale=1.0):
    """scale * u(i, stream), i row-major, in float64."""
    values = hash32(int(numpy.prod(shape)), stream) / 2.0**31 - 1
    return torch.tensor(values * scale, dtype=torch.float64).view(shape)


def flat(tensor):
    return tensor.detach().double().reshape(-1).tolist()


def write(name, content):
    document = {"made_by": "tests/values/make_values.py", "pytorch": torch.__version__, **content}
    lines = [f"{json.dumps(key)}: {rows(value)}" for key, value in document.items()]
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def rows(value):
    """A list of objects one a line, anything else on its own line."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n  " + ",\n  ".join(json.dumps(entry) for entry in value) + "\n]"
    return json.dumps(value)


OPTIMISERS = [
    ("sgd", torch.optim.SGD, dict(lr=0.1)),
    ("sgd", torch.optim.SGD, dict(lr=0.1, weight_decay=0.01)),
    ("sgd", torch.optim.SGD, dict(lr=0.1, momentum=0.9)),
    ("sgd", torch.optim.SGD, dict(lr=0.1, momentum=0.9, weight_decay=0.01)),
    ("sgd", torch.optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True)),
    ("sgd", torch.optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)),
    ("adam", torch.optim.Adam, dict(lr=0.01, betas=(0.9, 0.999), eps=1e-8)),
    ("adam", torch.optim.Adam, dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3)),
    ("adam", torch.optim.Adam, dict(lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)),
    ("adamw", torch.optim.AdamW, dict(lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)),
    ("adamw", torch.optim.AdamW, dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.5)),
]
OPTIMISER_STEPS, ELEMENTS, EMA_DECAY = 5, 8, 0.9


def optimiser_case(name, make, options):
    parameter = torch.nn.Parameter(uniform((ELEMENTS,), 1))
    optimiser = make([parameter], **options)
    average, after, averages = parameter.detach().clone(), [], []
    for step in range(OPTIMISER_STEPS):
        parameter.grad = uniform((ELEMENTS,), 2 + step)
        optimiser.step()
        average = EMA_DECAY * average + (1 - EMA_DECAY) * parameter.detach()
        after.append(flat(parameter))
        averages.append(flat(average))
    full = {"momentum": 0.0, "nesterov": False, **options} if name == "sgd" else dict(options)
    return {"optimiser": name, "weight_decay": 0.0, **full, "after": after, "ema": averages}


def optimisers():
    gradients = [flat(uniform((ELEMENTS,), 2 + step)) for step in range(OPTIMISER_STEPS)]
    cases = [optimiser_case(*case) for case in OPTIMISERS]
    start = flat(uniform((ELEMENTS,), 1))
    write("optimisers.json", {"start": start, "gradients": gradients, "ema_decay": EMA_DECAY, "cases": cases})


MUON_SHAPES, MUON_STEPS = [(5, 6), (7, 5), (3, 7)], 3
MUON = {"lr": 0.02, "momentum": 0.95, "weight_decay": 0.1}


def orthogonalised(gradient):
    """The iteration of Muon's publication, on the wide orientation, in float64."""
    tall = gradient.shape[0] > gradient.shape[1]
    x = gradient.T if tall else gradient
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        gram = torch.mm(x, x.T)
        x = 3.4445 * x + torch.mm(-4.7750 * gram + 2.0315 * torch.mm(gram, gram), x)
    return x.T if tall else x


def muon_case(shape, stream):
    weight, momentum, gradients, after = uniform(shape, stream), torch.zeros(shape, dtype=torch.float64), [], []
    start = flat(weight)
    for step in range(MUON_STEPS):
        gradient = uniform(shape, stream + 1 + step)
        momentum = MUON["momentum"] * momentum + gradient
        direction = orthogonalised(gradient + MUON["momentum"] * momentum)
        factor = max(1.0, shape[0] / shape[1]) ** 0.5
        weight = weight * (1 - MUON["lr"] * MUON["weight_decay"]) - MUON["lr"] * factor * direction
        gradients.append(flat(gradient))
        after.append(flat(weight))
    return {"shape": shape, "start": start, "gradients": gradients, "after": after}


def muon():
    write("muon.json", {**MUON, "matrices": [muon_case(shape, 600 + 10 * i) for i, shape in enumerate(MUON_SHAPES)]})


LOSS_ROWS, IGNORED_ROW, IGNORE_INDEX, LOGIT_SCALE = 4, 2, -100, 4.0


def loss_inputs(classes):
    student = uniform((LOSS_ROWS, classes), 100, LOGIT_SCALE).requires_grad_()
    teacher = uniform((LOSS_ROWS, classes), 102, LOGIT_SCALE)
    labels = torch.tensor(hash32(LOSS_ROWS, 101).astype(numpy.int64) % classes)
    labels[IGNORED_ROW] = IGNORE_INDEX
    return student, teacher, labels


def cross_entropy_case(classes, smoothing):
    student, _, labels = loss_inputs(classes)
    loss = functional.cross_entropy(student, labels, label_smoothing=smoothing, ignore_index=IGNORE_INDEX)
    loss.backward()
    result = {"classes": classes, "label_smoothing": smoothing, "labels": labels.tolist()}
    return {**result, "loss": loss.item(), "gradient": flat(student.grad)}


def distillation_case(classes, temperature, task_weight, distill_weight):
    student, teacher, labels = loss_inputs(classes)
    kept = labels != IGNORE_INDEX
    log_p = functional.log_softmax(student[kept] / temperature, 1)
    q = functional.softmax(teacher[kept] / temperature, 1)
    hard = functional.cross_entropy(student, labels, ignore_index=IGNORE_INDEX)
    soft = temperature**2 * functional.kl_div(log_p, q, reduction="batchmean")
    loss = task_weight * hard + distill_weight * soft
    loss.backward()
    weights = {"temperature": temperature, "task_weight": task_weight, "distill_weight": distill_weight}
    parts = {"hard": hard.item(), "soft": soft.item(), "loss": loss.item()}
    return {"classes": classes, **weights, "labels": labels.tolist(), **parts, "gradient": flat(student.grad)}


def losses():
    sizes, temperatures, weights = (2, 3, 10, 33), (1.0, 4.0, 20.0), ((0.1, 0.9), (0.0, 1.0))
    plain = [cross_entropy_case(c, smoothing) for c in sizes for smoothing in (0.0, 0.1)]
    distilled = [distillation_case(c, t, *w) for c in sizes for t in temperatures for w in weights]
    common = {"rows": LOSS_ROWS, "ignore_index": IGNORE_INDEX, "logit_scale": LOGIT_SCALE}
    write("losses.json", {**common, "cross_entropy": plain, "distillation": distilled})


def mnist(count):
    with gzip.open(MNIST / "train-images-idx3-ubyte.gz") as images:
        pixels = numpy.frombuffer(images.read(16 + count * 784)[16:], numpy.uint8)
    with gzip.open(MNIST / "train-labels-idx1-ubyte.gz") as labels:
        classes = numpy.frombuffer(labels.read(8 + count)[8:], numpy.uint8)
    images = torch.tensor((pixels / 255.0 - 0.1307) / 0.3081).view(count, 1, 28, 28)
    return images, torch.tensor(classes.astype(numpy.int64))


def linear(inputs, outputs, layer):
    result = torch.nn.Linear(inputs, outputs)
    result.weight.data = uniform((outputs, inputs), 4 * layer, (6 / inputs) ** 0.5)
    result.bias.data = uniform((outputs,), 4 * layer + 1, 0.05)
    return result


def convolution(inputs, outputs, layer):
    conv, norm = torch.nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), torch.nn.BatchNorm2d(outputs)
    krsc = uniform((outputs, 3, 3, inputs), 4 * layer, (6 / (9 * inputs)) ** 0.5)
    conv.weight.data = krsc.permute(0, 3, 1, 2).contiguous()
    norm.weight.data = 1 + uniform((outputs,), 4 * layer + 1, 0.1)
    norm.bias.data = uniform((outputs,), 4 * layer + 2, 0.1)
    return [conv, norm, torch.nn.ReLU()]


def mlp():
    nn = torch.nn
    return nn.Sequential(nn.Flatten(), linear(784, 64, 0), nn.ReLU(), linear(64, 32, 1), nn.ReLU(), linear(32, 10, 2))


def convnet():
    nn = torch.nn
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*convolution(1, 8, 0), nn.MaxPool2d(2), *convolution(8, 16, 1), *pooled, linear(16, 10, 2))


TRAINING = {"batch": 32, "learning_rate": 0.05, "momentum": 0.9, "mean": 0.1307, "std": 0.3081}
TRAINING_STEPS = 10


def first_losses(make, dtype):
    """The loss of each step before its update; the weights are rounded to float32 first, in either type."""
    model = make().float().to(dtype)
    optimiser = torch.optim.SGD(model.parameters(), lr=TRAINING["learning_rate"], momentum=TRAINING["momentum"])
    images, labels = mnist(TRAINING_STEPS * TRAINING["batch"])
    images, values = images.float().to(dtype), []
    for batch, target in zip(images.split(TRAINING["batch"]), labels.split(TRAINING["batch"])):
        optimiser.zero_grad()
        loss = functional.cross_entropy(model(batch), target)
        loss.backward()
        optimiser.step()
        values.append(float(f"{loss.item():.9g}"))
    return values


def training():
    networks = []
    for name, make in (("mlp", mlp), ("convnet", convnet)):
        losses = {"f64": first_losses(make, torch.float64), "f32": first_losses(make, torch.float32)}
        networks.append({"network": name, **losses})
    write("training.json", {**TRAINING, "networks": networks})


SCHEDULE_STEPS = 20


def schedule_case(name, options, make):
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule, rates = make(optimiser), []
    for _ in range(SCHEDULE_STEPS):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if len(rates) < SCHEDULE_STEPS:
            schedule.step()
    return {"schedule": name, **options, "rates": rates}


def schedules():
    lr = torch.optim.lr_scheduler
    one_cycle = {"max_lr": 1.0, "total_steps": SCHEDULE_STEPS, "pct_start": 0.3, "div_factor": 25.0, "final_div_factor": 1e4}
    cosine, step = {"T_max": SCHEDULE_STEPS, "eta_min": 0.0}, {"step_size": 6, "gamma": 0.1}
    cases = [
        schedule_case("one-cycle", one_cycle, lambda o: lr.OneCycleLR(o, **one_cycle, anneal_strategy="cos")),
        schedule_case("cosine", cosine, lambda o: lr.CosineAnnealingLR(o, **cosine)),
        schedule_case("step", step, lambda o: lr.StepLR(o, **step)),
    ]
    write("schedules.json", {"base_lr": 1.0, "cases": cases})


COLOR_AMOUNTS = [
    ("brightness", torchvision.adjust_brightness, (0.0, 0.3, 1.0, 1.7)),
    ("contrast", torchvision.adjust_contrast, (0.0, 0.3, 1.0, 1.7)),
    ("saturation", torchvision.adjust_saturation, (0.0, 0.3, 1.0, 1.7)),
    ("hue", torchvision.adjust_hue, (-0.5, -0.1, 0.0, 0.03, 0.4)),
    ("solarize", lambda image, amount: torchvision.solarize(image, amount / 255), (0.0, 60.0, 128.0, 200.0)),
    ("posterize", torchvision.posterize, (1, 4, 8)),
    ("autocontrast", lambda image, _: torchvision.autocontrast(image), (0.0,)),
    ("equalize", lambda image, _: torchvision.equalize(image), (0.0,)),
]
OF_BYTES = ("posterize", "equalize")


def byte_image(operation, channels):
    """[channels, height, width] of bytes: values from 40 to 199; for equalize more of them, and darker ones more often."""
    height, width = (18, 16) if operation == "equalize" else (5, 6)
    values = 40 + torch.tensor((hash32(height * width * channels, 200) % numpy.uint64(160)).astype(numpy.int64))
    if operation == "equalize":
        values = values * values // 200
    return values.view(height, width, channels).permute(2, 0, 1).to(torch.uint8)


def color_case(name, operation, channels, amount):
    image = byte_image(name, channels)
    scaled = image if name in OF_BYTES else image.double() / 255
    result = operation(scaled, amount).double() * (1 if name in OF_BYTES else 255)
    values = [float(f"{value:.8g}") for value in flat(result.permute(1, 2, 0))]
    return {"operation": name, "amount": amount, "channels": channels, "height": image.shape[1],
            "width": image.shape[2], "result": values}  # fmt: skip


def colors():
    cases = [
        color_case(name, operation, channels, amount)
        for name, operation, amounts in COLOR_AMOUNTS
        for channels in (1, 3)
        for amount in amounts
    ]
    write("colors.json", {"torchvision": torchvision_version, "cases": cases})


RESIZES = [(9, 9, 1, "stretch", 9), (32, 32, 3, "stretch", 8), (17, 23, 3, "stretch", 5), (5, 7, 1, "stretch", 12),
           (40, 31, 3, "stretch", 32), (1, 6, 3, "stretch", 4), (17, 23, 3, "crop", 8), (23, 17, 1, "crop", 8),
           (12, 90, 3, "crop", 6), (6, 9, 3, "crop", 13), (33, 32, 1, "crop", 10)]


def resized(image, mode, size):
    """As torchvision's transforms: Resize([size, size]), or Resize(size) and CenterCrop(size)."""
    height, width = image.shape[-2:]
    tall, wide = size, size
    if mode == "crop":
        tall, wide = size * height // min(height, width), size * width // min(height, width)
    image = functional.interpolate(image, size=(tall, wide), mode="bilinear", antialias=True, align_corners=False)
    top, left = int(round((tall - size) / 2.0)), int(round((wide - size) / 2.0))
    return image[..., top : top + size, left : left + size]


def resizes():
    cases = []
    for stream, (height, width, channels, mode, size) in enumerate(RESIZES, 500):
        pixels = torch.tensor((hash32(height * width * channels, stream) >> numpy.uint64(24)).astype(numpy.float64))
        image = pixels.view(1, height, width, channels).permute(0, 3, 1, 2)
        values = resized(image, mode, size).permute(0, 2, 3, 1).reshape(-1)
        cases.append({"stream": stream, "image": [height, width, channels], "mode": mode, "size": size,
                      "values": [round(value, 4) for value in values.tolist()]})
    write("resize.json", {"cases": cases})


if __name__ == "__main__":
    torch.set_num_threads(1)
    colors()
    optimisers()
    muon()
    losses()
    schedules()
    resizes()
    training()
