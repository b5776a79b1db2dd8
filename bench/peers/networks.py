"""The networks of bench/peers/README.md in PyTorch, by the names and in the order of parameters of `cucurbit models`."""

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


def build(name, classes):
    """The network of this name for 32x32x3 images; KeyError for one that is not known."""
    if name.startswith("resnet"):
        return CifarResnet(int(name[len("resnet"):]), classes)  # fmt: skip
    raise KeyError(name)
