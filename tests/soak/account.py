"""What became of the records of one stream, told while it happens, in memory that does not grow: a byte for each record
that will be put, and the place of each key.

Pure: no clock, no process. The record with ordinal n has the key n % KEYS, and those of one key are put one after the
other, so that the first deliveries of a key must count up.
"""
KEYS = 64
# What is seen at all is seen within a round; a line of another worker that was written before may be read one later.
_ROUNDS_OF_PATIENCE = 2
_MOST = 255


class Account:
    def __init__(self, most_records):
        self._times = bytearray(most_records)
        self._next = list(range(KEYS))
        self._early, self._round = {}, 0
        self.put = self.put_again = self.delivered = self.duplicated = self.unknown = self.out_of_order = 0

    def deliver(self, ordinal):
        if not 0 <= ordinal < len(self._times):
            self.unknown += 1
            return
        if self._times[ordinal]:
            self.duplicated += 1
            self._times[ordinal] = min(self._times[ordinal] + 1, _MOST)
            return
        self._times[ordinal] = 1
        self.delivered += 1
        key = ordinal % KEYS
        if ordinal != self._next[key]:
            self._early[ordinal] = self._round
        while self._next[key] < len(self._times) and self._times[self._next[key]]:
            self._next[key] += KEYS

    def end_round(self):
        """Everything that had been written when the round began was read."""
        self._round += 1
        for ordinal, since in list(self._early.items()):
            if self._next[ordinal % KEYS] > ordinal:
                del self._early[ordinal]
            elif self._round - since > _ROUNDS_OF_PATIENCE:
                del self._early[ordinal]
                self.out_of_order += 1

    @property
    def lost(self):
        """Of what was put so far; while it runs, what is still under way."""
        return sum(1 for times in self._times[:self.put] if not times)

    def is_kept(self):
        return not (self.lost or self.unknown or self.out_of_order)

    def facts(self):
        return {"put": self.put, "put_again": self.put_again, "delivered": self.delivered, "lost": self.lost,
                "duplicated": self.duplicated, "unknown": self.unknown, "out_of_order": self.out_of_order}
