import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../src/core/ledger.ts';
import { openBundle, type Bundle } from '../src/encoders/bundle.ts';
import { startEncoders } from '../src/encoders/encoder-pool.ts';
import { readCaptions } from '../src/encoders/read-captions.ts';
import { writeNpy } from '../src/frontends/npy.ts';
import { evaluate } from '../src/runtime/evaluation/evaluate.ts';
import { resultsPlot, resultsTable, withBlock } from '../src/runtime/evaluation/results-page.ts';
import { taskGroups } from '../src/runtime/evaluation/task-groups.ts';
import { VectorCache } from '../src/runtime/evaluation/vector-cache.ts';
import { nearestCaption } from '../src/space/known-captions.ts';
import { writeTestBundle } from './helpers/test-bundle.ts';

/** Three pictures and three sounds that belong together, as the shared data has them. */
async function writeData(): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'edgebind-data-'));
  const folder = join(data, 'replay/demo-pairs');
  await mkdir(folder, { recursive: true });
  const entries = [0, 1, 2].map((i) => ({ image: `${i}.png`, sound: `${i}.npy`, text: `thing ${i}` }));
  for (const [i, { image, sound }] of entries.entries()) {
    const pixels = Buffer.from(Array.from({ length: 32 * 32 * 3 }, (_, at) => (at * (i + 3) * 7) % 256));
    await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } })
      .png()
      .toFile(join(folder, image));
    const tone = Float32Array.from({ length: 24_000 }, (_, at) => 0.3 * Math.sin(at * 0.05 * (i + 1)));
    await writeFile(join(folder, sound), writeNpy({ shape: [tone.length], data: tone }));
  }
  await writeFile(join(folder, 'index.json'), JSON.stringify(entries));
  return data;
}

describe('evaluation of a bundle', () => {
  let bundle: Bundle;
  let data: string;
  let cache: string;
  beforeAll(async () => {
    bundle = await openBundle(await writeTestBundle({ image: {}, audio: { seed: 2 } }));
    data = await writeData();
    cache = await mkdtemp(join(tmpdir(), 'edgebind-eval-'));
  });

  it('embeds each file through the encoders once, leaves out what the bundle cannot do, and lists data that are absent', async () => {
    const encoders = await startEncoders(bundle, { ledger: new Ledger(), workers: 1 });
    const files: string[] = [];
    const sets = await taskGroups(data);
    const terms = { bundle, encoders, cache: new VectorCache(cache, bundle), onProgress: (file: string) => files.push(file) };
    const first = await evaluate(sets, terms);
    await encoders.stop();
    // From the cache alone: these encoders take nothing any more.
    const second = await evaluate(sets, terms);

    expect(second).toEqual(first);
    expect(files.length).toBe(12);
    const present = first.groups.filter(({ rows }) => rows);
    expect(present.map(({ folder }) => folder)).toEqual(['replay/demo-pairs']);
    // No text encoder: sound -> its text is left out.
    expect(present[0]?.rows).toMatchObject([{ id: 'demo-picture-sound@1', items: 3, groups: 3 }]);
    expect(present[0]?.rows?.[0]?.chance).toBeCloseTo(1 / 3, 6);
    expect(first.gaps).toMatchObject([{ a: 'audio', b: 'image' }]);

    const table = resultsTable(first.groups, { 'demo-picture-sound@1': 0.25 });
    expect(table).toContain('(absent: `stamps`)');
    expect(table).toMatch(/picture -> its sound, never paired, R@1 \| 3 \| 3 \| 0\.333 \| 0\.250 \|/);
    expect(resultsPlot(first.groups, {})).toMatch(/^<svg[^]*picture -&gt; its sound[^]*<\/svg>\n$/);
  });

  it('refuses data whose index is none', async () => {
    const broken = await mkdtemp(join(tmpdir(), 'edgebind-data-'));
    await mkdir(join(broken, 'stamps'));
    await writeFile(join(broken, 'stamps/index.json'), '{"triples_val": 3}');
    await expect(taskGroups(broken)).rejects.toThrow(/stamps\/index\.json/);
  });

  it('writes between the markers of a page and nowhere else', () => {
    const page = 'before\n<!-- cost: old -->\nold\n<!-- end cost -->\nafter\n';
    const next = withBlock(page, 'cost', 'new');
    expect(next).toBe('before\n<!-- cost: written by edgebind models eval -->\n\nnew\n\n<!-- end cost -->\nafter\n');
    expect(withBlock(next ?? '', 'cost', 'new')).toBe(next);
    expect(withBlock(page, 'results', 'x')).toBeUndefined();
  });
});

describe('the shipped bundle', () => {
  it('knows a caption for each of its senses, and says when a prompt is far from all', async () => {
    const shipped = await openBundle('models/mini');
    const known = await readCaptions(shipped);
    expect([...(known?.senses.keys() ?? [])]).toEqual(['image', 'audio', 'thermal', 'depth', 'imu']);
    const encoders = await startEncoders(
      { ...shipped, entries: new Map([...shipped.entries].filter(([modality]) => modality === 'text')) },
      { ledger: new Ledger(), workers: 1 },
    );
    try {
      const distance = async (prompt: string): Promise<number> =>
        (known && nearestCaption(known, 'audio', await encoders.embedText(prompt))?.distance) ?? Number.NaN;
      expect(await distance('glass breaking')).toBeLessThan(0.25);
      expect(await distance('the annual report of the tax office')).toBeGreaterThan(0.5);
    } finally {
      await encoders.stop();
    }
  });

  it('shows figures that its own command has written', async () => {
    const page = await readFile('models/mini/README.md', 'utf8');
    for (const block of ['results', 'gaps', 'cost'])
      expect(page).toMatch(new RegExp(`<!-- ${block}: written by edgebind models eval -->\\s+[^\\s<]`));
  });
});
