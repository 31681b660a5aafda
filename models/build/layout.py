"""The joint space: which numbers of a vector mean what.

[meaning 384 | look 160 | timbre 24 | gait 8]. Meaning is text-aligned and shared by all senses; text lives in it alone.
The other parts keep what words lose: the look of pictures (shared by image, thermal and depth), the timbre of sounds, the
course of motions. They also take up the length that an unsure meaning leaves, so an unsure window scores low on every prompt.
"""

MEANING, LOOK, TIMBRE, GAIT = 384, 160, 24, 8
DIM = MEANING + LOOK + TIMBRE + GAIT

# Share of the squared length that the meaning has in pictures, and in heat and depth (where words come from rules).
MEANING_SHARE = 0.4
RULED_SHARE = 0.16
