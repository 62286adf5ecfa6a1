"""Models from a recipe and the facts of a corpus."""

from importlib import import_module

from tts_core.config import Recipe
from tts_core.model_config import SYSTEMS
from tts_core.models.context import TextContext
from tts_core.models.facts import CorpusFacts
from tts_core.models.system import System
from tts_core.text.bert import TextEncoder


def system_class(name: str) -> type[System]:
    """Return the class of a registered system; KeyError for an unknown name."""
    module, _, attribute = SYSTEMS[name].model.partition(":")
    return getattr(import_module(module), attribute)


def build(recipe: Recipe, facts: CorpusFacts) -> System:
    """Return the recipe's system with fresh weights.

    The text encoder keeps its pre-trained weights.

    Raises:
        UserError: the text encoder is not installed.
    """
    config = recipe.model
    context = None
    if config.reads_text_encoder:
        encoder = TextEncoder(recipe.text_encoder.name, recipe.text_encoder.layer)
        context = TextContext(encoder, recipe.text_encoder.finetune)
    return system_class(config.system)(config, facts, context)
