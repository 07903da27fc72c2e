"""Named heads, against slow optimisers, scikit-learn, and their limits."""

from __future__ import annotations

from math import exp, log, pi, sqrt

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, minimize
from sklearn.linear_model import LogisticRegression

from classemb_index.models import named
from classemb_index.models.named import (
    STRENGTHS,
    NamePrior,
    best_cuts,
    fit_named_heads,
    name_strengths,
    named_heads,
)

DIM, CLASSES = 5, 3


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def prior(rng: np.random.Generator) -> NamePrior:
    background = unit(rng.standard_normal((300, DIM)) + 0.5)
    return NamePrior(unit(rng.standard_normal((CLASSES, DIM))), background.mean(axis=0), background)


def documents(
    rng: np.random.Generator, prior: NamePrior, m: int, noise: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings, and labels that follow the names but for some noise."""
    embeddings = unit(rng.standard_normal((m, DIM)) + 0.5)
    likeness = (embeddings - prior.mean) @ prior.names.T
    return embeddings, likeness + noise * rng.standard_normal(likeness.shape) > 0.6


def loss_of(
    embeddings: np.ndarray,
    has_class: np.ndarray,
    prior: NamePrior,
    c: int,
    strength: float,
    given: np.ndarray,
) -> float:
    """The loss of weights and an offset on centred embeddings, document by document."""
    weights, offset = given[:DIM].tolist(), float(given[DIM])
    before = float(np.interp(strength, STRENGTHS, prior.offsets[:, c]))
    total = 0.5 * (offset - before) ** 2
    for w, n in zip(weights, prior.names[c].tolist(), strict=True):
        total += 0.05 * (w - strength * n) ** 2
    for embedding, has in zip((embeddings - prior.mean).tolist(), has_class.tolist(), strict=True):
        logit = offset + sum(w * x for w, x in zip(weights, embedding, strict=True))
        total += log(1 + exp(-logit if has else logit))
    return total


def test_heads_have_the_least_loss_that_a_slow_optimiser_finds(
    rng: np.random.Generator, prior: NamePrior
) -> None:
    embeddings, labels = documents(rng, prior, 40)
    known = rng.random(labels.shape) < 0.8
    heads = fit_named_heads(embeddings, labels, known, prior)
    for c in range(CLASSES):
        own, strength = known[:, c], float(heads.strengths[c])

        def loss(
            given: np.ndarray, c: int = c, own: np.ndarray = own, s: float = strength
        ) -> float:
            return loss_of(embeddings[own], labels[own, c], prior, c, s, given)

        slow = minimize(loss, np.zeros(DIM + 1), method="BFGS")  # by numerical gradients
        centred_offset = heads.offsets[c] + heads.weights[c] @ prior.mean
        np.testing.assert_allclose(heads.weights[c], slow.x[:DIM], atol=0.02)
        assert centred_offset == pytest.approx(slow.x[DIM], abs=0.02)


def test_what_nobody_knows_trains_nothing(rng: np.random.Generator, prior: NamePrior) -> None:
    embeddings, labels = documents(rng, prior, 40)
    known = rng.random(labels.shape) < 0.7
    first = fit_named_heads(embeddings, labels, known, prior)
    second = fit_named_heads(embeddings, labels ^ ~known, known, prior)
    for one, two in zip(first, second, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4)


def test_with_names_that_count_nothing_heads_are_those_of_scikit_learn(
    rng: np.random.Generator, prior: NamePrior, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named, "OFFSET_SPREAD", 1e3)  # scikit-learn does not punish the offset
    nameless = NamePrior(np.zeros_like(prior.names), prior.mean, prior.background)
    embeddings, labels = documents(rng, prior, 60)
    heads = fit_named_heads(embeddings, labels, np.ones_like(labels), nameless)
    for c in range(CLASSES):
        other = LogisticRegression(C=10.0, tol=1e-8, max_iter=10_000).fit(embeddings, labels[:, c])
        np.testing.assert_allclose(heads.weights[c], other.coef_[0], atol=0.02)
        assert heads.offsets[c] == pytest.approx(other.intercept_[0], abs=0.03)


def test_without_labels_a_head_is_its_name_and_expects_one_document_of_a_hundred(
    prior: NamePrior,
) -> None:
    nobody = np.zeros((0, CLASSES), dtype=bool)
    heads = fit_named_heads(np.zeros((0, DIM), np.float32), nobody, nobody, prior)
    np.testing.assert_allclose(unit(heads.weights), prior.names, atol=1e-6)
    logits = prior.background @ heads.weights.T + heads.offsets
    np.testing.assert_allclose((1 / (1 + np.exp(-logits))).mean(axis=0), 0.01, atol=5e-4)
    usual = [exp(-0.5 * ((s - 17) / 6) ** 2) + 0.02 for s in STRENGTHS]
    mean = sum(s * u for s, u in zip(STRENGTHS, usual, strict=True)) / sum(usual)
    np.testing.assert_allclose(heads.strengths, mean)


def test_the_offset_of_each_strength_is_where_the_mean_probability_is_a_hundredth(
    prior: NamePrior,
) -> None:
    for i, strength in enumerate(STRENGTHS):
        for c in range(CLASSES):
            likeness = (prior.background - prior.mean) @ prior.names[c]

            def beyond(b: float, s: float = strength, x: np.ndarray = likeness) -> float:
                return float(np.mean(1 / (1 + np.exp(-(s * x + b))))) - 0.01

            assert prior.offsets[i, c] == pytest.approx(brentq(beyond, -60, 60), abs=1e-3)


def test_with_many_labels_the_labels_speak(rng: np.random.Generator, prior: NamePrior) -> None:
    """A name that misleads is forgotten: heads converge on those without any prior."""
    embeddings, labels = documents(rng, prior, 20_000, noise=0.3)
    misled = NamePrior(np.roll(prior.names, 1, axis=0), prior.mean, prior.background)
    heads = fit_named_heads(embeddings, labels, np.ones_like(labels), misled)
    for c in range(CLASSES):
        free = LogisticRegression(C=1e6, max_iter=1000).fit(embeddings, labels[:, c])
        cosine = unit(heads.weights[c]) @ unit(free.coef_[0])
        assert cosine > 0.995


def test_a_name_counts_what_its_marginal_likelihood_says() -> None:
    """One class alone: Bayes' rule over the strengths, by slow integrals."""
    rng = np.random.default_rng(3)
    background = unit(rng.standard_normal((200, DIM)))
    prior = NamePrior(unit(rng.standard_normal((1, DIM))), background.mean(axis=0), background)
    likeness = rng.uniform(-0.5, 0.8, (12, 1)).astype(np.float32)
    labels, known = likeness > 0.4, np.ones((12, 1), dtype=bool)
    evidence = []
    for i, strength in enumerate(STRENGTHS):

        def joint(node: float, i: int = i, s: float = strength) -> float:
            value = exp(-node * node / 2) / sqrt(2 * pi)
            for x, has in zip(likeness[:, 0].tolist(), labels[:, 0].tolist(), strict=True):
                logit = s * x + prior.offsets[i, 0] + node
                value /= 1 + exp(-logit if has else logit)
            return value

        evidence.append(quad(joint, -8, 8)[0])
    usual = [exp(-0.5 * ((s - 17) / 6) ** 2) + 0.02 for s in STRENGTHS]
    usual = [u / sum(usual) for u in usual]
    share = usual
    for _ in range(60):
        posterior = [s * e for s, e in zip(share, evidence, strict=True)]
        posterior = [p / sum(posterior) for p in posterior]
        share = [(5 * u + p) / 6 for u, p in zip(usual, posterior, strict=True)]
    expected = sum(s * p for s, p in zip(STRENGTHS, posterior, strict=True))
    found = name_strengths(likeness, labels, known, prior)
    assert found[0] == pytest.approx(expected, abs=0.05)


def test_a_name_that_misleads_counts_less_and_one_that_tells_keeps_its_weight(
    rng: np.random.Generator, prior: NamePrior
) -> None:
    embeddings, labels = documents(rng, prior, 400)
    known = np.ones_like(labels)
    right = fit_named_heads(embeddings, labels, known, prior).strengths
    misled = NamePrior(prior.names * np.array([[1], [1], [-1]]), prior.mean, prior.background)
    found = fit_named_heads(embeddings, labels, known, misled).strengths
    assert right.min() > 10
    assert found[2] < 1 < 10 < found[:2].min()


def test_heads_of_one_class_may_differ_in_what_they_know(
    rng: np.random.Generator, prior: NamePrior
) -> None:
    embeddings, labels = documents(rng, prior, 50)
    inside = np.arange(50) < 30
    used = np.stack([inside, np.ones(50, dtype=bool)], axis=1)
    twice = np.repeat(labels[:, :1], 2, axis=1)
    strengths = np.array([12.0, 12.0])
    weights, offsets = named_heads(embeddings, twice, used, prior, np.array([0, 0]), strengths)
    (alone,), _ = named_heads(
        embeddings[inside],
        labels[inside, :1],
        used[inside, :1],
        prior,
        np.array([0]),
        strengths[:1],
    )
    np.testing.assert_allclose(weights[0], alone, atol=1e-2)
    assert np.abs(weights[0] - weights[1]).max() > 0.01 and offsets[0] != offsets[1]


def test_the_cut_has_the_best_f1_that_can_be_expected(rng: np.random.Generator) -> None:
    logits = rng.normal(-2, 2, (60, 2)).astype(np.float32)
    for c, cut in enumerate(best_cuts(logits)):
        shares = (1 / (1 + np.exp(-logits[:, c].astype(float)))).tolist()
        expected = {}
        for at in shares:
            given = [p for p in shares if p >= at]
            expected[at] = 2 * sum(given) / (len(given) + sum(shares))
        best = max(expected, key=lambda at: expected[at])
        assert 1 / (1 + exp(-float(cut))) == pytest.approx(best, abs=1e-6)
    np.testing.assert_array_equal(best_cuts(logits[:0]), [0, 0])


def test_a_cut_is_finite_where_a_class_is_certain() -> None:
    """The probability of logit 40 is 1 in any float, and a logit of 1 would be infinite."""
    found = best_cuts(np.array([[40], [40], [-60], [-60]], dtype=np.float32))
    assert found.tolist() == [40]


def test_a_prior_that_nothing_moves_leaves_the_name(
    rng: np.random.Generator, prior: NamePrior, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named, "PENALTY", 1e5)
    embeddings, labels = documents(rng, prior, 60)
    heads = fit_named_heads(embeddings, labels, np.ones_like(labels), prior)
    np.testing.assert_allclose(unit(heads.weights), prior.names, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(heads.weights, axis=1), heads.strengths, rtol=1e-3)
