import type { InferenceSession } from 'onnxruntime-node';
import { EdgeBindError } from '../core/errors.ts';
import type { GraphPlan, StagePlan } from './graph-plan.ts';

type Shape = readonly (number | string)[];

/** What is known of an input or output of a session. */
interface Tensor {
  readonly type: string;
  readonly shape: Shape;
}

const wrong = (path: string, what: string): EdgeBindError =>
  new EdgeBindError('MODEL_SHAPE_MISMATCH', `${path}: ${what}; correct the manifest, or export the graph again`);

/** Symbolic sizes (strings, or -1) take any value. */
const isAny = (size: number | string | undefined): boolean => typeof size !== 'number' || size < 0;

const fits = (found: Shape, wanted: Shape): boolean =>
  found.length === wanted.length && found.every((size, i) => i === 0 || isAny(size) || isAny(wanted[i]) || size === wanted[i]);

/**
 * Compares a modality's first graph with the items that it will get.
 *
 * @throws EdgeBindError `MODEL_SHAPE_MISMATCH`
 */
export function checkInputs(session: InferenceSession, { path, probes: [feeds = []] }: GraphPlan): void {
  for (const { name, dims, data } of feeds) {
    const { shape, type } = inputOf(session, name, path);
    const wanted = ['batch', ...dims];
    if (!fits(shape, wanted))
      throw wrong(path, `input "${name}" has shape [${shape.join(', ')}], the manifest says [${wanted.join(', ')}]`);
    const given = data instanceof Float32Array ? 'float32' : data instanceof BigInt64Array ? 'int64' : 'int32';
    if (type !== given) throw wrong(path, `input "${name}" is ${type}, the manifest says ${given}`);
  }
  checkNamed(
    session,
    feeds.map(({ name }) => name),
    path,
  );
}

/**
 * Compares a later graph with what the graphs before it give, by the name of their stage.
 *
 * @throws EdgeBindError `MODEL_SHAPE_MISMATCH`
 */
export function checkStage(session: InferenceSession, { path, name: stage, inputs }: StagePlan, given: ReadonlyMap<string, Tensor>): void {
  for (const [name, from] of Object.entries(inputs)) {
    const { shape, type } = inputOf(session, name, path);
    const source = given.get(from);
    if (!source) throw wrong(path, `stage "${stage}" takes from "${from}", which has not run`);
    if (!fits(shape, source.shape) || type !== source.type) {
      const [wanted, got] = [shape, source.shape].map((one) => `[${one.join(', ')}]`);
      throw wrong(path, `stage "${stage}" wants ${type} ${wanted} at input "${name}", stage "${from}" gives ${source.type} ${got}`);
    }
  }
  checkNamed(session, Object.keys(inputs), path);
}

/**
 * The output of that name.
 *
 * @param wanted its shape, where that is known; its type is float32 then
 * @throws EdgeBindError `MODEL_SHAPE_MISMATCH`
 */
export function outputOf(session: InferenceSession, name: string, path: string, wanted?: Shape): Tensor {
  const found = session.outputMetadata.find((output) => output.name === name);
  if (!found?.isTensor) throw wrong(path, `has no output "${name}" (it has ${session.outputNames.join(', ')})`);
  if (wanted && (found.type !== 'float32' || !fits(found.shape, wanted)))
    throw wrong(path, `output "${name}" is ${found.type} [${found.shape.join(', ')}], the manifest says float32 [${wanted.join(', ')}]`);
  return found;
}

function inputOf(session: InferenceSession, name: string, path: string): Tensor {
  const found = session.inputMetadata.find((input) => input.name === name);
  if (!found?.isTensor) throw wrong(path, `has no input "${name}" (it has ${session.inputNames.join(', ')})`);
  return found;
}

function checkNamed(session: InferenceSession, named: readonly string[], path: string): void {
  const missing = session.inputNames.filter((name) => !named.includes(name));
  if (missing.length > 0)
    throw wrong(path, `needs input ${missing.map((name) => `"${name}"`).join(', ')}, which the manifest does not name`);
}
