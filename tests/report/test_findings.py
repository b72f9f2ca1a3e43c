"""What was found, in sentences: their numbers are those of the tables."""

import numpy as np
import pandas as pd
import pytest

from replication.report import findings
from replication.schema import INFINITE_TEST_SET
from tests import synthetic_tables as tables


def test_sentences_have_the_numbers_of_their_tables():
    laws = tables.laws(["digits"])
    ensembles, regimes = findings.of_ensembles(laws, 0.68), findings.of_regimes(laws)
    for sentence, words in (
        (
            ensembles[1],
            "1.00 times that of a Gaussian of the same sigma_L, and eps_L of gradient descent 1.02 times",
        ),
        (ensembles[2], "32 to 128 neurons a layer, is 1.1 times that of infinite width"),
        (ensembles[3], "the 68 % interval that infinite width predicts for the loss holds 50 % of the losses"),
        (ensembles[3], "67 % to 69 % where losses and interval are taken relative to their means"),
        (ensembles[4], "mu_L reaches 1.02 times (trained) and 1.02 times (linearised) its value"),
        (ensembles[5], "of 4 slopes of ln eps_L of networks trained, parametrised or built otherwise 4 are negative"),
        (regimes[0], "are 1.03 (random features) and 0.97 to 1.06 (trained networks)"),
        (regimes[1], "differs from that in features by -2 %, both from that of the spectrum by +2 % to +4 %"),
        (regimes[2], "d = 2 to 8, is 1.05 (infinite width) and 1.05 (trained networks)"),
        (regimes[3], "changes by +3 % by merging classes and by -65 % by noise of standard deviation 2"),
    ):
        assert words in sentence


def test_what_is_known_of_an_infinite_test_set_is_said():
    laws = tables.laws(["digits"])
    slope = laws["scaling_laws"].query("parameter == 'slope'").assign(statistic=INFINITE_TEST_SET, estimate=-0.45)
    with_slope = laws | {"scaling_laws": pd.concat([laws["scaling_laws"], slope])}
    sentence, *_ = findings.of_ensembles(with_slope, 0.68)
    assert sentence.endswith("and -0.450(12) if the test set were infinitely large")


@pytest.mark.parametrize(("values", "text"), [([1.0, 2.0], "1.00 to 2.00"), ([1.001, 1.002], "1.00")])
def test_spans_are_one_number_where_both_ends_read_alike(values, text):
    assert findings.span(np.array(values)) == text
