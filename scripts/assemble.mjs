// npm run assemble: writes beside each .wat the .ts that holds it as bytes.
import { Buffer } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import wabt from 'wabt';

for (const path of ['src/frontends/resize-passes.wat', 'src/space/dot-products.wat', 'src/space/search/byte-dots-kernel.wat']) {
  const source = new URL(`../${path}`, import.meta.url);
  const name = basename(path);
  const module = (await wabt()).parseWat(name, readFileSync(source, 'utf8'), { simd: true });
  const lines = Buffer.from(module.toBinary({}).buffer)
    .toString('base64')
    .match(/.{1,120}/g);
  writeFileSync(
    new URL(source.href.replace(/wat$/, 'ts')),
    `/** \`${name}\`, assembled by \`npm run assemble\`; a test compares the two. */\nexport const assembled = \`\n${lines.join('\n')}\n\`;\n`,
  );
}
