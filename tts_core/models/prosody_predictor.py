"""CAMP's stage 2: context to word prosody vectors (3.2, Fig. 2b).

Published: the context streams and their encoders, the mean over word pieces, the autoregression
over words (3.2), the Huber loss (4.2), two LSTM layers and the pre-net (thesis Fig. 6.3a).
Unpublished and chosen here: all widths, kernels and dropouts, the standardisation of the vectors,
teacher forcing in training, and the pre-net's dropout, which as in Tacotron 2 stays on in synthesis
(seeded by the generator).
"""

import torch
from torch import Tensor, nn

from tts_core.config import ModelConfig
from tts_core.models.batch import Batch
from tts_core.models.blocks import ConvStack, Prenet, Recurrent, SteppedLSTM
from tts_core.models.context import TextContext
from tts_core.models.facts import CorpusFacts
from tts_core.models.randomness import Randomness
from tts_core.text.bert import pool_units


class SyntaxStream(nn.Module):
    """Encoder of one syntax feature: 2 convolutions, a BiLSTM (3.2).

    Args:
        values: how many values the feature takes. channels: D.
    """

    def __init__(self, values: int, channels: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(values, channels)
        self.convs = ConvStack(channels, channels, 2, 5, 0.1)
        self.lstm = Recurrent(channels, channels // 2)

    def forward(self, feature: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Map (B, W) to (B, W, D)."""
        return self.lstm(self.convs(self.embedding(feature), mask), lengths)


class ProsodyPredictor(nn.Module):
    """Prosody predictor, autoregressive over words (3.2).

    Context streams, concatenated per word, pass 2 LSTM layers.

    Syntax is four streams: part of speech, word class, compound noun, punctuation. BERT's word
    pieces are averaged per word. The previous vector passes a pre-net and joins the input.

    Args:
        config: widths and which context. facts: inventory sizes. context: None for syntax alone.
    """

    vector_mean: Tensor
    vector_std: Tensor
    vector_median: Tensor

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, context: TextContext | None
    ) -> None:
        super().__init__()
        width = 0
        self.context = context
        if context is not None:
            width += context.dim
        self.streams = nn.ModuleDict()
        if "syntax" in config.context:
            sizes = {"pos": facts.n_pos, "word_class": 2, "compound": 2, "punctuation": 2}
            for name, values in sizes.items():
                self.streams[name] = SyntaxStream(values, config.context_width)
            width += len(sizes) * config.context_width
        self.prenet = Prenet(config.word_vector, config.predictor_prenet, config.prenet_dropout)
        self.lstm = SteppedLSTM(config.predictor_prenet + width, config.predictor, 2)
        self.output = nn.Linear(config.predictor, config.word_vector)
        self.register_buffer("vector_mean", torch.zeros(config.word_vector))
        self.register_buffer("vector_std", torch.ones(config.word_vector))
        # Only a control in validation: no part of a trained model.
        self.register_buffer("vector_median", torch.zeros(config.word_vector), persistent=False)

    def fit_scale(self, vectors: Tensor) -> None:
        """Set mean, deviation and median from oracle vectors (U, d).

        Those of all training units.
        """
        self.vector_mean.copy_(vectors.mean(0))
        self.vector_std.copy_(vectors.std(0, correction=0).clamp(min=1e-4))
        self.vector_median.copy_(vectors.median(0).values)

    def standardise(self, vectors: Tensor) -> Tensor:
        """Map vectors (B, W, d) to z-scores.

        So Huber's delta of 1 is one standard deviation.
        """
        return (vectors - self.vector_mean) / self.vector_std

    def encode(self, batch: Batch) -> Tensor:
        """Return the context of each word, (B, W, D)."""
        parts: list[Tensor] = []
        if self.context is not None:
            parts.append(pool_units(self.context(batch), batch.piece_unit, batch.pos.shape[1]))
        for name, stream in self.streams.items():
            feature = getattr(batch, name)
            parts.append(stream(feature, batch.unit_mask, batch.unit_lengths))
        return torch.cat(parts, -1)

    def forward(self, context: Tensor, target: Tensor) -> Tensor:
        """Predict word vectors, teacher-forced.

        Word w is predicted from the context and the true vectors before w.

        Args:
            context: (B, W, D) from `encode`. target: (B, W, d) standardised vectors.

        Returns:
            (B, W, d) standardised.
        """
        previous = nn.functional.pad(target, (0, 0, 1, 0))[:, :-1]
        hidden, _ = self.lstm(torch.cat([self.prenet(previous), context], -1))
        return self.output(hidden)

    def generate(self, batch: Batch, generator: Randomness = None, drop: bool = True) -> Tensor:
        """Generate word vectors (B, W, d), running free.

        They have the scale of the reference encoder's vectors: not standardised.

        Args:
            generator: seeds the pre-net's dropout. drop: False leaves it out, so that a text has
                one prediction.
        """
        context = self.encode(batch)
        states = self.lstm.start(context)
        vector = context.new_zeros(context.shape[0], self.output.out_features)
        vectors: list[Tensor] = []
        for word in context.unbind(1):
            joined = torch.cat([self.prenet(vector, generator, drop), word], -1)
            vector = self.output(self.lstm.step(joined, states))
            vectors.append(vector)
        return torch.stack(vectors, 1) * self.vector_std + self.vector_mean
