import torch
import torch.nn as nn


class CharModel(nn.Module):
    """embedding -> nn.LSTM of two layers -> linear"""

    def __init__(self, vocab_size=11, embed_dim=6, hidden_size=5, num_layers=2):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.lstm = nn.LSTM(embed_dim, hidden_size, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_size, vocab_size)

    def forward(self, ids, hidden=None):
        out, hidden = self.lstm(self.embedding(ids), hidden)
        return self.fc(out), hidden
