"""What a liquid listened to: its readout's score, split over the frames and channels it heard.

A readout that is linear in the pooled features, and features that are sums over time, make a score
a sum over what each neuron did at each step. What a neuron did is given back to the frames that
drove it. At step t its potential is a sum of drives, one for every frame that reaches it through
one of its taps and the decay beta of its membrane, and of the rest r: bias, recurrent synapses and
the resets after its spikes::

    v[t] = D + r,    D = sum of a_i,    a_i = beta^k w_i x^[channel_i, t - k - delay_i]

It fires where ``D > theta = threshold - r``. Which frame deserves the spike is a game of its
drives, and their fair shares are its Shapley values [1]_ [2]_: the mean of what a drive adds when
it joins those of a random choice of the others, where a frame that is not chosen is silent, as
``x^ = 0``, the mean of its channel. With the sum over a random choice taken for normal [3]_, with
the variance ``V = sum of a_i^2`` over all, the integral over the size of the choice has a
closed form, and the shares are::

    phi_i = s a_i + (E - s D) a_i^2 / V
    s     = g alpha(theta) + p + q A(-r)
    alpha(h) = sqrt(pi / (2 V)) exp(D^2 / (2 V)) erfc((|h| + |D - h|) / sqrt(2 V))
    A(h)     = integral of alpha from h to infinity

E is what the neuron did at that step, weighed by the readout, and less what it does in silence.
g is the weight of a spike more (with the potential that its reset takes off), p that of
the potential and q that of its positive part; alpha is the mean slope of a threshold and A
that of a rectifier over the random choices. The second term makes the shares sum to E: the
additivity of relevance that is passed back [4]_. A drive that is large against V has its part
a / D of a spike, and where nothing fired, what spoke for a spike is balanced by what prevented it.

What a limiter cuts off is shared by the rule of the secant [5]_: a feature's weight is the change
of the score from silence to the sequence, divided by the change of the feature.

References
----------
.. [1] Shapley. "A value for n-person games", Contributions to the Theory of Games 2, 1953.
.. [2] Lundberg, Lee. "A unified approach to interpreting model predictions", NeurIPS 2017.
.. [3] Ancona, Oztireli, Gross. "Explaining deep neural networks with a polynomial time algorithm
   for Shapley values approximation", ICML 2019.
.. [4] Bach, Binder, Montavon, Klauschen, Mueller, Samek. "On pixel-wise explanations for
   non-linear classifier decisions by layer-wise relevance propagation", PLoS ONE 10(7), 2015.
.. [5] Shrikumar, Greenside, Kundaje. "Learning important features through propagating activation
   differences", ICML 2017.
"""

from ._neurons import Course, split_over_frames
from ._record import Explanation

__all__ = ["Course", "Explanation", "split_over_frames"]
