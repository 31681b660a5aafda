import type { ServerResponse } from 'node:http';
import { messageOf } from '../../../src/core/errors.ts';
import { encodeJpeg, renderCamera } from '../render-camera.ts';
import type { DeviceContext } from './device-context.ts';
import { every } from './every.ts';

/** A client that has so many bytes unread misses pictures. About six of them. */
const MAX_UNREAD = 256 * 1024;
const BOUNDARY = 'edgebind-picture';

/** The camera's clients, and the one picture that is made for all of them. */
export interface CameraService {
  readonly serve: (response: ServerResponse) => void;
  readonly stop: () => void;
}

/** MJPEG: a `multipart/x-mixed-replace` answer without end. Pictures are only made while somebody watches. */
export function serveCamera({ scene, clock, originUs, ledger, log }: DeviceContext): CameraService {
  const clients = new Set<ServerResponse>();
  const stage = ledger.stage('camera', 'send');
  let isBusy = false;

  const send = (jpeg: Buffer): void => {
    const head = `--${BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`;
    for (const client of clients) {
      stage.receive();
      if (client.writableLength > MAX_UNREAD) {
        stage.drop('slowClient');
        continue;
      }
      client.cork();
      client.write(head);
      client.write(jpeg);
      client.write('\r\n');
      client.uncork();
      stage.emit();
    }
  };

  const stop = every(clock, originUs, 1e6 / scene.rates.camera, (index) => {
    if (clients.size === 0) return;
    if (isBusy) {
      stage.receive(clients.size);
      stage.drop('rendererBusy', clients.size);
      return;
    }
    isBusy = true;
    renderCamera(scene, index)
      .then(encodeJpeg)
      .then(send)
      .catch((error: unknown) => log.error({ device: 'camera' }, messageOf(error)))
      .finally(() => {
        isBusy = false;
      });
  });

  return {
    serve: (response) => {
      response.writeHead(200, { 'Content-Type': `multipart/x-mixed-replace; boundary=${BOUNDARY}`, 'Cache-Control': 'no-store' });
      clients.add(response);
      response.once('close', () => clients.delete(response));
    },
    stop: () => {
      stop();
      for (const client of clients) client.destroy();
    },
  };
}
