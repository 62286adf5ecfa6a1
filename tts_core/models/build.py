"""From a recipe and a corpus to a model."""

from tts_core.config import Recipe
from tts_core.models.camp import CAMP
from tts_core.models.context import TextContext
from tts_core.models.durian_plus import DurIANPlus
from tts_core.models.facts import CorpusFacts
from tts_core.models.kathaka import Kathaka
from tts_core.models.ntts import NTTS
from tts_core.models.ntts_attention import NTTSAttention
from tts_core.models.prosody_predictor import ProsodyPredictor
from tts_core.text.bert import TextEncoder

System = NTTS | NTTSAttention | DurIANPlus | Kathaka | CAMP


def build(recipe: Recipe, facts: CorpusFacts) -> System:
    """The recipe's system with fresh weights (and the pre-trained text encoder's own).

    Raises:
        UserError: the text encoder is not here.
    """
    config = recipe.model
    context = None
    if config.reads_text_encoder:
        encoder = TextEncoder(recipe.text_encoder.name, recipe.text_encoder.layer)
        context = TextContext(encoder, recipe.text_encoder.finetune)
    match config.system:
        case "ntts":
            return NTTS(config, facts)
        case "ntts_attention":
            return NTTSAttention(config, facts, context)
        case "durian_plus":
            return DurIANPlus(config, facts, context)
        case "kathaka":
            return Kathaka(config, facts, context)
        case "camp":
            return CAMP(config, facts, ProsodyPredictor(config, facts, context))
