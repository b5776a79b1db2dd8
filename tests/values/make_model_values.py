#!/usr/bin/python3
"""Writes models.json beside it: what every model of the registry computes in PyTorch; README.md says what it holds."""

import math

import numpy
import torch
from torch import nn
from torch.nn import functional

from make_values import flat, hash32, uniform, write


def conv(i, o, k=3, stride=1, groups=1, bias=False):
    return nn.Conv2d(i, o, k, stride, k // 2, groups=groups, bias=bias)


def pooled(x):
    return x.mean(dim=(2, 3))


class Recorder:
    """What a forward pass offers to losses; activations are the identity of the tensor they are given."""

    def __init__(self):
        self.taps = {}

    def __call__(self, name, x, preact=None):
        if preact is not None:
            self.taps[name + ".preact"] = preact
        self.taps[name] = x
        return x


# --- ResNet: blocks named as torchvision's, the shortcut by a name of choice


class Basic(nn.Module):
    expansion = 1

    def __init__(self, i, width, stride, shortcut):
        super().__init__()
        self.conv1, self.bn1 = conv(i, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width), nn.BatchNorm2d(width)
        add_shortcut(self, shortcut, i, width, stride)

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return y + getattr(self, self.shortcut_name)(x) if self.shortcut_name else y + x


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, i, width, stride, shortcut):
        super().__init__()
        self.conv1, self.bn1 = conv(i, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, 4 * width, 1), nn.BatchNorm2d(4 * width)
        add_shortcut(self, shortcut, i, 4 * width, stride)

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return y + getattr(self, self.shortcut_name)(x) if self.shortcut_name else y + x


def add_shortcut(block, name, i, o, stride):
    block.shortcut_name = name if stride != 1 or i != o else None
    if block.shortcut_name:
        setattr(block, name, nn.Sequential(conv(i, o, 1, stride), nn.BatchNorm2d(o)))


class ResNet(nn.Module):
    """Blocks return the sum; the ReLU behind it is applied here, so that both can be recorded."""

    def __init__(self, stem, widths, blocks, classes, block=Basic, imagenet=False, shortcut="downsample", head="fc"):
        super().__init__()
        self.conv1 = nn.Conv2d(3, stem, 7, 2, 3, bias=False) if imagenet else conv(3, stem)
        self.bn1, self.imagenet, self.stages, self.head = nn.BatchNorm2d(stem), imagenet, len(widths), head
        i = stem
        for stage, (width, count) in enumerate(zip(widths, blocks)):
            layers = []
            for index in range(count):
                layers.append(block(i, width, 2 if stage > 0 and index == 0 else 1, shortcut))
                i = width * block.expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        setattr(self, head, nn.Linear(i, classes))

    def forward(self, x, tap):
        before = self.bn1(self.conv1(x))
        x = tap("stem", functional.relu(before), before)
        if self.imagenet:
            x = functional.max_pool2d(x, 3, 2, 1)
        for stage in range(1, self.stages + 1):
            for block in getattr(self, f"layer{stage}"):
                before = block(x)
                x = functional.relu(before)
            tap(f"stage{stage}", x, before)
        return getattr(self, self.head)(tap("pooled", pooled(x)))


def small_resnet(depth, widths):
    return lambda classes: ResNet(widths[0], widths[1:], [(depth - 2) // 6] * 3, classes)


def large_resnet(depth, imagenet):
    blocks = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3]}[depth]
    names = {} if imagenet else {"shortcut": "shortcut", "head": "linear"}
    block = Bottleneck if depth == 50 else Basic
    return lambda classes: ResNet(64, [64, 128, 256, 512], blocks, classes, block, imagenet, **names)


# --- wide ResNet


