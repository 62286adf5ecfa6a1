"""Tensors of a model that training moves."""

from torch import Tensor, nn

from tts_core.models.blocks import MaskedBatchNorm


def learnt_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Return learning parameters and running batch statistics, by name.

    Parameters learn if they require gradients, and batch statistics if the weights of their
    normalisation do. All other buffers describe a corpus (`MelScale`, `DurationScale`, CAMP's scale
    of word vectors): they are not averaged, and another run does not take them over.
    """
    learnt: dict[str, Tensor] = {n: p for n, p in module.named_parameters() if p.requires_grad}
    for name, norm in module.named_modules():
        if isinstance(norm, MaskedBatchNorm) and norm.weight.requires_grad:
            above = f"{name}." if name else ""
            learnt |= {above + statistic: value for statistic, value in norm.named_buffers()}
    return learnt
