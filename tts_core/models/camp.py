"""CAMP: context-aware prosody, one vector per word, predicted from BERT and syntax.

Hodari et al., "CAMP: a two-stage approach to modelling prosody in context", ICASSP 2021 (arXiv
2011.01175), and chapter 6 of Hodari's thesis. Stage 1 (ORA) learns word-level prosody vectors from
the spectrogram; stage 2 predicts them from the text (`prosody_predictor`). Units are words and
punctuation.

Published: the modules (CAMP 3.1 and Fig. 2) and their layers (thesis Fig. 6.2), the L1 losses
(4.2), what is upsampled by which durations (thesis). Unpublished and chosen here: all widths and
dropouts, the size of a word's vector (8, Babianski et al. 2023), the weight of the duration loss
(0.025, Shah et al. 2021), targets in frames, a pause without punctuation as part of the word before
it, and a unit of zero frames reading the frame before it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from tts_core.config import ModelConfig, StageConfig
from tts_core.models.batch import Batch, collate
from tts_core.models.blocks import PhoneEncoder, frame_index, mean_of_valid, take
from tts_core.models.camp_parts import (
    DurationPredictor,
    ParallelDecoder,
    WordReferenceEncoder,
    unit_durations,
)
from tts_core.models.context import TextContext
from tts_core.models.durations import PHONE_GROUP, whole_frames
from tts_core.models.facts import CorpusFacts, ModelOutput
from tts_core.models.frame_controls import frame_controls
from tts_core.models.frozen_cache import Cached, over, text_states, with_states
from tts_core.models.latent import active_units, effective_units
from tts_core.models.mode import ORACLE, TEXT, Mode
from tts_core.models.precision import full
from tts_core.models.prosody_controls import foreign_context, median_vectors, other_texts
from tts_core.models.prosody_predictor import ProsodyPredictor
from tts_core.models.randomness import Randomness, seeded
from tts_core.models.stage import Stage
from tts_core.models.system import LatentView, System
from tts_core.types import Prepared, Streamed

VECTOR_LOSSES: dict[str, Callable[..., Tensor]] = {
    "huber": partial(F.huber_loss, delta=1.0),
    "l1": F.l1_loss,
    "l2": F.mse_loss,
}
"""Losses of word vectors by name; "l1" and "l2" are ablations.

