"""From a recipe and a corpus to a model."""

from tts_core.config import Recipe
from tts_core.models.camp import CAMP
from tts_core.models.context import TextContext
from tts_core.models.facts import CorpusFacts
from tts_core.models.kathaka import Kathaka
from tts_core.models.ntts import NTTS
from tts_core.models.prosody_predictor import ProsodyPredictor
from tts_core.text.bert import TextEncoder

System = NTTS | Kathaka | CAMP


def build(recipe: Recipe, facts: CorpusFacts) -> System:
    """The recipe's system with fresh weights (and the pre-trained text encoder's own).

    Raises:
        UserError: the text encoder is not here.
    """
    config = recipe.model
    if config.system == "ntts":
        return NTTS(config, facts)
    uses_bert = "bert" in (config.sampler if config.system == "kathaka" else config.context)
    context = None
    if uses_bert:
        encoder = TextEncoder(recipe.text_encoder.name, recipe.text_encoder.layer)
        context = TextContext(encoder, recipe.text_encoder.finetune)
    if config.system == "kathaka":
        return Kathaka(config, facts, context)
    return CAMP(config, facts, ProsodyPredictor(config, facts, context))
