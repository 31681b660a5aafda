import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SourceConfig } from '../../core/source-config.ts';
import { denied, namesIn, stablePath, textOf, type PluggedIn, type Root } from './device.ts';

const SYSFS = '/sys/class/tty';
/** USB vendors whose every product speaks one protocol. Adapters (FTDI, CH340, CP210x) say nothing of what is behind them. */
const PROTOCOL_OF_VENDOR: Readonly<Record<string, string>> = { '2639': 'xsens' };
const FILL_IN = 'set protocol (docs/protocols.md) and modality to what is connected';

/**
 * Serial ports with hardware behind them, from /sys. serialport's own `list()` asks udevadm, which containers and small systems
 * lack, and it lists ports that are not there.
 */
export async function serialPorts(at: Root): Promise<PluggedIn[]> {
  const found: PluggedIn[] = [];
  for (const node of await namesIn(join(at.root, SYSFS))) {
    const entry = join(at.root, SYSFS, node);
    const hardware = await realpath(join(entry, 'device')).catch(() => undefined);
    // Consoles and pseudo terminals have no device; of the ports of the mainboard most are only a place for one: type 0.
    if (hardware === undefined || (await textOf(join(entry, 'type'))) === '0') continue;
    if ((await textOf(join(entry, 'console'))) === 'Y') continue; // the system itself writes to it
    const usb = await usbDevice(hardware);
    const path = `/dev/${node}`;
    const source: SourceConfig = {
      id: 'imu',
      modality: 'imu',
      from: `serial:${await stablePath(at, '/dev/serial/by-id', path)}?baud=115200`,
      protocol: PROTOCOL_OF_VENDOR[usb?.vendor ?? ''] ?? 'witmotion',
    };
    const note = (await denied(at, path, 'dialout')) ?? (PROTOCOL_OF_VENDOR[usb?.vendor ?? ''] === undefined ? FILL_IN : undefined);
    found.push({ kind: 'serial', name: usb?.name ?? node, source, ...(note !== undefined && { note }) });
  }
  return found;
}

/** The USB device above a port's place in /sys, which holds the names. */
async function usbDevice(hardware: string): Promise<{ name: string; vendor: string } | undefined> {
  let folder = hardware;
  for (let up = 0; up < 4; up++, folder = dirname(folder)) {
    const vendor = await textOf(join(folder, 'idVendor'));
    if (vendor === undefined) continue;
    const names = [await textOf(join(folder, 'manufacturer')), await textOf(join(folder, 'product'))];
    return { vendor, name: names.filter((name) => name !== undefined).join(' ') || `USB ${vendor}` };
  }
  return undefined;
}
