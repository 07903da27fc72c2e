"""DAL: discriminative active learning, documents that look unlike the labelled ones (2019)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..arrays import FloatMatrix, FloatVector, Rows, blocks
from ..models.devices import autocast, resolve_device, resolve_precision
from .base import Aid, Selection, SelectionState, Strategy, at_random, for_no_class
from .options import MOST_EPOCHS

if TYPE_CHECKING:
    import torch

MINI_QUERIES = 10
SUBSET = 10  # unlabelled documents that the discriminator sees for each labelled one
HIDDEN = (256, 256, 256)
LEARNING_RATE = 1e-3
ACCURACY = 0.98  # on its own training documents, at which the discriminator stops
MINI_BATCH = 1024
CANDIDATES = 1 << 15  # that are looked at together

# (labelled, unlabelled subset, candidates, seed) -> how unlabelled each candidate looks
Discriminator: TypeAlias = Callable[[FloatMatrix, FloatMatrix, FloatMatrix, int], FloatVector]


def select_dal(state: SelectionState, batch: int) -> Selection:
    """`batch` unlabelled documents that the discriminator tells best from the labelled ones."""
    labelled, rows = state.labelled.rows, state.unlabelled_rows
    if not len(labelled):
        return at_random(state, batch, "no document is labelled: the batch is random")
    representations = state.trained().representations(np.concatenate([labelled, rows]))
    places = discriminative_selection(
        representations[: len(labelled)],
        representations[len(labelled) :],
        batch,
        state.rng,
        discriminator=partial(
            train_discriminator,
            most_epochs=state.options.discriminator_epochs,
            device=state.index.device,
        ),
    )
    return for_no_class(rows[places])


DAL = Strategy(select_dal, frozenset({Aid.CLASSIFIER}), options=("discriminator_epochs",))


def discriminative_selection(
    labelled: FloatMatrix,
    unlabelled: FloatMatrix,
    batch: int,
    rng: np.random.Generator,
    *,
    mini_queries: int = MINI_QUERIES,
    discriminator: Discriminator | None = None,
) -> Rows:
    """Discriminative active learning on given representations (Gissin, Shalev-Shwartz, arXiv 1907.06347).

    In each mini-query a discriminator learns to tell the labelled documents from a random
    subset of the unlabelled ones, ten times as many. Of all unlabelled documents, those
    that look most unlabelled are picked and count as labelled from then on.

    Args:
        labelled: (m, d) float32, m at least 1.
        unlabelled: (n_u, d) float32.
        batch: how many to pick, at most n_u.
        rng: draws the subsets and the discriminators' seeds.
        mini_queries: discriminators that are trained, at most one a pick; the batch is
            spread over them evenly, the remainder over the first ones.
        discriminator: gives (n,) values that rise with the probability that a candidate is
            unlabelled; None is the article's network (`train_discriminator`).

    Returns:
        (batch,) int64 positions in `unlabelled`, in the order in which they were picked.
    """
    discriminator = discriminator or train_discriminator
    left = np.arange(len(unlabelled))
    picked = np.zeros(0, dtype=np.int64)
    for size in mini_query_sizes(batch, mini_queries):
        known = np.concatenate([labelled, unlabelled[picked]])
        subset = rng.choice(left, min(SUBSET * len(known), len(left)), replace=False)
        candidates = unlabelled[left]
        looks = discriminator(
            known, unlabelled[np.sort(subset)], candidates, int(rng.integers(2**31))
        )
        best = np.argsort(-looks, kind="stable")[:size]
        picked = np.concatenate([picked, left[best]])
        left = np.delete(left, best)
    return picked


def mini_query_sizes(batch: int, mini_queries: int = MINI_QUERIES) -> Sequence[int]:
    """How many documents each mini-query picks: an even share, the remainder to the first ones."""
    turns = min(batch, mini_queries)
    return [batch // turns + (turn < batch % turns) for turn in range(turns)]


def train_discriminator(
    labelled: FloatMatrix,
    unlabelled: FloatMatrix,
    candidates: FloatMatrix,
    seed: int,
    *,
    most_epochs: int = MOST_EPOCHS,
    device: str = "auto",
) -> FloatVector:
    """Log-odds that each candidate is unlabelled, by a network trained for this question.

    Log-odds and not probabilities: these round to 1 for many candidates, which would tie.

    Three hidden ReLU layers of 256 and Adam at 1e-3, both sides weighted equally; it stops
    after the first epoch whose training accuracy, taken while it learns, is above 0.98. Where
    near-duplicates lie on both sides it may not get there, and all epochs are run. Ours:
    representations scaled to mean 0 and variance 1, bfloat16 in training where the device
    has it, mini-batches of 1024.

    Args:
        labelled: (m, d) float32.
        unlabelled: (n, d) float32.
        candidates: (n_u, d) float32.
        seed: of the weights and of the order of the documents.
        most_epochs: after which it stops in any case.
        device: "auto", "cpu" or "cuda".

    Returns:
        (n_u,) float32.
    """
    import torch
    from torch import nn

    device = resolve_device(device)
    precision = resolve_precision("auto", device)
    known = np.concatenate([labelled, unlabelled])
    centre, spread = known.mean(axis=0), known.std(axis=0) + 1e-6

    def scaled(representations: FloatMatrix) -> torch.Tensor:
        return torch.as_tensor((representations - centre) / spread).to(device)

    x = scaled(known)
    y = torch.cat([torch.zeros(len(labelled)), torch.ones(len(unlabelled))]).to(device)
    weights = torch.where(y > 0, len(y) / len(unlabelled), len(y) / len(labelled)) / 2
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = _network(x.shape[1]).to(device)
        adam = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
        for _ in range(most_epochs):
            right = torch.zeros((), device=device)
            for part in torch.split(torch.randperm(len(y)).to(device), MINI_BATCH):
                with autocast(precision, device):
                    logits = network(x[part]).squeeze(1)
                loss = nn.functional.binary_cross_entropy_with_logits(
                    logits.float(), y[part], weights[part]
                )
                adam.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                adam.step()
                right += ((logits > 0) == (y[part] > 0)).sum()
            if right > ACCURACY * len(y):
                break
    with torch.inference_mode():  # in full precision: candidates differ by little
        parts = [
            network(scaled(candidates[part])).squeeze(1)
            for part in blocks(len(candidates), CANDIDATES)
        ]
    return np.asarray(torch.cat(parts).cpu().numpy(), dtype=np.float32)


def _network(width: int) -> torch.nn.Sequential:
    from torch import nn

    widths = (width, *HIDDEN)
    hidden = [
        layer
        for before, after in pairwise(widths)
        for layer in (nn.Linear(before, after), nn.ReLU())
    ]
    return nn.Sequential(*hidden, nn.Linear(HIDDEN[-1], 1))
