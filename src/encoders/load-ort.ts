import { isAbsolute } from 'node:path';
import type * as ort from 'onnxruntime-node';
import { pathToFileURL } from 'node:url';
import { EdgeBindError, messageOf } from '../core/errors.ts';

export type Ort = typeof ort;

/**
 * ONNX Runtime: the package `onnxruntime-node`, or, where the environment variable `EDGEBIND_ORT_BINDING` names one, another build of
 * it (a Jetson build with CUDA, for instance): a module name or an absolute path.
 *
 * @throws EdgeBindError `ORT_UNAVAILABLE`
 */
export async function loadOrt(binding: string | undefined = process.env['EDGEBIND_ORT_BINDING']): Promise<Ort> {
  const module = binding || 'onnxruntime-node';
  try {
    const loaded = (await import(isAbsolute(module) ? pathToFileURL(module).href : module)) as Ort & { readonly default?: Ort };
    const runtime = loaded.default ?? loaded;
    // Each failed rung of the ladder would write to stderr; its reason is reported by us.
    runtime.env.logLevel = 'fatal';
    return runtime;
  } catch (cause) {
    const from = binding ? ` (from EDGEBIND_ORT_BINDING; name a module or the absolute path of its index.js)` : '';
    throw new EdgeBindError('ORT_UNAVAILABLE', `cannot load ${module}${from}: ${messageOf(cause)}`, { cause });
  }
}
