"""Recall and F1 from estimated counts, with less bias than the ratios of the estimates have."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays import Scores

UNSEEN = 0.15  # of one more missed document, which is taken to have been seen


@dataclass(frozen=True)
class Counts:
    """What a sample says of a class: two unbiased estimates, and how far off they may be.

    A ratio of the two is concave in what was found, so that its mean over samples is too low, and convex
    in what was missed, so that it is too high; the second terms of Taylor's series say by how much
    (Tin, Journal of the American Statistical Association 60, 1965). Most samples hold no missed
    document of a rare class, and then the estimated variance of the missed is 0, recall 1, and
    nothing is corrected. So a part of one more is taken to have been seen, as Chapman's
    estimate takes a whole one (University of California Publications in Statistics 1, 1951).

    No function of a number that is mostly 0 or 1 is without bias here, unless its errors grow far beyond
    the bias. The part was chosen on two pools and measured on four (docs/evaluate.md).

    Attributes:
        predicted: documents of the population that the model gives the class; a count.
        found: of them that have it, estimated.
        found_variance: of this estimate.
        missed: documents that have it and are not given it, estimated.
        missed_variance: of this estimate.
        one_more: missed documents that another one would have stood for (`one_more`).
    """

    predicted: int
    found: float
    found_variance: float
    missed: float
    missed_variance: float
    one_more: float

    @classmethod
    def estimated(
        cls,
        predicted: int,
        share: float | None,
        n_effective: float,
        missed: Scores,
        one_more: float,
    ) -> Counts | None:
        """From a sample; None where it holds none of the documents that are given the class.

        Args:
            predicted: documents of the population that the model gives the class.
            share: of the sample's part of them that has it; None where there is no such part.
            n_effective: size of a simple random sample that would tell this share as well.
            missed: (k,) weights 1 / pi of the missed documents in the sample.
            one_more: missed documents that another one would have stood for.
        """
        if share is None and predicted:
            return None
        right = share or 0.0
        return cls(
            predicted,
            right * predicted,
            right * (1 - right) * predicted**2 / max(1.0, n_effective - 1),
            float(missed.sum()),
            float((missed * (missed - 1)).sum()),
            one_more,
        )

    def recall(self) -> float | None:
        """Found by all that have the class; None where none was seen that has it."""
        return self._share_of(0) if self.found + self.missed else None

    def f1(self) -> float:
        """Twice what was found, by those that are given the class and those that have it; 0 without any."""
        return 2 * self._share_of(self.predicted) if self.predicted else 0.0

    def _share_of(self, known: int) -> float:
        """found / (found + known + missed), between 0 and what it is where all given have the class."""
        likely = self.missed + UNSEEN * self.one_more
        variance = self.missed_variance + UNSEEN * self.one_more**2
        others = known + self.missed + variance / (self.found + known + likely)
        whole = self.found + others
        corrected = self.found / whole + others * self.found_variance / whole**3
        return min(corrected, self.predicted / (self.predicted + others))


def one_more(weights: Scores, scores: Scores) -> float:
    """How many missed documents another one in the sample would stand for, by the model's probabilities.

    Of the missed, sum (w - 1) p are expected that were not drawn, and sum p that were: the ratio. Where
    not even one was to be drawn, it is all that were not.

    Args:
        weights: (m,) 1 / pi of the documents of the sample that are not given the class.
        scores: (m,) the model's probabilities of the class.
    """
    return float(((weights - 1) * scores).sum()) / max(1.0, float(scores.sum()))
