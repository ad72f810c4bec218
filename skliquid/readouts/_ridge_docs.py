"""What the docstrings of both ridge readouts say alike."""

from __future__ import annotations

from inspect import cleandoc

_PARAMETERS = """
alphas : array-like of shape (n_alphas,), default=(0.01, 0.1, ..., 1e5)
    Penalties on the squared weights, all positive, of which one is chosen for all targets.
fit_intercept : bool, default=True
    Whether to fit constants.
standardize : bool, "residual" or "auto", default=False
    Whether the penalty is on the weights of features divided by their standard deviation; with
    "residual" by ``r + 0.1`` times that, where r is the share of the variance of a feature that
    its regression on the targets, at most 1000, leaves: that within classes, for classes. "auto"
    is "residual" where five folds of up to 500 samples, of ten at least, find it clearly better,
    and True elsewhere. Weights are given in terms of the features as they are in any case.
limit : bool, default=False
    Whether, in prediction, each feature is kept to the range that it had in the training samples
    of positive weight.
groups : array-like of shape (n_features,), default=None
    Group of each feature, from 0 and below the number of features, for groups with penalties of
    their own: that on the squared weights of group g is ``alpha / group_weights_[g]``. The weight
    of group 0 is 1; those of the others are chosen from 0, 1/4, 1 and 4 by the leave-one-out
    error of up to 500 samples. None puts all features in group 0.
"""

_ATTRIBUTES = """
alpha_ : float
    Chosen penalty.
standardize_ : bool or "residual"
    How features are scaled.
group_weights_ : ndarray of shape (n_groups,) or None
    Chosen weights of the `groups`; None where there are none.
has_copies_ : bool
    Whether copies that `origin` told of are part of the model.
best_score_ : float
    Negative mean squared error, of leaving one sample out, by which it was chosen.
n_samples_seen_ : int
    Number of samples in all parts, after `partial_fit` or `merge`.
n_features_in_ : int
    Number of features.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Column names, if `fit` saw a data frame with names that are all strings.
"""

_NOTES = """
The penalty is the one of the least exact leave-one-out error [1]_. Identical samples count as one
with their weights summed, or else a copy that stays would predict the one left out.

Where there is much to compute, penalties are tried only next to the best one so far, starting from
one that suits some of the samples, and float64 restores the digits of what float32 finds. X is not
copied; beside it there is half a Gram matrix of the samples or of the features, whichever is
smaller, and its Cholesky factor. Threads share out the work, as many as BLAS has, which is kept to
one meanwhile.

With ``standardize="residual"`` features that tell much of the targets are penalised less, as
diagonal discriminant analysis [D]_ weighs each by its variance within classes; the 0.1 is for
those that seem to tell all in few samples. The scales are made of all samples, so that
leave-one-out errors come out somewhat small; in the folds of "auto" they are made without the
samples that judge, and weights of groups are chosen by standard deviations.

Weights of groups are those of multiple kernels [G]_: beginning with 0, each group is given the
weight of the least error while the others keep theirs, twice over. The samples that judge are a
random choice by what they are, the same for parts and for all at once.

`partial_fit` keeps the samples while they take no more memory than sums over them would, and gives
what `fit` gives. Beyond that it adds them to the sums, which give the same model, and retains a
thousand samples, chosen at random by what they are. The penalty is then chosen by their exact
leave-one-out error under the model of all samples, times how their squared residuals compare with
those of all samples. That chose the same penalty as all samples on 17 sets of features with up to
8000 samples; half of the samples did on 37 of 42 smaller ones.
Order and size of the parts, and how they are merged, change nothing but
rounding; the sums of the same parts, merged in the same way, have the same bits for any number of
threads. The model is computed when it is first asked for. A part after `fit`, which keeps nothing,
begins a new model.

Copies of samples, of which `origin` tells, are part of the model where the mean squared error of
the samples, left out together with their copies [C]_, is less than without any: a copy helps that
leaves the target as it is, and misleads where what it changes tells of the target.

The outputs for a sample do not depend, to the last bit, on which others are predicted with it.
"""

_REFERENCES = """
.. [1] Rifkin, Lippert. "Notes on regularized least squares", MIT-CSAIL-TR-2007-025, 2007.
.. [C] Liland, Skogholt, Indahl. "A new formula for faster computation of the k-fold
   cross-validation and good regularisation parameter values in ridge regression", IEEE Access 12,
   2024.
.. [D] Dudoit, Fridlyand, Speed. "Comparison of discrimination methods for the classification of
   tumors using gene expression data", Journal of the American Statistical Association 97, 2002.
.. [G] Gönen, Alpaydin. "Multiple kernel learning algorithms", Journal of Machine Learning
   Research 12, 2011.
"""


def documented(cls: type) -> type:
    """Put the shared text in the place of its name in braces."""
    if cls.__doc__:  # python -OO has none
        doc = cleandoc(cls.__doc__)
        for name, text in {
            "parameters": _PARAMETERS,
            "attributes": _ATTRIBUTES,
            "notes": _NOTES,
            "references": _REFERENCES,
        }.items():
            doc = doc.replace(f"{{{name}}}", text.strip())
        cls.__doc__ = doc + "\n"
    return cls
