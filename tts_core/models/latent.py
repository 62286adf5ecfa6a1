"""Gaussians of Kathaka's sentence latent (Karlapati et al. 2021, Eq. 2, 3).

Everything is in nats per utterance: summed over the latent's dimensions, never over frames.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tts_core.models.precision import full
from tts_core.models.randomness import Randomness, drawn

LOG_VARIANCE_RANGE = (-8.0, 4.0)


class Gaussian(NamedTuple):
    """Diagonal Gaussian over the latent: mean and log variance, (B, Z) each."""

    mean: Tensor
    log_variance: Tensor

    def sample(self, temperature: float = 1.0, generator: Randomness = None) -> Tensor:
        """Draw z = mu + temperature * sigma * eps.

        Temperature 0 gives the mean.
        """
        if temperature == 0:
            return self.mean
        noise = drawn(torch.randn, self.mean, generator)
        return self.mean + temperature * (0.5 * self.log_variance).exp() * noise


def gaussian_of(state: Tensor, mean: nn.Linear, log_variance: nn.Linear) -> Gaussian:
    """Map (B, D) through two linear layers to a Gaussian (B, Z).

    Never in half precision.

    log sigma^2 is clamped (chosen here), because Eq. 3 divides by sigma^2.
    """
    with torch.autocast(state.device.type, enabled=False):
        state = full(state)
        return Gaussian(mean(state), log_variance(state).clamp(*LOG_VARIANCE_RANGE))


def kl_divergence(p: Gaussian, q: Gaussian) -> Tensor:
    """Return KL(p || q) of diagonal Gaussians, nats per utterance (B,).

    Closed form, Kathaka Eq. 3:

    1/2 sum_i [ log s_q,i^2 - log s_p,i^2 + s_p,i^2 / s_q,i^2 + (m_q,i - m_p,i)^2 / s_q,i^2 ] - Z/2
    """
    return kl_per_dimension(p, q).sum(-1)


def kl_per_dimension(p: Gaussian, q: Gaussian) -> Tensor:
    """Return the terms (B, Z) of `kl_divergence`, nats."""
    ratio = (p.log_variance - q.log_variance).exp()
    distance = (q.mean - p.mean).square() * (-q.log_variance).exp()
    return 0.5 * (q.log_variance - p.log_variance + ratio + distance - 1)


def with_free_bits(terms: Tensor, floor: float) -> Tensor:
    """Return a KL term with free bits (Kingma et al. 2016).

    sum_i max(mean_n KL_n,i, floor), a scalar: the mean is over the batch, the sum over dimensions.
    No gradient pushes a dimension below the floor, so that it need not collapse onto the prior.

    Args:
        terms: (B, Z) from `kl_per_dimension`. floor: nats per dimension.
    """
    return terms.mean(0).clamp(min=floor).sum()


def standard_normal(like: Tensor) -> Gaussian:
    """Return the prior N(0, I) in the shape of `like` (B, Z)."""
    return Gaussian(torch.zeros_like(like), torch.zeros_like(like))


def best_constant_sampler(posteriors: Gaussian) -> Gaussian:
    """Return the Gaussian with the least mean KL(. || q_n).

    The mean is over N posteriors; it reads no text.

    The minimum of Eq. 3 in a mean and a variance that are the same for all utterances is the
    precision-weighted mean and the harmonic mean of the variances, per dimension. A sampler that
    reads the text is worth something only below the KL of this one on held-out utterances.

    Args:
        posteriors: (N, Z) each.

    Returns:
        (Z,) each: sigma^2 = 1 / E[1 / sigma_n^2], mu = sigma^2 E[mu_n / sigma_n^2].
    """
    precision = (-posteriors.log_variance).exp()
    variance = 1 / precision.mean(0)
    return Gaussian(variance * (posteriors.mean * precision).mean(0), variance.log())


def moment_matched(posteriors: Gaussian) -> Gaussian:
    """Return the Gaussian with the least mean KL(q_n || .).

    The mean is over N posteriors. It has the mean and the variance of their mixture. For the other
    direction, that of Eq. 3, see `best_constant_sampler`.

    Args:
        posteriors: (N, Z) each.

    Returns:
        (Z,) each.
    """
    variance = posteriors.log_variance.exp().mean(0) + posteriors.mean.var(0, correction=0)
    return Gaussian(posteriors.mean.mean(0), variance.log())


def active_units(means: Tensor, threshold: float = 0.01) -> int:
    """Count latent dimensions that vary over held-out data (Burda et al. 2016).

    For Kathaka, whose prior has a variance of 1, pass the posterior means of utterances. No prior
    sets the scale of CAMP's word vectors: compare their `effective_units` instead, which do not
    depend on the scale.

    Args:
        means: (N, Z) posterior means, or vectors.
        threshold: least variance of an active unit; Burda et al. use 0.01.
    """
    return int((means.var(0, correction=0) > threshold).sum())


def effective_units(vectors: Tensor) -> float:
    """Return the number of directions in which vectors vary.

    The participation ratio of their variances:

    (sum of l)^2 / (sum of l^2), l being the eigenvalues of the covariance: 1 where all vectors lie
    on one line, Z where they vary alike in all directions, 0 where they are the same but for
    rounding.

    Args:
        vectors: (N, Z).
    """
    vectors = vectors.double().cpu()
    centred = vectors - vectors.mean(0)
    scatter = centred.T @ centred
    if scatter.trace() <= 1e-12 * vectors.square().sum():
        return 0.0
    # Both sums without the eigenvalues: the trace, and the squared Frobenius norm.
    return float(scatter.trace().square() / scatter.square().sum())
