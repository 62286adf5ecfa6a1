"""Recipe of a decoder's adversarial training."""

from pathlib import Path
from typing import Any

from pydantic import Field

from tts_core.config import AdversarialRecipe, read_recipe

RECIPES = Path(__file__).parent / "recipes"


class DecoderRecipe(AdversarialRecipe):
    """Adversarial training of a decoder; the values are our choice."""

    utterances: int = Field(
        default=4, gt=0, description="recordings per step, of which the crops are parts"
    )


def load_decoder_recipe(name: str, overrides: dict[str, Any] | None = None) -> DecoderRecipe:
    """Read a decoder's recipe by name or path, as `tts_core.config.load_recipe` does.

    Raises:
        UserError: no such recipe, unknown key, or a value out of range; names file and key.
    """
    return read_recipe(DecoderRecipe, RECIPES, name, overrides)
