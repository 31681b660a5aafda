// npm run bench -- NAME [--json]: builds, then runs that file of bench/; without NAME lists what there is.
import { build, installModules, requireNode, run } from './steps.mjs';

requireNode();
installModules();
build();
run(process.execPath, ['dist/bench/main.js', ...process.argv.slice(2)]);
