import { userInfo } from 'node:os';
import { denied, textOf } from '../../inputs/plugged-in/device.ts';
import { serialPorts } from '../../inputs/plugged-in/serial-ports.ts';
import type { Finding } from './finding.ts';

/**
 * Whether this user may open the serial ports that are there and those that the config names.
 *
 * @param wanted `from` of the config's sources
 */
export async function serialCheck(wanted: readonly string[]): Promise<Finding> {
  const check = 'serial ports';
  const at = { root: '/' };
  const named = wanted.flatMap(serialPath);
  const there = (await serialPorts(at)).flatMap(({ source }) => serialPath(source.from));
  const refused = new Map<string, string>();
  for (const path of new Set([...named, ...there])) {
    const why = await denied(at, path, 'dialout');
    if (why !== undefined) refused.set(path, why);
  }
  const [first] = refused.values();
  if (first !== undefined)
    return {
      check,
      status: named.some((path) => refused.has(path)) ? 'fail' : 'warning',
      found: `cannot be opened: ${[...refused.keys()].join(', ')}`,
      todo: first,
    };
  if (there.length + named.length > 0)
    return { check, status: 'ok', found: `may be opened: ${[...new Set([...named, ...there])].join(', ')}` };
  const mayOpen = mayOpenPorts((await textOf('/etc/group')) ?? '', userInfo().uid, process.getgroups?.() ?? []);
  return mayOpen
    ? { check, status: 'ok', found: 'none is there; one that is plugged in could be opened' }
    : {
        check,
        status: 'warning',
        found: `none is there, and ${userInfo().username} is not in the group dialout`,
        todo: `before one is used: sudo usermod -aG dialout ${userInfo().username}, then log in again`,
      };
}

/** Path in `serial:/dev/ttyUSB0?baud=115200`; none for other sources. */
export const serialPath = (from: string): string[] => /^serial:([^?]+)/.exec(from)?.slice(1) ?? [];

/** Whether a user is root, or in the group that owns serial ports, by the lines of /etc/group: `dialout:x:20:ann,bob`. */
export const mayOpenPorts = (groupFile: string, uid: number, groups: readonly number[]): boolean => {
  const dialout = /^dialout:[^:]*:(\d+):/m.exec(groupFile)?.[1];
  return uid === 0 || (dialout !== undefined && groups.includes(Number(dialout)));
};
