import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cameras } from './cameras.ts';
import { alsaMicrophones, parsePulseSources } from './microphones.ts';
import { pluggedIn } from './plugged-in.ts';
import { serialPorts } from './serial-ports.ts';

/** A machine's /sys, /proc, /run and /dev: files by path, `-> target` for a link. */
function machine(files: Readonly<Record<string, string>>): { root: string } {
  const root = mkdtempSync(join(tmpdir(), 'edgebind-machine-'));
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), file);
    else writeFileSync(file, content);
  }
  return { root };
}

describe('cameras', () => {
  it('are the nodes that give pictures, by the name that stays', async () => {
    const at = machine({
      '/sys/class/video4linux/video0/name': 'HD Pro Webcam C920\n',
      '/sys/class/video4linux/video0/dev': '81:0\n',
      '/sys/class/video4linux/video0/index': '0\n',
      '/run/udev/data/c81:0': 'I:1\nE:ID_V4L_CAPABILITIES=:capture:\n',
      '/sys/class/video4linux/video1/name': 'HD Pro Webcam C920\n',
      '/sys/class/video4linux/video1/dev': '81:1\n',
      '/run/udev/data/c81:1': 'E:ID_V4L_CAPABILITIES=:\n',
      '/dev/video0': '',
      '/dev/video1': '',
      '/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920-video-index0': '-> ../../video0',
    });
    expect(await cameras(at)).toEqual([
      {
        kind: 'camera',
        name: 'HD Pro Webcam C920',
        source: { id: 'camera', modality: 'image', from: 'v4l2:/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920-video-index0', fps: 5 },
      },
    ]);
  });

  it('are the first node of each device where udev says nothing', async () => {
    const at = machine({
      '/sys/class/video4linux/video10/index': '0',
      '/sys/class/video4linux/video2/index': '0',
      '/sys/class/video4linux/video3/index': '1',
      '/dev/video2': '',
      '/dev/video10': '',
    });
    expect((await pluggedIn(at)).map(({ source }) => [source.id, source.from])).toEqual([
      ['camera', 'v4l2:/dev/video2'],
      ['camera2', 'v4l2:/dev/video10'],
    ]);
  });

  it('say what a container lacks', async () => {
    const at = machine({ '/sys/class/video4linux/video0/index': '0' });
    expect((await cameras(at))[0]?.note).toContain('--device=/dev/video0');
  });
});

describe('microphones', () => {
  it('are the inputs of sound cards, by the card that stays', async () => {
    const at = machine({
      '/proc/asound/cards': [
        ' 0 [PCH            ]: HDA-Intel - HDA Intel PCH',
        '                      HDA Intel PCH at 0xf7f10000 irq 30',
        ' 2 [Device         ]: USB-Audio - USB PnP Sound Device',
        '                      C-Media at usb-1',
      ].join('\n'),
      '/proc/asound/pcm': [
        '00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1',
        '00-03: HDMI 0 : HDMI 0 : playback 1',
        '02-00: USB Audio : USB Audio : capture 1',
      ].join('\n'),
      '/dev/snd/pcmC0D0c': '',
      '/dev/snd/pcmC2D0c': '',
    });
    expect((await alsaMicrophones(at)).map(({ name, source, note }) => [name, source.from, note])).toEqual([
      ['HDA Intel PCH, ALC257 Analog', 'alsa:plughw:CARD=PCH,DEV=0', undefined],
      ['USB PnP Sound Device, USB Audio', 'alsa:plughw:CARD=Device,DEV=0', undefined],
    ]);
  });

  it('of PulseAudio are its sources but what loudspeakers play', () => {
    const text = '0\talsa_output.pci.monitor\tm.c\ts16le 2ch 44100Hz\tIDLE\n1\talsa_input.usb\tm.c\ts16le 1ch 48000Hz\tRUNNING\n';
    expect(parsePulseSources(text).map(({ source }) => source.from)).toEqual(['pulse:alsa_input.usb']);
  });
});

describe('serial ports', () => {
  it('are those with hardware that the system does not use itself, with the maker and the path that stays', async () => {
    const usb = '/sys/devices/usb1/1-2';
    const at = machine({
      '/sys/class/tty/tty1/dev': '4:1',
      '/sys/class/tty/ttyS0/type': '4',
      '/sys/class/tty/ttyS0/console': 'Y',
      '/sys/class/tty/ttyS0/device': '-> /',
      '/sys/class/tty/ttyS1/type': '0',
      '/sys/class/tty/ttyS1/device': '-> /',
      '/sys/class/tty/ttyS2/type': '4',
      '/sys/class/tty/ttyS2/console': 'N',
      '/sys/class/tty/ttyS2/device': '-> /',
      [`${usb}/idVendor`]: '2639\n',
      [`${usb}/manufacturer`]: 'Xsens\n',
      [`${usb}/product`]: 'MTi-630\n',
      [`${usb}/1-2:1.0/ttyUSB0/port_number`]: '0',
      '/sys/class/tty/ttyUSB0/device': `-> ../../../../${usb}/1-2:1.0/ttyUSB0`,
      '/dev/ttyS2': '',
      '/dev/ttyUSB0': '',
      '/dev/serial/by-id/usb-Xsens_MTi-630-if00': '-> ../../ttyUSB0',
    });
    expect((await serialPorts(at)).map(({ name, source, note }) => [name, source.from, source.protocol, note])).toEqual([
      ['ttyS2', 'serial:/dev/ttyS2?baud=115200', 'witmotion', 'set protocol (docs/protocols.md) and modality to what is connected'],
      ['Xsens MTi-630', 'serial:/dev/serial/by-id/usb-Xsens_MTi-630-if00?baud=115200', 'xsens', undefined],
    ]);
  });
});

it('nothing is found where nothing is', async () => {
  expect(await pluggedIn(machine({}))).toEqual([]);
});
