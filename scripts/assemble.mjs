// npm run assemble: writes src/frontends/resize-passes.ts from the .wat beside it.
import { Buffer } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const source = new URL('../src/frontends/resize-passes.wat', import.meta.url);
const module = (await wabt()).parseWat('resize-passes.wat', readFileSync(source), { simd: true });
const lines = Buffer.from(module.toBinary({}).buffer)
  .toString('base64')
  .match(/.{1,120}/g);
writeFileSync(
  new URL('../src/frontends/resize-passes.ts', import.meta.url),
  `/** \`resize-passes.wat\`, assembled by \`npm run assemble\`; a test compares the two. */\nexport const assembled = \`\n${lines.join('\n')}\n\`;\n`,
);
