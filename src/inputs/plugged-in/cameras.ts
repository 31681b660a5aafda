import { join } from 'node:path';
import { denied, namesIn, stablePath, textOf, type PluggedIn, type Root } from './device.ts';

const SYSFS = '/sys/class/video4linux';

/** Video4Linux devices that give pictures, from /sys and what udev found out about them. */
export async function cameras(at: Root): Promise<PluggedIn[]> {
  const found: PluggedIn[] = [];
  for (const node of await namesIn(join(at.root, SYSFS))) {
    if (!/^video\d+$/.test(node) || !(await captures(at, node))) continue;
    const path = `/dev/${node}`;
    const note = await denied(at, path, 'video');
    found.push({
      kind: 'camera',
      name: (await textOf(join(at.root, SYSFS, node, 'name'))) ?? node,
      source: { id: 'camera', modality: 'image', from: `v4l2:${await stablePath(at, '/dev/v4l/by-id', path)}`, fps: 5 },
      ...(note !== undefined && { note }),
    });
  }
  return found;
}

/** A webcam has a second node that gives metadata only, and there are nodes for output: udev knows, else the first node of a device is taken. */
async function captures({ root }: Root, node: string): Promise<boolean> {
  const numbers = await textOf(join(root, SYSFS, node, 'dev'));
  const udev = numbers === undefined ? undefined : await textOf(join(root, '/run/udev/data', `c${numbers}`));
  const capabilities = /^E:ID_V4L_CAPABILITIES=(.*)$/m.exec(udev ?? '')?.[1];
  if (capabilities !== undefined) return capabilities.includes(':capture:');
  return ((await textOf(join(root, SYSFS, node, 'index'))) ?? '0') === '0';
}
