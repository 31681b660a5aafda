"""The joint space: which numbers of a vector mean what."""

MEANING = 384  # text-aligned; text lives here alone
LOOK = 128  # appearance of pictures, heat and depth
DIM = MEANING + LOOK

# Share of the squared length that the meaning has.
MEANING_SHARE = 0.6
