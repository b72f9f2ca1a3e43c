"""What was found, in sentences: their numbers are those of the tables."""

import numpy as np
import pytest

from replication.report import findings
from tests import synthetic_tables as tables


def test_sentences_have_the_numbers_of_their_tables():
    laws = tables.laws(["digits"])
    ensembles, regimes = findings.of_ensembles(laws, 0.68), findings.of_regimes(laws)
    for sentence, words in (
        (ensembles[0], "N_D = 64 to 512: mu_L falls with exponent 0.450(4), sigma_L with 0.650(11) on an infinitely"),
        (ensembles[0], "the local exponent drifts by 0.04(7) of itself, and with 0.463(21) on the given one"),
        (ensembles[1], "d ln eps_L / d ln N_D is -0.20 with 500 test points and -0.45 with infinitely many"),
        (ensembles[1], "within the bound with at most 200 test points"),
        (
            ensembles[2],
            "1.00 times that of a Gaussian of the same sigma_L, and eps_L of gradient descent 1.02 times",
        ),
        (ensembles[3], "is 1.01 times what infinite width and order 1/n say of them"),
        (ensembles[3], "1.05 times infinite width itself where the width suffices, 1.49 where it does not"),
        (ensembles[4], "from n = 4.0 to 30.9 N_D on"),
        (ensembles[5], "the 68 % interval that infinite width and order 1/n predict holds 66 % of the losses"),
        (ensembles[6], "with 1.08 times the b that is computed there"),
        (ensembles[7], "built otherwise is -0.12, that of the unvaried ones -0.12"),
        (regimes[0], "are 1.03 (random features) and 0.97 to 1.06 (trained networks)"),
        (regimes[1], "differs from that in features by -2 %, both from that of the spectrum by +2 % to +4 %"),
        (regimes[2], "d = 2 to 8, is 1.05 (infinite width) and 1.05 (trained networks)"),
        (regimes[3], "changes by +3 % by merging classes and by -65 % by noise of standard deviation 2"),
    ):
        assert words in sentence


def test_what_is_not_measured_sharply_is_not_told():
    laws = tables.laws(["digits"])
    vague = laws | {"width_comparisons": laws["width_comparisons"].assign(standard_error=0.5)}
    assert "is not measured sharply enough" in findings.of_ensembles(vague, 0.68)[6]


@pytest.mark.parametrize(("values", "text"), [([1.0, 2.0], "1.00 to 2.00"), ([1.001, 1.002], "1.00")])
def test_spans_are_one_number_where_both_ends_read_alike(values, text):
    assert findings.span(np.array(values)) == text
