"""Evens out how loud a sound is, inside the graph: a quiet microphone must not make a sound another one.

YAMNet's log-mel has an offset, so that a quiet sound is not the same picture as a loud one a few steps darker: parts of it vanish.
Quiet patches are therefore lifted to a usual level, by 20 dB at most; loud ones stay as they are.
"""

import numpy as np

from log_mel import OFFSET

# Of the root mean square of the mel bands, in dB: kitchen recordings have -9 in the middle, a room at -50 dB of full scale -30.
USUAL_DB, MOST_DB = 0.0, 20.0
BEL = 20 / np.log(10)


def evened(graph, x):
    """Log-mel patches N x 96 x 64, the quiet ones as if they had been louder."""
    def number(value):
        return graph.constant(np.float32(value))

    bands = graph.op("Max", [graph.op("Sub", [graph.op("Exp", [x]), number(OFFSET)]), number(0)])
    power = graph.op("ReduceMean", [graph.op("Mul", [bands, bands])], axes=[1, 2], keepdims=1)
    level = graph.scale(graph.op("Log", [graph.op("Add", [power, number(1e-12)])]), BEL / 2)
    missing = graph.op("Clip", [graph.op("Sub", [number(USUAL_DB), level]), number(0), number(MOST_DB)])
    return graph.op("Log", [graph.op("Add", [graph.op("Mul", [bands, graph.op("Exp", [graph.scale(missing, 1 / BEL)])]), number(OFFSET)])])
