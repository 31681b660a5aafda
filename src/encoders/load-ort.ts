import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import type * as ort from 'onnxruntime-node';
import { pathToFileURL } from 'node:url';
import { EdgeBindError, messageOf } from '../core/errors.ts';

export type Ort = typeof ort;

/**
 * ONNX Runtime: the package `onnxruntime-node`, or another build of it (a Jetson build with CUDA, for instance).
 *
 * @param binding a module name, or the absolute path of a package folder or file; default: the environment variable `EDGEBIND_ORT_BINDING`
 * @throws EdgeBindError `ORT_UNAVAILABLE`
 */
export async function loadOrt(binding: string | undefined = process.env['EDGEBIND_ORT_BINDING']): Promise<Ort> {
  const module = binding || 'onnxruntime-node';
  try {
    // A folder has a main file for require, not for import.
    const target = isAbsolute(module) ? pathToFileURL(createRequire(import.meta.url).resolve(module)).href : module;
    const loaded = (await import(target)) as Ort & { readonly default?: Ort };
    const runtime = loaded.default ?? loaded;
    // Each failed rung of the ladder would write to stderr; its reason is reported by us.
    runtime.env.logLevel = 'fatal';
    return runtime;
  } catch (cause) {
    const from = binding ? ` (from encoders.binding or EDGEBIND_ORT_BINDING; name a module, or the absolute path of its folder)` : '';
    throw new EdgeBindError('ORT_UNAVAILABLE', `cannot load ${module}${from}: ${messageOf(cause)}`, { cause });
  }
}
