import { SERIES_FEATURES } from '../onnx/series-graph.ts';
import type { Ort } from '../load-ort.ts';

const BATCH = 32;

/** What the graph of `seriesGraph` says of each window, raw. BLOCKS the thread. */
export async function seriesFeatures(
  ort: Ort,
  model: Uint8Array,
  windows: readonly Float32Array[],
  shape: readonly number[],
): Promise<Float32Array[]> {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const made: Float32Array[] = [];
  try {
    for (let from = 0; from < windows.length; from += BATCH) {
      const some = windows.slice(from, from + BATCH);
      const size = some[0]?.length ?? 0;
      const input = new Float32Array(some.length * size);
      for (const [i, window] of some.entries()) input.set(window, i * size);
      const answer = await session.run({ input: new ort.Tensor('float32', input, [some.length, ...shape]) });
      const features = answer[SERIES_FEATURES]?.data as Float32Array;
      const width = features.length / some.length;
      for (let i = 0; i < some.length; i++) made.push(features.slice(i * width, (i + 1) * width));
    }
  } finally {
    await session.release();
  }
  return made;
}