Huber with rho = 1 was "marginally better than L1 or L2" (4.2).
"""


class CAMP(System):
    """CAMP, the whole system.

    Args:
        config: widths and context. facts: inventory sizes and statistics of the training corpus.
        context: text encoder of the prosody predictor, or None for the context "syntax".
    """

    modes = (TEXT, ORACLE)
    prosody_per = "word"

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, context: TextContext | None = None
    ) -> None:
        super().__init__(config, facts, context)
        self.prosody_size = config.word_vector
        # Built first: the order decides which random draws each part's weights get.
        predictor = ProsodyPredictor(config, facts, context)
        self.encoder = PhoneEncoder.of(config, facts.n_tokens)
        self.reference_encoder = WordReferenceEncoder(facts.n_mels, config.encoder, config)
        self.duration_predictor = DurationPredictor(
            config.encoder, config, facts.duration_mean[PHONE_GROUP]
        )
        self.decoder = ParallelDecoder(config.encoder, facts.n_mels, config)
        self.prosody_predictor = predictor
        self._vector_loss = VECTOR_LOSSES[config.prosody_loss]

    def encode(self, batch: Batch) -> Tensor:
        """Return phone embeddings (B, N, D)."""
        return self.encoder(batch.tokens, batch.token_mask, batch.token_lengths)

    def oracle_prosody(self, batch: Batch, phones: Tensor | None = None) -> Tensor:
        """Return word vectors of the recordings (B, W, d): stage 2's targets."""
        phones = self.encode(batch) if phones is None else phones
        upsampled = take(phones, frame_index(batch.durations, batch.n_frames))
        units = unit_durations(batch.durations, batch.token_unit, batch.pos.shape[1])
        return self.reference_encoder(self.mel_scale.normalise(batch.mel), upsampled, batch, units)

    def frames(
        self, phones: Tensor, prosody: Tensor, batch: Batch, durations: Tensor, n_frames: int
    ) -> Tensor:
        """Map phones and word vectors to z-scored mel (B, T, M).

        Args:
            phones: (B, N, D). prosody: (B, W, d). durations: (B, N) frames. n_frames: T.
        """
        index = frame_index(durations, n_frames)
        lengths = durations.sum(1)
        mask = torch.arange(n_frames, device=phones.device) < lengths[:, None]
        on_phones = take(prosody, batch.token_unit)
        return self.decoder(take(phones, index), take(on_phones, index), mask, lengths)

    def acoustic_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Return the losses of stage 1 (ORA, 3.1; 4.2).

        L1 of the normalised mel and of the durations in frames.

        The recordings' durations do the upsampling. The duration loss reaches the reference
        encoder, so that a word's vector carries its rhythm.
        """
        phones = self.encode(batch)
        prosody = self.oracle_prosody(batch, phones)
        mel = self.frames(phones, prosody, batch, batch.durations, batch.n_frames)
        frames = self.duration_predictor(phones, take(prosody, batch.token_unit), batch)
        mel_error = (mel - self.mel_scale.normalise(batch.mel)).abs()
        duration_error = (full(frames) - batch.durations).abs()[..., None]
        return {
            "mel": mean_of_valid(mel_error, batch.frame_mask),
            "duration": mean_of_valid(duration_error, batch.token_mask),
        }

    def prosody_loss(
        self, batch: Batch, target: Tensor, context: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return stage 2's loss (3.2), teacher-forced.

        The vectors are standardised per dimension, so that Huber's rho is one standard deviation;
        that is our choice.

        Args:
            target: (B, W, d) vectors of the recordings.
            context: (B, W, D) instead of the text's own, for a control.
        """
        predictor = self.prosody_predictor
        target = predictor.standardise(target)
        predicted = predictor(predictor.encode(batch) if context is None else context, target)
        return {"prosody": self.vector_loss(predicted, target, batch.unit_mask)}

    def vector_loss(self, predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Return the loss of standardised vectors (B, W, d) (4.2).

        By default Huber with rho = 1. A scalar: mean over dimensions and over the units of a (B, W)
        mask.
        """
        return mean_of_valid(
            self._vector_loss(full(predicted), full(target), reduction="none"), mask
        )

    def stages(self, configs: Mapping[int, StageConfig]) -> dict[int, Stage]:
        """Return stage 1, auto-encoder ORA (3.1), and stage 2, predictor (3.2)."""
        predictor = self.prosody_predictor
        return {
            1: Stage(
                "word-level auto-encoder (ORA)",
                ("encoder", "reference_encoder", "duration_predictor", "decoder"),
                lambda batch, _: self.acoustic_loss(batch),
                lambda _: {"mel": 1.0, "duration": configs[1].duration_weight},
                criterion="mel",
                mode=ORACLE,
                measures=self._measures,
            ),
            2: Stage(
                "prosody predictor",
                ("prosody_predictor",),
                self._predictor_loss,
                lambda _: {"prosody": 1.0},
                criterion="prosody",
                remember=self._word_vectors,
                begin=lambda cached: predictor.fit_scale(torch.cat(cached["vectors"])),
            ),
        }

    def _measures(
        self, rows: Sequence[Prepared], _: Cached, device: torch.device
    ) -> dict[str, float]:
        """Measure the variation of word vectors and trivial predictions of frames.

        Punctuation marks are left out: they are mostly silence and would add variance.

        "active_units": dimensions whose variance over all words is above 0.01. "effective_units":
        in how many directions they vary, whatever their scale.
        """
        vectors = over(
            rows, device, lambda batch: self.oracle_prosody(batch)[batch.punctuation == 0]
        )
        words = torch.cat(vectors)
        units = {"active_units": active_units(words), "effective_units": effective_units(words)}
        return units | frame_controls(rows, self.mel_scale, 1)

    def _word_vectors(self, rows: Sequence[Prepared], device: torch.device) -> Cached:
        batches = over(rows, device, self.oracle_prosody)
        # Single utterances, so that there is no padding among the vectors.
        vectors = [row for batch in batches for row in batch.unbind(0)]
        if isinstance(rows, Streamed):
            return {"vectors": vectors}
        texts = {"rows": rows, "other_texts": other_texts(rows)}
        return {"vectors": vectors, **texts, **text_states(self.prosody_predictor.context, rows)}

    def _predictor_loss(self, batch: Batch, cached: Cached) -> dict[str, Tensor]:
        target = pad_sequence(
            [cached["vectors"][i] for i in batch.index.tolist()], batch_first=True
        )
        parts = self.prosody_loss(with_states(batch, cached), target)
        if self.prosody_predictor.training:
            return parts
        return {**parts, **self._controls(batch, cached, target)}

    def _controls(self, batch: Batch, cached: Cached, target: Tensor) -> dict[str, Tensor]:
        """Return the losses that the held-out loss must beat: `prosody_controls`."""
        predictor = self.prosody_predictor
        standard = predictor.standardise(target)
        median = self.vector_loss(median_vectors(predictor, standard), standard, batch.unit_mask)
        if cached["other_texts"] is None:
            return {"median": median}
        positions = [cached["other_texts"][i] for i in batch.index.tolist()]
        other = collate([cached["rows"][i].encoded for i in positions], index=positions)
        other = with_states(other.to(target.device), cached)
        shuffled = self.prosody_loss(batch, target, foreign_context(predictor, batch, other))
        return {"median": median, "shuffled": shuffled["prosody"]}

    def teacher_forced(self, batch: Batch) -> Tensor:
        """Predict the recordings from their own word vectors: log-mel (B, T, M)."""
        phones = self.encode(batch)
        prosody = self.oracle_prosody(batch, phones)
        mel = self.frames(phones, prosody, batch, batch.durations, batch.n_frames)
        return self.mel_scale.restore(mel)

    def prosody(
        self, batch: Batch, mode: Mode, generator: Randomness = None, temperature: float = 1.0
    ) -> Tensor:
        """Return word vectors (B, W, d).

        Args:
            mode: `ORACLE`, the recordings' (ORA); else predicted from the text.
            generator: seeds the predictor's pre-net. temperature: 0 leaves its dropout out, so
                that a text has one prediction.
        """
        if mode == ORACLE:
            return self.oracle_prosody(batch)
        return self.prosody_predictor.generate(batch, generator, drop=temperature > 0)

    def latent_views(self, row: Prepared, batch: Batch, mode: Mode) -> list[LatentView]:
        """Return pictures of the recording's vectors, and of the text's once learnt."""
        vectors = {"of the recording": self.oracle_prosody(batch)}
        if mode == TEXT:
            generator = seeded(0, row.text, batch.tokens.device)
            vectors["from the text"] = self.prosody_predictor.generate(batch, generator)
        return [
            LatentView(f"word vectors {source}", values[0].cpu().numpy().T, columns=row.words)
            for source, values in vectors.items()
        ]

    def decode(
        self, batch: Batch, durations: Tensor, prosody: Tensor | None, generator: Randomness = None
    ) -> Tensor:
        """Synthesize under given durations and word vectors: log-mel (B, T, M).

        durations: (B, N) frames. prosody: (B, W, d); by default predicted from the text.

        The decoder draws nothing at random.
        """
        if prosody is None:
            prosody = self.prosody(batch, TEXT, generator)
        n_frames = int(durations.sum(1).max())
        mel = self.frames(self.encode(batch), prosody, batch, durations, n_frames)
        return self.mel_scale.restore(mel)

    @torch.inference_mode()
    def synthesize(
        self,
        batch: Batch,
        generator: Randomness = None,
        rate: float = 1.0,
        prosody: Tensor | None = None,
    ) -> ModelOutput:
        """Synthesize text: log-mel (B, T, M).

        Durations are always predicted, also with ORA's vectors.

        Args:
            generator: seeds the predictor's pre-net. rate: above 1 is faster.
            prosody: (B, W, d) word vectors instead of predicted ones; a recording's are ORA.
        """
        phones = self.encode(batch)
        if prosody is None:
            prosody = self.prosody(batch, TEXT, generator)
        frames = self.duration_predictor(phones, take(prosody, batch.token_unit), batch) / rate
        durations = whole_frames(frames.clamp(min=0), batch.groups, batch.token_mask)
        n_frames = int(durations.sum(1).max())
        mel = self.frames(phones, prosody, batch, durations, n_frames)
        return ModelOutput(self.mel_scale.restore(mel), durations)
