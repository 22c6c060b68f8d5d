"""What the API answers instead of a result: `{"error": text}` with a status."""


class ApiFault(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class WeightsUnusable(Exception):
    """The weights are missing or are not the ones we know; the message says what to do."""


class HungUp(Exception):
    """The client left before its answer; the work for it was cancelled."""
