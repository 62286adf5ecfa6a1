"""Losses and recurrences stay in single precision under bfloat16."""

import pytest
import torch

from tts_core.models.batch import collate
from tts_core.models.build import build
from tts_core.training.stage_loss import StageLoss

PLAIN = torch.nn.Linear | torch.nn.Conv1d
RECURRENT = torch.nn.RNNBase | torch.nn.RNNCellBase


@pytest.mark.parametrize("system", ["ntts", "ntts_attention", "durian_plus", "kathaka", "camp"])
def test_losses_and_recurrences_stay_in_single_precision(system, facts, tiny, utterance):
    recipe = tiny(system, 1)
    model = build(recipe, facts)
    rows = [utterance(1), utterance(2)]
    seen: dict[object, set[torch.dtype]] = {PLAIN: set(), RECURRENT: set()}

    def spy(module, _, out):
        for kind, dtypes in seen.items():
            if isinstance(module, kind):
                told = out if isinstance(out, torch.Tensor) else out[0]
                dtypes.add(getattr(told, "data", told).dtype)

    for stage in model.stages(recipe.stages).values():
        cached = stage.remember(rows, torch.device("cpu"))
        stage.begin(cached)
        loss = StageLoss(model, stage, bf16=True).train()
        with torch.nn.modules.module.register_module_forward_hook(spy):
            parts = loss(collate([r.encoded for r in rows], rows, range(2)), cached)
        assert parts
        assert {part.dtype for part in parts.values()} == {torch.float32}, stage.title
    assert torch.bfloat16 in seen[PLAIN], "the rest is not"
    assert seen[RECURRENT] == {torch.float32}
