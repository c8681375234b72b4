import torch
from torch import nn

INPUT = 7
HIDDEN = 4


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(INPUT, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 1)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.head(out[:, -1])


if __name__ == '__main__':
    model = Net()
    opt = torch.optim.Adam(model.parameters())
    for _ in range(3):
        x = torch.randn(8, 12, INPUT)
        loss = ((model(x) - x.sum((1, 2))[:, None]) ** 2).mean()
        opt.zero_grad(); loss.backward(); opt.step()
    print(loss.item())
