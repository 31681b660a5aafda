// Steps that `npm start`, `npm test` and the packer share. Plain Node: they run before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (text) => console.error(`edgebind: ${text}`);

/** Runs a command in the checkout; ends this process with its exit code where it fails. */
export function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error) say(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  say(`Node ${process.versions.node} is too old: 20.19 or newer is needed`);
  process.exit(1);
}

/**
 * Installs the node modules of the lock file, once. Without install scripts: onnxruntime-node's would fetch CUDA libraries from a
 * place that many machines cannot reach, and everything else that we use is prebuilt.
 */
export function installModules() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.edgebind-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('installing node modules (once, about half a minute)');
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { ONNXRUNTIME_NODE_INSTALL: 'skip' });
  writeFileSync(stamp, lock);
}

const isOnPath = (program) =>
  (process.env.PATH ?? '')
    .split(':')
    .concat('/usr/sbin')
    .some((folder) => folder && existsSync(join(folder, program)));

const hasLibrary = (name) =>
  ['/usr/lib', '/usr/lib64', '/usr/local/lib']
    .filter(existsSync)
    .flatMap((folder) => [folder, ...readdirSync(folder).map((inside) => join(folder, inside))])
    .some((folder) => existsSync(join(folder, name)));

/** TurboJPEG decodes a camera's pictures in a quarter of the time; everything works without it. */
export const turboJpeg = { 'libturbojpeg.so.0': isUbuntu() ? 'libturbojpeg' : 'libturbojpeg0' };

function isUbuntu() {
  return existsSync('/etc/os-release') && /^ID=ubuntu$/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/**
 * Installs system programs and libraries through apt where this user may; otherwise prints the one command that does.
 *
 * @param {Record<string, string>} wanted program, or library (`lib*.so.*`) -> Debian package
 * @returns {string[]} what is still missing
 */
export function installPrograms(wanted) {
  const missing = () => Object.keys(wanted).filter((name) => !(name.includes('.so') ? hasLibrary(name) : isOnPath(name)));
  if (missing().length === 0) return [];
  const packages = missing().map((program) => wanted[program]);
  const isRoot = process.getuid?.() === 0;
  const prefix = isRoot ? [] : ['sudo', '-n'];
  const mayInstall = isOnPath('apt-get') && (isRoot || (isOnPath('sudo') && spawnSync('sudo', ['-n', 'true']).status === 0));
  if (mayInstall) {
    say(`installing ${packages.join(' ')} (once)`);
    const apt = (...args) => {
      const [command, ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
      return spawnSync(command, rest, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
    };
    // One package that a release does not have must not keep the others away.
    if (!apt('update') || !apt('install', '-y', '--no-install-recommends', ...packages))
      for (const name of packages) apt('install', '-y', '--no-install-recommends', name);
  }
  const absent = missing();
  if (absent.length > 0)
    say(`missing: ${absent.join(', ')}. Install with:  sudo apt-get install -y ${absent.map((program) => wanted[program]).join(' ')}`);
  return absent;
}

function newestChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce(
    (newest, name) => (name === 'node_modules' ? newest : Math.max(newest, newestChange(join(path, name)))),
    stat.mtimeMs,
  );
}

/** Compiles the TypeScript and bundles the dashboard into dist/, if a source is newer than the last build. */
export function build() {
  const stamp = join(root, 'dist', '.built');
  const sources = ['src', 'pipelines', 'devices', 'bench', 'dashboard', 'tsconfig.build.json', 'package-lock.json']
    .map((name) => join(root, name))
    .filter(existsSync);
  if (existsSync(stamp) && statSync(stamp).mtimeMs > Math.max(...sources.map(newestChange))) return;
  say('building');
  mkdirSync(join(root, 'dist'), { recursive: true });
  run('node', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
  run('node', ['node_modules/vite/bin/vite.js', 'build', '--config', 'dashboard/vite.config.ts', '--logLevel', 'warn']);
  writeFileSync(stamp, '');
}
