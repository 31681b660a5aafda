import { cameras } from './cameras.ts';
import type { PluggedIn, Root } from './device.ts';
import { alsaMicrophones, pulseMicrophones } from './microphones.ts';
import { serialPorts } from './serial-ports.ts';

/** Cameras, microphones and serial ports of this machine, each with an id of its own. Nothing is opened. */
export async function pluggedIn(at: Root = { root: '/' }): Promise<PluggedIn[]> {
  const found = (await Promise.all([cameras(at), alsaMicrophones(at), pulseMicrophones(), serialPorts(at)])).flat();
  const count = new Map<string, number>();
  return found.map((device) => {
    const { id } = device.source;
    const number = (count.get(id) ?? 0) + 1;
    count.set(id, number);
    return number === 1 ? device : { ...device, source: { ...device.source, id: `${id}${number}` } };
  });
}
