// npm run bench -- NAME [--json]: runs dist/bench/NAME.js after a build; without NAME lists what there is.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, installModules, requireNode, root, run } from './steps.mjs';

requireNode();
installModules();
build();
const names = readdirSync(join(root, 'dist', 'bench'))
  .filter((name) => name.endsWith('.js'))
  .map((name) => name.slice(0, -3));
const [name, ...rest] = process.argv.slice(2);
if (!name || !names.includes(name)) {
  console.error(`npm run bench -- NAME [--json]; NAME is one of: ${names.join(', ')}`);
  process.exit(2);
}
run(process.execPath, ['dist/bench/main.js', name, ...rest]);
