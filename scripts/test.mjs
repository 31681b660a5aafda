// npm test: installs what is missing, builds, checks, runs all tests. The last line is `N passed, N failed, N skipped`.
// Arguments go to vitest:  npm test -- --project unit src/operators
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, installModules, installPrograms, requireNode, root, run, turboJpeg } from './steps.mjs';

requireNode();
installModules();
installPrograms({ ffmpeg: 'ffmpeg', socat: 'socat', mosquitto: 'mosquitto', udevadm: 'udev', chromium: 'chromium', ...turboJpeg });
build();
run(process.execPath, ['scripts/check.mjs']);

const report = join(root, '.tmp', 'vitest.json');
mkdirSync(join(root, '.tmp'), { recursive: true });
rmSync(report, { force: true });
const vitest = [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
];
const { status } = spawnSync(process.execPath, vitest, { cwd: root, stdio: 'inherit' });
const { numPassedTests, numFailedTests, numPendingTests, numTotalTests, success } = JSON.parse(readFileSync(report, 'utf8'));
// A file that could not even be loaded has no tests to count, and must not pass for that.
const failed = numFailedTests + (success || numFailedTests > 0 ? 0 : 1);
console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`);
process.exit(status !== 0 || failed > 0 || numTotalTests === 0 ? 1 : 0);
