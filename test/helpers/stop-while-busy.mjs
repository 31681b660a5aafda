// usage: stop-while-busy.mjs BUNDLE MS: saturates the encoders, stops them after MS, prints whether the ledger sums.
import { Subject } from 'rxjs';
import { Ledger } from '../../dist/src/core/ledger.js';
import { openBundle } from '../../dist/src/encoders/bundle.js';
import { startEncoders } from '../../dist/src/encoders/encoder-pool.js';

const [dir, ms] = process.argv.slice(2);
const ledger = new Ledger();
const encoders = await startEncoders(await openBundle(dir), { ledger, workers: 2 });
const windows$ = new Subject();
windows$.pipe(encoders.encode('mic', { keep: 'every', queue: 200 })).subscribe();
const meta = {
  source: 'mic',
  modality: 'audio',
  startUs: 0,
  endUs: 1,
  errorUs: 0,
  samples: { first: 0, last: 0, missing: 0 },
  coverage: 1,
};
for (let i = 0; i < 100; i++) windows$.next({ ...meta, tensor: { shape: [96, 64], data: new Float32Array(96 * 64).fill(i) } });
setTimeout(() => {
  encoders.stop().then(() => process.stdout.write(`${ledger.sums && ledger.lines()[0].inFlight === 0}\n`));
}, Number(ms));
