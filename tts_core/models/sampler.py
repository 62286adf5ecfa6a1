"""Kathaka's samplers: text to a distribution of the latent (section 3.2)."""

import torch
from torch import Tensor, nn

from tts_core.config import ModelConfig
from tts_core.models.batch import Batch
from tts_core.models.blocks import Recurrent, first_and_last
from tts_core.models.context import TextContext
from tts_core.models.facts import CorpusFacts
from tts_core.models.graph import TreeEncoder
from tts_core.models.latent import Gaussian, gaussian_of


class Sampler(nn.Module):
    """Sampler s(z | text): sentence vectors to a Gaussian.

    The vectors are those of BERT, of the parse tree, or of both.

    BERT's word-piece states pass a BiLSTM whose first and last states are concatenated (3.2.1); the
    tree passes graph attention (`TreeEncoder`, 3.2.2). Both vectors concatenated pass one linear
    layer each for mu and log sigma^2 (3.2.3). Chosen here: dropout on what enters the BiLSTM and
    the linear layers, as BERT is fine-tuned (Devlin et al. 2019), and where training starts
    (`start_at`).

    Args:
        config: widths and which inputs. facts: inventory sizes and N. context: None for the graph
        alone.
    """

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, context: TextContext | None
    ) -> None:
        super().__init__()
        width = 0
        self.dropout = nn.Dropout(config.sampler_dropout)
        self.context = context
        if context is not None:
            self.sentence = Recurrent(context.dim, config.sampler_width)
            width += 4 * config.sampler_width
        self.tree = None
        if "graph" in config.sampler:
            self.tree = TreeEncoder(
                facts.n_labels,
                config.node_embedding,
                config.graph,
                facts.graph_passes,
                config.sampler_width,
                config.sampler_dropout,
            )
            width += 4 * config.sampler_width
        self.mean = nn.Linear(width, config.latent)
        self.log_variance = nn.Linear(width, config.latent)

    @torch.no_grad()
    def start_at(self, constant: Gaussian) -> None:
        """Make every text give `constant` (Z,).

        Training starts at the best distribution that needs no text.

        Unpublished and chosen here. The gradient of Eq. 3 grows as 1 / sigma^2, so a sampler that
        starts elsewhere spends its first hundreds of steps on finding the mean, and a small corpus
        is learnt by heart meanwhile.
        """
        for head, value in ((self.mean, constant.mean), (self.log_variance, constant.log_variance)):
            head.weight.zero_()
            head.bias.copy_(value)

    def forward(self, batch: Batch) -> Gaussian:
        """Map the text of B sentences to s(z | text)."""
        vectors: list[Tensor] = []
        if self.context is not None:
            pieces = self.dropout(self.context(batch))
            states = self.sentence(pieces, batch.piece_lengths)
            vectors.append(first_and_last(states, batch.piece_lengths))
        if self.tree is not None:
            vectors.append(
                self.tree(batch.nodes, batch.adjacency, batch.leaves, batch.leaf_lengths)
            )
        vector = self.dropout(torch.cat(vectors, -1))
        return gaussian_of(vector, self.mean, self.log_variance)
