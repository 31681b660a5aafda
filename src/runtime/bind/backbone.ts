import { readFile } from 'node:fs/promises';
import { EdgeBindError } from '../../core/errors.ts';
import type { BundleEntry } from '../../encoders/bundle.ts';
import type { SensorManifest } from '../../encoders/manifest.ts';
import type { FrontEnd } from '../../frontends/recipe.ts';

/** The graph behind which a head is put, and what goes into it. */
export interface Backbone {
  /** Bytes of the ONNX file. */
  readonly model: Uint8Array;
  readonly output: string;
  readonly input: SensorManifest['input'];
  readonly window: SensorManifest['window'] | undefined;
  readonly frontEnd: FrontEnd;
}

/** @throws EdgeBindError `BACKBONE_EXTERNAL` for an encoder that is not one file */
export async function backboneOf({ graph, data, stages, output, input, window, frontEnd }: BundleEntry): Promise<Backbone> {
  if (data.length > 0 || stages.length > 0 || !('shape' in input))
    throw new EdgeBindError(
      'BACKBONE_EXTERNAL',
      `${graph} keeps its weights in other files, or is one of several graphs; a head can be put behind single-file encoders only`,
    );
  return { model: await readFile(graph), output, input, window, frontEnd };
}
