"""Message-passing graph attention over parse trees (Kathaka, section 3.2.2)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts_core.models.blocks import Recurrent, first_and_last, take
from tts_core.models.precision import in_full_precision


class GraphAttention(nn.Module):
    """Attention head over each node's neighbours and itself (Velickovic et al. 2018).

        e_ij = LeakyReLU(a^T [W h_i || W h_j]),  alpha_ij = softmax_j(e_ij),  h'_i = sum_j alpha_ij
        W h_j

    Trees are small, so that the adjacency is dense and masked.

    Args:
        inputs, outputs: D in and out.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Linear(inputs, outputs, bias=False)
        # a^T [x || y] is a sum of two dot products, one for each half of a.
        self.attend_to = nn.Linear(outputs, 1, bias=False)
        self.attend_from = nn.Linear(outputs, 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, h: Tensor, adjacency: Tensor) -> Tensor:
        """Map nodes (B, G, D_in) to (B, G, D_out).

        adjacency: (B, G, G), with self-loops.
        """
        transformed = self.weight(h)
        scores = self.attend_to(transformed) + self.attend_from(transformed).transpose(1, 2)
        scores = F.leaky_relu(scores, 0.2).masked_fill(~adjacency, float("-inf"))
        return scores.softmax(-1) @ transformed + self.bias


class TreeEncoder(nn.Module):
    """Tree encoder: constituency tree to one vector.

    N passes of graph attention, then a BiLSTM over the leaves.

    The words are removed; phrase labels and POS tags remain, undirected. Every pass makes a node
    anew from its neighbours and itself; N is the 75th percentile of the training graphs' diameters,
    rounded up. The leaves, the POS nodes, are read in depth-first order and the first and last
    BiLSTM states concatenated. Unpublished and chosen here: learnt label embeddings, one weight for
    all passes, ELU, dropout, and the gated update of Li et al. 2016 (which the paper cites),
    because plain repeated averaging makes all nodes of a tree alike.

    Args:
        n_labels: node labels. embedding, channels: D. passes: N. units: BiLSTM units per direction.
    """

    def __init__(
        self,
        n_labels: int,
        embedding: int,
        channels: int,
        passes: int,
        units: int,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.passes, self.dropout = passes, dropout
        self.embedding = nn.Embedding(n_labels, embedding)
        self.enter = nn.Linear(embedding, channels)
        self.attention = GraphAttention(channels, channels)
        self.update = nn.GRUCell(channels, channels)
        self.readout = Recurrent(channels, units)

    @in_full_precision
    def forward(self, nodes: Tensor, adjacency: Tensor, leaves: Tensor, lengths: Tensor) -> Tensor:
        """Map trees to vectors (B, 4 units).

        nodes: (B, G). adjacency: (B, G, G). leaves: (B, L). lengths: (B,) number of leaves.
        """
        h = self.enter(self.embedding(nodes))
        for _ in range(self.passes):
            message = F.elu(self.attention(h, adjacency))
            message = F.dropout(message, self.dropout, self.training)
            h = self.update(message.flatten(0, 1), h.flatten(0, 1)).view_as(h)
        return first_and_last(self.readout(take(h, leaves), lengths), lengths)