class WideBlock(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(i), conv(i, o, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(o), conv(o, o)
        self.convShortcut = conv(i, o, 1, stride) if i != o else None

    def forward(self, x):
        entered = functional.relu(self.bn1(x))
        y = self.conv2(functional.relu(self.bn2(self.conv1(entered))))
        return y + (self.convShortcut(entered) if self.convShortcut else x)


class WideStage(nn.Module):
    def __init__(self, i, o, blocks, stride):
        super().__init__()
        self.layer = nn.Sequential(*[WideBlock(i if b == 0 else o, o, stride if b == 0 else 1) for b in range(blocks)])

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, depth, widen, classes):
        super().__init__()
        widths, blocks = [16, 16 * widen, 32 * widen, 64 * widen], (depth - 4) // 6
        self.conv1 = conv(3, 16)
        self.block1 = WideStage(widths[0], widths[1], blocks, 1)
        self.block2 = WideStage(widths[1], widths[2], blocks, 2)
        self.block3 = WideStage(widths[2], widths[3], blocks, 2)
        self.bn1, self.fc = nn.BatchNorm2d(widths[3]), nn.Linear(widths[3], classes)

    def forward(self, x, tap):
        x = tap("stem", self.conv1(x))
        stages = [self.block1, self.block2, self.block3]
        norms = [self.block2.layer[0].bn1, self.block3.layer[0].bn1, self.bn1]
        for number, (stage, norm) in enumerate(zip(stages, norms), 1):
            x = stage(x)
            tap(f"stage{number}", x, norm(x))
        return self.fc(tap("pooled", pooled(functional.relu(self.bn1(x)))))


# --- VGG


class Vgg(nn.Module):
    def __init__(self, convolutions, classes):
        super().__init__()
        i = 3
        for block, (count, width) in enumerate(zip(convolutions, (64, 128, 256, 512, 512))):
            layers = []
            for _ in range(count):
                layers += [conv(i, width, bias=True), nn.BatchNorm2d(width), nn.ReLU()]
                i = width
            setattr(self, f"block{block}", nn.Sequential(*layers[:-1]))
        self.classifier = nn.Linear(512, classes)

    def forward(self, x, tap):
        pools = 4 if x.shape[2] >= 64 else 3
        for block in range(5):
            before = getattr(self, f"block{block}")(x)
            x = tap(f"stage{block}" if block else "stem", functional.relu(before), before)
            if block < pools:
                x = functional.max_pool2d(x, 2)
        return self.classifier(tap("pooled", pooled(x)))


# --- MobileNetV2

GROUPS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


class InvertedResidual(nn.Module):
    def __init__(self, i, o, stride, expansion, torchvision):
        super().__init__()
        self.residual, wide = stride == 1 and i == o, i * expansion
        relu = nn.ReLU6 if torchvision else nn.ReLU
        expand = [conv(i, wide, 1), nn.BatchNorm2d(wide), relu()]
        depthwise = [conv(wide, wide, 3, stride, wide), nn.BatchNorm2d(wide), relu()]
        project = [conv(wide, o, 1), nn.BatchNorm2d(o)]
        if torchvision:
            first = [nn.Sequential(*expand)] if expansion > 1 else []
            self.conv = nn.Sequential(*first, nn.Sequential(*depthwise), *project)
        else:
            self.conv = nn.Sequential(*expand, *depthwise, *project)

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    """torchvision's names and ReLU6; strides of the stem and of the second group by choice."""

    STAGES = {3: "stage1", 6: "stage2", 13: "stage3", 17: "stage4"}

    def __init__(self, classes, stem_stride, second_stride):
        super().__init__()
        i = 32
        features = [nn.Sequential(conv(3, i, 3, stem_stride), nn.BatchNorm2d(i), nn.ReLU6())]
        for group, (t, o, count, stride) in enumerate(GROUPS):
            stride = second_stride if group == 1 else stride
            for block in range(count):
                features.append(InvertedResidual(i, o, stride if block == 0 else 1, t, True))
                i = o
        features.append(nn.Sequential(conv(i, 1280, 1), nn.BatchNorm2d(1280), nn.ReLU6()))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes))

    def forward(self, x, tap):
        before = self.features[0][:2](x)
        x = tap("stem", functional.relu6(before), before)
        for index, layer in enumerate(self.features[1:], 1):
            x = layer(x)
            if index in self.STAGES:
                tap(self.STAGES[index], x)
        return self.classifier(tap("pooled", pooled(x)))


