"""What can be wrong with the files that care reads. All of it stops start-up; none is retryable.

CareError
|-- PhrasesInvalid   a phrase file of this package cannot be read
`-- TextsInvalid     an operator's folder of help texts is missing, empty, or holds a file that cannot be shown
"""


class CareError(Exception):
    pass


class PhrasesInvalid(CareError):
    def __init__(self, file: str, line: int, fault: str) -> None:
        super().__init__(f"{file}, line {line}: {fault}")
        self.file = file
        self.line = line


class TextsInvalid(CareError):
    """Names the folder or file and the remedy."""
