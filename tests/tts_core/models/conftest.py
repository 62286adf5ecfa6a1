"""Cheap text encoder: BERT with random weights and 60 word pieces."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tts_core.models.context import TextContext
from tts_core.text.bert import TextEncoder

LAYERS = 2


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("bert")
    config = BertConfig(
        vocab_size=60,
        hidden_size=16,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def text_context(bert_folder: Path) -> Callable[[bool], TextContext]:
    """text_context(finetune) of the random BERT, each with weights of its own."""

    def make(finetune: bool) -> TextContext:
        return TextContext(TextEncoder(str(bert_folder), LAYERS), finetune)

    return make
