"""Trains the motion net: four 1-D convolutions, about 70,000 weights, on GeoTec and on synthetic motions."""

import numpy as np
import torch
from torch import nn

import imu_synthetic
import imu_windows
from paths import CACHE

CLASSES = imu_windows.LABELS + list(imu_synthetic.MAKERS)
SCALE = np.array([9.81] * 3 + [2.0] * 3, np.float32)


class MotionNet(nn.Module):
    """N x 6 x 64 in m/s2 and rad/s -> logits of CLASSES. The inverse hyperbolic sine keeps jolts from drowning steps."""

    LAYERS = [(8, 48, 5, 1), (48, 80, 5, 2), (80, 80, 5, 2), (80, 80, 3, 1)]

    def __init__(self):
        super().__init__()
        layers = []
        for inside, out, kernel, stride in self.LAYERS:
            layers += [nn.Conv1d(inside, out, kernel, stride, kernel // 2), nn.BatchNorm1d(out), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(160, len(CLASSES))

    def forward(self, x):
        x = x / torch.from_numpy(SCALE)[None, :, None]
        # The lengths of both vectors do not depend on how the sensor is worn.
        lengths = torch.stack([x[:, :3].norm(dim=1) - 1, x[:, 3:].norm(dim=1)], dim=1)
        x = self.body(torch.asinh(4 * torch.cat([x, lengths], dim=1)) / 2)
        return self.head(self.drop(torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)))


def random_rotations(rng, count):
    q = rng.normal(size=(count, 4))
    w, x, y, z = (q / np.linalg.norm(q, axis=1, keepdims=True)).T
    rows = [[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]]
    return np.array(rows).transpose(2, 0, 1)


def rotated(rng, windows):
    turn = random_rotations(rng, len(windows))
    return np.concatenate([turn @ windows[:, :3], turn @ windows[:, 3:]], axis=1).astype(np.float32)


def training_set(rng, recordings, per_class, synthetic):
    """Half of all windows are turned at random: turning all of them costs 4 points on sensors worn as they were in training."""
    windows, labels = imu_windows.random_windows(rng, recordings, per_class)
    x, y = [windows], [labels]
    for offset, make in enumerate(imu_synthetic.MAKERS.values()):
        x.append(make(rng, synthetic))
        y.append(np.full(synthetic, len(imu_windows.LABELS) + offset))
    x, y = np.concatenate(x).astype(np.float32), np.concatenate(y)
    turned = rng.uniform(size=len(x)) < 0.5
    x[turned] = rotated(rng, x[turned])
    return x, y


def train(epochs=60, per_class=450, synthetic=225, batch=128, seed=1):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    recordings = imu_windows.even_recordings()
    net = MotionNet()
    steps = (per_class * len(imu_windows.LABELS) + synthetic * len(imu_synthetic.MAKERS)) // batch
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=epochs * steps)
    for _ in range(epochs):
        x, y = training_set(rng, recordings, per_class, synthetic)
        order = rng.permutation(len(x))
        net.train()
        for start in range(0, steps * batch, batch):
            rows = order[start:start + batch]
            loss = nn.functional.cross_entropy(net(torch.from_numpy(x[rows])), torch.from_numpy(y[rows]), label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return net.eval()


if __name__ == "__main__":
    net = train()
    torch.save(net.state_dict(), CACHE / "imu.pt")
    windows, labels, devices, _ = imu_windows.load("val")
    with torch.no_grad():
        logits = net(torch.from_numpy(windows)).numpy()
    guess = logits[:, :5].argmax(1)
    for name, rows in [("all", labels >= 0), ("phone", devices == "phone"), ("watch", devices == "watch")]:
        print(name, "balanced accuracy of 5", np.mean([(guess[rows & (labels == c)] == c).mean() for c in range(5)]).round(3))
    print("argmax of all classes", np.mean([(logits.argmax(1)[labels == c] == c).mean() for c in range(5)]).round(3))
    rng = np.random.default_rng(99)
    for index, (name, make) in enumerate(imu_synthetic.MAKERS.items()):
        with torch.no_grad():
            out = net(torch.from_numpy(rotated(rng, make(rng, 300)))).numpy().argmax(1)
        print(name, (out == 5 + index).mean().round(3))
    print("weights", sum(p.numel() for p in net.parameters()))
