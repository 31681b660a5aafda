import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The command line as it is installed. */
export const cli: string = fileURLToPath(new URL('../../bin/edgebind.js', import.meta.url));

const folder = process.env['EDGEBIND_IMPORT_VENV'] ?? fileURLToPath(new URL('../../models/build/.venv-import', import.meta.url));
const python = `${folder}/bin/python`;

/** Python with what the importers and their tests need; undefined where nobody made it (gigabytes: not in CI), which is said. */
export const importPython: string | undefined = existsSync(`${folder}/edgebind-tests.txt`) && existsSync(python) ? python : undefined;

if (!importPython) {
  process.stderr.write(`skipped: tests of the importers; to run them: sh models/build/importers/setup.sh --tests\n`);
}
