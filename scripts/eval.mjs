// npm run eval -- [DIR] [--data DIR] [--write] [--json]: `edgebind models eval` after a build.
import { build, installModules, requireNode, run } from './steps.mjs';

requireNode();
installModules();
build();
run(process.execPath, ['bin/edgebind.js', 'models', 'eval', ...process.argv.slice(2)]);
