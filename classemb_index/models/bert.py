"""The classifier that is trained afresh each round: BERT, fine-tuned (Section 4.2)."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolMatrix, FloatMatrix, FloatVector, Rows, blocks
from .contracts import BERT_STEPS, THRESHOLD, ClassifiedTexts, OnEpoch, Training
from .devices import autocast, resolve_device, resolve_precision
from .f1 import f1_scores
from .hub import hub_answers, loading, model_path
from .trainer import on_one_device, shared_arguments, train

WARM_UP = 0.1  # of all steps; ours, the paper gives no schedule
PREDICT_BATCH = 64
UNKNOWN = -1  # the target of a cell that trains nothing


class BertClassifier:
    """A transformer with one feed-forward output layer and a sigmoid per class (Section 4.2).

    Binary cross-entropy; Adam with a short warm-up and linear decay, which the paper
    leaves open; early stopping on the dev rows' macro-F1 (patience counts once it is
    above 0), with the best epoch's weights kept in memory. Texts are tokenised once.

    Args:
        pool: gives the texts, and the names of the classes.
        settings: how to train.

    Raises:
        ModelError: the model cannot be had.
        RequestError: the device or precision is unknown or not there.
    """

    uses_dev = True

    def __init__(self, pool: ClassifiedTexts, settings: Training | None = None) -> None:
        settings = settings or Training()
        self._pool = pool
        self._settings = settings
        self._steps = settings.steps(BERT_STEPS)
        self._device = resolve_device(settings.device)
        self._precision = resolve_precision(settings.precision, self._device)
        self._tokens: dict[int, NDArray[np.int32]] = {}
        self._model: Any = None
        with loading(settings.model):
            from transformers import AutoTokenizer

            self._tokenizer: Any = AutoTokenizer.from_pretrained(
                model_path(settings.model), local_files_only=not hub_answers()
            )
        self._new_model(seed=0)  # a model that cannot be had fails here, not in the first round

    def settings(self) -> Mapping[str, Any]:
        """See Classifier; device and precision as they are resolved here."""
        resolved = {"device": self._device, "precision": self._precision}
        ours = {"warm_up": WARM_UP, "decay": "linear", "threshold": THRESHOLD}
        return {**self._settings.of_bert(), **resolved, **ours}

    def fit(
        self,
        rows: Rows,
        labels: BoolMatrix,
        dev_rows: Rows,
        dev_labels: BoolMatrix,
        seed: int,
        on_epoch: OnEpoch | None = None,
        *,
        known: BoolMatrix | None = None,
        dev_known: BoolMatrix | None = None,
    ) -> int:
        """See Classifier. Without dev rows all epochs are run."""
        from transformers import DataCollatorWithPadding, Trainer

        targets, dev_targets = _targets(labels, known), _targets(dev_labels, dev_known)
        by_length = self._by_length(dev_rows)
        stopper = _early_stopping(self._settings.patience, on_epoch)
        has_unknown = known is not None or dev_known is not None
        with tempfile.TemporaryDirectory(prefix="classemb-") as folder:
            trainer = Trainer(
                model=self._new_model(seed),
                args=self._arguments(folder, seed, has_dev=len(dev_rows) > 0),
                train_dataset=self._examples(rows, targets),
                eval_dataset=self._examples(dev_rows[by_length], dev_targets[by_length]),
                data_collator=DataCollatorWithPadding(self._tokenizer),
                compute_metrics=_dev_macro_f1,
                compute_loss_func=_loss_of_known if has_unknown else None,
                callbacks=[stopper],
            )
            train(trainer)
        self._model = trainer.model.eval()
        stopper.restore_best(self._model)
        del trainer
        gc.collect()  # it refers to itself, and would keep its optimizer's memory for rounds
        return int(stopper.epochs)

    def probabilities(self, rows: Rows) -> FloatMatrix:
        """See Classifier."""
        return _sigmoid(self._forward(rows)[0])

    def representations(self, rows: Rows) -> FloatMatrix:
        """See Classifier; of a BERT the pooled first token."""
        return self._forward(rows)[1]

    def save(self, folder: Path, slopes: FloatVector, offsets: FloatVector) -> None:
        """Write the trained model as Hugging Face keeps one, with its class names and a sigmoid each.

        The calibration goes into the output layer, so that whoever loads the folder has calibrated
        probabilities.

        Args:
            folder: is there.
            slopes: (q,) that a logit is multiplied by.
            offsets: (q,) that are added then.
        """
        import torch

        model, names = self._model, self._pool.classes
        output = _output_layer(model, len(names))
        slope = torch.as_tensor(slopes, device=output.weight.device)
        with torch.no_grad():
            output.weight *= slope[:, None]
            output.bias *= slope
            output.bias += torch.as_tensor(offsets, device=output.weight.device)
        model.config.id2label = dict(enumerate(names))
        model.config.label2id = {name: i for i, name in enumerate(names)}
        self._tokenizer.model_max_length = self._max_length()
        model.save_pretrained(folder)
        self._tokenizer.save_pretrained(folder)

    def _arguments(self, folder: str, seed: int, has_dev: bool) -> Any:
        from transformers import TrainingArguments

        settings = self._settings
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=self._steps.epochs,
            per_device_train_batch_size=settings.batch_size,
            per_device_eval_batch_size=PREDICT_BATCH,
            learning_rate=self._steps.learning_rate,
            warmup_steps=WARM_UP,
            optim="adamw_torch_fused",
            weight_decay=0.0,  # so AdamW is Adam
            eval_strategy="epoch" if has_dev else "no",
            **shared_arguments(self._device, self._precision, seed),
        )
        return on_one_device(arguments)

    def _forward(self, rows: Rows) -> tuple[FloatMatrix, FloatMatrix]:
        """Logits (len(rows), q) and the output layer's input (len(rows), d).

        The output layer computes in float32: logits of a lower precision tie.
        """
        import torch

        model = self._model
        output = _output_layer(model, len(self._pool.classes))
        inputs = [torch.zeros(0, output.in_features, device=self._device)]  # for no rows at all
        hook = output.register_forward_pre_hook(lambda _, given: inputs.append(given[0].float()))
        tokens = self._tokenised(rows)
        by_length = np.argsort([len(ids) for ids in tokens], kind="stable")
        try:
            for part in blocks(len(rows), PREDICT_BATCH):
                ids = [tokens[i] for i in by_length[part]]
                batch = self._tokenizer.pad({"input_ids": ids}, return_tensors="pt")
                with torch.inference_mode(), autocast(self._precision, self._device):
                    model(**batch.to(self._device))
        finally:
            hook.remove()
        with torch.inference_mode():
            given = torch.cat(inputs)
            logits = torch.nn.functional.linear(given, output.weight, output.bias)
        back = np.argsort(by_length)
        return logits.cpu().numpy()[back], given.cpu().numpy()[back]

    def _new_model(self, seed: int) -> Any:
        from transformers import AutoModelForSequenceClassification, set_seed

        set_seed(seed)  # the output layer is new
        with loading(self._settings.model):
            return AutoModelForSequenceClassification.from_pretrained(
                model_path(self._settings.model),
                num_labels=len(self._pool.classes),
                problem_type="multi_label_classification",
                dtype="float32",  # whatever the checkpoint has
                local_files_only=not hub_answers(),
            )

    def _examples(self, rows: Rows, targets: FloatMatrix) -> list[dict[str, Any]]:
        tokens = self._tokenised(rows)
        return [
            {"input_ids": ids, "labels": target.tolist()}
            for ids, target in zip(tokens, targets, strict=True)
        ]

    def _tokenised(self, rows: Rows) -> list[NDArray[np.int32]]:
        new = np.array([row for row in rows.tolist() if row not in self._tokens], dtype=np.int64)
        if new.size:
            tokenised = self._tokenizer(
                self._pool.texts_of(new), truncation=True, max_length=self._max_length()
            )
            tokens = (np.array(ids, dtype=np.int32) for ids in tokenised["input_ids"])
            self._tokens.update(zip(new.tolist(), tokens, strict=True))
        return [self._tokens[row] for row in rows.tolist()]

    def _max_length(self) -> int:
        return min(self._steps.max_length, int(self._tokenizer.model_max_length))

    def _by_length(self, rows: Rows) -> Rows:
        """Positions that sort the rows by length, so that a batch has little padding."""
        lengths = [len(ids) for ids in self._tokenised(rows)]
        return np.argsort(lengths, kind="stable")


def _targets(labels: BoolMatrix, known: BoolMatrix | None) -> FloatMatrix:
    """(m, q) float32: 1 and 0 for yes and no, UNKNOWN where nobody knows."""
    targets = labels.astype(np.float32)
    if known is not None:
        targets[~known] = UNKNOWN
    return targets


def _loss_of_known(outputs: Any, targets: Any, num_items_in_batch: Any = None) -> Any:
    """The model's binary cross-entropy, averaged over the known cells of a batch alone."""
    from torch.nn.functional import binary_cross_entropy_with_logits

    is_known = targets != UNKNOWN
    return binary_cross_entropy_with_logits(
        outputs.logits.float(), targets.clamp(min=0), weight=is_known.float(), reduction="sum"
    ) / is_known.sum().clamp(min=1)


