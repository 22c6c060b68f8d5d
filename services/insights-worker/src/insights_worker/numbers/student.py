"""How wide a 95 % interval is: quantiles of Student's t."""

#: Of the standard normal distribution, two-sided.
_Z = 1.959963984540054
#: Where the series below is still too far off.
_FEW = {1: 12.706204736, 2: 4.30265273, 3: 3.182446305}


def t_95(freedom: int) -> float:
    """The 97.5 % quantile for so many degrees of freedom, to three digits.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    if freedom in _FEW:
        return _FEW[freedom]
    z = _Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))
