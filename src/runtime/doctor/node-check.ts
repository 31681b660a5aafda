import { arch, availableParallelism, platform, totalmem } from 'node:os';
import type { Finding } from './finding.ts';

/** As `engines` in package.json says. */
const WANTED = [20, 19] as const;

/** @param version e.g. `v20.19.1` */
export function nodeCheck(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const machine = `${platform()} ${arch()}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(1)} GiB`;
  const found = `${version} on ${machine}`;
  const isNewEnough = major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1]);
  return isNewEnough
    ? { check: 'node', status: 'ok', found }
    : { check: 'node', status: 'fail', found, todo: `install Node ${WANTED.join('.')} or newer` };
}
