"""Trained classifiers: their names, and the model that they all fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp

from maskface.classifiers import Trainable, get_classifier, make_classifier
from maskface.classifiers.trained.base import (
    LEAST_NOISE,
    MAX_STEPS,
    PRIOR_VARIANCE,
    Imputer,
    Scaler,
    fit_model,
)
from maskface.errors import MaskfaceError

NAMES = ("blendshapes", "embedding", "hog", "landmarks")


def blobs(n: int = 140, width: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Seven emotions, each around a place of its own."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n, dtype=np.int64) % 7
    return rng.normal(0, 3, (7, width))[labels] + rng.normal(size=(n, width)), labels


@pytest.mark.parametrize("name", NAMES)
def test_registry_makes_them_and_writes_them_back(name: str) -> None:
    plain, other = (
        make_classifier(name),
        make_classifier(f"{name}:train=masked,folds=5,permuted=true"),
    )
    assert isinstance(plain, Trainable)
    assert isinstance(other, Trainable)
    assert (plain.name, plain.train, plain.folds, plain.permuted) == (name, "clean", 10, False)
    assert other.name == f"{name}:folds=5,permuted=true,train=masked"
    assert (other.train, other.folds, other.permuted) == ("masked", 5, True)


def test_needs() -> None:
    needs = {
        "blendshapes": {"redetected", "covered"},
        "blendshapes:points=plain": {"landmarks", "covered"},
        "blendshapes:points=redetected": {"redetected"},
        "landmarks": {"redetected", "covered"},
        "landmarks:points=redetected": {"redetected"},
        "hog": {"crop", "landmarks"},
        "embedding:network=faceapi": {"crop"},
    }
    assert {name: set(make_classifier(name).needs) for name in needs} == needs


def test_names_of_features_do_not_depend_on_the_fit() -> None:
    names = {
        "landmarks:train=both,folds=3,permuted=true": "landmarks",
        "landmarks:train=both,points=redetected": "landmarks:points=redetected",
        "embedding:network=faceapi,folds=4": "embedding:network=faceapi",
    }
    readers = {name: make_classifier(name) for name in names}
    assert all(isinstance(reader, Trainable) for reader in readers.values())
    assert {name: getattr(reader, "measures") for name, reader in readers.items()} == names  # noqa: B009


def test_fingerprints_tell_all_apart_and_stay() -> None:
    specs = [
        *NAMES,
        "embedding:network=faceapi",
        "landmarks:points=redetected",
        "hog:train=both",
        "hog:folds=5",
        "hog:permuted=true",
    ]
    prints = [make_classifier(spec).fingerprint for spec in specs]
    assert len(set(prints)) == len(specs)
    assert prints == [make_classifier(spec).fingerprint for spec in specs]
    assert all(len(print_) == 64 for print_ in prints)


@pytest.mark.parametrize("name", NAMES)
def test_one_fold_is_refused(name: str) -> None:
    with pytest.raises(MaskfaceError, match=f"got 1. Allowed: 2 or more.*{name}:folds=10"):
        make_classifier(f"{name}:folds=1")


@pytest.mark.parametrize("name", ["blendshapes", "landmarks"])
def test_unknown_points_are_refused(name: str) -> None:
    with pytest.raises(MaskfaceError, match="redetected"):
        make_classifier(f"{name}:points=all")
    with pytest.raises(MaskfaceError, match=f"{name}:points=redetected"):
        type(make_classifier(name))(points="all")  # type: ignore[call-arg]


def test_cannot_be_used_without_a_run() -> None:
    with pytest.raises(MaskfaceError, match="is fitted to the pictures of a run"):
        get_classifier("hog")


@pytest.mark.slow
def test_probabilities_of_separate_emotions() -> None:
    features, labels = blobs()
    model = fit_model(features, labels)
    answers = model.predict_proba(features)
    assert answers.shape == (140, 7)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-12)
    assert (answers > 0).all()
    assert (answers.argmax(axis=1) == labels).mean() > 0.95
    assert model.predict_proba(np.empty((0, 6))).shape == (0, 7)


def test_weights_minimise_the_stated_loss() -> None:
    """Balanced cross entropy and an L2 penalty of 1 / (2 C), minimised anew with scipy."""
    features, labels = blobs(90)
    features, labels = features[labels != 4], labels[labels != 4]
    features, labels = features[10:], labels[10:]  # no longer as many of each
    model = fit_model(features, labels)
    z = (features - features.mean(axis=0)) / features.std(axis=0)
    classes, columns = np.unique(labels, return_inverse=True)
    weight = (len(labels) / (len(classes) * np.bincount(columns)))[columns]
    strength = PRIOR_VARIANCE / z.shape[1]

    def logits(flat: np.ndarray) -> np.ndarray:
        table = flat.reshape(7, len(classes))
        return np.asarray(z @ table[:6] + table[6])

    def loss(flat: np.ndarray) -> float:
        logit = logits(flat)
        own = logit[np.arange(len(labels)), columns]
        entropy = weight @ (logsumexp(logit, axis=1) - own)
        return float(strength * entropy + (flat.reshape(7, -1)[:6] ** 2).sum() / 2)

    best = minimize(loss, np.zeros(7 * len(classes)), method="BFGS", options={"gtol": 1e-6}).x
    logit = logits(best)
    expected = np.exp(logit - logsumexp(logit, axis=1)[:, None])
    answers = model.predict_proba(features)
    np.testing.assert_allclose(answers[:, classes], expected, atol=2e-3)
    assert (answers[:, 4] == 0).all()


def test_fit_has_converged() -> None:
    assert fit_model(*blobs()).estimator.n_iter_.max() < MAX_STEPS


def test_a_fit_that_does_not_converge_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskface.classifiers.trained.base.MAX_STEPS", 1)
    with pytest.raises(MaskfaceError, match="did not converge in 1 steps on 140 pictures"):
        fit_model(*blobs())


def test_rare_emotions_weigh_as_much_as_common_ones() -> None:
    """Where features tell nothing, the commonest emotion would otherwise be the answer."""
    labels = np.array([0] * 90 + [3] * 10)
    answers = fit_model(np.zeros((100, 2)), labels).predict_proba(np.zeros((1, 2)))
    np.testing.assert_allclose(answers[0, [0, 3]], 0.5, atol=1e-3)


def test_one_emotion_alone() -> None:
    answers = fit_model(np.ones((3, 2)), np.full(3, 5)).predict_proba(np.zeros((2, 2)))
    np.testing.assert_array_equal(answers, np.eye(7)[[5, 5]])


def test_no_pictures_is_an_error() -> None:
    with pytest.raises(MaskfaceError, match="no pictures to fit a model to"):
        fit_model(np.empty((0, 3)), np.empty(0, np.int64))


def test_same_bytes_twice_and_for_other_seeds() -> None:
    features, labels = blobs(width=200)
    features[::3, 50:] = np.nan
    reader = make_classifier("hog")
    assert isinstance(reader, Trainable)
    first, second = (reader.fit(features, labels, seed=seed) for seed in (0, 1))
    assert first.predict_proba(features).tobytes() == second.predict_proba(features).tobytes()


def test_what_was_never_seen_is_never_looked_at() -> None:
    """A column unknown in training may hold anything later; so may one that never changed."""
    features, labels = blobs()
    features[:, 2], features[:, 4] = np.nan, 0.3
    model = fit_model(features, labels)
    shown = features.copy()
    shown[:, 2], shown[:, 4] = 1e6, -7.0
    np.testing.assert_array_equal(model.predict_proba(shown), model.predict_proba(features))


def test_what_few_pictures_show_is_not_looked_at() -> None:
    features, labels = blobs()
    features[13:, 1] = np.nan  # known in 13 of 140, below a tenth
    shown = features.copy()
    shown[:, 1] = 1e6
    model = fit_model(features, labels)
    np.testing.assert_array_equal(model.predict_proba(shown), model.predict_proba(features))
    features[13, 1] = 0.0
    model = fit_model(features, labels)
    assert not np.allclose(model.predict_proba(shown), model.predict_proba(features))


def test_nothing_known_at_all() -> None:
    labels = np.arange(14, dtype=np.int64) % 7
    answers = fit_model(np.full((14, 3), np.nan), labels).predict_proba(np.ones((2, 3)))
    np.testing.assert_allclose(answers, 1 / 7, atol=1e-6)
    features, labels = blobs()
    answers = fit_model(features, labels).predict_proba(np.full((1, 6), np.nan))
    np.testing.assert_allclose(answers.sum(), 1)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 0.9))
def test_any_gaps_give_probabilities(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    features, labels = blobs(40, 5, seed)
    features[rng.random(features.shape) < share] = np.nan
    answers = fit_model(features, labels).predict_proba(features)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-9)
    assert (answers >= 0).all()


@pytest.mark.slow
@given(st.integers(0, 2**32), st.integers(2, 300), st.sampled_from([0.0, 0.3]))
@settings(deadline=None, max_examples=30)
def test_means_and_spreads_are_those_of_numpy(seed: int, width: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(int(rng.integers(20, 60)), width))
    features[1:][rng.random((len(features) - 1, width)) < share] = np.nan
    given = features.copy()
    scaler, scaled = Scaler.fit(features)
    np.testing.assert_array_equal(features, given)
    columns = features[:, scaler.known]
    np.testing.assert_array_equal(scaler.mean, np.nanmean(columns, axis=0))
    np.testing.assert_array_equal(scaler.spread, np.nanstd(columns, axis=0))
    np.testing.assert_array_equal(scaler.transform(features), scaled)


def test_guess_is_the_mean_given_what_is_seen() -> None:
    """With all components, it is the textbook conditional mean of a normal distribution."""
    rng = np.random.default_rng(1)
    data = rng.normal(size=(400, 4)) @ rng.normal(size=(4, 4))
    data = (data - data.mean(axis=0)) / data.std(axis=0)
    row = np.array([[0.7, np.nan, -1.1, np.nan]])
    variances, directions = np.linalg.eigh(data.T @ data / 400)
    covariance = directions @ np.diag(np.maximum(variances, LEAST_NOISE)) @ directions.T
    seen, hidden = [0, 2], [1, 3]
    by_hand = covariance[np.ix_(hidden, seen)] @ np.linalg.solve(
        covariance[np.ix_(seen, seen)], row[0, seen]
    )
    filled = Imputer(data).fill(row)[0]
    np.testing.assert_allclose(filled[hidden], by_hand, atol=1e-9)
    np.testing.assert_array_equal(filled[seen], row[0, seen])


def test_imputer_is_fitted_to_pictures_with_gaps() -> None:
    """Two features that go together, the second one hidden in half of the pictures."""
    first = np.random.default_rng(2).normal(size=2000)
    first = (first - first.mean()) / first.std()
    data = np.column_stack([first, first])
    data[::2, 1] = np.nan
    filled = Imputer(data).fill(np.array([[1.5, np.nan]]))
    assert filled[0, 1] == pytest.approx(1.5, abs=0.1)


def test_masked_faces_predicted_by_a_model_fitted_to_plain_ones() -> None:
    """Half of the features, each of which also shows in the other half, are hidden in the test."""
    features, labels = blobs(280, 4)
    both = np.hstack([features, features + np.random.default_rng(5).normal(0, 0.3, (280, 4))])
    model = fit_model(both[:140], labels[:140])
    hidden = both[140:].copy()
    hidden[:, 4:] = np.nan
    plain = (model.predict_proba(both[140:]).argmax(axis=1) == labels[140:]).mean()
    masked = (model.predict_proba(hidden).argmax(axis=1) == labels[140:]).mean()
    assert plain > 0.9
    assert masked > plain - 0.05
