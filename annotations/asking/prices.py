"""What a model costs."""

from dataclasses import dataclass

TOKENS_OF_PRICE = 1_000_000


@dataclass(frozen=True)
class Price:
    """What a model costs.

    Parameters
    ----------
    input_usd, output_usd : float
        US dollars for a million tokens.
    """

    input_usd: float
    output_usd: float

    def of(self, tokens_in: int | float, tokens_out: int | float) -> float:
        """Return the price of some tokens, in US dollars.

        Examples
        --------
        >>> Price(0.5, 2.0).of(1_000_000, 500_000)
        1.5
        """
        return (tokens_in * self.input_usd + tokens_out * self.output_usd) / TOKENS_OF_PRICE
