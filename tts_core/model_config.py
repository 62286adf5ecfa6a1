"""Registry of the systems; widths and switches of their models."""

from typing import Literal, NamedTuple, Self

from pydantic import Field, field_validator, model_validator

from intone.documents import Closed


class Registered(NamedTuple):
    """Entry of a system in the registry.

    Attributes:
        model: "module:class" of its `models.system.System`, imported when a model is built.
        stages: number of its training stages.
        text_switch: field of `ModelConfig` that holds "bert" where the system reads the
            pre-trained text encoder; None for a system that never reads it.
        baselines: systems that an evaluation compares it with; the first that was trained is used.
    """

    model: str
    stages: int
    text_switch: str | None = None
    baselines: tuple[str, ...] = ()


SYSTEMS: dict[str, Registered] = {
    "ntts": Registered("tts_core.models.ntts:NTTS", stages=2),
    "ntts_attention": Registered(
        "tts_core.models.ntts_attention:NTTSAttention", stages=1, text_switch="words"
    ),
    "durian_plus": Registered(
        "tts_core.models.durian_plus:DurIANPlus", stages=1, text_switch="words"
    ),
    "kathaka": Registered(
        "tts_core.models.kathaka:Kathaka", stages=3, text_switch="sampler", baselines=("ntts",)
    ),
    "camp": Registered(
        "tts_core.models.camp:CAMP",
        stages=2,
        text_switch="context",
        baselines=("durian_plus", "ntts"),
    ),
}
"""Registry of all systems, in the order in which tables list them."""


class TextEncoderConfig(Closed):
    """Settings of the pre-trained text encoder (BERT in the papers)."""

    name: str = Field(default="minilm", description="asset name, local folder or hub name")
    layer: int = Field(
        default=4, ge=1, description="hidden layer whose states are used; upper ones are dropped"
    )
    finetune: bool = Field(default=False, description="train it in stage 2 at its own low rate")
    lr: float = Field(default=2e-5, gt=0, description="its learning rate when fine-tuned")


class ModelConfig(Closed):
    """Widths of one system.

    Defaults are the papers' or, where unpublished, those of the same family of systems.
    """

    system: str = Field(description="which system to build")
    embedding: int = Field(default=512, gt=0, description="phone embedding, channels")
    encoder: int = Field(default=512, gt=0, description="phone encoder output, channels (even)")
    encoder_kernel: int = Field(
        default=5, gt=0, description="kernel of the encoder convolutions, phones"
    )
    encoder_layers: Literal[1, 2] = Field(
        default=1,
        description="BiLSTMs of the phone encoder: 1 as in Tacotron 2, 2 as CAMP's figure draws",
    )
    decoder: int = Field(default=1024, gt=0, description="decoder LSTM units")
    decoder_layers: int = Field(
        default=2,
        gt=0,
        description="decoder LSTM layers: 2 as in Tacotron 2, 4 in the thesis's account of s2s",
    )
    postnet: int = Field(
        default=512, gt=0, description="ntts_attention, durian_plus: post-net, channels"
    )
    attention: int = Field(default=128, gt=0, description="ntts_attention: attention units")
    reduction: int = Field(
        default=1, gt=0, description="ntts_attention: frames that one decoder step makes"
    )
    stop_weight: float = Field(
        default=10.0, gt=0, description="ntts_attention: weight of the one frame that is the last"
    )
    words: Literal["none", "bert"] = Field(
        default="none",
        description="ntts_attention, durian_plus: word vectors that join the phone encodings",
    )
    prenet: int = Field(default=256, gt=0, description="pre-net units, channels")
    prenet_dropout: float = Field(
        default=0.5, ge=0, lt=1, description="pre-net dropout, training and synthesis"
    )
    dropout: float = Field(
        default=0.5, ge=0, lt=1, description="dropout of the encoder convolutions"
    )
    duration: int = Field(default=256, gt=0, description="duration model width, channels (even)")
    latent: int = Field(default=64, gt=0, description="Kathaka: sentence latent Z")
    channel: int = Field(
        default=0,
        ge=0,
        description="Kathaka: width of a channel vector (room, microphone, level) that the decoder "
        "reads beside z and z cannot carry; 0 as in the paper: none",
    )
    reference: int = Field(default=128, gt=0, description="reference encoder recurrent units")
    sampler: Literal["bert", "graph", "bert+graph"] = Field(
        default="bert+graph", description="Kathaka's sampler"
    )
    sampler_width: int = Field(default=256, gt=0, description="sampler BiLSTM units per direction")
    sampler_dropout: float = Field(
        default=0.1, ge=0, lt=1, description="Kathaka: dropout of the sampler's inputs and messages"
    )
    node_embedding: int = Field(
        default=128, gt=0, description="Kathaka: tree node label embedding, channels"
    )
    graph: int = Field(default=256, gt=0, description="Kathaka: graph attention width, channels")
    word_vector: int = Field(default=8, gt=0, description="CAMP: size d of a word's prosody vector")
    reference_phones: bool = Field(
        default=True,
        description="CAMP: the reference encoder reads phones beside the spectrogram, so that the "
        "vectors need not carry them",
    )
    smoothing: bool = Field(
        default=True,
        description="CAMP: BiLSTMs smooth phones and prosody after they are repeated on frames",
    )
    prosody_loss: Literal["huber", "l1", "l2"] = Field(
        default="huber", description="CAMP: loss of the predicted word vectors"
    )
    context: Literal["syntax", "bert", "bert+syntax"] = Field(
        default="bert+syntax", description="CAMP's context"
    )
    context_sentences: int = Field(
        default=0,
        ge=0,
        le=2,
        description="CAMP: sentences on each side that the text encoder reads along",
    )
    context_width: int = Field(
        default=64, gt=0, description="CAMP: width of each syntax stream's encoder"
    )
    predictor: int = Field(default=512, gt=0, description="CAMP: prosody predictor LSTM units")
    predictor_prenet: int = Field(
        default=256, gt=0, description="CAMP: prosody predictor pre-net units"
    )

    @property
    def reads_text_encoder(self) -> bool:
        """True if the system contains a pre-trained text encoder."""
        switch = SYSTEMS[self.system].text_switch
        return switch is not None and "bert" in getattr(self, switch)

    @field_validator("system")
    @classmethod
    def _registered(cls, value: str) -> str:
        if value not in SYSTEMS:
            raise ValueError(f"no such system; choose one of {', '.join(SYSTEMS)}")
        return value

    @model_validator(mode="after")
    def _layers_for_the_attention(self) -> Self:
        if self.system == "ntts_attention" and self.decoder_layers < 2:
            raise ValueError("decoder_layers must be 2 or more: the first queries the attention")
        return self

    @model_validator(mode="after")
    def _neighbours_need_a_reader(self) -> Self:
        if self.context_sentences and (self.system != "camp" or "bert" not in self.context):
            raise ValueError("context_sentences is read by CAMP's text encoder: context=bert")
        return self

    @field_validator("encoder", "duration", "context_width")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even: half for each direction of a BiLSTM")
        return value

    @field_validator("encoder_kernel")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("must be odd: as many phones before as after")
        return value
