"""Words of quality control: the flags of QARTOD and the names of the tests, in the order in which they are stored."""

from enum import IntEnum, StrEnum


class Flag(IntEnum):
    """QARTOD flags (U.S. IOOS, Manual for the Use of Real-Time Oceanographic Data Quality Control Flags, 2020).

    not_evaluated is not a pass: the test has not been, or could not be, done. missing: there is no reading.
    """

    PASS = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class QualityTest(StrEnum):
    """A test of a reading; `instrument` is the flag that the sender gave with the reading."""

    INSTRUMENT = "instrument"
    GROSS_RANGE = "gross_range"
    SEASONAL_RANGE = "seasonal_range"
    SPIKE = "spike"
    RATE_OF_CHANGE = "rate_of_change"
    FLAT_LINE = "flat_line"
    ATTENUATED_SIGNAL = "attenuated_signal"
    TIME_GAP = "time_gap"
    MULTI_VARIATE = "multi_variate"
    NEIGHBOUR = "neighbour"


TESTS = tuple(QualityTest)
PLACE = {test: place for place, test in enumerate(TESTS)}
"""Row of each test in an array of flags and in the stored `quality_interval.flags`."""
