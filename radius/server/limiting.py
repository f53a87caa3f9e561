"""How often is too often: pure classes of bounded memory that are told the time."""


class Seldom:
    """Says yes to a key once in a period. For keys of which there are few (NASes)."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._said: dict[int, float] = {}

    def __call__(self, key: int, now: float) -> bool:
        if now - self._said.get(key, now - self._seconds) < self._seconds:
            return False
        self._said[key] = now
        return True
