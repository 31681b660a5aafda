// npm run check: types, lint with typed rules and the import rule, formatting, dead code, links of the docs.
import { installModules, requireNode, run } from './steps.mjs';

requireNode();
installModules();
run('node', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']);
run('node', ['node_modules/typescript/bin/tsc', '-p', 'dashboard/tsconfig.json']);
run('node', ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0']);
run('node', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']);
run('node', ['node_modules/knip/bin/knip.js', '--no-progress']);
run('node', ['scripts/check-links.mjs']);