def _output_layer(model: Any, n_classes: int) -> Any:
    """The last linear layer with one output a class."""
    from torch import nn

    layers = (layer for layer in model.modules() if isinstance(layer, nn.Linear))
    return [layer for layer in layers if layer.out_features == n_classes][-1]


def _early_stopping(patience: int, on_epoch: OnEpoch | None) -> Any:
    """A Trainer callback that stops in time and remembers the best epoch's weights."""
    from transformers import TrainerCallback

    class EarlyStopping(TrainerCallback):  # type: ignore[misc]
        best: float = 0.0
        weights: Mapping[str, Any] | None = None
        epochs: int = 0
        since_best: int = 0

        def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.epochs += 1
            if on_epoch and args.eval_strategy == "no":
                on_epoch(self.epochs, None)

        def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            score = kwargs["metrics"]["eval_macro_f1"]
            if on_epoch:
                on_epoch(self.epochs, score)
            if score > self.best:
                self.best, self.since_best = score, 0
                model = kwargs["model"]
                self.weights = {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}
            elif self.best > 0:  # a model that predicts nothing yet has not begun to learn
                self.since_best += 1
                control.should_training_stop = self.since_best >= patience

        def restore_best(self, model: Any) -> None:
            if self.weights is not None:
                model.load_state_dict(self.weights)

    return EarlyStopping()


def _dev_macro_f1(prediction: Any) -> dict[str, float]:
    predicted = _sigmoid(prediction.predictions) > THRESHOLD
    targets = prediction.label_ids
    return {"macro_f1": f1_scores(predicted, targets > 0, targets != UNKNOWN).macro}


def _sigmoid(logits: FloatMatrix) -> FloatMatrix:
    return np.asarray(1 / (1 + np.exp(-logits.astype(np.float32))), dtype=np.float32)
