"""The joint space: which numbers of a vector mean what.

[meaning 384 | look 160 | timbre 24 | gait 8]. Meaning is text-aligned and shared by all senses; text lives in it alone.
The other parts keep what words lose: the look of pictures, the timbre of sounds, the course of motions. How sure a sound is, its graph
says beside the vector: were its meaning shorter for it, a picture would find the surest of all sounds and not its own.

The look is [edges 112 | surfaces 48]: where the edges of the scene run, which colour, heat and depth share, and what its surfaces
are like, which only pictures in colour have.
"""

MEANING, EDGES, SURFACES, TIMBRE, GAIT = 384, 112, 48, 24, 8
LOOK = EDGES + SURFACES
DIM = MEANING + LOOK + TIMBRE + GAIT

# Shares of the squared length: of pictures, of sounds, and of heat and depth (where words come from rules, and the rest is edges).
MEANING_SHARE, EDGES_SHARE = 0.4, 0.45
SOUND_SHARE = 0.9
RULED_SHARE = 0.06
