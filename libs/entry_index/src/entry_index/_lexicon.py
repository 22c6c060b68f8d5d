"""A text's words as a sparse vector of numbers that say nothing to who has no key.

Hashes without a key could be undone with a dictionary: whoever read the index would know the words of each entry.
Here a word's number depends on a key that Qdrant never sees, and on the journal: in another one it has another number.
What remains to be seen is how often, and in which passages of a journal, some unknown word stands.
"""

import hashlib
from collections import Counter
from functools import lru_cache

from entry_index import _words
from entry_index._entries import Terms

KEY_BYTES_MIN = 16
#: The usual constants of BM25: how soon repetitions stop to count, and how much length matters.
#: Source: https://doi.org/10.1561/1500000019
_K1 = 1.2
_B = 0.75
#: Taken for the mean length of passages: a number for each journal would change with every entry.
_MEAN_WORDS = 100


class Lexicon:
    """The numbers of words under one key. Equal keys make equal numbers, in every process."""

    def __init__(self, key: bytes) -> None:
        """Raises ValueError where the key has less than KEY_BYTES_MIN bytes."""
        if len(key) < KEY_BYTES_MIN:
            raise ValueError(f"the key of a lexicon has at least {KEY_BYTES_MIN} bytes")
        self._key = hashlib.blake2b(key, person=b"daybook-lexicon").digest()
        #: Names the key and the way of cutting words, and gives neither away: what was indexed under another mark
        #: cannot be searched.
        self.mark = f"{_words.VERSION}-{hashlib.blake2b(b'mark', key=self._key, digest_size=6).hexdigest()}"

    def passage_terms(self, journal: str, passage: str) -> Terms:
        """For indexing: the term-frequency half of BM25. The other half, rarity in the journal, is the index's part."""
        counts = Counter(word.folded for word in _words.words_of(passage))
        long = 1 - _B + _B * counts.total() / _MEAN_WORDS
        weights: dict[int, float] = {}
        for word, count in counts.items():
            # Two words that share a number count as the more frequent one.
            number = self._number(journal, word)
            weights[number] = max(weights.get(number, 0.0), count * (_K1 + 1) / (count + _K1 * long))
        return Terms(tuple(weights), tuple(weights.values()))

    def query_terms(self, journal: str, query: str) -> Terms:
        """For searching: each word of the query once. Empty where it has none (`!?`)."""
        numbers = dict.fromkeys(self._number(journal, word) for word in _words.query_words(query))
        return Terms(tuple(numbers), (1.0,) * len(numbers))

    def _number(self, journal: str, word: str) -> int:
        """32 bits, as sparse vectors have it: among 50,000 words about one in 86,000 shares its number."""
        key = _journal_key(self._key, journal)
        return int.from_bytes(hashlib.blake2b(word.encode(), key=key, digest_size=4).digest())


@lru_cache(maxsize=1024)
def _journal_key(key: bytes, journal: str) -> bytes:
    return hashlib.blake2b(journal.encode(), key=key, digest_size=32).digest()