class HalfMobileNetV2(nn.Module):
    """RepDistiller's MobileNetV2, T = 6, width 0.5."""

    STAGES = {1: "stage1", 2: "stage2", 4: "stage3", 6: "stage4"}

    def __init__(self, classes):
        super().__init__()
        i = 16
        self.conv1 = nn.Sequential(conv(3, i, 3, 2), nn.BatchNorm2d(i), nn.ReLU())
        groups = []
        for group, (t, o, count, stride) in enumerate(GROUPS):
            stride, blocks = 1 if group == 1 else stride, []
            for block in range(count):
                blocks.append(InvertedResidual(i, o // 2, stride if block == 0 else 1, t, False))
                i = o // 2
            groups.append(nn.Sequential(*blocks))
        self.blocks = nn.ModuleList(groups)
        self.conv2 = nn.Sequential(conv(i, 1280, 1), nn.BatchNorm2d(1280), nn.ReLU())
        self.classifier = nn.Sequential(nn.Linear(1280, classes))

    def forward(self, x, tap):
        before = self.conv1[:2](x)
        x = tap("stem", functional.relu(before), before)
        for index, group in enumerate(self.blocks):
            x = group(x)
            if index in self.STAGES:
                tap(self.STAGES[index], x)
        return self.classifier(tap("pooled", pooled(self.conv2(x))))


# --- ShuffleNet


def shuffle(x, groups):
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


class ShuffleV1Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        branch = o - i if stride == 2 else o
        middle, self.stride, self.groups = branch // 4, stride, 1 if i == 24 else 3
        self.conv1, self.bn1 = conv(i, middle, 1, groups=self.groups), nn.BatchNorm2d(middle)
        self.conv2, self.bn2 = conv(middle, middle, 3, stride, middle), nn.BatchNorm2d(middle)
        self.conv3, self.bn3 = conv(middle, branch, 1, groups=3), nn.BatchNorm2d(branch)

    def forward(self, x):
        y = shuffle(functional.relu(self.bn1(self.conv1(x))), self.groups)
        y = self.bn3(self.conv3(functional.relu(self.bn2(self.conv2(y)))))
        return torch.cat([y, functional.avg_pool2d(x, 3, 2, 1)], 1) if self.stride == 2 else y + x


class ShuffleV1(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 24, 1), nn.BatchNorm2d(24)
        i = 24
        for number, (o, count) in enumerate([(240, 4), (480, 8), (960, 4)], 1):
            blocks = [ShuffleV1Block(i if b == 0 else o, o, 2 if b == 0 else 1) for b in range(count)]
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
            i = o
        self.linear = nn.Linear(960, classes)

    def forward(self, x, tap):
        before = self.bn1(self.conv1(x))
        x = tap("stem", functional.relu(before), before)
        for number in (1, 2, 3):
            for block in getattr(self, f"layer{number}"):
                before = block(x)
                x = functional.relu(before)
            tap(f"stage{number}", x, before)
        return self.linear(tap("pooled", pooled(x)))


class ShuffleV2Block(nn.Module):
    """`down`: the first block of a stage. Returns its result and the same without the last ReLUs."""

    def __init__(self, i, o, down, torchvision):
        super().__init__()
        self.down, self.torchvision, half = down, torchvision, o // 2
        right_in, stride = i if down else half, 2 if down else 1
        left = [conv(i, i, 3, 2, i), nn.BatchNorm2d(i), conv(i, half, 1), nn.BatchNorm2d(half)]
        right = [conv(right_in, half, 1), nn.BatchNorm2d(half), conv(half, half, 3, stride, half), nn.BatchNorm2d(half),
                 conv(half, half, 1), nn.BatchNorm2d(half)]
        if torchvision:
            if down:
                self.branch1 = nn.Sequential(*left, nn.ReLU())
            self.branch2 = nn.Sequential(right[0], right[1], nn.ReLU(), *right[2:], nn.ReLU())
        else:
            for index, module in enumerate((left if down else []) + right):
                setattr(self, f"{'bn' if index % 2 else 'conv'}{index // 2 + 1}", module)

    def layers(self):
        """The convolutions and norms of the left branch, and of the right."""
        if self.torchvision:
            return (list(self.branch1[:4]) if self.down else []), [m for m in self.branch2 if not isinstance(m, nn.ReLU)]
        every = [getattr(self, f"{kind}{n}") for n in range(1, 6 if self.down else 4) for kind in ("conv", "bn")]
        return (every[:4], every[4:]) if self.down else ([], every)

    def forward(self, x):
        left, right = self.layers()
        a, b = (x, x) if self.down else x.chunk(2, dim=1)
        for layer in left:
            a = layer(a)
        b = functional.relu(right[1](right[0](b)))
        for layer in right[2:]:
            b = layer(b)
        before = shuffle(torch.cat([a, b], 1), 2)
        active = functional.relu(a) if self.down else a
        return shuffle(torch.cat([active, functional.relu(b)], 1), 2), before


class ShuffleV2(nn.Module):
    def __init__(self, classes, torchvision):
        super().__init__()
        self.torchvision = torchvision
        stem = [conv(3, 24, 3, 2) if torchvision else conv(3, 24, 1), nn.BatchNorm2d(24)]
        last = [conv(464, 1024, 1), nn.BatchNorm2d(1024)]
        if torchvision:
            self.conv1, self.conv5, self.fc = nn.Sequential(*stem), nn.Sequential(*last), nn.Linear(1024, classes)
        else:
            (self.conv1, self.bn1), (self.conv2, self.bn2) = stem, last
            self.linear = nn.Linear(1024, classes)
        i = 24
        for number, (o, count) in enumerate([(116, 4), (232, 8), (464, 4)], 1):
            blocks = [ShuffleV2Block(i if b == 0 else o, o, b == 0, torchvision) for b in range(count)]
            setattr(self, f"stage{number + 1}" if torchvision else f"layer{number}", nn.Sequential(*blocks))
            i = o

    def forward(self, x, tap):
        before = self.conv1(x) if self.torchvision else self.bn1(self.conv1(x))
        x = tap("stem", functional.relu(before), before)
        if self.torchvision:
            x = functional.max_pool2d(x, 3, 2, 1)
        for number in (1, 2, 3):
            for block in getattr(self, f"stage{number + 1}" if self.torchvision else f"layer{number}"):
                x, before = block(x)
            tap(f"stage{number}", x, before)
        x = functional.relu(self.conv5(x) if self.torchvision else self.bn2(self.conv2(x)))
        return (self.fc if self.torchvision else self.linear)(tap("pooled", pooled(x)))


# --- airbench: numbered as in its author's program


class AirGroup(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv1, self.conv2 = conv(i, o), conv(o, o)
        self.norm1, self.norm2 = nn.BatchNorm2d(o, eps=1e-12), nn.BatchNorm2d(o, eps=1e-12)
        for norm in (self.norm1, self.norm2):
            norm.weight.requires_grad = False

    def forward(self, x):
        x = functional.gelu(self.norm1(functional.max_pool2d(self.conv1(x), 2)))
        return self.norm2(self.conv2(x))


class Airbench(nn.Sequential):
    def __init__(self, classes):
        super().__init__(nn.Conv2d(3, 24, 2), nn.GELU(), AirGroup(24, 64), AirGroup(64, 256), AirGroup(256, 256),
                         nn.MaxPool2d(3), nn.Flatten(), nn.Linear(256, classes, bias=False))

    def forward(self, x, tap):
        before = self[0](x)
        x = tap("stem", functional.gelu(before), before)
        for number in (1, 2, 3):
            before = self[number + 1](x)
            x = tap(f"stage{number}", functional.gelu(before), before)
        return self[7](tap("pooled", self[6](self[5](x)))) / 9


# --- the networks for MNIST: our own definitions, numbered by layers with a fused activation counting as one


class Numbered(nn.Module):
    """layers: (number, module, activation, tap)."""

    def __init__(self, layers):
        super().__init__()
        self.steps = [(str(number), activation, tap) for number, _, activation, tap in layers]
        for number, module, _, _ in layers:
            self.add_module(str(number), module)

    def forward(self, x, tap):
        for name, activation, taps in self.steps:
            before = getattr(self, name)(x)
            x = functional.relu(before) if activation else before
            for offered in taps:
                tap(offered, x, before if activation and not (offered == "pooled" and len(taps) > 1) else None)
        return x


def mlp(classes, widths=(800, 800)):
    layers, i = [(0, nn.Flatten(), False, [])], 784
    for index, width in enumerate(widths):
        last = ["pooled"] if index + 1 == len(widths) else []
        layers.append((index + 1, nn.Linear(i, width), True, [f"stage{index + 1}"] + last))
        i = width
    return Numbered(layers + [(len(widths) + 1, nn.Linear(i, classes), False, [])])


def lenet(classes):
    return Numbered([
        (0, nn.Conv2d(1, 6, 5, padding=2), True, ["stage1"]), (2, nn.MaxPool2d(2), False, []),
        (3, nn.Conv2d(6, 16, 5), True, ["stage2"]), (5, nn.MaxPool2d(2), False, []), (6, nn.Flatten(), False, []),
        (7, nn.Linear(400, 120), True, ["stage3"]), (8, nn.Linear(120, 84), True, ["pooled"]),
        (9, nn.Linear(84, classes), False, [])])


def convnet(classes, widths=(32, 64), pixels=28):
    layers, i = [], 1
    for stage, width in enumerate(widths):
        at = 5 * stage
        layers += [(at, conv(i, width), False, []), (at + 1, nn.BatchNorm2d(width), True, []),
                   (at + 2, conv(width, width), False, []), (at + 3, nn.BatchNorm2d(width), True, [f"stage{stage + 1}"]),
                   (at + 4, nn.MaxPool2d(2), False, [])]
        i = width
    at, features = 5 * len(widths), i * (pixels >> len(widths)) ** 2
    return Numbered(layers + [(at, nn.Flatten(), False, []), (at + 1, nn.Linear(features, 128), True, ["pooled"]),
                              (at + 2, nn.Linear(128, classes), False, [])])


# --- values

MNIST, SMALL, LARGE = (28, 1), (32, 3), (64, 3)  # pixels and channels; large networks get smaller images, for speed
MODELS = [("mlp:800x800", MNIST, 10, mlp), ("lenet", MNIST, 10, lenet), ("convnet:32x64", MNIST, 10, convnet)]
MODELS += [(f"resnet{d}", SMALL, 100, small_resnet(d, [16, 16, 32, 64])) for d in (8, 14, 20, 32, 44, 56, 110)]
MODELS += [(f"resnet{d}x4", SMALL, 100, small_resnet(d, [32, 64, 128, 256])) for d in (8, 32)]
MODELS += [(f"resnet{d}", LARGE, 1000, large_resnet(d, True)) for d in (18, 34, 50)]
MODELS += [(f"resnet{d}-cifar", SMALL, 100, large_resnet(d, False)) for d in (18, 34, 50)]
MODELS += [(name, SMALL, 100, lambda classes, d=d, w=w: WideResNet(d, w, classes))
           for name, d, w in (("wrn16-1", 16, 1), ("wrn16-2", 16, 2), ("wrn28-2", 28, 2), ("wrn40-1", 40, 1),
                              ("wrn40-2", 40, 2), ("wrn:22-4", 22, 4))]
VGG = {8: [1] * 5, 11: [1, 1, 2, 2, 2], 13: [2] * 5, 16: [2, 2, 3, 3, 3], 19: [2, 2, 4, 4, 4]}
MODELS += [(f"vgg{d}", SMALL, 100, lambda classes, c=c: Vgg(c, classes)) for d, c in VGG.items()]
MODELS += [("mobilenet_v2", LARGE, 1000, lambda classes: MobileNetV2(classes, 2, 2)),
           ("mobilenet_v2-cifar", SMALL, 100, lambda classes: MobileNetV2(classes, 1, 1)),
           ("mobilenetv2-half", SMALL, 100, HalfMobileNetV2),
           ("shufflev1", SMALL, 100, ShuffleV1),
           ("shufflev2", SMALL, 100, lambda classes: ShuffleV2(classes, False)),
           ("shufflenet_v2_x1_0", LARGE, 1000, lambda classes: ShuffleV2(classes, True)),
           ("airbench94", SMALL, 10, Airbench)]
ROWS, LOGITS_SHOWN = 2, 10


def stream(name):
    """FNV-1a of the name, 32 bits."""
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value


def weights(name, tensor):
    """By the tensor's name and shape, in PyTorch's order of elements, rounded to float32."""
    shape, kind = tuple(tensor.shape), name.rsplit(".", 1)[1]
    if len(shape) > 1:
        values = uniform(shape, stream(name), math.sqrt(6 / math.prod(shape[1:])))
    elif kind == "running_var":
        values = 1 + 0.3 * uniform(shape, stream(name))
    elif kind == "weight":
        values = 1 + 0.2 * uniform(shape, stream(name))
    else:
        values = 0.1 * uniform(shape, stream(name))
    return values.float().double()


def describe_tap(name, value):
    """Shape and elements in our order, NHWC; `probe` is their product with u(i, 200)."""
    value = value.permute(0, 2, 3, 1).contiguous() if value.dim() == 4 else value
    probe = float((value.reshape(-1) * uniform((value.numel(),), 200)).sum())
    return {"name": name, "shape": list(value.shape), "norm": float(value.norm()), "probe": probe}


def filled(net):
    """The network with weights by formula, and their names and shapes."""
    net = net.double().eval()
    state = {key: weights(key, value) for key, value in net.state_dict().items() if "num_batches" not in key}
    net.load_state_dict(state, strict=False)
    return net, [{"name": key, "shape": list(value.shape)} for key, value in state.items()]


def model_case(name, image, classes, make):
    pixels, channels = image
    net, state = filled(make(classes))
    trained = sum(p.numel() for p in net.parameters() if p.requires_grad)
    images = uniform((ROWS, pixels, pixels, channels), 100).float().double().permute(0, 3, 1, 2)
    tap = Recorder()
    with torch.no_grad():
        logits = net(images, tap)
    return {"model": name, "image": [pixels, pixels, channels], "classes": classes, "parameters": trained,
            "tensors": len(state), "largest": float(logits.abs().max()),
            "logits": logits[:, :LOGITS_SHOWN].reshape(-1).tolist(),
            "taps": [describe_tap(key, value) for key, value in tap.taps.items()]}


def prediction_case(count=5, pixels=12, classes=3, mean=0.4, std=0.3):
    """Logits for images of bytes, hash >> 24, to be normalised."""
    net, state = filled(convnet(classes, (4, 8), pixels))
    images = (hash32(count * pixels * pixels, 300) >> numpy.uint64(24)).astype(numpy.float64)
    images = (torch.tensor(images).view(count, 1, pixels, pixels) / 255 - mean) / std
    with torch.no_grad():
        logits = net(images, Recorder())
    return {"model": "convnet:4x8", "images": count, "pixels": pixels, "classes": classes, "mean": mean, "std": std,
            "state": state, "logits": flat(logits)}


if __name__ == "__main__":
    sizes = {"made_by": "tests/values/make_model_values.py", "rows": ROWS, "logits_shown": LOGITS_SHOWN}
    cases = [model_case(*case) for case in MODELS]
    write("models.json", {**sizes, "prediction": prediction_case(), "models": cases})
