import { createHash } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Modality } from '../../core/types.ts';
import { openBundle, type Bundle } from '../../encoders/bundle.ts';
import { exposeTensor } from '../../encoders/onnx/append-head.ts';
import { pictureTensor } from '../../frontends/picture-tensor.ts';
import type { DepthRecipe, FrontEnd, ThermalRecipe } from '../../frontends/recipe.ts';
import type { PairItem } from '../../inputs/pair-list.ts';
import { readSignal } from '../../inputs/signal-files/read-signal.ts';

/** Name of its output. */
const FEATURES = 'features';
/** Maps that are looked at for the range of their values. */
const LOOKED_AT = 50;
const POINT_STEP = 16;

/**
 * A bundle in a new temporary folder whose one encoder shows a sense of maps, heat or depth, to the picture network of another bundle:
 * three equal channels, and of the answer what comes before its classes. Undefined where that network says nothing of its inside
 * (`features` in the manifest), takes films, or where the sense is no map.
 *
 * @param items pairs, whose heat says in which range of temperatures there is anything to see
 */
export async function pictureBackbone(base: Bundle, fresh: Modality, items: readonly PairItem[]): Promise<Bundle | undefined> {
  const image = base.entries.get('image');
  const own = base.entries.get(fresh);
  if (!image?.features || image.frontEnd.kind !== 'image' || image.frontEnd.frames !== undefined || !own || image.data.length > 0)
    return undefined;
  const { kind } = own.frontEnd;
  if (kind !== 'thermal' && kind !== 'depth') return undefined;
  const { size, mean, std } = image.frontEnd;
  const range = kind === 'thermal' ? await heatRange(own.frontEnd, items, fresh) : {};
  const frontEnd: FrontEnd = { ...own.frontEnd, ...range, size, channels: 3, scale: 1, mean, std };
  const folder = await mkdtemp(join(tmpdir(), 'edgebind-backbone-'));
  const graph = exposeTensor(await readFile(image.graph), image.features.tensor, FEATURES, image.features.size);
  await writeFile(join(folder, 'picture.onnx'), graph);
  await writeFile(
    join(folder, 'manifest.yaml'),
    stringify({
      edgebind: 1,
      name: base.manifest.name,
      version: base.manifest.version,
      licence: base.manifest.licence,
      space: { name: FEATURES, dim: image.features.size },
      modalities: {
        [fresh]: {
          graph: 'picture.onnx',
          sha256: createHash('sha256').update(graph).digest('hex'),
          input: image.input,
          output: FEATURES,
          window: own.window,
          frontEnd,
        },
      },
    }),
  );
  return openBundle(folder);
}

/** From the 1st to the 99th percentile of what the pairs' heat maps hold, within the range that the bundle's own encoder takes. */
async function heatRange(
  recipe: ThermalRecipe | DepthRecipe,
  items: readonly PairItem[],
  fresh: Modality,
): Promise<Pick<ThermalRecipe, 'lowC' | 'highC'> | object> {
  if (recipe.kind !== 'thermal') return {};
  const plain: ThermalRecipe = { ...recipe, channels: 1, scale: 1, mean: 0, std: 1 };
  const step = Math.max(1, Math.floor(items.length / LOOKED_AT));
  const shares: number[] = [];
  for (let i = 0; i < items.length; i += step) {
    const side = items[i]?.sides[fresh];
    if (!side || !('file' in side)) continue;
    // A file that cannot be read is counted where pairs are made.
    const read = await readSignal(fresh, side.file, plain).catch(() => undefined);
    if (read?.signal.kind !== 'picture') continue;
    const { data } = await pictureTensor(read.signal.picture, plain);
    for (let point = 0; point < data.length; point += POINT_STEP) shares.push(data[point] ?? 0);
  }
  if (shares.length === 0) return {};
  const sorted = Float32Array.from(shares).sort();
  const at = (share: number): number => recipe.lowC + (sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * (recipe.highC - recipe.lowC);
  const [lowC, highC] = [Math.floor(at(0.01)), Math.ceil(at(0.99))];
  return highC > lowC ? { lowC, highC } : {};
}
