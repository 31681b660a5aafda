import type { ServerResponse } from 'node:http';
import { renderSound } from '../render-sound.ts';
import { SOUND_RATE_HZ } from '../sounds/waveform.ts';
import type { DeviceContext } from './device-context.ts';
import { every } from './every.ts';

const CHUNK_MS = 40;
/** One second. Sound with holes would shift in time, so a client that is further behind is closed; it may come back. */
const MAX_UNREAD = SOUND_RATE_HZ * 2;
const UNKNOWN_LENGTH = 0xffff_ffff;

/** The header of a WAV file of 16-bit mono whose length is not known yet. */
export function wavHeader(): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(UNKNOWN_LENGTH, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SOUND_RATE_HZ, 24);
  header.writeUInt32LE(SOUND_RATE_HZ * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(UNKNOWN_LENGTH, 40);
  return header;
}

export interface MicrophoneService {
  readonly serve: (response: ServerResponse) => void;
  readonly stop: () => void;
}

/** An endless WAV file in real time: who connects hears the scene from this moment on. */
export function serveMicrophone({ scene, clock, originUs, ledger, log }: DeviceContext): MicrophoneService {
  const clients = new Set<ServerResponse>();
  const stage = ledger.stage('microphone', 'send');
  const samples = (SOUND_RATE_HZ * CHUNK_MS) / 1000;

  const stop = every(clock, originUs, CHUNK_MS * 1000, (index) => {
    if (clients.size === 0) return;
    // What was heard during the chunk that ends now.
    const sound = renderSound(scene, Math.max(0, index - 1) * samples, samples);
    const bytes = new Uint8Array(sound.buffer);
    for (const client of clients) {
      stage.receive();
      if (client.writableLength > MAX_UNREAD) {
        stage.drop('slowClient');
        log.warn({ device: 'microphone' }, 'a client that reads too slowly was closed');
        // Its 'close' comes later; missed turns are caught up at once.
        clients.delete(client);
        client.destroy();
      } else {
        client.write(bytes);
        stage.emit();
      }
    }
  });

  return {
    serve: (response) => {
      response.writeHead(200, { 'Content-Type': 'audio/wav', 'Cache-Control': 'no-store' });
      response.write(wavHeader());
      clients.add(response);
      response.once('close', () => clients.delete(response));
    },
    stop: () => {
      stop();
      for (const client of clients) client.destroy();
    },
  };
}
