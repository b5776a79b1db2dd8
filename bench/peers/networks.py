"""The networks of README.md in PyTorch, with their parameters in the same order as ours."""

from torch import nn
from torch.nn import functional


def conv_norm(inputs, outputs, kernel, stride=1, groups=1):
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return conv, nn.BatchNorm2d(outputs)


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = conv_norm(inputs, outputs, 3, stride)
        self.conv2, self.bn2 = conv_norm(outputs, outputs, 3)
        changes = stride > 1 or inputs != outputs
        self.downsample = nn.Sequential(*conv_norm(inputs, outputs, 1, stride)) if changes else nn.Identity()

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        return functional.relu(self.bn2(self.conv2(y)) + self.downsample(x), inplace=True)


class CifarResnet(nn.Module):
    def __init__(self, depth, classes):
        super().__init__()
        self.conv1, self.bn1 = conv_norm(3, 16, 3)
        blocks, inputs = [], 16
        for outputs in (16, 32, 64):
            for block in range((depth - 2) // 6):
                blocks.append(BasicBlock(inputs, outputs, 2 if block == 0 and outputs > 16 else 1))
                inputs = outputs
        self.blocks, self.fc = nn.Sequential(*blocks), nn.Linear(64, classes)

    def forward(self, x):
        x = self.blocks(functional.relu(self.bn1(self.conv1(x)), inplace=True))
        return self.fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))


class GlobalPool(nn.Module):
    def forward(self, x):
        return functional.adaptive_avg_pool2d(x, 1).flatten(1)


def vgg8(classes):
    layers, inputs = [], 3
    for stage, outputs in enumerate((64, 128, 256, 512, 512)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
        layers += [nn.MaxPool2d(2)] if stage < 3 else []
        inputs = outputs
    return nn.Sequential(*layers, GlobalPool(), nn.Linear(512, classes))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        self.residual, wide = stride == 1 and inputs == outputs, inputs * expansion
        self.conv = nn.Sequential(
            *conv_norm(inputs, wide, 1), nn.ReLU(inplace=True),
            *conv_norm(wide, wide, 3, stride, wide), nn.ReLU(inplace=True),
            *conv_norm(wide, outputs, 1),
        )  # fmt: skip

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


def mobilenetv2_half(classes):
    layers = [*conv_norm(3, 16, 3, 2), nn.ReLU(inplace=True)]
    inputs = 16
    groups = ((1, 8, 1, 1), (6, 12, 2, 1), (6, 16, 3, 2), (6, 32, 4, 2), (6, 48, 3, 1), (6, 80, 3, 2), (6, 160, 1, 1))
    for expansion, outputs, blocks, stride in groups:
        for block in range(blocks):
            layers.append(InvertedResidual(inputs, outputs, stride if block == 0 else 1, expansion))
            inputs = outputs
    return nn.Sequential(*layers, *conv_norm(inputs, 1280, 1), nn.ReLU(inplace=True), GlobalPool(),
                         nn.Linear(1280, classes))  # fmt: skip


def build(name, classes):
    """The network of this name for 32x32x3 images; KeyError for an unknown name."""
    if name in ("resnet8", "resnet20", "resnet56"):
        return CifarResnet(int(name[len("resnet"):]), classes)  # fmt: skip
    return {"vgg8": vgg8, "mobilenetv2": mobilenetv2_half}[name](classes)
