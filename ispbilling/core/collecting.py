"""How processes that live long let Python collect garbage."""

import gc


def settle() -> None:
    """Call it when everything is loaded: that stays, so the collector never walks it again, and what comes and
    goes it walks seldom. Of the time of a run of a month a sixth was the collector's.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
