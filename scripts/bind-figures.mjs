// npm run bind-figures [-- DATA]: what `edgebind bind` reaches on the shared data, as docs/binding.md states it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { build, installModules, requireNode } from './steps.mjs';

const WINDOW_US = 1_280_000;
/** Share of a window's rows that must have one label. */
const CLEAR = 0.6;

/** Pairs of a part of the data, 'train' or 'val', with files that `bind` reads. */
const LISTS = {
  imu: (data, part, folder) => {
    const { classes, [part]: recordings } = indexOf(join(data, 'imu/geotec'));
    return recordings.flatMap((recording) => {
      const csv = gunzipSync(readFileSync(join(data, 'imu/geotec', recording.file))).toString('utf8');
      const file = fileIn(folder, recording.file.replace('.gz', ''));
      writeFileSync(file, csv);
      return motionPairs(file, csv, recording, classes);
    });
  },
  thermal: (data, part, folder) =>
    Promise.all(
      indexOf(join(data, 'thermal/hit-uav'))[part].map(async ({ file, text, flight_date: group }) => {
        const thermal = fileIn(folder, file.replace('.jpg', '.png'));
        await heatOfGrey(join(data, 'thermal/hit-uav', file), thermal);
        return { thermal, text, group };
      }),
    ),
  depth: (data, part) =>
    indexOf(join(data, 'depth/mosd'))[part].map(({ rgb, depth, pair: group }) => ({
      image: join(data, 'depth/mosd', rgb),
      depth: join(data, 'depth/mosd', depth),
      group,
    })),
};

function fileIn(folder, name) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  return join(folder, name);
}

/** A grey picture as the bundle's heat: black is -20, white 120 degrees C, in centi-kelvin. */
async function heatOfGrey(from, to) {
  const { data, info } = await sharp(from).greyscale().raw().toBuffer({ resolveWithObject: true });
  const heat = Uint16Array.from(data, (grey) => Math.round(25_315 + (grey / 255) * 14_000));
  await sharp(heat, { raw: { width: info.width, height: info.height, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toFile(to);
}

function motionPairs(file, csv, { subject, labels }, classes) {
  const names = labels.flatMap(([label, rows]) => Array(rows).fill(label));
  const lines = csv.trim().split('\n').slice(1);
  const rows = lines.map((line, i) => ({ us: 1000 * Number(line.split(',')[0]), label: names[i] })).sort((a, b) => a.us - b.us);
  const pairs = [];
  for (let startUs = rows[0].us; startUs + WINDOW_US <= rows.at(-1).us; startUs += WINDOW_US / 2) {
    const endUs = startUs + WINDOW_US;
    const inside = rows.filter(({ us }) => us >= startUs && us < endUs);
    const label = Object.keys(classes).find((one) => inside.filter((row) => row.label === one).length >= CLEAR * inside.length);
    if (label && inside.length > 0) pairs.push({ imu: { file, startUs, endUs }, text: classes[label], group: subject });
  }
  return pairs;
}

const indexOf = (folder) => JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));

async function bind(folder, data, sense, anchor) {
  const listOf = async (part) => {
    const list = await LISTS[sense](data, part, join(folder, sense));
    const file = fileIn(folder, `${sense}-${part}.jsonl`);
    writeFileSync(file, list.map((pair) => JSON.stringify(pair)).join('\n'));
    return file;
  };
  const [pairs, test] = [await listOf('train'), await listOf('val')];
  const options = ['--pairs', pairs, '--test', test, '--anchor', anchor, '--new', sense, '--out', join(folder, `${sense}-bound`), '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/edgebind.js', 'bind', ...options], { encoding: 'utf8' });
  if (status !== 0) return `| ${sense} | ${anchor} | refused: ${stderr.trim().split('\n').at(-1)} |`;
  const report = JSON.parse(stdout);
  const { train, validation, test: held } = report.pairs;
  const figures = ({ recall }) => `${recall[1].toFixed(3)} (${recall[5].toFixed(3)})`;
  const { chance } = report.bound.freshToAnchor;
  const cells = [sense, anchor, train + validation, held, `${chance[1].toFixed(3)} (${chance[5].toFixed(3)})`];
  return `| ${[...cells, report.untrained ? figures(report.untrained.freshToAnchor) : '-', figures(report.bound.freshToAnchor)].join(' | ')} |`;
}

requireNode();
installModules();
build();
const data = process.argv[2] ?? process.env['EDGEBIND_DATA'] ?? '../shared/data';
const folder = mkdtempSync(join(tmpdir(), 'edgebind-bind-'));
try {
  process.stdout.write(
    '| bound | to | pairs | held out | chance, R@1 (R@5) | without training | bound |\n| --- | --- | --- | --- | --- | --- | --- |\n',
  );
  for (const [sense, anchor] of Object.entries({ imu: 'text', thermal: 'text', depth: 'image' }))
    process.stdout.write(`${await bind(folder, data, sense, anchor)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
