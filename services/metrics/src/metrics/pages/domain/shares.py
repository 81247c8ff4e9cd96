"""Parts of a whole, as people quote them."""


def share(basis_points: int) -> str:
    """A part of a whole in percent, cut after one decimal as the programme quotes burdens: 3454 is 34.5%, not 34.6%."""
    return f"{basis_points // 100}.{basis_points % 100 // 10}%"
